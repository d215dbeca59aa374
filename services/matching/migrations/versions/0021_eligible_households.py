"""Who is meant by which program and in it or not, and how far the country has been gone through."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "eligible_households",
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("program", sa.Text(), nullable=False),
        sa.Column("eligible", sa.Boolean(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "reason IN ('never_enrolled', 'waiting', 'suspended', 'exited')",
            name=op.f("ck_eligible_households_reason"),
        ),
        sa.PrimaryKeyConstraint("household_id", "program", name=op.f("pk_eligible_households")),
    )
    op.create_index("ix_eligible_households_program_household_id", "eligible_households", ["program", "household_id"])
    op.create_table(
        "gap_sweeps",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("reached", sa.Uuid(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_gap_sweeps_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gap_sweeps")),
    )


def downgrade() -> None:
    op.drop_table("gap_sweeps")
    op.drop_table("eligible_households")
