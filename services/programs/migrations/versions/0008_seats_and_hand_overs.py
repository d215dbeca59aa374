"""seats of limited programs, hand-overs, the table of places"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "places",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("parent_code", sa.Text(), nullable=True),
        sa.Column("names", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_places")),
    )
    op.add_column("enrollments", sa.Column("hand_over_to", sa.Text(), nullable=True))
    op.add_column("enrollments", sa.Column("handed_over_id", sa.Uuid(), nullable=True))
    op.add_column("enrollments", sa.Column("place_code", sa.Text(), nullable=True))
    op.create_index(
        "ix_enrollments_ended",
        "enrollments",
        ["program_code", "beneficiary_key", "exited_on"],
        unique=False,
        postgresql_where="status = 'exited'",
    )
    op.create_index(
        "ix_enrollments_seated",
        "enrollments",
        ["program_code", "place_code"],
        unique=False,
        postgresql_where="status IN ('enrolled', 'suspended')",
    )
    op.create_foreign_key(
        op.f("fk_enrollments_handed_over_id_enrollments"), "enrollments", "enrollments", ["handed_over_id"], ["id"]
    )
    op.create_check_constraint(
        op.f("ck_enrollments_hand_over_to"), "enrollments", "hand_over_to IS NULL OR status = 'exited'"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_enrollments_hand_over_to"), "enrollments")
    op.drop_constraint(op.f("fk_enrollments_handed_over_id_enrollments"), "enrollments", type_="foreignkey")
    op.drop_index(
        "ix_enrollments_seated", table_name="enrollments", postgresql_where="status IN ('enrolled', 'suspended')"
    )
    op.drop_index("ix_enrollments_ended", table_name="enrollments", postgresql_where="status = 'exited'")
    op.drop_column("enrollments", "place_code")
    op.drop_column("enrollments", "handed_over_id")
    op.drop_column("enrollments", "hand_over_to")
    op.drop_table("places")
