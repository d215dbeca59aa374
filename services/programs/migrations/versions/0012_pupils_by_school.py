"""pupils are counted by the key of their school"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None
KEYED = "status = 'enrolled' AND school_key IS NOT NULL"
WITHOUT_KEY = "status = 'enrolled' AND school IS NOT NULL AND school_key IS NULL"


def upgrade() -> None:
    op.add_column("enrollments", sa.Column("school_key", sa.Text(), nullable=True))
    op.create_index(
        "ix_enrollments_school_key", "enrollments", ["program_code", "school_key"], unique=False, postgresql_where=KEYED
    )
    op.create_index(
        "ix_enrollments_school_without_key",
        "enrollments",
        ["program_code"],
        unique=False,
        postgresql_where=WITHOUT_KEY,
    )


def downgrade() -> None:
    op.drop_index("ix_enrollments_school_without_key", table_name="enrollments", postgresql_where=WITHOUT_KEY)
    op.drop_index("ix_enrollments_school_key", table_name="enrollments", postgresql_where=KEYED)
    op.drop_column("enrollments", "school_key")
