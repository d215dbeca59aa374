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
    op.create_table(
        "beneficiaries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("institution", sa.Text(), nullable=False),
        sa.Column("program", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("monthly_value_mru", sa.Numeric(precision=14, scale=2), nullable=True),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("source_line", sa.Integer(), nullable=True),
        sa.Column("listed", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("link_status", sa.Text(), nullable=False),
        sa.Column("decided_as", sa.Text(), nullable=True),
        sa.Column("link_version", sa.Integer(), nullable=False),
        sa.Column("individual_id", sa.Uuid(), nullable=True),
        sa.Column("household_id", sa.Uuid(), nullable=True),
        sa.Column("probability", sa.Double(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_beneficiaries")),
    )
    op.create_index("ix_beneficiaries_household_id", "beneficiaries", ["household_id"], unique=False)
    op.create_index(
        "ix_beneficiaries_pending", "beneficiaries", ["id"], unique=False, postgresql_where="link_status = 'pending'"
    )
    op.create_index("ix_beneficiaries_program_id", "beneficiaries", ["program", "id"], unique=False)
    op.create_table(
        "households",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("wilaya_code", sa.Text(), nullable=True),
        sa.Column("moughataa_code", sa.Text(), nullable=True),
        sa.Column("commune_code", sa.Text(), nullable=False),
        sa.Column("vulnerability_category", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("disability", sa.Boolean(), nullable=False),
        sa.Column("school_age", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_households")),
    )
    op.create_index("ix_households_wilaya_code", "households", ["wilaya_code"], unique=False)
    op.create_table(
        "overlaps",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("program_a", sa.Text(), nullable=False),
        sa.Column("program_b", sa.Text(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ceased_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_overlaps")),
    )
    op.create_index(
        "uq_overlaps_current",
        "overlaps",
        ["household_id", "program_a", "program_b"],
        unique=True,
        postgresql_where="ceased_at IS NULL",
    )
    op.create_table(
        "places",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("parent_code", sa.Text(), nullable=True),
        sa.Column("name_fr", sa.Text(), nullable=False),
        sa.Column("name_ar", sa.Text(), nullable=True),
        sa.Column("names", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_places")),
    )
    op.create_table(
        "programs",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("institution", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("names", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("targeting", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_programs")),
    )
    op.create_table(
        "beneficiary_keys",
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("beneficiary_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["beneficiary_id"],
            ["beneficiaries.id"],
            name=op.f("fk_beneficiary_keys_beneficiary_id_beneficiaries"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("key", "beneficiary_id", name=op.f("pk_beneficiary_keys")),
    )
    op.create_index(op.f("ix_beneficiary_keys_beneficiary_id"), "beneficiary_keys", ["beneficiary_id"], unique=False)
    op.create_table(
        "household_phones",
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_household_phones_household_id_households")
        ),
        sa.PrimaryKeyConstraint("phone", "household_id", name=op.f("pk_household_phones")),
    )
    op.create_index(op.f("ix_household_phones_household_id"), "household_phones", ["household_id"], unique=False)
    op.create_table(
        "members",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("individual_id", sa.Uuid(), nullable=False),
        sa.Column("individual_number", sa.Text(), nullable=False),
        sa.Column("household_number", sa.Text(), nullable=False),
        sa.Column("name_fr", sa.Text(), nullable=True),
        sa.Column("name_ar", sa.Text(), nullable=True),
        sa.Column("father_name", sa.Text(), nullable=True),
        sa.Column("sex", sa.Text(), nullable=True),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("birth_precision", sa.Text(), nullable=True),
        sa.Column("nni", sa.Text(), nullable=True),
        sa.Column("phones", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("relationship", sa.Text(), nullable=False),
        sa.Column("wilaya_code", sa.Text(), nullable=True),
        sa.Column("moughataa_code", sa.Text(), nullable=True),
        sa.Column("commune_code", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_members_household_id_households")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_members")),
    )
    op.create_index("ix_members_household_id", "members", ["household_id"], unique=False)
    op.create_index("ix_members_individual_id", "members", ["individual_id"], unique=False)
    op.create_table(
        "member_keys",
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_member_keys_member_id_members"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", "member_id", name=op.f("pk_member_keys")),
    )
    op.create_index(op.f("ix_member_keys_member_id"), "member_keys", ["member_id"], unique=False)
    op.execute(OUTBOX_WAKES_RELAY)
    op.execute(OUTBOX_TRIGGER)


def downgrade() -> None:
    op.drop_index(op.f("ix_member_keys_member_id"), table_name="member_keys")
    op.drop_table("member_keys")
    op.drop_index("ix_members_individual_id", table_name="members")
    op.drop_index("ix_members_household_id", table_name="members")
    op.drop_table("members")
    op.drop_index(op.f("ix_household_phones_household_id"), table_name="household_phones")
    op.drop_table("household_phones")
    op.drop_index(op.f("ix_beneficiary_keys_beneficiary_id"), table_name="beneficiary_keys")
    op.drop_table("beneficiary_keys")
    op.drop_table("programs")
    op.drop_table("places")
    op.drop_index("uq_overlaps_current", table_name="overlaps", postgresql_where="ceased_at IS NULL")
    op.drop_table("overlaps")
    op.drop_index("ix_households_wilaya_code", table_name="households")
    op.drop_table("households")
    op.drop_index("ix_beneficiaries_program_id", table_name="beneficiaries")
    op.drop_index("ix_beneficiaries_pending", table_name="beneficiaries", postgresql_where="link_status = 'pending'")
    op.drop_index("ix_beneficiaries_household_id", table_name="beneficiaries")
    op.drop_table("beneficiaries")
    op.drop_index("ix_outbox_waiting", table_name="outbox", postgresql_where="published_at IS NULL")
    op.drop_table("outbox")
    op.drop_table("known_streams")
    op.execute("DROP FUNCTION wake_relay")
    op.drop_table("inbox")
    op.drop_table("idempotency_keys")
    op.drop_index("ix_history_batch_id_aggregate_id", table_name="history")
    op.drop_table("history")
    op.drop_table("dead_letters")
