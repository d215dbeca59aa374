"""What happens in the life of households, and the hand-overs it proposes."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "life_changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=True),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("looked_on", sa.Date(), nullable=True),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "change IN ('turned_2', 'left_school_age', 'left_school_list', 'became_disabled')",
            name=op.f("ck_life_changes_change"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_life_changes")),
        sa.UniqueConstraint("subject_id", "change", "happened_on", name="uq_life_changes_once"),
    )
    op.create_index("ix_life_changes_open", "life_changes", ["looked_on", "id"], postgresql_where="NOT settled")
    op.create_table(
        "life_looks",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reached", sa.Uuid(), nullable=True),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_life_looks_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_life_looks")),
    )
    op.create_table(
        "life_proposals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("life_change_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("enrollment_id", sa.Uuid(), nullable=False),
        sa.Column("from_program", sa.Text(), nullable=False),
        sa.Column("to_program", sa.Text(), nullable=False),
        sa.Column("fit", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("referral_id", sa.Uuid(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("official", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint("status IN ('open', 'referred', 'declined')", name=op.f("ck_life_proposals_status")),
        sa.CheckConstraint("fit IN ('required', 'intended', 'complement')", name=op.f("ck_life_proposals_fit")),
        sa.CheckConstraint(
            "(status = 'referred') = (referral_id IS NOT NULL)", name=op.f("ck_life_proposals_referred")
        ),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["beneficiaries.id"], name=op.f("fk_life_proposals_enrollment_id_beneficiaries")
        ),
        sa.ForeignKeyConstraint(
            ["life_change_id"], ["life_changes.id"], name=op.f("fk_life_proposals_life_change_id_life_changes")
        ),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["referrals.id"], name=op.f("fk_life_proposals_referral_id_referrals")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_life_proposals")),
        sa.UniqueConstraint("life_change_id", "from_program", name="uq_life_proposals_once"),
    )
    op.create_index("ix_life_proposals_from_program_id", "life_proposals", ["from_program", "id"])


def downgrade() -> None:
    op.drop_table("life_proposals")
    op.drop_table("life_looks")
    op.drop_table("life_changes")
