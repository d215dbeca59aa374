"""the whole catalog, and the life of an enrollment"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "program_versions",
        sa.Column("program_code", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["program_code"], ["programs.code"], name=op.f("fk_program_versions_program_code_programs")
        ),
        sa.PrimaryKeyConstraint("program_code", "version", name=op.f("pk_program_versions")),
    )
    op.create_table(
        "enrollment_pasts",
        sa.Column("enrollment_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollments.id"], name=op.f("fk_enrollment_pasts_enrollment_id_enrollments")
        ),
        sa.PrimaryKeyConstraint("enrollment_id", "version", name=op.f("pk_enrollment_pasts")),
    )
    op.create_table(
        "link_refusals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enrollment_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=True),
        sa.Column("individual_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("refused_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("refused_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollments.id"], name=op.f("fk_link_refusals_enrollment_id_enrollments")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_refusals")),
    )
    op.create_index(op.f("ix_link_refusals_enrollment_id"), "link_refusals", ["enrollment_id"], unique=False)
    op.add_column("enrollments", sa.Column("applied_on", sa.Date(), nullable=True))
    op.add_column("enrollments", sa.Column("recertify_on", sa.Date(), nullable=True))
    op.add_column("enrollments", sa.Column("priority", sa.Integer(), server_default="0", nullable=False))
    op.add_column("enrollments", sa.Column("previous_id", sa.Uuid(), nullable=True))
    op.add_column("enrollments", sa.Column("held_reason", sa.Text(), nullable=True))
    op.add_column("enrollments", sa.Column("held_on", sa.Date(), nullable=True))
    op.alter_column("enrollments", "enrolled_on", existing_type=sa.DATE(), nullable=True)
    op.create_check_constraint(
        op.f("ck_enrollments_enrolled_on"),
        "enrollments",
        "status NOT IN ('enrolled', 'suspended') OR enrolled_on IS NOT NULL",
    )
    op.create_check_constraint(
        op.f("ck_enrollments_held_on"), "enrollments", "(held_reason IS NULL) = (held_on IS NULL)"
    )
    op.alter_column("enrollments", "import_id", existing_type=sa.UUID(), nullable=True)
    op.alter_column("enrollments", "source_line", existing_type=sa.INTEGER(), nullable=True)
    op.create_index(
        "ix_enrollments_card_number",
        "enrollments",
        ["program_code", "card_number"],
        unique=False,
        postgresql_where="card_number IS NOT NULL",
    )
    op.create_index(
        "ix_enrollments_recertify_on",
        "enrollments",
        ["recertify_on"],
        unique=False,
        postgresql_where="status = 'enrolled'",
    )
    op.create_index(
        "ix_enrollments_registry_individual_id",
        "enrollments",
        ["registry_individual_id"],
        unique=False,
        postgresql_where="registry_individual_id IS NOT NULL",
    )
    op.create_index(
        "ix_enrollments_waiting",
        "enrollments",
        ["program_code", "priority", "applied_on", "id"],
        unique=False,
        postgresql_where="status = 'applied'",
    )
    op.create_foreign_key(
        op.f("fk_enrollments_previous_id_enrollments"), "enrollments", "enrollments", ["previous_id"], ["id"]
    )
    op.add_column(
        "programs", sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False)
    )
    op.add_column("programs", sa.Column("catalog_hash", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_constraint(op.f("ck_enrollments_held_on"), "enrollments")
    op.drop_constraint(op.f("ck_enrollments_enrolled_on"), "enrollments")
    op.drop_column("programs", "catalog_hash")
    op.drop_column("programs", "document")
    op.drop_constraint(op.f("fk_enrollments_previous_id_enrollments"), "enrollments", type_="foreignkey")
    op.drop_index("ix_enrollments_waiting", table_name="enrollments", postgresql_where="status = 'applied'")
    op.drop_index(
        "ix_enrollments_registry_individual_id",
        table_name="enrollments",
        postgresql_where="registry_individual_id IS NOT NULL",
    )
    op.drop_index("ix_enrollments_recertify_on", table_name="enrollments", postgresql_where="status = 'enrolled'")
    op.drop_index("ix_enrollments_card_number", table_name="enrollments", postgresql_where="card_number IS NOT NULL")
    op.alter_column("enrollments", "source_line", existing_type=sa.INTEGER(), nullable=False)
    op.alter_column("enrollments", "import_id", existing_type=sa.UUID(), nullable=False)
    op.alter_column("enrollments", "enrolled_on", existing_type=sa.DATE(), nullable=False)
    op.drop_column("enrollments", "held_on")
    op.drop_column("enrollments", "held_reason")
    op.drop_column("enrollments", "previous_id")
    op.drop_column("enrollments", "priority")
    op.drop_column("enrollments", "recertify_on")
    op.drop_column("enrollments", "applied_on")
    op.drop_index(op.f("ix_link_refusals_enrollment_id"), table_name="link_refusals")
    op.drop_table("link_refusals")
    op.drop_table("enrollment_pasts")
    op.drop_table("program_versions")
