"""Remarks with which targeting lists come back, and what became of each."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "list_remarks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("list_id", sa.Uuid(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("household_number", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("remark", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('noted', 'sent', 'proposed', 'applied', 'refused', 'withdrawn', 'not_proposed')",
            name=op.f("ck_list_remarks_outcome"),
        ),
        sa.CheckConstraint(
            "kind IN ('absent', 'death', 'move', 'succession', 'removal', 'duplicate', 'not_poor')",
            name=op.f("ck_list_remarks_kind"),
        ),
        sa.CheckConstraint("(outcome = 'noted') = (kind = 'absent')", name=op.f("ck_list_remarks_absent_is_noted")),
        sa.ForeignKeyConstraint(
            ["list_id"], ["targeting_lists.id"], name=op.f("fk_list_remarks_list_id_targeting_lists")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list_remarks")),
        sa.UniqueConstraint("list_id", "import_id", "line", name="uq_list_remarks_line"),
    )
    op.create_index("ix_list_remarks_import_id_id", "list_remarks", ["import_id", "id"])


def downgrade() -> None:
    op.drop_table("list_remarks")
