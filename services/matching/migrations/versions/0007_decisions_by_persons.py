"""decisions by persons"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "merged_records",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("into_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merged_records")),
    )
    op.create_index(op.f("ix_merged_records_into_id"), "merged_records", ["into_id"], unique=False)
    op.create_table(
        "adjudications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enrollment_id", sa.Uuid(), nullable=False),
        sa.Column("program", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("opened_for", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("disputed", sa.Boolean(), nullable=False),
        sa.Column("skips", sa.Integer(), nullable=False),
        sa.Column("person_version", sa.Integer(), nullable=False),
        sa.Column("cost_mru", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("wilaya_code", sa.Text(), nullable=True),
        sa.Column("moughataa_code", sa.Text(), nullable=True),
        sa.Column("commune_code", sa.Text(), nullable=True),
        sa.Column("candidates", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "opened_for IN ('doubtful', 'individual_left', 'contradicted', 'evidence_changed', 'by_hand')",
            name=op.f("ck_adjudications_opened_for"),
        ),
        sa.CheckConstraint("outcome IN ('same', 'different', 'cannot_tell')", name=op.f("ck_adjudications_outcome")),
        sa.CheckConstraint(
            "status IN ('open', 'awaiting_second', 'decided', 'settled')", name=op.f("ck_adjudications_status")
        ),
        sa.CheckConstraint("jsonb_array_length(candidates) <= 6", name=op.f("ck_adjudications_few_candidates")),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["beneficiaries.id"], name=op.f("fk_adjudications_enrollment_id_beneficiaries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adjudications")),
        sa.UniqueConstraint("enrollment_id", name=op.f("uq_adjudications_enrollment_id")),
    )
    op.create_index("ix_adjudications_program_id", "adjudications", ["program", "id"], unique=False)
    op.create_index(
        "ix_adjudications_queue",
        "adjudications",
        ["program", "skips", "cost_mru", "id"],
        unique=False,
        postgresql_where="status IN ('open', 'awaiting_second')",
    )
    op.create_table(
        "held_links",
        sa.Column("enrollment_id", sa.Uuid(), nullable=False),
        sa.Column("person_version", sa.Integer(), nullable=False),
        sa.Column("individual_id", sa.Uuid(), nullable=True),
        sa.Column("household_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["beneficiaries.id"], name=op.f("fk_held_links_enrollment_id_beneficiaries")
        ),
        sa.PrimaryKeyConstraint("enrollment_id", "person_version", name=op.f("pk_held_links")),
    )
    op.create_index(op.f("ix_held_links_individual_id"), "held_links", ["individual_id"], unique=False)
    op.create_table(
        "person_steps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enrollment_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("person_version", sa.Integer(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("individual_id", sa.Uuid(), nullable=True),
        sa.Column("household_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("needs_second", sa.Boolean(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("official", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("levels", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=True),
        sa.Column("probability", sa.Float(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.Column("undone_official", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "reason IN ('another_person', 'another_household', 'unknown_here', 'mistake')",
            name=op.f("ck_person_steps_reason"),
        ),
        sa.CheckConstraint(
            "said IN ('same', 'different', 'cannot_tell', 'skipped', 'linked', 'unlinked', 'reset')",
            name=op.f("ck_person_steps_said"),
        ),
        sa.CheckConstraint(
            "said NOT IN ('same', 'different', 'linked', 'unlinked') OR individual_id IS NOT NULL",
            name=op.f("ck_person_steps_of_somebody"),
        ),
        sa.CheckConstraint(
            "(undone_at IS NULL) = (undone_by IS NULL)", name=op.f("ck_person_steps_undone_by_somebody")
        ),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["beneficiaries.id"], name=op.f("fk_person_steps_enrollment_id_beneficiaries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_steps")),
    )
    op.create_index("uq_person_steps_enrollment_id_number", "person_steps", ["enrollment_id", "number"], unique=True)
    op.create_index("ix_beneficiaries_individual_id", "beneficiaries", ["individual_id"], unique=False)
    op.create_index(op.f("ix_link_refusals_household_id"), "link_refusals", ["household_id"], unique=False)
    op.create_index(op.f("ix_link_refusals_individual_id"), "link_refusals", ["individual_id"], unique=False)
    # Who was left to a person before there were questions is compared again, which asks.
    op.execute("UPDATE beneficiaries SET link_status = 'pending' WHERE decided_as = 'to_adjudicate'")


def downgrade() -> None:
    op.drop_index(op.f("ix_link_refusals_individual_id"), table_name="link_refusals")
    op.drop_index(op.f("ix_link_refusals_household_id"), table_name="link_refusals")
    op.drop_index("ix_beneficiaries_individual_id", table_name="beneficiaries")
    op.drop_index("uq_person_steps_enrollment_id_number", table_name="person_steps")
    op.drop_table("person_steps")
    op.drop_index(op.f("ix_held_links_individual_id"), table_name="held_links")
    op.drop_table("held_links")
    op.drop_index(
        "ix_adjudications_queue", table_name="adjudications", postgresql_where="status IN ('open', 'awaiting_second')"
    )
    op.drop_index("ix_adjudications_program_id", table_name="adjudications")
    op.drop_table("adjudications")
    op.drop_index(op.f("ix_merged_records_into_id"), table_name="merged_records")
    op.drop_table("merged_records")
