"""scorings"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "scorings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("formula_version", sa.Text(), nullable=False),
        sa.Column("place_code", sa.Text(), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("scored_on", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("last_household", sa.Uuid(), nullable=True),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("scored", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("incomplete", sa.Integer(), nullable=False),
        sa.Column("movement", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("missing", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('received', 'running', 'completed', 'cancelled', 'failed')", name=op.f("ck_scorings_status")
        ),
        sa.ForeignKeyConstraint(["place_code"], ["places.code"], name=op.f("fk_scorings_place_code_places")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scorings")),
    )
    op.create_index(
        "ix_scorings_open",
        "scorings",
        ["id"],
        unique=False,
        postgresql_where=sa.text("status IN ('received', 'running')"),
    )
    _kinds(BEFORE | {"scoring"})


BEFORE = frozenset("import correction birth death succession marriage move split removal return merge undo".split())


def _kinds(kinds: frozenset[str]) -> None:
    op.drop_constraint(op.f("ck_changes_kind"), "changes")
    listed = ", ".join(f"'{kind}'" for kind in sorted(kinds))
    op.create_check_constraint(op.f("ck_changes_kind"), "changes", f"kind IN ({listed})")


def downgrade() -> None:
    op.drop_table("scorings")
    op.execute("UPDATE changes SET kind = 'correction' WHERE kind = 'scoring'")
    _kinds(BEFORE)
