"""numbers that the registry issues"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SEQUENCE individual_numbers")
    op.execute("CREATE SEQUENCE household_numbers")


def downgrade() -> None:
    op.execute("DROP SEQUENCE household_numbers")
    op.execute("DROP SEQUENCE individual_numbers")
