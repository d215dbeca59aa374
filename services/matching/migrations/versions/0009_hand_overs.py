"""hand-overs"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BEFORE = ("not_in_program", "household_asked", "situation_changed")


def _reasons(reasons: tuple[str, ...]) -> None:
    op.drop_constraint(op.f("ck_referrals_reason"), "referrals", type_="check")
    op.create_check_constraint(op.f("ck_referrals_reason"), "referrals", f"reason IN {reasons!r}")


def upgrade() -> None:
    _reasons((*BEFORE, "left_program"))
    op.create_table(
        "hand_overs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enrollment_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("from_program", sa.Text(), nullable=False),
        sa.Column("to_program", sa.Text(), nullable=False),
        sa.Column("handed_over_by", sa.Text(), nullable=False),
        sa.Column("handed_over_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("referral_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('waiting', 'referred', 'in_program', 'referred_already', 'withdrawn')",
            name=op.f("ck_hand_overs_outcome"),
        ),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["beneficiaries.id"], name=op.f("fk_hand_overs_enrollment_id_beneficiaries")
        ),
        sa.ForeignKeyConstraint(["referral_id"], ["referrals.id"], name=op.f("fk_hand_overs_referral_id_referrals")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hand_overs")),
        sa.UniqueConstraint("enrollment_id", "version", name=op.f("uq_hand_overs_enrollment_id")),
    )
    op.create_index("ix_hand_overs_from_program_id", "hand_overs", ["from_program", "id"], unique=False)
    op.create_index(
        "ix_hand_overs_waiting", "hand_overs", ["to_program"], unique=False, postgresql_where="outcome = 'waiting'"
    )


def downgrade() -> None:
    op.drop_table("hand_overs")
    op.execute("UPDATE referrals SET reason = 'situation_changed' WHERE reason = 'left_program'")
    _reasons(BEFORE)
