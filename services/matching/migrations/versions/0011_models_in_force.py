"""models in force"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "linkage_models",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("progress", sa.Float(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("report", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("trained_from", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("failure", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("official", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('training', 'ready', 'failed', 'cancelled')", name=op.f("ck_linkage_models_status")
        ),
        sa.CheckConstraint("(status = 'ready') = (body IS NOT NULL)", name=op.f("ck_linkage_models_ready_with_body")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_linkage_models")),
    )
    op.create_index(
        "uq_linkage_models_training",
        "linkage_models",
        ["status"],
        unique=True,
        postgresql_where="status = 'training'",
    )
    op.create_table(
        "model_promotions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("rolled_back", sa.Text(), nullable=True),
        sa.Column("promoted_by", sa.Text(), nullable=False),
        sa.Column("official", sa.Text(), nullable=False),
        sa.Column("promoted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["rolled_back"], ["linkage_models.version"], name=op.f("fk_model_promotions_rolled_back_linkage_models")
        ),
        sa.ForeignKeyConstraint(
            ["version"], ["linkage_models.version"], name=op.f("fk_model_promotions_version_linkage_models")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_promotions")),
    )


def downgrade() -> None:
    op.drop_table("model_promotions")
    op.drop_index("uq_linkage_models_training", table_name="linkage_models", postgresql_where="status = 'training'")
    op.drop_table("linkage_models")
