"""Snapshots: what is frozen, the figures computed from it, who rests on them, and what moved between two."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "snapshots",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=True),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("threshold", sa.Float(), nullable=True),
        sa.Column("model_version", sa.Text(), nullable=True),
        sa.Column("households", sa.Integer(), nullable=True),
        sa.Column("people", sa.BigInteger(), nullable=True),
        sa.Column("cells", sa.Integer(), nullable=True),
        sa.Column("frames_hash", sa.LargeBinary(), nullable=True),
        sa.Column("cells_hash", sa.LargeBinary(), nullable=True),
        sa.Column("failure", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint(
            "status <> 'done' OR (frames_hash IS NOT NULL AND cells_hash IS NOT NULL)", name=op.f("ck_snapshots_hashed")
        ),
        sa.CheckConstraint(
            "status IN ('waiting', 'running', 'done', 'cancelled', 'failed')", name=op.f("ck_snapshots_status")
        ),
        sa.CheckConstraint("step IN ('reading', 'freezing', 'computing', 'storing')", name=op.f("ck_snapshots_step")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshots")),
    )
    op.create_index(
        "ix_snapshots_open", "snapshots", ["id"], unique=False, postgresql_where="status IN ('waiting', 'running')"
    )
    op.create_table(
        "snapshot_cells",
        sa.Column("snapshot_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("grouped_by", sa.Text(), nullable=False),
        sa.Column("group_code", sa.Text(), nullable=False),
        sa.Column("program", sa.Text(), nullable=False),
        sa.Column("other", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("bound", sa.Text(), nullable=False),
        sa.Column("numerator", sa.BigInteger(), nullable=True),
        sa.Column("denominator", sa.BigInteger(), nullable=True),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("overlap_class", sa.Text(), nullable=True),
        sa.CheckConstraint("(value IS NULL) = (reason IS NOT NULL)", name=op.f("ck_snapshot_cells_value_or_reason")),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["snapshots.id"], name=op.f("fk_snapshot_cells_snapshot_id_snapshots"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("snapshot_id", "place", name=op.f("pk_snapshot_cells")),
    )
    op.create_index(
        "ix_snapshot_cells_asked",
        "snapshot_cells",
        ["snapshot_id", "indicator", "grouped_by", "program", "place"],
        unique=False,
    )
    op.create_table(
        "snapshot_comparisons",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("before_id", sa.Uuid(), nullable=False),
        sa.Column("after_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint(
            "status IN ('waiting', 'running', 'done', 'cancelled', 'failed')",
            name=op.f("ck_snapshot_comparisons_status"),
        ),
        sa.CheckConstraint("before_id <> after_id", name=op.f("ck_snapshot_comparisons_two")),
        sa.ForeignKeyConstraint(
            ["after_id"], ["snapshots.id"], name=op.f("fk_snapshot_comparisons_after_id_snapshots")
        ),
        sa.ForeignKeyConstraint(
            ["before_id"], ["snapshots.id"], name=op.f("fk_snapshot_comparisons_before_id_snapshots")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshot_comparisons")),
    )
    op.create_index(
        "ix_snapshot_comparisons_open",
        "snapshot_comparisons",
        ["id"],
        unique=False,
        postgresql_where="status IN ('waiting', 'running')",
    )
    op.create_index("uq_snapshot_comparisons_pair", "snapshot_comparisons", ["before_id", "after_id"], unique=True)
    op.create_table(
        "snapshot_parts",
        sa.Column("snapshot_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["snapshots.id"], name=op.f("fk_snapshot_parts_snapshot_id_snapshots"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("snapshot_id", "name", "part", name=op.f("pk_snapshot_parts")),
    )
    op.create_table(
        "snapshot_uses",
        sa.Column("snapshot_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshots.id"], name=op.f("fk_snapshot_uses_snapshot_id_snapshots")),
        sa.PrimaryKeyConstraint("snapshot_id", "kind", "user_id", name=op.f("pk_snapshot_uses")),
    )


def downgrade() -> None:
    for table in ("snapshot_uses", "snapshot_parts", "snapshot_comparisons", "snapshot_cells", "snapshots"):
        op.drop_table(table)
