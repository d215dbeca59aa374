"""refused links"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "link_refusals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enrollment_id", sa.Uuid(), nullable=False),
        sa.Column("individual_id", sa.Uuid(), nullable=True),
        sa.Column("household_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_refusals")),
    )
    op.create_index(op.f("ix_link_refusals_enrollment_id"), "link_refusals", ["enrollment_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_link_refusals_enrollment_id"), table_name="link_refusals")
    op.drop_table("link_refusals")
