"""Tables of the disclosure log."""

from datetime import date, datetime

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from gateway.delivery.models import Base


class DisclosureRow(Base):
    """One disclosure, or one act on the log itself. Rows are only ever added: whoever changes one breaks its hash.

    Every column but `hash` is chained (shared/disclosure_chain.py). What does not apply is empty, never null: so a row has
    one canonical form. `subject` and `official` are commitments of DisclosureParty.
    """

    __tablename__ = "disclosures"
    __table_args__ = (
        Index("ix_disclosures_subject", "subject", "position", postgresql_where="subject <> ''"),
        Index("ix_disclosures_official", "official", "position", postgresql_where="official <> ''"),
        Index("ix_disclosures_partner", "partner", "position"),
        Index("ix_disclosures_at", "at"),
        Index("ix_disclosures_break_glass", "break_glass", postgresql_where="break_glass <> ''"),
    )

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    partner: Mapped[str] = mapped_column(Text)
    official: Mapped[bytes] = mapped_column(LargeBinary)
    case: Mapped[str] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(Text)
    legal_basis: Mapped[str] = mapped_column(Text)
    agreement: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    subject_kind: Mapped[str] = mapped_column(Text)
    subject: Mapped[bytes] = mapped_column(LargeBinary)
    subjects: Mapped[int] = mapped_column(Integer)
    attributes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    decision: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    break_glass: Mapped[str] = mapped_column(Text)
    request: Mapped[str] = mapped_column(Text)
    route: Mapped[str] = mapped_column(Text)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class DisclosureHead(Base):
    """The one end of the chain. Whoever adds rows holds its lock until the commit, whichever process that is."""

    __tablename__ = "disclosure_head"
    __table_args__ = (CheckConstraint("one = 1", name="one_end"),)

    one: Mapped[int] = mapped_column(SmallInteger, primary_key=True, server_default="1")
    position: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class DisclosureParty(Base):
    """Whom a commitment stands for, in one month: the personal parts of the log, which alone are ever erased.

    A new random key each month: what is erased leaves rows that nothing joins over months. An official's reference is
    `partner/official`.
    """

    __tablename__ = "disclosure_parties"
    __table_args__ = (
        UniqueConstraint("kind", "reference", "month"),
        Index("ix_disclosure_parties_month", "month"),
        Index("ix_disclosure_parties_reference", "reference"),
        Index("ix_disclosure_parties_number", "number", postgresql_where="number <> ''"),
        # A file by its address, whatever part of it and whichever bytes.
        Index(
            "ix_disclosure_parties_file",
            text("split_part(split_part(reference, '#', 1), '?', 1)"),
            postgresql_where="kind = 'file'",
        ),
    )

    commitment: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    month: Mapped[date] = mapped_column(Date)
    kind: Mapped[str] = mapped_column(Text)
    reference: Mapped[str] = mapped_column(Text)
    number: Mapped[str] = mapped_column(Text, server_default="")
    """What people call the one whose id the reference is, as far as an answer had both; no part of the commitment."""
    key: Mapped[bytes] = mapped_column(LargeBinary)


class DisclosureSeal(Base):
    """A signed checkpoint: `signed` is a JWS (ES256) over the rows' range and the hash of the last one."""

    __tablename__ = "disclosure_seals"
    __table_args__ = (UniqueConstraint("first"), UniqueConstraint("last"))

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    first: Mapped[int] = mapped_column(BigInteger)
    last: Mapped[int] = mapped_column(BigInteger)
    sealed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    kid: Mapped[str] = mapped_column(Text)
    signed: Mapped[str] = mapped_column(Text)


class SealKey(Base):
    """The public part (JWK) of a key that sealed: it stays when the key itself is replaced."""

    __tablename__ = "disclosure_seal_keys"

    kid: Mapped[str] = mapped_column(Text, primary_key=True)
    jwk: Mapped[str] = mapped_column(Text)
    first_used_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
