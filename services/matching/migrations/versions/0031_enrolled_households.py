"""Which households are enrolled in which program, as the registry is told."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "enrolled_households",
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("program", sa.Text(), nullable=False),
        sa.Column("enrolled", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("household_id", "program", name=op.f("pk_enrolled_households")),
    )
    op.create_index("ix_enrolled_households_batch_id", "enrolled_households", ["batch_id", "household_id", "program"])
    # The sweep goes through the country once more, and tells the registry of who is enrolled already.
    op.execute("DELETE FROM gap_sweeps")


def downgrade() -> None:
    op.drop_table("enrolled_households")
