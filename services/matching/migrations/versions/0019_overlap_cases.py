"""Forbidden overlaps become cases; what was due is reminded of once."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "overlap_cases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("program_a", sa.Text(), nullable=False),
        sa.Column("program_b", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("unknown", sa.Boolean(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("times_opened", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_a", sa.Text(), nullable=True),
        sa.Column("reference_a", sa.Text(), nullable=True),
        sa.Column("answered_a_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_a_by", sa.Text(), nullable=True),
        sa.Column("answer_b", sa.Text(), nullable=True),
        sa.Column("reference_b", sa.Text(), nullable=True),
        sa.Column("answered_b_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_b_by", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("settled_reference", sa.Text(), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_because", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(status = 'resolved') = (outcome IS NOT NULL)", name=op.f("ck_overlap_cases_resolved_has_outcome")
        ),
        sa.CheckConstraint(
            "answer_a IN ('keep_here', 'end_here', 'not_same_household', 'exception')",
            name=op.f("ck_overlap_cases_answer_a"),
        ),
        sa.CheckConstraint(
            "answer_b IN ('keep_here', 'end_here', 'not_same_household', 'exception')",
            name=op.f("ck_overlap_cases_answer_b"),
        ),
        sa.CheckConstraint(
            "ended_because IN ('overlap_ceased', 'no_longer_forbidden')", name=op.f("ck_overlap_cases_ended_because")
        ),
        sa.CheckConstraint(
            "outcome IN ('one_ends', 'both_end', 'exception', 'not_same_household')",
            name=op.f("ck_overlap_cases_outcome"),
        ),
        sa.CheckConstraint(
            "status IN ('open', 'disputed', 'resolved', 'ceased')", name=op.f("ck_overlap_cases_status")
        ),
        sa.CheckConstraint(
            "status NOT IN ('open', 'disputed') OR ended_at IS NULL", name=op.f("ck_overlap_cases_waiting_is_current")
        ),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (ended_because IS NULL)", name=op.f("ck_overlap_cases_ended_has_reason")
        ),
        sa.CheckConstraint('program_a < program_b COLLATE "C"', name=op.f("ck_overlap_cases_pair_order")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_overlap_cases")),
    )
    op.create_index("ix_overlap_cases_program_a_id", "overlap_cases", ["program_a", "id"], unique=False)
    op.create_index("ix_overlap_cases_program_b_id", "overlap_cases", ["program_b", "id"], unique=False)
    op.create_index(
        "ix_overlap_cases_waiting",
        "overlap_cases",
        ["due_at"],
        unique=False,
        postgresql_where="status IN ('open', 'disputed')",
    )
    op.create_index(
        "uq_overlap_cases_household_id", "overlap_cases", ["household_id", "program_a", "program_b"], unique=True
    )
    op.create_table(
        "reminders",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("subject IN ('referral', 'overlap_case', 'grievance')", name=op.f("ck_reminders_subject")),
        sa.PrimaryKeyConstraint("subject", "subject_id", "step", "due_at", name=op.f("pk_reminders")),
    )


def downgrade() -> None:
    op.drop_table("reminders")
    op.drop_index("uq_overlap_cases_household_id", table_name="overlap_cases")
    op.drop_index(
        "ix_overlap_cases_waiting", table_name="overlap_cases", postgresql_where="status IN ('open', 'disputed')"
    )
    op.drop_index("ix_overlap_cases_program_b_id", table_name="overlap_cases")
    op.drop_index("ix_overlap_cases_program_a_id", table_name="overlap_cases")
    op.drop_table("overlap_cases")
