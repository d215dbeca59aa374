"""refused links to a person hold for whoever received then"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("enrollments", "link_refusals"):
        op.add_column(table, sa.Column("person_version", sa.Integer(), server_default="1", nullable=False))


def downgrade() -> None:
    for table in ("link_refusals", "enrollments"):
        op.drop_column(table, "person_version")
