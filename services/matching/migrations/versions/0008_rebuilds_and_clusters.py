"""rebuilds and clusters"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cluster_queue",
        sa.Column("enrollment_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("enrollment_id", name=op.f("pk_cluster_queue")),
    )
    op.create_table(
        "proposed_duplicates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("smaller_id", sa.Uuid(), nullable=False),
        sa.Column("greater_id", sa.Uuid(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("record IN ('individual', 'household')", name=op.f("ck_proposed_duplicates_record")),
        sa.CheckConstraint("smaller_id < greater_id", name=op.f("ck_proposed_duplicates_pair_order")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposed_duplicates")),
    )
    op.create_index("uq_proposed_duplicates_pair", "proposed_duplicates", ["smaller_id", "greater_id"], unique=True)
    op.create_table(
        "rebuilds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("program", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("marked", sa.Integer(), nullable=False),
        sa.Column("reached", sa.Uuid(), nullable=True),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('running', 'done', 'cancelled')", name=op.f("ck_rebuilds_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rebuilds")),
    )
    op.create_index("uq_rebuilds_running", "rebuilds", ["status"], unique=True, postgresql_where="status = 'running'")
    op.create_table(
        "cluster_members",
        sa.Column("enrollment_id", sa.Uuid(), nullable=False),
        sa.Column("cluster_id", sa.Uuid(), nullable=False),
        sa.Column("program", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["beneficiaries.id"], name=op.f("fk_cluster_members_enrollment_id_beneficiaries")
        ),
        sa.PrimaryKeyConstraint("enrollment_id", name=op.f("pk_cluster_members")),
    )
    op.create_index(op.f("ix_cluster_members_cluster_id"), "cluster_members", ["cluster_id"], unique=False)
    op.execute("INSERT INTO cluster_queue (enrollment_id) SELECT id FROM beneficiaries WHERE decided_as = 'unmatched'")


def downgrade() -> None:
    op.drop_index(op.f("ix_cluster_members_cluster_id"), table_name="cluster_members")
    op.drop_table("cluster_members")
    op.drop_index("uq_rebuilds_running", table_name="rebuilds", postgresql_where="status = 'running'")
    op.drop_table("rebuilds")
    op.drop_index("uq_proposed_duplicates_pair", table_name="proposed_duplicates")
    op.drop_table("proposed_duplicates")
    op.drop_table("cluster_queue")
