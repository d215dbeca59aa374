"""Entries of the benefits ledger, always by statements that write many. Nothing here changes an entry."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy import text as sql
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.models import Cycle, LedgerEntry
from services.programs.rules.benefits import CASH, HANDED_OVER, EntryKind
from shared.copying import copy_rows
from shared.ids import new_ids

COLUMNS = (
    "id", "program_code", "kind", "cycle_id", "enrollment_id", "entitlement_id", "delivery_id", "school", "what",
    "quantity", "amount_mru", "on_day", "corrects", "recorded_by",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry to write; `quantity` and `amount` have the sign of their kind."""

    kind: EntryKind
    cycle_id: UUID | None
    enrollment_id: UUID | None
    entitlement_id: UUID | None
    delivery_id: UUID | None = None
    school: str | None = None
    what: str
    quantity: Decimal
    amount: Decimal
    on_day: date
    corrects: UUID | None = None


def parts(amount: Decimal, lines: Iterable[dict[str, Any]] | None) -> list[tuple[str, Decimal, Decimal]]:
    """What, how much and its worth in MRU: of one sum of money, or of each line of goods or meals."""
    if lines is None:
        return [(CASH, amount, amount)]
    return [(one["what"], Decimal(one["quantity"]), Decimal(one["sum_mru"])) for one in lines]


def entitled(
    cycle: Cycle,
    entitlement_id: UUID,
    enrollment_id: UUID,
    amount: Decimal | None,
    lines: Iterable[dict[str, Any]] | None,
) -> list[Entry]:
    """The entries by which something falls due."""
    return [
        Entry(
            kind=EntryKind.ENTITLED,
            cycle_id=cycle.id,
            enrollment_id=enrollment_id,
            entitlement_id=entitlement_id,
            what=what,
            quantity=quantity,
            amount=worth,
            on_day=cycle.starts_on,
        )
        for what, quantity, worth in parts(amount or Decimal(0), lines)
    ]


async def handed_over(tx: AsyncSession, of: ColumnElement[bool]) -> Decimal:
    """MRU handed over `of` a cycle or an entitlement, less what was taken back."""
    entries = select(func.sum(LedgerEntry.amount_mru)).where(of, LedgerEntry.kind.in_(HANDED_OVER))
    return await tx.scalar(entries) or Decimal(0)


async def write_entries(tx: AsyncSession, program: str, entries: Sequence[Entry], *, by: str) -> None:
    rows = [
        (
            id_, program, one.kind, one.cycle_id, one.enrollment_id, one.entitlement_id, one.delivery_id, one.school,
            one.what, one.quantity, one.amount, one.on_day, one.corrects, by,
        )
        for id_, one in zip(reversed(new_ids(len(entries))), entries, strict=True)
    ]  # fmt: skip
    await copy_rows(tx, "ledger", COLUMNS, rows)


# An id of the present moment, as shared.ids makes them, for rows that only the database sees.
_NEW_ID = """
CAST(lpad(to_hex(CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)), 12, '0')
     || '7' || substr(md5(e.id::text || random()::text), 1, 3)
     || '8' || substr(md5(random()::text || e.id::text), 1, 15) AS uuid)
"""
_TAKE_BACK = f"""
WITH due AS (
    SELECT id FROM entitlements WHERE {{which}} AND status = 'due'
), standing AS (
    SELECT entitlement_id AS id, program_code, cycle_id, enrollment_id, what, on_day,
           sum(quantity) AS quantity, sum(amount_mru) AS amount_mru
    FROM ledger JOIN due ON due.id = ledger.entitlement_id
    WHERE kind IN ('entitled', 'cancelled')
    GROUP BY entitlement_id, program_code, cycle_id, enrollment_id, what, on_day
)
INSERT INTO ledger (id, program_code, kind, cycle_id, enrollment_id, entitlement_id, what, quantity, amount_mru, on_day, recorded_by)
SELECT {_NEW_ID}, e.program_code, 'cancelled', e.cycle_id, e.enrollment_id, e.id, e.what, -e.quantity, -e.amount_mru, e.on_day, :by
FROM standing e WHERE e.quantity <> 0 OR e.amount_mru <> 0
"""  # noqa: S608 - fragments of ours
_CANCEL = """
UPDATE entitlements SET status = 'cancelled', hold_reason = NULL, version = version + 1
WHERE cycle_id = :cycle_id AND status <> 'cancelled'
"""


async def take_back_what_is_due(tx: AsyncSession, cycle_id: UUID, *, by: str) -> None:
    """Cancel every entitlement of a locked cycle; what was due is taken back by entries with the opposite sign."""
    await tx.execute(sql(_TAKE_BACK.format(which="cycle_id = :cycle_id")), {"cycle_id": cycle_id, "by": by})
    await tx.execute(sql(_CANCEL), {"cycle_id": cycle_id})


async def take_back_one(tx: AsyncSession, entitlement_id: UUID, *, by: str) -> None:
    """The entries that take back one entitlement; its status is the caller's to change, after this."""
    await tx.execute(sql(_TAKE_BACK.format(which="id = :entitlement_id")), {"entitlement_id": entitlement_id, "by": by})
