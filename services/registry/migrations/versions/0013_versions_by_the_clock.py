"""Versions of who is enrolled where are moments: milliseconds."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("enrolled_households", "version", type_=sa.BigInteger(), existing_nullable=False)


def downgrade() -> None:
    op.alter_column("enrolled_households", "version", type_=sa.Integer(), existing_nullable=False)
