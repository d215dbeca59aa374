"""Which households are enrolled in which program, as matching tells it."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "enrolled_households",
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("program", sa.Text(), nullable=False),
        sa.Column("enrolled", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("household_id", "program", name=op.f("pk_enrolled_households")),
    )


def downgrade() -> None:
    op.drop_table("enrolled_households")
