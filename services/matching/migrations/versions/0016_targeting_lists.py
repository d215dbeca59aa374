"""Targeting lists: what was asked and decided, who stands on one, who was told of whom; and the village a household lives in."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "targeting_lists",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("official", sa.Text(), nullable=False),
        sa.Column("program", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("agreement", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("asked", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("terms", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("seed", sa.LargeBinary(), nullable=False),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approving_official", sa.Text(), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(revoked_at IS NOT NULL) = (status = 'revoked')", name=op.f("ck_targeting_lists_revoked_at")
        ),
        sa.CheckConstraint(
            "status IN ('requested', 'counted', 'approved', 'rejected', 'withdrawn', 'released', 'returned', 'closed', 'revoked')",
            name=op.f("ck_targeting_lists_status"),
        ),
        sa.CheckConstraint("octet_length(seed) = 32", name=op.f("ck_targeting_lists_seed")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_targeting_lists")),
    )
    op.create_index("ix_targeting_lists_partner_id", "targeting_lists", ["partner", "id"], unique=False)
    op.create_index("ix_targeting_lists_provider_id", "targeting_lists", ["provider", "id"], unique=False)
    op.create_index(
        "ix_targeting_lists_requested", "targeting_lists", ["id"], unique=False, postgresql_where="status = 'requested'"
    )
    op.create_table(
        "list_accesses",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("list_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("official", sa.Text(), nullable=True),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.CheckConstraint("way IN ('page', 'csv', 'xlsx', 'printed')", name=op.f("ck_list_accesses_way")),
        sa.ForeignKeyConstraint(
            ["list_id"], ["targeting_lists.id"], name=op.f("fk_list_accesses_list_id_targeting_lists")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list_accesses")),
    )
    op.create_index("ix_list_accesses_list_id", "list_accesses", ["list_id", "id"], unique=False)
    op.create_table(
        "list_disclosures",
        sa.Column("list_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("disclosed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("official", sa.Text(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("legal_basis", sa.Text(), nullable=False),
        sa.Column("agreement_id", sa.Text(), nullable=False),
        sa.Column("agreement_version", sa.Integer(), nullable=False),
        sa.Column("attributes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["list_id"], ["targeting_lists.id"], name=op.f("fk_list_disclosures_list_id_targeting_lists")
        ),
        sa.PrimaryKeyConstraint("list_id", "household_id", name=op.f("pk_list_disclosures")),
    )
    op.create_index("ix_list_disclosures_household_id", "list_disclosures", ["household_id"], unique=False)
    op.create_table(
        "targeted_households",
        sa.Column("list_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("top_up", sa.Boolean(), nullable=False),
        sa.Column("household_number", sa.Text(), nullable=True),
        sa.Column("head_name_fr", sa.Text(), nullable=True),
        sa.Column("head_name_ar", sa.Text(), nullable=True),
        sa.Column("commune_code", sa.Text(), nullable=True),
        sa.Column("village", sa.Text(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["list_id"], ["targeting_lists.id"], name=op.f("fk_targeted_households_list_id_targeting_lists")
        ),
        sa.PrimaryKeyConstraint("list_id", "position", name=op.f("pk_targeted_households")),
        sa.UniqueConstraint("list_id", "household_id", name="uq_targeted_households_household_id"),
    )
    op.create_index(
        "ix_targeted_households_number", "targeted_households", ["household_number", "list_id"], unique=False
    )
    op.add_column("households", sa.Column("village", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("households", "village")
    op.drop_table("targeted_households")
    op.drop_table("list_disclosures")
    op.drop_table("list_accesses")
    op.drop_table("targeting_lists")
