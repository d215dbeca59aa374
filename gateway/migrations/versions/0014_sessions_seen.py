"""when and from where sessions of operators are used"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    seen = sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)
    op.add_column("operator_sessions", seen)
    op.add_column("operator_sessions", sa.Column("address", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("operator_sessions", "address")
    op.drop_column("operator_sessions", "seen_at")
