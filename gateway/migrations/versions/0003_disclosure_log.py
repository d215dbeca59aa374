"""disclosure log"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BEFORE_THE_FIRST = "77995252e49946131892415d13c75dedd105d2ab7a7f06c93f1d3b9c30237500"
"""SHA-256 of `tekamoul disclosure log`."""
ONLY_ADDED = """
CREATE FUNCTION refuse_changed_disclosures() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'disclosures are only ever added';
END $$;
"""
ONLY_ADDED_TRIGGER = """
CREATE TRIGGER disclosures_are_only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON disclosures
FOR EACH STATEMENT EXECUTE FUNCTION refuse_changed_disclosures();
"""


def upgrade() -> None:
    op.create_table(
        "disclosure_head",
        sa.Column("one", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("one = 1", name=op.f("ck_disclosure_head_one_end")),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_disclosure_head")),
    )
    op.create_table(
        "disclosure_parties",
        sa.Column("commitment", sa.LargeBinary(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("commitment", name=op.f("pk_disclosure_parties")),
        sa.UniqueConstraint("kind", "reference", "month", name=op.f("uq_disclosure_parties_kind_reference_month")),
    )
    op.create_index("ix_disclosure_parties_month", "disclosure_parties", ["month"], unique=False)
    op.create_table(
        "disclosure_seal_keys",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("jwk", sa.Text(), nullable=False),
        sa.Column("first_used_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_disclosure_seal_keys")),
    )
    op.create_table(
        "disclosure_seals",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("signed", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_disclosure_seals")),
        sa.UniqueConstraint("first", name=op.f("uq_disclosure_seals_first")),
        sa.UniqueConstraint("last", name=op.f("uq_disclosure_seals_last")),
    )
    op.create_table(
        "disclosures",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("official", sa.LargeBinary(), nullable=False),
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("legal_basis", sa.Text(), nullable=False),
        sa.Column("agreement", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("subjects", sa.Integer(), nullable=False),
        sa.Column("attributes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("break_glass", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_disclosures")),
    )
    op.create_index("ix_disclosures_at", "disclosures", ["at"], unique=False)
    op.create_index(
        "ix_disclosures_break_glass", "disclosures", ["break_glass"], unique=False, postgresql_where="break_glass <> ''"
    )
    op.create_index(
        "ix_disclosures_official",
        "disclosures",
        ["official", "position"],
        unique=False,
        postgresql_where="official <> ''",
    )
    op.create_index("ix_disclosures_partner", "disclosures", ["partner", "position"], unique=False)
    op.create_index(
        "ix_disclosures_subject", "disclosures", ["subject", "position"], unique=False, postgresql_where="subject <> ''"
    )
    first = sa.text("INSERT INTO disclosure_head (position, hash) VALUES (0, decode(:hash, 'hex'))")
    op.execute(first.bindparams(hash=BEFORE_THE_FIRST))
    op.execute(ONLY_ADDED)
    op.execute(ONLY_ADDED_TRIGGER)


def downgrade() -> None:
    op.drop_index("ix_disclosures_subject", table_name="disclosures", postgresql_where="subject <> ''")
    op.drop_index("ix_disclosures_partner", table_name="disclosures")
    op.drop_index("ix_disclosures_official", table_name="disclosures", postgresql_where="official <> ''")
    op.drop_index("ix_disclosures_break_glass", table_name="disclosures", postgresql_where="break_glass <> ''")
    op.drop_index("ix_disclosures_at", table_name="disclosures")
    op.drop_table("disclosures")
    op.execute("DROP FUNCTION refuse_changed_disclosures()")
    op.drop_table("disclosure_seals")
    op.drop_table("disclosure_seal_keys")
    op.drop_index("ix_disclosure_parties_month", table_name="disclosure_parties")
    op.drop_table("disclosure_parties")
    op.drop_table("disclosure_head")
