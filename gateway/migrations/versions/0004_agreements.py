"""agreements"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agreement_volumes",
        sa.Column("agreement_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("agreement_id", "day", name=op.f("pk_agreement_volumes")),
    )
    op.create_table(
        "agreements",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(kind = 'mandate') = (provider = recipient)", name=op.f("ck_agreements_mandate_is_ones_own")
        ),
        sa.CheckConstraint("kind IN ('mandate', 'sharing', 'emergency')", name=op.f("ck_agreements_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreements")),
    )
    op.create_index("ix_agreements_provider", "agreements", ["provider", "id"], unique=False)
    op.create_index("ix_agreements_recipient", "agreements", ["recipient", "id"], unique=False)
    op.create_index(
        "uq_agreements_mandate", "agreements", ["recipient"], unique=True, postgresql_where="kind = 'mandate'"
    )
    op.create_table(
        "agreement_versions",
        sa.Column("agreement_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("terms", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("not_before", sa.Date(), nullable=False),
        sa.Column("not_after", sa.Date(), nullable=False),
        sa.Column("review_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('draft', 'signed', 'active', 'suspended', 'expired', 'terminated')",
            name=op.f("ck_agreement_versions_state"),
        ),
        sa.CheckConstraint("not_before <= not_after", name=op.f("ck_agreement_versions_days")),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreements.id"], name=op.f("fk_agreement_versions_agreement_id_agreements")
        ),
        sa.PrimaryKeyConstraint("agreement_id", "version", name=op.f("pk_agreement_versions")),
    )
    op.create_index(
        "uq_agreement_versions_in_force",
        "agreement_versions",
        ["agreement_id"],
        unique=True,
        postgresql_where="state IN ('active', 'suspended')",
    )
    op.create_index(
        "uq_agreement_versions_open",
        "agreement_versions",
        ["agreement_id"],
        unique=True,
        postgresql_where="state IN ('draft', 'signed')",
    )
    op.create_table(
        "agreement_steps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("official", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "step IN ('draft', 'sign', 'approve', 'review', 'suspend', 'resume', 'terminate', 'expire', 'replace')",
            name=op.f("ck_agreement_steps_step"),
        ),
        sa.ForeignKeyConstraint(
            ["agreement_id", "version"],
            ["agreement_versions.agreement_id", "agreement_versions.version"],
            name=op.f("fk_agreement_steps_agreement_id_version_agreement_versions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_steps")),
    )
    op.create_index(
        "ix_agreement_steps_agreement_id_version", "agreement_steps", ["agreement_id", "version"], unique=False
    )
    op.create_index(
        "uq_agreement_steps_signature",
        "agreement_steps",
        ["agreement_id", "version", "partner"],
        unique=True,
        postgresql_where="step = 'sign'",
    )


def downgrade() -> None:
    op.drop_index("uq_agreement_steps_signature", table_name="agreement_steps", postgresql_where="step = 'sign'")
    op.drop_index("ix_agreement_steps_agreement_id_version", table_name="agreement_steps")
    op.drop_table("agreement_steps")
    op.drop_index(
        "uq_agreement_versions_open", table_name="agreement_versions", postgresql_where="state IN ('draft', 'signed')"
    )
    op.drop_index(
        "uq_agreement_versions_in_force",
        table_name="agreement_versions",
        postgresql_where="state IN ('active', 'suspended')",
    )
    op.drop_table("agreement_versions")
    op.drop_index("uq_agreements_mandate", table_name="agreements", postgresql_where="kind = 'mandate'")
    op.drop_index("ix_agreements_recipient", table_name="agreements")
    op.drop_index("ix_agreements_provider", table_name="agreements")
    op.drop_table("agreements")
    op.drop_table("agreement_volumes")
