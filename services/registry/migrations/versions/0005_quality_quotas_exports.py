"""Quality, quotas, exports, and how a conflict was settled."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "exports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("filters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("columns", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=True),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("rows_done", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("checksum", sa.LargeBinary(), nullable=True),
        sa.Column("failure", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("format IN ('csv', 'xlsx', 'parquet')", name=op.f("ck_exports_format")),
        sa.CheckConstraint("status IN ('waiting', 'running', 'completed', 'failed')", name=op.f("ck_exports_status")),
        sa.CheckConstraint(
            "what IN ('households', 'individuals', 'memberships', 'quality')", name=op.f("ck_exports_what")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
    )
    op.create_index(
        "ix_exports_expires_at", "exports", ["expires_at"], unique=False, postgresql_where="size IS NOT NULL"
    )
    op.create_index(
        "ix_exports_open", "exports", ["id"], unique=False, postgresql_where="status IN ('waiting', 'running')"
    )
    op.create_index("ix_exports_partner_id", "exports", ["partner", "id"], unique=False)
    op.create_table(
        "quality_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("places_done", sa.Integer(), nullable=False),
        sa.Column("reached", sa.Text(), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('waiting', 'running', 'completed')", name=op.f("ck_quality_runs_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_runs")),
    )
    op.create_index(
        "ix_quality_runs_completed", "quality_runs", ["id"], unique=False, postgresql_where="status = 'completed'"
    )
    op.create_index("uq_quality_runs_one_open", "quality_runs", ["open"], unique=True, postgresql_where="open")
    op.create_table(
        "quality_standings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("place_code", sa.Text(), nullable=False),
        sa.Column("threshold", sa.Text(), nullable=False),
        sa.Column("crossed", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_standings")),
        sa.UniqueConstraint("place_code", "threshold", name=op.f("uq_quality_standings_place_code_threshold")),
    )
    op.create_table(
        "quotas",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("place_code", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("categories", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("legal_reference", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("exceeded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("crossings", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.CheckConstraint("households >= 0", name=op.f("ck_quotas_households")),
        sa.CheckConstraint("valid_until > valid_from", name=op.f("ck_quotas_valid_for_a_while")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quotas")),
        sa.UniqueConstraint("place_code", "period", name=op.f("uq_quotas_place_code_period")),
    )
    op.create_index("ix_quotas_valid_until", "quotas", ["valid_until"], unique=False)
    op.create_table(
        "export_parts",
        sa.Column("export_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["export_id"], ["exports.id"], name=op.f("fk_export_parts_export_id_exports"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("export_id", "part", name=op.f("pk_export_parts")),
    )
    op.create_table(
        "quality_ages",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("place_code", sa.Text(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("stale", sa.Integer(), nullable=False),
        sa.Column("median_days", sa.Numeric(precision=8, scale=1), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["quality_runs.id"], name=op.f("fk_quality_ages_run_id_quality_runs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "place_code", name=op.f("pk_quality_ages")),
    )
    op.create_table(
        "quality_counts",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("commune_code", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("faults", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["quality_runs.id"], name=op.f("fk_quality_counts_run_id_quality_runs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "commune_code", "source", name=op.f("pk_quality_counts")),
    )
    op.create_table(
        "quality_findings",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("commune_code", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("findings", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["quality_runs.id"], name=op.f("fk_quality_findings_run_id_quality_runs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "commune_code", "source", "rule", name=op.f("pk_quality_findings")),
    )
    op.add_column("conflicts", sa.Column("settled_by", sa.Text(), nullable=True))
    op.add_column("conflicts", sa.Column("decision", sa.Text(), nullable=True))
    op.add_column("conflicts", sa.Column("settled_reason", sa.Text(), nullable=True))
    op.add_column("conflicts", sa.Column("settled_change", sa.Uuid(), nullable=True))
    op.create_check_constraint(
        op.f("ck_conflicts_decision"), "conflicts", "decision IN ('keep_held', 'take_offered', 'dismiss')"
    )
    op.create_check_constraint(
        op.f("ck_conflicts_settled_by_a_decision"), "conflicts", "settled_at IS NULL OR decision IS NOT NULL"
    )
    op.create_index(
        "ix_households_living",
        "households",
        ["commune_code", "village_code", "vulnerability_category"],
        unique=False,
        postgresql_where="status = 'active'",
    )


def downgrade() -> None:
    op.drop_index("ix_households_living", table_name="households", postgresql_where="status = 'active'")
    op.drop_column("conflicts", "settled_change")
    op.drop_column("conflicts", "settled_reason")
    op.drop_column("conflicts", "decision")
    op.drop_column("conflicts", "settled_by")
    op.drop_table("quality_findings")
    op.drop_table("quality_counts")
    op.drop_table("quality_ages")
    op.drop_table("export_parts")
    op.drop_index("ix_quotas_valid_until", table_name="quotas")
    op.drop_table("quotas")
    op.drop_table("quality_standings")
    op.drop_index("uq_quality_runs_one_open", table_name="quality_runs", postgresql_where="open")
    op.drop_index("ix_quality_runs_completed", table_name="quality_runs", postgresql_where="status = 'completed'")
    op.drop_table("quality_runs")
    op.drop_index("ix_exports_partner_id", table_name="exports")
    op.drop_index("ix_exports_open", table_name="exports", postgresql_where="status IN ('waiting', 'running')")
    op.drop_index("ix_exports_expires_at", table_name="exports", postgresql_where="size IS NOT NULL")
    op.drop_table("exports")
