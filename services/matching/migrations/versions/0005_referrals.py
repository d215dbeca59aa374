"""referrals"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "referrals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("from_program", sa.Text(), nullable=False),
        sa.Column("enrollment_id", sa.Uuid(), nullable=False),
        sa.Column("to_program", sa.Text(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("household_number", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.Column("sent_by", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("served_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "reason IN ('not_in_program', 'household_asked', 'situation_changed')", name=op.f("ck_referrals_reason")
        ),
        sa.CheckConstraint(
            "refusal IN ('not_eligible', 'no_capacity', 'outside_area', 'household_not_found', 'household_declined',"
            " 'already_in_program', 'sent_in_error')",
            name=op.f("ck_referrals_refusal"),
        ),
        sa.CheckConstraint(
            "status IN ('sent', 'seen', 'accepted', 'refused', 'served', 'closed')", name=op.f("ck_referrals_status")
        ),
        sa.CheckConstraint("(refusal IS NULL) = (refused_at IS NULL)", name=op.f("ck_referrals_refusal_has_reason")),
        sa.CheckConstraint("from_program <> to_program", name=op.f("ck_referrals_two_programs")),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["beneficiaries.id"], name=op.f("fk_referrals_enrollment_id_beneficiaries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referrals")),
    )
    op.create_index("ix_referrals_enrollment_id", "referrals", ["enrollment_id"], unique=False)
    op.create_index("ix_referrals_from_program_id", "referrals", ["from_program", "id"], unique=False)
    op.create_index("ix_referrals_to_program_id", "referrals", ["to_program", "id"], unique=False)
    op.create_index(
        "uq_referrals_open",
        "referrals",
        ["household_id", "to_program"],
        unique=True,
        postgresql_where="status IN ('sent', 'seen', 'accepted')",
    )


def downgrade() -> None:
    op.drop_index(
        "uq_referrals_open", table_name="referrals", postgresql_where="status IN ('sent', 'seen', 'accepted')"
    )
    op.drop_index("ix_referrals_to_program_id", table_name="referrals")
    op.drop_index("ix_referrals_from_program_id", table_name="referrals")
    op.drop_index("ix_referrals_enrollment_id", table_name="referrals")
    op.drop_table("referrals")
