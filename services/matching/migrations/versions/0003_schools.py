"""schools"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "schools",
        sa.Column("institution", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("commune", sa.Text(), nullable=True),
        sa.Column("canteen_from", sa.Date(), nullable=True),
        sa.Column("canteen_to", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("institution", "key", name=op.f("pk_schools")),
    )


def downgrade() -> None:
    op.drop_table("schools")
