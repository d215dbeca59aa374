"""what people call whom the disclosure log names"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("disclosure_parties", sa.Column("number", sa.Text(), server_default="", nullable=False))
    op.create_index("ix_disclosure_parties_reference", "disclosure_parties", ["reference"], unique=False)
    op.create_index(
        "ix_disclosure_parties_number",
        "disclosure_parties",
        ["number"],
        unique=False,
        postgresql_where="number <> ''",
    )


def downgrade() -> None:
    op.drop_index("ix_disclosure_parties_number", table_name="disclosure_parties", postgresql_where="number <> ''")
    op.drop_index("ix_disclosure_parties_reference", table_name="disclosure_parties")
    op.drop_column("disclosure_parties", "number")
