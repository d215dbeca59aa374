"""Analyses of the Cadre Harmonisé, the rule by which areas trigger, and the triggers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "analyses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("to_on", sa.Date(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("validated_by", sa.Text(), nullable=False),
        sa.Column("areas", sa.Integer(), nullable=False),
        sa.Column("loaded_by", sa.Text(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("period IN ('current', 'projected')", name=op.f("ck_analyses_period")),
        sa.CheckConstraint("from_on <= to_on", name=op.f("ck_analyses_forwards")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analyses")),
        sa.UniqueConstraint("import_id", "round", "period", name="uq_analyses_import_id"),
        sa.UniqueConstraint("round", "period", "version", name="uq_analyses_round_period_version"),
    )
    op.create_table(
        "analysis_areas",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("area_code", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("to_on", sa.Date(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("validated_by", sa.Text(), nullable=False),
        sa.Column("people_1", sa.Integer(), nullable=False),
        sa.Column("people_2", sa.Integer(), nullable=False),
        sa.Column("people_3", sa.Integer(), nullable=False),
        sa.Column("people_4", sa.Integer(), nullable=False),
        sa.Column("people_5", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("stated_phase", sa.Integer(), nullable=True),
        sa.CheckConstraint("period IN ('current', 'projected')", name=op.f("ck_analysis_areas_period")),
        sa.CheckConstraint(
            "people_1 >= 0 AND people_2 >= 0 AND people_3 >= 0 AND people_4 >= 0 AND people_5 >= 0",
            name=op.f("ck_analysis_areas_people"),
        ),
        sa.CheckConstraint(
            "people_1::bigint + people_2 + people_3 + people_4 + people_5 <= total",
            name=op.f("ck_analysis_areas_total"),
        ),
        sa.CheckConstraint("stated_phase BETWEEN 1 AND 5", name=op.f("ck_analysis_areas_stated_phase")),
        sa.CheckConstraint("total > 0", name=op.f("ck_analysis_areas_somebody")),
        sa.PrimaryKeyConstraint("import_id", "round", "period", "area_code", name=op.f("pk_analysis_areas")),
    )
    op.create_table(
        "trigger_rules",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("percent", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("by_wilaya", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("least_phase", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("official", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("least_phase BETWEEN 2 AND 5", name=op.f("ck_trigger_rules_least_phase")),
        sa.CheckConstraint("percent > 0 AND percent <= 100", name=op.f("ck_trigger_rules_percent")),
        sa.CheckConstraint("version > 0", name=op.f("ck_trigger_rules_version")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_trigger_rules")),
    )
    op.create_table(
        "triggers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("analysis_id", sa.Uuid(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("area_code", sa.Text(), nullable=False),
        sa.Column("wilaya_code", sa.Text(), nullable=True),
        sa.Column("phase", sa.Integer(), nullable=False),
        sa.Column("rule_phase", sa.Integer(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("percent", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("official", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status IN ('validated', 'rejected')) = (decided_at IS NOT NULL) OR status = 'superseded'",
            name=op.f("ck_triggers_decided"),
        ),
        sa.CheckConstraint(
            "status IN ('proposed', 'validated', 'rejected', 'superseded')", name=op.f("ck_triggers_status")
        ),
        sa.CheckConstraint("phase = rule_phase OR reason IS NOT NULL", name=op.f("ck_triggers_overridden_with_reason")),
        sa.CheckConstraint("phase BETWEEN 1 AND 5", name=op.f("ck_triggers_phase")),
        sa.CheckConstraint("rule_phase BETWEEN 1 AND 5", name=op.f("ck_triggers_rule_phase")),
        sa.ForeignKeyConstraint(["analysis_id"], ["analyses.id"], name=op.f("fk_triggers_analysis_id_analyses")),
        sa.ForeignKeyConstraint(
            ["import_id", "round", "period", "area_code"],
            ["analysis_areas.import_id", "analysis_areas.round", "analysis_areas.period", "analysis_areas.area_code"],
            name="fk_triggers_area",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_triggers")),
        sa.UniqueConstraint("analysis_id", "area_code", name="uq_triggers_analysis_id_area_code"),
    )
    op.create_index("ix_triggers_status", "triggers", ["status", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_triggers_status", table_name="triggers")
    op.drop_table("triggers")
    op.drop_table("trigger_rules")
    op.drop_table("analysis_areas")
    op.drop_table("analyses")
