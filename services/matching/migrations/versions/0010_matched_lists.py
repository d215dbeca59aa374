"""Lists matched: the machinery of files, and what was found for each line."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "import_mappings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("headers_hash", sa.LargeBinary(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("mapping", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_mappings")),
        sa.UniqueConstraint(
            "partner", "kind", "headers_hash", name=op.f("uq_import_mappings_partner_kind_headers_hash")
        ),
    )
    op.create_table(
        "imports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("checksum", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("received", sa.Integer(), server_default="0", nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dry_run", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("mapping", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("supersedes", sa.Uuid(), nullable=True),
        sa.Column("same_as", sa.Uuid(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("lines_total", sa.Integer(), nullable=True),
        sa.Column("lines_done", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("warnings", sa.Integer(), nullable=False),
        sa.Column("failure", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["same_as"], ["imports.id"], name=op.f("fk_imports_same_as_imports")),
        sa.ForeignKeyConstraint(["supersedes"], ["imports.id"], name=op.f("fk_imports_supersedes_imports")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_index(
        "ix_imports_open", "imports", ["created_at"], unique=False, postgresql_where="status IN ('received', 'running')"
    )
    op.create_index(
        "ix_imports_uploading", "imports", ["expires_at"], unique=False, postgresql_where="status = 'uploading'"
    )
    op.create_index(
        "uq_imports_same_file",
        "imports",
        ["kind", "partner", "checksum", "currency", "dry_run"],
        unique=True,
        postgresql_where="status IN ('received', 'running', 'checked', 'completed')",
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
    op.create_index("ix_import_issues_import_id_line", "import_issues", ["import_id", "line", "id"], unique=False)
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
        sa.CheckConstraint("what IN ('matches')", name=op.f("ck_exports_what")),
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
        "matched_lines",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("sent", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("found", sa.Text(), nullable=False),
        sa.Column("individual_id", sa.Uuid(), nullable=True),
        sa.Column("household_id", sa.Uuid(), nullable=True),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("same_as_line", sa.Integer(), nullable=True),
        sa.Column("candidates", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "(same_as_line IS NOT NULL) = (found = 'same_as_another_line')", name=op.f("ck_matched_lines_same_as_line")
        ),
        sa.CheckConstraint(
            "found IN ('link', 'adjudicate', 'same_as_another_line', 'unmatched')", name=op.f("ck_matched_lines_found")
        ),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_matched_lines_import_id_imports"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("import_id", "line", name=op.f("pk_matched_lines")),
    )
    op.create_index("ix_matched_lines_import_id_found", "matched_lines", ["import_id", "found", "line"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_matched_lines_import_id_found", table_name="matched_lines")
    op.drop_table("matched_lines")
    op.drop_table("export_parts")
    op.drop_index("ix_exports_partner_id", table_name="exports")
    op.drop_index("ix_exports_open", table_name="exports", postgresql_where="status IN ('waiting', 'running')")
    op.drop_index("ix_exports_expires_at", table_name="exports", postgresql_where="size IS NOT NULL")
    op.drop_table("exports")
    op.drop_table("import_parts")
    op.drop_index("ix_import_issues_import_id_line", table_name="import_issues")
    op.drop_index("ix_import_issues_import_id_id", table_name="import_issues")
    op.drop_table("import_issues")
    op.drop_index(
        "uq_imports_same_file",
        table_name="imports",
        postgresql_where="status IN ('received', 'running', 'checked', 'completed')",
    )
    op.drop_index("ix_imports_uploading", table_name="imports", postgresql_where="status = 'uploading'")
    op.drop_index("ix_imports_open", table_name="imports", postgresql_where="status IN ('received', 'running')")
    op.drop_table("imports")
    op.drop_table("import_mappings")
