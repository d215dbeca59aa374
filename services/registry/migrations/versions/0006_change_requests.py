"""change requests"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "change_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("subject_version", sa.Integer(), nullable=False),
        sa.Column("proposal", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("diff", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("official", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deciding_sources", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("persons_needed", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("change_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'applied') = (change_id IS NOT NULL)", name=op.f("ck_change_requests_applied_by_a_change")
        ),
        sa.CheckConstraint(
            "status IN ('proposed', 'applied', 'refused', 'withdrawn')", name=op.f("ck_change_requests_status")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_requests")),
    )
    op.create_index("ix_change_requests_proposed_by_id", "change_requests", ["proposed_by", "id"], unique=False)
    op.create_index("ix_change_requests_status_id", "change_requests", ["status", "id"], unique=False)
    op.create_index("ix_change_requests_subject_id", "change_requests", ["subject_id"], unique=False)
    op.create_table(
        "request_decisions",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("official", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("decision IN ('approve', 'refuse')", name=op.f("ck_request_decisions_decision")),
        sa.ForeignKeyConstraint(
            ["request_id"], ["change_requests.id"], name=op.f("fk_request_decisions_request_id_change_requests")
        ),
        sa.PrimaryKeyConstraint("request_id", "decided_by", "official", name=op.f("pk_request_decisions")),
    )
    _kinds(BEFORE | {"succession"})


BEFORE = frozenset("import correction birth death marriage move split removal return merge undo".split())


def _kinds(kinds: frozenset[str]) -> None:
    op.drop_constraint(op.f("ck_changes_kind"), "changes")
    listed = ", ".join(f"'{kind}'" for kind in sorted(kinds))
    op.create_check_constraint(op.f("ck_changes_kind"), "changes", f"kind IN ({listed})")


def downgrade() -> None:
    op.execute("UPDATE changes SET kind = 'correction' WHERE kind = 'succession'")
    _kinds(BEFORE)
    op.drop_table("request_decisions")
    op.drop_index("ix_change_requests_subject_id", table_name="change_requests")
    op.drop_index("ix_change_requests_status_id", table_name="change_requests")
    op.drop_index("ix_change_requests_proposed_by_id", table_name="change_requests")
    op.drop_table("change_requests")
