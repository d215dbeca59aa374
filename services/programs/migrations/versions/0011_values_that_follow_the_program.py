"""monthly values follow the program"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("programs", sa.Column("valued_version", sa.Integer(), nullable=True))
    op.add_column("programs", sa.Column("valued_from_on", sa.Date(), nullable=True))


def downgrade() -> None:
    op.drop_column("programs", "valued_from_on")
    op.drop_column("programs", "valued_version")
