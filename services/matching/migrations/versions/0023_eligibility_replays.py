"""Replays of who was eligible on a day."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "eligibility_replays",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("program", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("rule", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("rule_version", sa.Integer(), nullable=True),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("counts", postgresql.JSONB(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('running', 'done', 'failed', 'cancelled')", name=op.f("ck_eligibility_replays_status")
        ),
        sa.CheckConstraint("(status = 'running') = (ended_at IS NULL)", name=op.f("ck_eligibility_replays_ended_at")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_eligibility_replays")),
    )
    op.create_index(
        "ix_eligibility_replays_running",
        "eligibility_replays",
        ["asked_at"],
        postgresql_where="status = 'running'",
    )
    op.create_table(
        "eligibility_replay_parts",
        sa.Column("replay_id", sa.Uuid(), nullable=False),
        sa.Column("first_id", sa.Uuid(), nullable=False),
        sa.Column("last_id", sa.Uuid(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["replay_id"],
            ["eligibility_replays.id"],
            name=op.f("fk_eligibility_replay_parts_replay_id_eligibility_replays"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("replay_id", "first_id", name=op.f("pk_eligibility_replay_parts")),
    )


def downgrade() -> None:
    op.drop_table("eligibility_replay_parts")
    op.drop_table("eligibility_replays")
