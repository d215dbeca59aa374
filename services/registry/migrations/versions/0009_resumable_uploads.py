"""resumable uploads, dry runs, mappings and corrections"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
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
    op.create_index("ix_import_issues_import_id_line", "import_issues", ["import_id", "line", "id"], unique=False)
    op.add_column("imports", sa.Column("received", sa.Integer(), server_default="0", nullable=False))
    op.execute("UPDATE imports SET received = size")
    op.add_column("imports", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("imports", sa.Column("dry_run", sa.Boolean(), server_default="false", nullable=False))
    op.add_column(
        "imports", sa.Column("mapping", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True)
    )
    op.add_column("imports", sa.Column("supersedes", sa.Uuid(), nullable=True))
    op.add_column("imports", sa.Column("same_as", sa.Uuid(), nullable=True))
    op.add_column("imports", sa.Column("lines_total", sa.Integer(), nullable=True))
    op.add_column("imports", sa.Column("started_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_index(op.f("uq_imports_same_file"), table_name="imports", postgresql_where="(status <> 'failed'::text)")
    op.create_index(
        "uq_imports_same_file",
        "imports",
        ["kind", "partner", "checksum", "currency", "dry_run"],
        unique=True,
        postgresql_where="status IN ('received', 'running', 'checked', 'completed')",
    )
    op.create_index(
        "ix_imports_uploading", "imports", ["expires_at"], unique=False, postgresql_where="status = 'uploading'"
    )
    op.create_foreign_key(op.f("fk_imports_supersedes_imports"), "imports", "imports", ["supersedes"], ["id"])
    op.create_foreign_key(op.f("fk_imports_same_as_imports"), "imports", "imports", ["same_as"], ["id"])


def downgrade() -> None:
    op.drop_constraint(op.f("fk_imports_same_as_imports"), "imports", type_="foreignkey")
    op.drop_constraint(op.f("fk_imports_supersedes_imports"), "imports", type_="foreignkey")
    op.drop_index("ix_imports_uploading", table_name="imports", postgresql_where="status = 'uploading'")
    op.drop_index(
        "uq_imports_same_file",
        table_name="imports",
        postgresql_where="status IN ('received', 'running', 'checked', 'completed')",
    )
    op.create_index(
        op.f("uq_imports_same_file"),
        "imports",
        ["kind", "checksum", "currency"],
        unique=True,
        postgresql_where="(status <> 'failed'::text)",
    )
    op.drop_column("imports", "started_at")
    op.drop_column("imports", "lines_total")
    op.drop_column("imports", "same_as")
    op.drop_column("imports", "supersedes")
    op.drop_column("imports", "mapping")
    op.drop_column("imports", "dry_run")
    op.drop_column("imports", "expires_at")
    op.drop_column("imports", "received")
    op.drop_index("ix_import_issues_import_id_line", table_name="import_issues")
    op.drop_table("import_mappings")
