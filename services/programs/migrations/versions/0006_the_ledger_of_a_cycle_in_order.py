"""the ledger of a cycle in order, and sizes that an officer gives"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_ledger_cycle_id_id", "ledger", ["cycle_id", "id"], unique=False)
    op.drop_index("ix_ledger_cycle_id_kind", table_name="ledger")
    op.drop_constraint(op.f("ck_entitlements_people_source"), "entitlements")
    op.create_check_constraint(
        op.f("ck_entitlements_people_source"), "entitlements", "people_source IN ('registry', 'list', 'person')"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_entitlements_people_source"), "entitlements")
    op.create_check_constraint(
        op.f("ck_entitlements_people_source"), "entitlements", "people_source IN ('registry', 'list')"
    )
    op.create_index("ix_ledger_cycle_id_kind", "ledger", ["cycle_id", "kind"], unique=False)
    op.drop_index("ix_ledger_cycle_id_id", table_name="ledger")
