"""Grievances, and who looked at a household's picture."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "grievances",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("program", sa.Text(), nullable=True),
        sa.Column("about", sa.Text(), nullable=True),
        sa.Column("household_id", sa.Uuid(), nullable=True),
        sa.Column("household_number", sa.Text(), nullable=True),
        sa.Column("contact", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("disputes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_by", sa.Text(), nullable=True),
        sa.Column("official", sa.Text(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalated", sa.Boolean(), nullable=False),
        sa.Column("reopened", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "category <> 'conduct' OR desk = 'unit'", name=op.f("ck_grievances_conduct_goes_to_the_unit")
        ),
        sa.CheckConstraint(
            "category IN ('exclusion', 'payment_missing', 'wrong_amount', 'wrong_data', 'conduct', 'other')",
            name=op.f("ck_grievances_category"),
        ),
        sa.CheckConstraint("desk <> 'program' OR program IS NOT NULL", name=op.f("ck_grievances_desk_has_program")),
        sa.CheckConstraint("desk IN ('program', 'registry', 'unit')", name=op.f("ck_grievances_desk")),
        sa.CheckConstraint("language IN ('ar', 'fr', 'en')", name=op.f("ck_grievances_language")),
        sa.CheckConstraint(
            "opened_by IS NOT NULL OR category = 'conduct'", name=op.f("ck_grievances_anonymous_on_conduct")
        ),
        sa.CheckConstraint(
            "status IN ('opened', 'acknowledged', 'answered', 'accepted', 'escalated', 'closed')",
            name=op.f("ck_grievances_status"),
        ),
        sa.CheckConstraint("verdict IN ('upheld', 'partly_upheld', 'rejected')", name=op.f("ck_grievances_verdict")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grievances")),
    )
    op.create_index(
        "ix_grievances_due_at",
        "grievances",
        ["due_at"],
        unique=False,
        postgresql_where="status IN ('opened', 'acknowledged', 'answered', 'escalated')",
    )
    op.create_index("ix_grievances_household_id", "grievances", ["household_id"], unique=False)
    op.create_index("ix_grievances_opened_by_id", "grievances", ["opened_by", "id"], unique=False)
    op.create_index("ix_grievances_program_id", "grievances", ["program", "id"], unique=False)
    op.create_table(
        "picture_reads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("read_by", sa.Text(), nullable=False),
        sa.Column("official", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("programs", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_picture_reads")),
    )
    op.create_index("ix_picture_reads_household_id_id", "picture_reads", ["household_id", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_picture_reads_household_id_id", table_name="picture_reads")
    op.drop_table("picture_reads")
    op.drop_index("ix_grievances_program_id", table_name="grievances")
    op.drop_index("ix_grievances_opened_by_id", table_name="grievances")
    op.drop_index("ix_grievances_household_id", table_name="grievances")
    op.drop_index(
        "ix_grievances_due_at",
        table_name="grievances",
        postgresql_where="status IN ('opened', 'acknowledged', 'answered', 'escalated')",
    )
    op.drop_table("grievances")
