"""exports, deltas, connections"""

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
        sa.CheckConstraint(
            "what IN ('enrollments', 'entitlements', 'deliveries', 'reconciliation')", name=op.f("ck_exports_what")
        ),
        sa.CheckConstraint("format IN ('csv', 'xlsx', 'parquet')", name=op.f("ck_exports_format")),
        sa.CheckConstraint("status IN ('waiting', 'running', 'completed', 'failed')", name=op.f("ck_exports_status")),
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
        "connections",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("last_run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_success_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_import_id", sa.Uuid(), nullable=True),
        sa.Column("files", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.ForeignKeyConstraint(
            ["last_import_id"], ["imports.id"], name=op.f("fk_connections_last_import_id_imports"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_connections")),
    )
    op.create_table(
        "import_effects",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("effects", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_import_effects_import_id_imports"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("import_id", name=op.f("pk_import_effects")),
    )
    op.create_table(
        "deltas",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("program_code", sa.Text(), nullable=False),
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("additions", sa.Integer(), nullable=False),
        sa.Column("removals", sa.Integer(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("number >= 1", name=op.f("ck_deltas_number")),
        sa.ForeignKeyConstraint(["program_code"], ["programs.code"], name=op.f("fk_deltas_program_code_programs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deltas")),
        sa.UniqueConstraint("program_code", "receiver", "number", name=op.f("uq_deltas_program_code_receiver_number")),
    )
    op.create_table(
        "delta_rows",
        sa.Column("delta_id", sa.Uuid(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("beneficiary_key", sa.Text(), nullable=False),
        sa.Column("enrollment_id", sa.Uuid(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("action IN ('remove', 'add', 'change')", name=op.f("ck_delta_rows_action")),
        sa.ForeignKeyConstraint(["delta_id"], ["deltas.id"], name=op.f("fk_delta_rows_delta_id_deltas")),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollments.id"], name=op.f("fk_delta_rows_enrollment_id_enrollments")
        ),
        sa.PrimaryKeyConstraint("delta_id", "row", name=op.f("pk_delta_rows")),
    )
    op.create_index("ix_delta_rows_enrollment_id", "delta_rows", ["enrollment_id"], unique=False)
    op.execute(
        "CREATE TRIGGER delta_rows_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON delta_rows"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER delta_rows_never_changed ON delta_rows")
    op.drop_index("ix_delta_rows_enrollment_id", table_name="delta_rows")
    op.drop_table("delta_rows")
    op.drop_table("deltas")
    op.drop_table("import_effects")
    op.drop_table("connections")
    op.drop_table("export_parts")
    op.drop_index("ix_exports_partner_id", table_name="exports")
    op.drop_index("ix_exports_open", table_name="exports", postgresql_where="status IN ('waiting', 'running')")
    op.drop_index("ix_exports_expires_at", table_name="exports", postgresql_where="size IS NOT NULL")
    op.drop_table("exports")
