"""What became of remarks that came back with targeting lists."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "listed_remarks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("reason", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("taken_over_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(request_id IS NULL) = (code IS NOT NULL)", name=op.f("ck_listed_remarks_request_or_code")),
        sa.CheckConstraint("(code IS NULL) = (reason IS NULL)", name=op.f("ck_listed_remarks_code_has_reason")),
        sa.ForeignKeyConstraint(
            ["request_id"], ["change_requests.id"], name=op.f("fk_listed_remarks_request_id_change_requests")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listed_remarks")),
    )
    op.create_index("ix_listed_remarks_batch_id_id", "listed_remarks", ["batch_id", "id"])
    op.create_index("ix_listed_remarks_request_id", "listed_remarks", ["request_id"])


def downgrade() -> None:
    op.drop_table("listed_remarks")
