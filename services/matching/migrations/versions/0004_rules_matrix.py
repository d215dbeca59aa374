"""rules matrix"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

REFUSE_TO_CHANGE = """
CREATE FUNCTION refuse_to_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or removed: a new decision is another row', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$
"""


def upgrade() -> None:
    op.create_table(
        "matrix_decisions",
        sa.Column("cell_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("program_a", sa.Text(), nullable=False),
        sa.Column("program_b", sa.Text(), nullable=False),
        sa.Column("overlap_class", sa.Text(), nullable=False),
        sa.Column("legal_text", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.CheckConstraint("language IN ('ar', 'fr', 'en')", name=op.f("ck_matrix_decisions_language")),
        sa.CheckConstraint(
            "overlap_class IN ('required', 'intended', 'tolerated', 'forbidden')",
            name=op.f("ck_matrix_decisions_overlap_class"),
        ),
        sa.CheckConstraint('program_a < program_b COLLATE "C"', name=op.f("ck_matrix_decisions_pair_order")),
        sa.ForeignKeyConstraint(["program_a"], ["programs.code"], name=op.f("fk_matrix_decisions_program_a_programs")),
        sa.ForeignKeyConstraint(["program_b"], ["programs.code"], name=op.f("fk_matrix_decisions_program_b_programs")),
        sa.PrimaryKeyConstraint("cell_id", "version", name=op.f("pk_matrix_decisions")),
        sa.UniqueConstraint("program_a", "program_b", "version", name="uq_matrix_decisions_pair_version"),
    )
    op.execute(REFUSE_TO_CHANGE)
    op.execute(
        "CREATE TRIGGER matrix_decisions_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON matrix_decisions"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change()"
    )


def downgrade() -> None:
    op.drop_table("matrix_decisions")
    op.execute("DROP FUNCTION refuse_to_change()")
