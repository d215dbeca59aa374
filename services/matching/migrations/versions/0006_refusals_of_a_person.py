"""refused links to a person hold for whoever received then"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("link_refusals", sa.Column("person_version", sa.Integer(), server_default="1", nullable=False))


def downgrade() -> None:
    op.drop_column("link_refusals", "person_version")
