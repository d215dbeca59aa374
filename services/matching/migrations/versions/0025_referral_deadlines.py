"""Deadlines that receivers of referrals set."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "referral_deadlines",
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("days_to_see", sa.Integer(), nullable=False),
        sa.Column("days_to_answer", sa.Integer(), nullable=False),
        sa.Column("days_to_serve", sa.Integer(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "least(days_to_see, days_to_answer, days_to_serve) >= 1", name=op.f("ck_referral_deadlines_at_least_a_day")
        ),
        sa.PrimaryKeyConstraint("receiver", name=op.f("pk_referral_deadlines")),
    )


def downgrade() -> None:
    op.drop_table("referral_deadlines")
