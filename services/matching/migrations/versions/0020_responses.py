"""Shock responses: plans, their lists, who may read them until when, and what was read."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "responses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("program", sa.Text(), nullable=False),
        sa.Column("design", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("lot", sa.Text(), nullable=False),
        sa.Column("planning", sa.Text(), nullable=False),
        sa.Column("figures", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("failure", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("authors", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approved_official", sa.Text(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("listed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_paid_on", sa.Date(), nullable=True),
        sa.Column("households_paid", sa.Integer(), nullable=True),
        sa.Column("amount_paid", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(planning = 'ready') = (figures IS NOT NULL)", name=op.f("ck_responses_ready_with_figures")
        ),
        sa.CheckConstraint("planning IN ('waiting', 'ready', 'failed')", name=op.f("ck_responses_planning")),
        sa.CheckConstraint(
            "status IN ('draft', 'proposed', 'approved', 'listed', 'paying', 'closed', 'rejected', 'withdrawn')",
            name=op.f("ck_responses_status"),
        ),
        sa.CheckConstraint(
            "status IN ('draft', 'withdrawn') OR planning = 'ready'", name=op.f("ck_responses_proposed_when_ready")
        ),
        sa.CheckConstraint(
            "approved_official IS NULL OR NOT (approved_official = ANY(authors))",
            name=op.f("ck_responses_second_person"),
        ),
        sa.CheckConstraint("households_paid >= 0 AND amount_paid >= 0", name=op.f("ck_responses_paid")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_responses")),
    )
    op.create_index(
        "ix_responses_waiting",
        "responses",
        ["id"],
        unique=False,
        postgresql_where="planning = 'waiting' AND status = 'draft'",
    )
    op.create_table(
        "response_households",
        sa.Column("response_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("household_number", sa.Text(), nullable=False),
        sa.Column("commune_code", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("monthly", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("apart", sa.Text(), nullable=False),
        sa.CheckConstraint("apart IN ('first', 'score', 'category', 'lot')", name=op.f("ck_response_households_apart")),
        sa.CheckConstraint("part IN ('vertical', 'horizontal')", name=op.f("ck_response_households_part")),
        sa.CheckConstraint("monthly > 0 AND amount > 0", name=op.f("ck_response_households_amount")),
        sa.ForeignKeyConstraint(
            ["response_id"], ["responses.id"], name=op.f("fk_response_households_response_id_responses")
        ),
        sa.PrimaryKeyConstraint("response_id", "position", name=op.f("pk_response_households")),
        sa.UniqueConstraint("response_id", "household_id", name="uq_response_households_household"),
    )
    op.create_index("ix_response_households_household_id", "response_households", ["household_id"], unique=False)
    op.create_table(
        "response_sharings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("response_id", sa.Uuid(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("legal_basis", sa.Text(), nullable=False),
        sa.Column("granted_by", sa.Text(), nullable=False),
        sa.Column("official", sa.Text(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_official", sa.Text(), nullable=True),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_official IS NULL)", name=op.f("ck_response_sharings_ended")),
        sa.CheckConstraint("ends_at > granted_at", name=op.f("ck_response_sharings_forwards")),
        sa.ForeignKeyConstraint(
            ["response_id"], ["responses.id"], name=op.f("fk_response_sharings_response_id_responses")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_response_sharings")),
    )
    op.create_index("ix_response_sharings_response_id", "response_sharings", ["response_id", "id"], unique=False)
    op.create_table(
        "response_readings",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("sharing_id", sa.Uuid(), nullable=False),
        sa.Column("read_by", sa.Text(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_position", sa.Integer(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sharing_id"], ["response_sharings.id"], name=op.f("fk_response_readings_sharing_id_response_sharings")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_response_readings")),
    )
    op.create_index(op.f("ix_response_readings_sharing_id"), "response_readings", ["sharing_id"], unique=False)
    op.create_table(
        "response_triggers",
        sa.Column("response_id", sa.Uuid(), nullable=False),
        sa.Column("trigger_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["response_id"], ["responses.id"], name=op.f("fk_response_triggers_response_id_responses")
        ),
        sa.ForeignKeyConstraint(["trigger_id"], ["triggers.id"], name=op.f("fk_response_triggers_trigger_id_triggers")),
        sa.PrimaryKeyConstraint("response_id", "trigger_id", name=op.f("pk_response_triggers")),
    )
    op.create_index(op.f("ix_response_triggers_trigger_id"), "response_triggers", ["trigger_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_response_triggers_trigger_id"), table_name="response_triggers")
    op.drop_table("response_triggers")
    op.drop_index(op.f("ix_response_readings_sharing_id"), table_name="response_readings")
    op.drop_table("response_readings")
    op.drop_index("ix_response_sharings_response_id", table_name="response_sharings")
    op.drop_table("response_sharings")
    op.drop_index("ix_response_households_household_id", table_name="response_households")
    op.drop_table("response_households")
    op.drop_index(
        "ix_responses_waiting", table_name="responses", postgresql_where="planning = 'waiting' AND status = 'draft'"
    )
    op.drop_table("responses")
