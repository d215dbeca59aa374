"""Places in time: villages, validity, successors, former parents; and the village a household lives in."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("households", sa.Column("village_code", sa.Text(), nullable=True))
    op.create_index(
        "ix_households_village_code",
        "households",
        ["village_code"],
        unique=False,
        postgresql_where="village_code IS NOT NULL",
    )
    op.create_foreign_key(op.f("fk_households_village_code_places"), "households", "places", ["village_code"], ["code"])
    op.add_column("places", sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False))
    op.add_column("places", sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False))
    op.add_column("places", sa.Column("pcode", sa.Text(), nullable=True))
    op.add_column(
        "places",
        sa.Column(
            "former_parents", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
    )
    op.add_column("places", sa.Column("valid_from", sa.Date(), nullable=True))
    op.add_column(
        "places", sa.Column("valid_from_precision", sa.Text(), server_default=sa.text("'day'"), nullable=False)
    )
    op.add_column("places", sa.Column("valid_until", sa.Date(), nullable=True))
    op.add_column(
        "places",
        sa.Column(
            "successors", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
    )
    op.add_column(
        "places",
        sa.Column("edits", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    )
    op.create_index("ix_places_parent_code", "places", ["parent_code"], unique=False)
    op.create_unique_constraint(op.f("uq_places_id"), "places", ["id"])
    op.create_index("uq_places_pcode", "places", ["pcode"], unique=True, postgresql_where="pcode IS NOT NULL")
    op.drop_constraint(op.f("ck_places_kind"), "places")
    _check("kind", "kind IN ('wilaya', 'moughataa', 'commune', 'village')")
    _check("valid_from_precision", "valid_from_precision IN ('day', 'year')")
    _check("parent", "(kind = 'wilaya') = (parent_code IS NULL)")
    _check("ends_after_it_begins", "valid_until > valid_from")
    # The next start loads the table of places again, with what it now knows of them.
    op.execute("DELETE FROM places_editions")


def _check(name: str, condition: str) -> None:
    op.create_check_constraint(op.f(f"ck_places_{name}"), "places", condition)


def downgrade() -> None:
    """Villages go, and with them which household lives in which; its name as written stays."""
    op.execute("UPDATE households SET village_code = NULL")
    op.execute("DELETE FROM places WHERE kind = 'village'")
    op.drop_constraint(op.f("ck_places_parent"), "places")
    op.drop_constraint(op.f("ck_places_kind"), "places")
    _check("kind", "kind IN ('wilaya', 'moughataa', 'commune')")
    op.execute("DELETE FROM places_editions")
    op.drop_index("uq_places_pcode", table_name="places", postgresql_where="pcode IS NOT NULL")
    op.drop_index("ix_places_parent_code", table_name="places")
    op.drop_column("places", "edits")
    op.drop_column("places", "successors")
    op.drop_column("places", "valid_until")
    op.drop_column("places", "valid_from_precision")
    op.drop_column("places", "valid_from")
    op.drop_column("places", "former_parents")
    op.drop_column("places", "pcode")
    op.drop_column("places", "version")
    op.drop_column("places", "id")
    op.drop_constraint(op.f("fk_households_village_code_places"), "households", type_="foreignkey")
    op.drop_index("ix_households_village_code", table_name="households", postgresql_where="village_code IS NOT NULL")
    op.drop_column("households", "village_code")
