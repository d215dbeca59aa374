"""benefits: cycles, entitlements, deliveries and their ledger; reviews"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NEVER_CHANGED = ("ledger", "deliveries", "program_versions")
REFUSE_TO_CHANGE = """
CREATE FUNCTION refuse_to_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or removed: a correction is another row', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$
"""


def upgrade() -> None:
    op.create_table(
        "schools",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("wilaya", sa.Text(), nullable=True),
        sa.Column("moughataa", sa.Text(), nullable=True),
        sa.Column("commune", sa.Text(), nullable=True),
        sa.Column("village", sa.Text(), nullable=True),
        sa.Column("canteen_from", sa.Date(), nullable=True),
        sa.Column("canteen_to", sa.Date(), nullable=True),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("canteen_to >= canteen_from", name=op.f("ck_schools_canteen_to")),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_schools_import_id_imports")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_schools")),
    )
    op.create_table(
        "cycles",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("program_code", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("late_after", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sizes_on", sa.Date(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("program_version", sa.Integer(), nullable=False),
        sa.Column("value_from_on", sa.Date(), nullable=False),
        sa.Column("reached", sa.Uuid(), nullable=True),
        sa.Column("to_issue", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due", sa.Integer(), server_default="0", nullable=False),
        sa.Column("held", sa.Integer(), server_default="0", nullable=False),
        sa.Column("skipped", sa.Integer(), server_default="0", nullable=False),
        sa.Column("amount_mru", sa.Numeric(precision=18, scale=2), server_default="0", nullable=False),
        sa.Column("failure", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('issuing', 'issued', 'closed', 'cancelled')", name=op.f("ck_cycles_status")),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_cycles_ends_on")),
        sa.ForeignKeyConstraint(["program_code"], ["programs.code"], name=op.f("fk_cycles_program_code_programs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cycles")),
    )
    op.create_index("ix_cycles_issuing", "cycles", ["created_at"], unique=False, postgresql_where="status = 'issuing'")
    op.create_index(
        "uq_cycles_period",
        "cycles",
        ["program_code", "starts_on"],
        unique=True,
        postgresql_where="status <> 'cancelled'",
    )
    op.create_table(
        "attendance",
        sa.Column("enrollment_id", sa.Uuid(), nullable=False),
        sa.Column("session_on", sa.Date(), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollments.id"], name=op.f("fk_attendance_enrollment_id_enrollments")
        ),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_attendance_import_id_imports")),
        sa.PrimaryKeyConstraint("enrollment_id", "session_on", name=op.f("pk_attendance")),
    )
    op.create_table(
        "entitlements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cycle_id", sa.Uuid(), nullable=False),
        sa.Column("enrollment_id", sa.Uuid(), nullable=False),
        sa.Column("program_code", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("hold_reason", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("people", sa.Integer(), nullable=True),
        sa.Column("people_source", sa.Text(), nullable=True),
        sa.Column("amount_mru", sa.Numeric(precision=14, scale=2), nullable=True),
        sa.Column("lines", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint("(status = 'held') = (hold_reason IS NOT NULL)", name=op.f("ck_entitlements_held")),
        sa.CheckConstraint("amount_mru IS NOT NULL OR status <> 'due'", name=op.f("ck_entitlements_due_is_known")),
        sa.CheckConstraint(
            "hold_reason IN ('deceased', 'conditions_not_met', 'size_unknown', 'under_review')",
            name=op.f("ck_entitlements_hold_reason"),
        ),
        sa.CheckConstraint("people_source IN ('registry', 'list')", name=op.f("ck_entitlements_people_source")),
        sa.CheckConstraint("status IN ('due', 'held', 'cancelled')", name=op.f("ck_entitlements_status")),
        sa.CheckConstraint("amount_mru >= 0", name=op.f("ck_entitlements_amount_mru")),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycles.id"], name=op.f("fk_entitlements_cycle_id_cycles")),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollments.id"], name=op.f("fk_entitlements_enrollment_id_enrollments")
        ),
        sa.ForeignKeyConstraint(
            ["program_code"], ["programs.code"], name=op.f("fk_entitlements_program_code_programs")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entitlements")),
        sa.UniqueConstraint("cycle_id", "enrollment_id", name=op.f("uq_entitlements_cycle_id_enrollment_id")),
    )
    op.create_index("ix_entitlements_enrollment_id", "entitlements", ["enrollment_id", "cycle_id"], unique=False)
    op.create_table(
        "reviews",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("program_code", sa.Text(), nullable=False),
        sa.Column("enrollment_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("change_id", sa.Uuid(), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.CheckConstraint("(status = 'decided') = (decided_at IS NOT NULL)", name=op.f("ck_reviews_decided_at")),
        sa.CheckConstraint("kind IN ('death', 'merged', 'moved', 'left_registry')", name=op.f("ck_reviews_kind")),
        sa.CheckConstraint("status IN ('open', 'decided')", name=op.f("ck_reviews_status")),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollments.id"], name=op.f("fk_reviews_enrollment_id_enrollments")
        ),
        sa.ForeignKeyConstraint(["program_code"], ["programs.code"], name=op.f("fk_reviews_program_code_programs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
    )
    op.create_index("ix_reviews_enrollment_id", "reviews", ["enrollment_id"], unique=False)
    op.create_index("ix_reviews_open", "reviews", ["id"], unique=False, postgresql_where="status = 'open'")
    op.create_index("uq_reviews_once", "reviews", ["kind", "enrollment_id", "subject_id", "change_id"], unique=True)
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("program_code", sa.Text(), nullable=False),
        sa.Column("cycle_id", sa.Uuid(), nullable=True),
        sa.Column("entitlement_id", sa.Uuid(), nullable=True),
        sa.Column("enrollment_id", sa.Uuid(), nullable=True),
        sa.Column("school", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("amount_mru", sa.Numeric(precision=14, scale=2), nullable=True),
        sa.Column("lines", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("delivered_on", sa.Date(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("findings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("as_sent", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("corrects", sa.Uuid(), nullable=True),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("source_line", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.CheckConstraint("outcome IN ('paid', 'partly', 'absent', 'rejected')", name=op.f("ck_deliveries_outcome")),
        sa.CheckConstraint("amount_mru >= 0", name=op.f("ck_deliveries_amount_mru")),
        sa.ForeignKeyConstraint(["corrects"], ["deliveries.id"], name=op.f("fk_deliveries_corrects_deliveries")),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycles.id"], name=op.f("fk_deliveries_cycle_id_cycles")),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollments.id"], name=op.f("fk_deliveries_enrollment_id_enrollments")
        ),
        sa.ForeignKeyConstraint(
            ["entitlement_id"], ["entitlements.id"], name=op.f("fk_deliveries_entitlement_id_entitlements")
        ),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_deliveries_import_id_imports")),
        sa.ForeignKeyConstraint(["program_code"], ["programs.code"], name=op.f("fk_deliveries_program_code_programs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
    )
    op.create_index("ix_deliveries_batch_id_id", "deliveries", ["batch_id", "id"], unique=False)
    op.create_index("ix_deliveries_cycle_id_id", "deliveries", ["cycle_id", "id"], unique=False)
    op.create_index(
        "ix_deliveries_enrollment_id",
        "deliveries",
        ["enrollment_id"],
        unique=False,
        postgresql_where="enrollment_id IS NOT NULL",
    )
    op.create_index(
        "ix_deliveries_entitlement_id",
        "deliveries",
        ["entitlement_id"],
        unique=False,
        postgresql_where="entitlement_id IS NOT NULL",
    )
    op.create_index(
        "ix_deliveries_import_id_source_line",
        "deliveries",
        ["import_id", "source_line"],
        unique=False,
        postgresql_where="import_id IS NOT NULL",
    )
    op.create_index("ix_deliveries_program_code_id", "deliveries", ["program_code", "id"], unique=False)
    op.create_index(
        "uq_deliveries_corrects", "deliveries", ["corrects"], unique=True, postgresql_where="corrects IS NOT NULL"
    )
    op.create_index(
        "uq_deliveries_reference",
        "deliveries",
        ["program_code", "reference"],
        unique=True,
        postgresql_where="reference IS NOT NULL AND corrects IS NULL",
    )
    op.create_table(
        "ledger",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("program_code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("cycle_id", sa.Uuid(), nullable=True),
        sa.Column("enrollment_id", sa.Uuid(), nullable=True),
        sa.Column("entitlement_id", sa.Uuid(), nullable=True),
        sa.Column("delivery_id", sa.Uuid(), nullable=True),
        sa.Column("school", sa.Text(), nullable=True),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=14, scale=3), nullable=False),
        sa.Column("amount_mru", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("corrects", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "CASE WHEN kind IN ('entitled', 'delivered') THEN quantity >= 0 AND amount_mru >= 0 ELSE quantity <= 0 AND amount_mru <= 0 END",
            name=op.f("ck_ledger_sign"),
        ),
        sa.CheckConstraint("kind IN ('entitled', 'cancelled', 'delivered', 'corrected')", name=op.f("ck_ledger_kind")),
        sa.ForeignKeyConstraint(["corrects"], ["ledger.id"], name=op.f("fk_ledger_corrects_ledger")),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycles.id"], name=op.f("fk_ledger_cycle_id_cycles")),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name=op.f("fk_ledger_delivery_id_deliveries")),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollments.id"], name=op.f("fk_ledger_enrollment_id_enrollments")
        ),
        sa.ForeignKeyConstraint(
            ["entitlement_id"], ["entitlements.id"], name=op.f("fk_ledger_entitlement_id_entitlements")
        ),
        sa.ForeignKeyConstraint(["program_code"], ["programs.code"], name=op.f("fk_ledger_program_code_programs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger")),
    )
    op.create_index("ix_ledger_cycle_id_kind", "ledger", ["cycle_id", "kind"], unique=False)
    op.create_index(
        "ix_ledger_delivery_id", "ledger", ["delivery_id"], unique=False, postgresql_where="delivery_id IS NOT NULL"
    )
    op.create_index(
        "ix_ledger_enrollment_id",
        "ledger",
        ["enrollment_id"],
        unique=False,
        postgresql_where="enrollment_id IS NOT NULL",
    )
    op.create_index(
        "ix_ledger_entitlement_id",
        "ledger",
        ["entitlement_id"],
        unique=False,
        postgresql_where="entitlement_id IS NOT NULL",
    )
    op.create_index("ix_ledger_program_code_id", "ledger", ["program_code", "id"], unique=False)
    op.execute(REFUSE_TO_CHANGE)
    for table in NEVER_CHANGED:
        op.execute(
            f"CREATE TRIGGER {table}_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change()"
        )


def downgrade() -> None:
    for table in NEVER_CHANGED:
        op.execute(f"DROP TRIGGER {table}_never_changed ON {table}")
    op.execute("DROP FUNCTION refuse_to_change()")
    op.drop_index("ix_ledger_program_code_id", table_name="ledger")
    op.drop_index("ix_ledger_entitlement_id", table_name="ledger", postgresql_where="entitlement_id IS NOT NULL")
    op.drop_index("ix_ledger_enrollment_id", table_name="ledger", postgresql_where="enrollment_id IS NOT NULL")
    op.drop_index("ix_ledger_delivery_id", table_name="ledger", postgresql_where="delivery_id IS NOT NULL")
    op.drop_index("ix_ledger_cycle_id_kind", table_name="ledger")
    op.drop_table("ledger")
    op.drop_index(
        "uq_deliveries_reference",
        table_name="deliveries",
        postgresql_where="reference IS NOT NULL AND corrects IS NULL",
    )
    op.drop_index("uq_deliveries_corrects", table_name="deliveries", postgresql_where="corrects IS NOT NULL")
    op.drop_index("ix_deliveries_program_code_id", table_name="deliveries")
    op.drop_index(
        "ix_deliveries_import_id_source_line", table_name="deliveries", postgresql_where="import_id IS NOT NULL"
    )
    op.drop_index(
        "ix_deliveries_entitlement_id", table_name="deliveries", postgresql_where="entitlement_id IS NOT NULL"
    )
    op.drop_index("ix_deliveries_enrollment_id", table_name="deliveries", postgresql_where="enrollment_id IS NOT NULL")
    op.drop_index("ix_deliveries_cycle_id_id", table_name="deliveries")
    op.drop_index("ix_deliveries_batch_id_id", table_name="deliveries")
    op.drop_table("deliveries")
    op.drop_index("uq_reviews_once", table_name="reviews")
    op.drop_index("ix_reviews_open", table_name="reviews", postgresql_where="status = 'open'")
    op.drop_index("ix_reviews_enrollment_id", table_name="reviews")
    op.drop_table("reviews")
    op.drop_index("ix_entitlements_enrollment_id", table_name="entitlements")
    op.drop_table("entitlements")
    op.drop_table("attendance")
    op.drop_index("uq_cycles_period", table_name="cycles", postgresql_where="status <> 'cancelled'")
    op.drop_index("ix_cycles_issuing", table_name="cycles", postgresql_where="status = 'issuing'")
    op.drop_table("cycles")
    op.drop_table("schools")
