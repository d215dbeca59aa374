"""keys that names are found by"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "name_keys",
        sa.Column("individual_id", sa.Uuid(), nullable=False),
        sa.Column("keys", sa.ARRAY(sa.Integer()), nullable=False),
        sa.PrimaryKeyConstraint("individual_id", name=op.f("pk_name_keys")),
    )
    op.create_index("ix_name_keys_keys", "name_keys", ["keys"], unique=False, postgresql_using="gin")
    op.create_table(
        "name_words",
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("word", name=op.f("pk_name_words")),
    )
    op.create_index("ix_name_words_seen_at", "name_words", ["seen_at"], unique=False)
    op.add_column("changes", sa.Column("searchable", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_index("ix_changes_unsearchable", "changes", ["id"], unique=False, postgresql_where="NOT searchable")
    op.create_index("ix_identifiers_value", "identifiers", ["value"], unique=False, postgresql_where="type <> 'NNI'")


def downgrade() -> None:
    op.drop_index("ix_identifiers_value", table_name="identifiers")
    op.drop_index("ix_changes_unsearchable", table_name="changes")
    op.drop_column("changes", "searchable")
    op.drop_table("name_words")
    op.drop_table("name_keys")
