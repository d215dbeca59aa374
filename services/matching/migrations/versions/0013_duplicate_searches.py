"""A search for people whom the registry holds twice."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "duplicate_searches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("reached", sa.BigInteger(), nullable=False),
        sa.Column("proposed", sa.Integer(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('running', 'done', 'cancelled')", name=op.f("ck_duplicate_searches_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_searches")),
    )
    op.create_index(
        "uq_duplicate_searches_running",
        "duplicate_searches",
        ["status"],
        unique=True,
        postgresql_where="status = 'running'",
    )


def downgrade() -> None:
    op.drop_table("duplicate_searches")
