"""Tables of benefits: cycles, what is due in them, what was handed over, and the ledger of both."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.programs.models.declaring import MONEY, QUANTITY, Base, one_of
from services.programs.rules.benefits import HOLDS, EntryKind, Outcome
from shared.importing.models import Import


class CycleStatus(StrEnum):
    ISSUING = "issuing"
    ISSUED = "issued"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class Cycle(Base):
    """One period of a program, for which entitlements are issued once.

    `reached` is the enrollment after which issuing goes on when it was interrupted. Sizes of households count as of
    `sizes_on`, as the registry knew them at `known_at`.
    """

    __tablename__ = "cycles"
    __table_args__ = (
        one_of("status", CycleStatus),
        CheckConstraint("ends_on >= starts_on", name="ends_on"),
        Index(
            "uq_cycles_period",
            "program_code",
            "starts_on",
            unique=True,
            postgresql_where="status <> 'cancelled'",
        ),
        Index("ix_cycles_issuing", "created_at", postgresql_where="status = 'issuing'"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    program_code: Mapped[str] = mapped_column(ForeignKey("programs.code"))
    starts_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date] = mapped_column(Date)
    late_after: Mapped[date] = mapped_column(Date)
    status: Mapped[CycleStatus] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    sizes_on: Mapped[date] = mapped_column(Date)
    known_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    program_version: Mapped[int] = mapped_column(Integer)
    value_from_on: Mapped[date] = mapped_column(Date)
    reached: Mapped[UUID | None]
    to_issue: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    due: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    held: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    skipped: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """Suspended enrollments, for whom nothing falls due."""
    amount_mru: Mapped[Decimal] = mapped_column(Numeric(18, 2), default=Decimal(0), server_default="0")
    failure: Mapped[dict[str, str] | None] = mapped_column(JSONB(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    created_by: Mapped[str] = mapped_column(Text)
    issued_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    cancelled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Entitlement(Base):
    """What is due to one enrollment in one cycle, with what it was worked out from.

    `lines` is set where it is not one sum of money: what (a good, `meal`), quantity, subsidy or cost of one in MRU, sum.
    `amount_mru` is None where it cannot be told (`size_unknown`): held until the size is known.
    """

    __tablename__ = "entitlements"
    __table_args__ = (
        one_of("status", ("due", "held", "cancelled")),
        one_of("hold_reason", HOLDS),
        one_of("people_source", ("registry", "list", "person")),
        CheckConstraint("(status = 'held') = (hold_reason IS NOT NULL)", name="held"),
        CheckConstraint("amount_mru >= 0", name="amount_mru"),
        CheckConstraint("amount_mru IS NOT NULL OR status <> 'due'", name="due_is_known"),
        UniqueConstraint("cycle_id", "enrollment_id"),
        Index("ix_entitlements_enrollment_id", "enrollment_id", "cycle_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    cycle_id: Mapped[UUID] = mapped_column(ForeignKey("cycles.id"))
    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("enrollments.id"))
    program_code: Mapped[str] = mapped_column(ForeignKey("programs.code"))
    status: Mapped[str] = mapped_column(Text)
    hold_reason: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    people: Mapped[int | None] = mapped_column(Integer)
    people_source: Mapped[str | None] = mapped_column(Text)
    amount_mru: Mapped[Decimal | None] = mapped_column(MONEY)
    lines: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))


class Delivery(Base):
    """One line of a delivery report, as sent and as understood; never changed.

    A correction is another delivery that `corrects` this one. `findings` are the codes of what does not agree with what
    was due; a delivery that was made is recorded with them all the same, because it was made.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        one_of("outcome", Outcome),
        CheckConstraint("amount_mru >= 0", name="amount_mru"),
        # The same receipt, sent again by a shop or an agent that was offline, is one delivery.
        Index(
            "uq_deliveries_reference",
            "program_code",
            "reference",
            unique=True,
            postgresql_where="reference IS NOT NULL AND corrects IS NULL",
        ),
        Index("uq_deliveries_corrects", "corrects", unique=True, postgresql_where="corrects IS NOT NULL"),
        Index("ix_deliveries_cycle_id_id", "cycle_id", "id"),
        Index("ix_deliveries_program_code_id", "program_code", "id"),
        Index("ix_deliveries_entitlement_id", "entitlement_id", postgresql_where="entitlement_id IS NOT NULL"),
        Index("ix_deliveries_enrollment_id", "enrollment_id", postgresql_where="enrollment_id IS NOT NULL"),
        Index(
            "ix_deliveries_import_id_source_line", "import_id", "source_line", postgresql_where="import_id IS NOT NULL"
        ),
        Index("ix_deliveries_batch_id_id", "batch_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    batch_id: Mapped[UUID]
    """The announcement it went out with."""
    program_code: Mapped[str] = mapped_column(ForeignKey("programs.code"))
    cycle_id: Mapped[UUID | None] = mapped_column(ForeignKey("cycles.id"))
    entitlement_id: Mapped[UUID | None] = mapped_column(ForeignKey("entitlements.id"))
    enrollment_id: Mapped[UUID | None] = mapped_column(ForeignKey("enrollments.id"))
    school: Mapped[str | None] = mapped_column(Text)
    """The key of the school, where meals are reported by school and day."""
    outcome: Mapped[Outcome] = mapped_column(Text)
    amount_mru: Mapped[Decimal | None] = mapped_column(MONEY)
    lines: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
    delivered_on: Mapped[date] = mapped_column(Date)
    channel: Mapped[str | None] = mapped_column(Text)
    agent: Mapped[str | None] = mapped_column(Text)
    """The shop, agency or school that handed over."""
    reference: Mapped[str | None] = mapped_column(Text)
    findings: Mapped[list[str]] = mapped_column(JSONB)
    as_sent: Mapped[dict[str, Any]] = mapped_column(JSONB)
    corrects: Mapped[UUID | None] = mapped_column(ForeignKey("deliveries.id"))
    import_id: Mapped[UUID | None] = mapped_column(ForeignKey(Import.id))
    source_line: Mapped[int | None] = mapped_column(Integer)
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    recorded_by: Mapped[str] = mapped_column(Text)


class LedgerEntry(Base):
    """One entry of the benefits ledger. The database refuses to change or remove one; a correction is another entry.

    `what` is `MRU`, `meal` or a good; `quantity` counts it, and `amount_mru` is what it is worth to the beneficiary.
    Due minus handed over is the sum of `entitled` and `cancelled` minus that of `delivered` and `corrected`.
    """

    __tablename__ = "ledger"
    __table_args__ = (
        one_of("kind", EntryKind),
        CheckConstraint(
            "CASE WHEN kind IN ('entitled', 'delivered') THEN quantity >= 0 AND amount_mru >= 0"
            " ELSE quantity <= 0 AND amount_mru <= 0 END",
            name="sign",
        ),
        Index("ix_ledger_entitlement_id", "entitlement_id", postgresql_where="entitlement_id IS NOT NULL"),
        Index("ix_ledger_enrollment_id", "enrollment_id", postgresql_where="enrollment_id IS NOT NULL"),
        Index("ix_ledger_cycle_id_id", "cycle_id", "id"),
        Index("ix_ledger_delivery_id", "delivery_id", postgresql_where="delivery_id IS NOT NULL"),
        Index("ix_ledger_program_code_id", "program_code", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    program_code: Mapped[str] = mapped_column(ForeignKey("programs.code"))
    kind: Mapped[EntryKind] = mapped_column(Text)
    cycle_id: Mapped[UUID | None] = mapped_column(ForeignKey("cycles.id"))
    enrollment_id: Mapped[UUID | None] = mapped_column(ForeignKey("enrollments.id"))
    entitlement_id: Mapped[UUID | None] = mapped_column(ForeignKey("entitlements.id"))
    delivery_id: Mapped[UUID | None] = mapped_column(ForeignKey("deliveries.id"))
    school: Mapped[str | None] = mapped_column(Text)
    what: Mapped[str] = mapped_column(Text)
    quantity: Mapped[Decimal] = mapped_column(QUANTITY)
    amount_mru: Mapped[Decimal] = mapped_column(MONEY)
    on_day: Mapped[date] = mapped_column(Date)
    corrects: Mapped[UUID | None] = mapped_column(ForeignKey("ledger.id"))
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    recorded_by: Mapped[str] = mapped_column(Text)
