"""partners, what they show, and withdrawn tokens"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "partners",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("names", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("permissions", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("programs", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("subscribes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("requests_per_second", sa.Float(), nullable=False),
        sa.Column("burst", sa.Integer(), nullable=False),
        sa.Column("concurrent", sa.Integer(), nullable=False),
        sa.Column("sandbox", sa.Boolean(), nullable=False),
        sa.Column("key_only", sa.Boolean(), nullable=False),
        sa.Column("certificate_required", sa.Boolean(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspended_by", sa.Text(), nullable=True),
        sa.Column("suspended_because", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partners")),
    )
    op.create_table(
        "credentials",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("secret_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("public_key", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("kid", sa.Text(), nullable=True),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(secret_sha256 IS NULL) <> (public_key IS NULL)", name=op.f("ck_credentials_a_secret_or_a_key")
        ),
        sa.CheckConstraint("(public_key IS NULL) = (kid IS NULL)", name=op.f("ck_credentials_a_key_has_a_name")),
        sa.ForeignKeyConstraint(["partner"], ["partners.id"], name=op.f("fk_credentials_partner_partners")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credentials")),
    )
    op.create_index("ix_credentials_partner", "credentials", ["partner"], unique=False)
    op.create_index("uq_credentials_secret_sha256", "credentials", ["secret_sha256"], unique=True)
    op.create_index("uq_credentials_partner_kid", "credentials", ["partner", "kid"], unique=True)
    op.create_table(
        "used_assertions",
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("jti_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("partner", "jti_sha256", name=op.f("pk_used_assertions")),
    )
    op.create_index("ix_used_assertions_ends_at", "used_assertions", ["ends_at"], unique=False)
    op.create_table(
        "revoked_tokens",
        sa.Column("jti", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("jti", name=op.f("pk_revoked_tokens")),
    )
    op.create_index("ix_revoked_tokens_ends_at", "revoked_tokens", ["ends_at"], unique=False)


def downgrade() -> None:
    for table in ("revoked_tokens", "used_assertions", "credentials", "partners"):
        op.drop_table(table)
