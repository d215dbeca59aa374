"""Decisions of the rules matrix are proposed by one official and approved by another; households may be exempted."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "matrix_proposals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("program_a", sa.Text(), nullable=False),
        sa.Column("program_b", sa.Text(), nullable=False),
        sa.Column("overlap_class", sa.Text(), nullable=False),
        sa.Column("exemptions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("legal_text", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_official", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_official", sa.Text(), nullable=True),
        sa.Column("because", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(status = 'open') = (decided_at IS NULL)", name=op.f("ck_matrix_proposals_decided_or_open")
        ),
        sa.CheckConstraint("language IN ('ar', 'fr', 'en')", name=op.f("ck_matrix_proposals_language")),
        sa.CheckConstraint(
            "overlap_class IN ('required', 'intended', 'tolerated', 'forbidden')",
            name=op.f("ck_matrix_proposals_overlap_class"),
        ),
        sa.CheckConstraint(
            "status <> 'approved' OR (decided_by, decided_official) IS DISTINCT FROM (proposed_by, proposed_official)",
            name=op.f("ck_matrix_proposals_two_persons"),
        ),
        sa.CheckConstraint(
            "status IN ('open', 'approved', 'rejected', 'withdrawn')", name=op.f("ck_matrix_proposals_status")
        ),
        sa.CheckConstraint('program_a < program_b COLLATE "C"', name=op.f("ck_matrix_proposals_pair_order")),
        sa.ForeignKeyConstraint(["program_a"], ["programs.code"], name=op.f("fk_matrix_proposals_program_a_programs")),
        sa.ForeignKeyConstraint(["program_b"], ["programs.code"], name=op.f("fk_matrix_proposals_program_b_programs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matrix_proposals")),
    )
    op.create_index(
        "uq_matrix_proposals_open",
        "matrix_proposals",
        ["program_a", "program_b"],
        unique=True,
        postgresql_where="status = 'open'",
    )
    op.add_column(
        "matrix_decisions",
        sa.Column("exemptions", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
    )
    op.add_column("matrix_decisions", sa.Column("official", sa.Text(), nullable=True))
    op.add_column("matrix_decisions", sa.Column("proposal_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_matrix_decisions_proposal_id_matrix_proposals"),
        "matrix_decisions",
        "matrix_proposals",
        ["proposal_id"],
        ["id"],
    )


def downgrade() -> None:
    op.drop_constraint(op.f("fk_matrix_decisions_proposal_id_matrix_proposals"), "matrix_decisions", type_="foreignkey")
    for column in ("proposal_id", "official", "exemptions"):
        op.drop_column("matrix_decisions", column)
    op.drop_table("matrix_proposals")
