"""first tables"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.migrating import OUTBOX_TRIGGER, OUTBOX_WAKES_RELAY

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("trace", sa.Text(), nullable=False),
        sa.Column("died_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("redriven_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letters")),
    )
    op.create_table(
        "history",
        sa.Column("aggregate_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("change", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("aggregate_id", "version", name=op.f("pk_history")),
    )
    op.create_index("ix_history_batch_id_aggregate_id", "history", ["batch_id", "aggregate_id"], unique=False)
    op.create_table(
        "idempotency_keys",
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("caller", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_table(
        "inbox",
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("consumer", "event_id", name=op.f("pk_inbox")),
    )
    op.create_table(
        "known_streams",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_known_streams")),
    )
    op.create_table(
        "outbox",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("aggregate_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("traceparent", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("aggregate_id", "version", name=op.f("uq_outbox_aggregate_id_version")),
    )
    op.create_index("ix_outbox_sequence", "outbox", ["sequence"], unique=False)
    op.create_index("ix_outbox_waiting", "outbox", ["position"], unique=False, postgresql_where="published_at IS NULL")
    op.execute(OUTBOX_WAKES_RELAY)
    op.execute(OUTBOX_TRIGGER)
    op.create_table(
        "imports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("checksum", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("lines_done", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("warnings", sa.Integer(), nullable=False),
        sa.Column("failure", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_index(
        "ix_imports_open",
        "imports",
        ["created_at"],
        unique=False,
        postgresql_where="status IN ('received', 'running')",
    )
    op.create_index(
        "uq_imports_same_file",
        "imports",
        ["kind", "checksum", "currency"],
        unique=True,
        postgresql_where="status <> 'failed'",
    )
    op.create_table(
        "import_issues",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("reason", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_import_issues_import_id_imports"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_issues")),
    )
    op.create_index("ix_import_issues_import_id_id", "import_issues", ["import_id", "id"], unique=False)
    op.create_table(
        "import_parts",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_import_parts_import_id_imports"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("import_id", "part", name=op.f("pk_import_parts")),
    )
    op.create_table(
        "programs",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name_ar", sa.Text(), nullable=False),
        sa.Column("name_fr", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("benefit", sa.Text(), nullable=False),
        sa.Column("legal_channel", sa.Text(), nullable=False),
        sa.Column("targeting", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "unit IN ('household', 'household_card', 'individual', 'pupil')", name=op.f("ck_programs_unit")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_programs")),
        sa.UniqueConstraint("id", name=op.f("uq_programs_id")),
    )
    op.create_table(
        "enrollments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("program_code", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("beneficiary_key", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("enrolled_on", sa.Date(), nullable=False),
        sa.Column("exited_on", sa.Date(), nullable=True),
        sa.Column("listed", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("household_number", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("father_name", sa.Text(), nullable=True),
        sa.Column("nni", sa.Text(), nullable=True),
        sa.Column("phones", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sex", sa.Text(), nullable=True),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("birth_precision", sa.Text(), nullable=True),
        sa.Column("wilaya", sa.Text(), nullable=True),
        sa.Column("moughataa", sa.Text(), nullable=True),
        sa.Column("commune", sa.Text(), nullable=True),
        sa.Column("village", sa.Text(), nullable=True),
        sa.Column("household_size", sa.Integer(), nullable=True),
        sa.Column("school", sa.Text(), nullable=True),
        sa.Column("school_class", sa.Text(), nullable=True),
        sa.Column("card_number", sa.Text(), nullable=True),
        sa.Column("amount_mru", sa.Numeric(precision=14, scale=2), nullable=True),
        sa.Column("monthly_value_mru", sa.Numeric(precision=14, scale=2), nullable=True),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("source_line", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("link_status", sa.Text(), nullable=False),
        sa.Column("link_version", sa.Integer(), nullable=False),
        sa.Column("link_probability", sa.Numeric(precision=6, scale=5), nullable=True),
        sa.Column("registry_individual_id", sa.Uuid(), nullable=True),
        sa.Column("registry_household_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("(status = 'exited') = (exited_on IS NOT NULL)", name=op.f("ck_enrollments_exited_on")),
        sa.CheckConstraint(
            "link_status IN ('pending', 'linked', 'to_adjudicate', 'unmatched')",
            name=op.f("ck_enrollments_link_status"),
        ),
        sa.CheckConstraint(
            "status IN ('applied', 'enrolled', 'suspended', 'exited')", name=op.f("ck_enrollments_status")
        ),
        sa.CheckConstraint("household_size > 0", name=op.f("ck_enrollments_household_size")),
        sa.CheckConstraint("link_probability BETWEEN 0 AND 1", name=op.f("ck_enrollments_link_probability")),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_enrollments_import_id_imports")),
        sa.ForeignKeyConstraint(["program_code"], ["programs.code"], name=op.f("fk_enrollments_program_code_programs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrollments")),
    )
    op.create_index(
        "ix_enrollments_household_number",
        "enrollments",
        ["program_code", "household_number"],
        unique=False,
        postgresql_where="household_number IS NOT NULL",
    )
    op.create_index("ix_enrollments_import_id_id", "enrollments", ["import_id", "id"], unique=False)
    op.create_index(
        "ix_enrollments_nni",
        "enrollments",
        ["program_code", "nni"],
        unique=False,
        postgresql_where="nni IS NOT NULL",
    )
    op.create_index("ix_enrollments_program_code_id", "enrollments", ["program_code", "id"], unique=False)
    op.create_index(
        "ix_enrollments_registry_household_id",
        "enrollments",
        ["registry_household_id"],
        unique=False,
        postgresql_where="registry_household_id IS NOT NULL",
    )
    op.create_index(
        "uq_enrollments_active",
        "enrollments",
        ["program_code", "beneficiary_key"],
        unique=True,
        postgresql_where="status <> 'exited'",
    )
    op.create_table(
        "program_values",
        sa.Column("program_code", sa.Text(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("amount_mru", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("per", sa.Text(), nullable=False),
        sa.Column("months_per_payment", sa.Integer(), nullable=False),
        sa.Column("months", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("max_people", sa.Integer(), nullable=True),
        sa.Column("confidence", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint("confidence IN ('found', 'derived', 'assumed')", name=op.f("ck_program_values_confidence")),
        sa.CheckConstraint("per IN ('household', 'person', 'pupil')", name=op.f("ck_program_values_per")),
        sa.CheckConstraint("amount_mru >= 0", name=op.f("ck_program_values_amount_mru")),
        sa.CheckConstraint("months_per_payment BETWEEN 1 AND 12", name=op.f("ck_program_values_months_per_payment")),
        sa.ForeignKeyConstraint(
            ["program_code"], ["programs.code"], name=op.f("fk_program_values_program_code_programs")
        ),
        sa.PrimaryKeyConstraint("program_code", "from_on", name=op.f("pk_program_values")),
    )


def downgrade() -> None:
    op.drop_table("program_values")
    op.drop_index("uq_enrollments_active", table_name="enrollments", postgresql_where="status <> 'exited'")
    op.drop_index(
        "ix_enrollments_registry_household_id",
        table_name="enrollments",
        postgresql_where="registry_household_id IS NOT NULL",
    )
    op.drop_index("ix_enrollments_program_code_id", table_name="enrollments")
    op.drop_index("ix_enrollments_nni", table_name="enrollments", postgresql_where="nni IS NOT NULL")
    op.drop_index("ix_enrollments_import_id_id", table_name="enrollments")
    op.drop_index(
        "ix_enrollments_household_number",
        table_name="enrollments",
        postgresql_where="household_number IS NOT NULL",
    )
    op.drop_table("enrollments")
    op.drop_table("programs")
    op.drop_table("import_parts")
    op.drop_index("ix_import_issues_import_id_id", table_name="import_issues")
    op.drop_table("import_issues")
    op.drop_index("uq_imports_same_file", table_name="imports", postgresql_where="status <> 'failed'")
    op.drop_index("ix_imports_open", table_name="imports", postgresql_where="status IN ('received', 'running')")
    op.drop_table("imports")
    op.drop_index("ix_outbox_waiting", table_name="outbox", postgresql_where="published_at IS NULL")
    op.drop_table("outbox")
    op.drop_table("known_streams")
    op.execute("DROP FUNCTION wake_relay")
    op.drop_table("inbox")
    op.drop_table("idempotency_keys")
    op.drop_index("ix_history_batch_id_aggregate_id", table_name="history")
    op.drop_table("history")
    op.drop_table("dead_letters")
