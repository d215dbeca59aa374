"""beneficiaries are found by a phone"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_enrollments_phones", "enrollments", ["phones"], unique=False, postgresql_using="gin")


def downgrade() -> None:
    op.drop_index("ix_enrollments_phones", table_name="enrollments", postgresql_using="gin")
