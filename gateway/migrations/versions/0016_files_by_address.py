"""files of the disclosure log by their address"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_disclosure_parties_file",
        "disclosure_parties",
        [sa.text("split_part(split_part(reference, '#', 1), '?', 1)")],
        postgresql_where=sa.text("kind = 'file'"),
    )


def downgrade() -> None:
    op.drop_index("ix_disclosure_parties_file", table_name="disclosure_parties")
