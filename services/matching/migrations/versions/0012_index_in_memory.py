"""index in memory"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "member_removals",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("phones", sa.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_removals")),
    )
    op.drop_index(op.f("ix_member_keys_member_id"), table_name="member_keys")
    op.drop_table("member_keys")
    # Keys are others now, and so is the score: every row is compared anew, which fills its keys.
    op.execute("UPDATE beneficiaries SET link_status = 'pending' WHERE link_status <> 'pending'")
    op.execute("DELETE FROM beneficiary_keys")


def downgrade() -> None:
    op.create_table(
        "member_keys",
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_member_keys_member_id_members"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", "member_id", name=op.f("pk_member_keys")),
    )
    op.create_index(op.f("ix_member_keys_member_id"), "member_keys", ["member_id"], unique=False)
    op.drop_table("member_removals")
