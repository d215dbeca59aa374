"""Reads of the ledger: its entries with a running balance, and the reconciliation of a cycle."""

from collections import Counter
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, select
from sqlalchemy import text as sql
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.models import Cycle, LedgerEntry
from services.programs.queries.cycles import STATE
from services.programs.rules.benefits import HANDED_OVER, State
from services.programs.schemas.benefits import Balance, LedgerEntryOut, Reconciliation
from shared.pagination import Page, decode_cursor, encode_cursor

UNKNOWN = ("unknown_beneficiary", "other_program_beneficiary", "unknown_school")
WORK_MEMORY = "128MB"
"""A group for each entitlement of the largest cycle: with the server's own setting they are sorted on disk."""


async def entries(
    tx: AsyncSession, limit: int, cursor: str | None, *, enrollment_id: UUID | None, cycle_id: UUID | None
) -> Page[LedgerEntryOut]:
    """Entries in the order in which they were written. The cursor carries the balance, so that no page adds up all."""
    rows = select(LedgerEntry).order_by(LedgerEntry.id).limit(limit + 1)
    if enrollment_id is not None:
        rows = rows.where(LedgerEntry.enrollment_id == enrollment_id)
    if cycle_id is not None:
        rows = rows.where(LedgerEntry.cycle_id == cycle_id)
    balance = Decimal(0)
    if cursor:
        after, balance = decode_cursor(cursor, UUID, _decimal)
        rows = rows.where(LedgerEntry.id > after)
    found = list(await tx.scalars(rows))
    items = []
    for one in found[:limit]:
        balance += -one.amount_mru if one.kind in HANDED_OVER else one.amount_mru
        items.append(LedgerEntryOut.model_validate(one.__dict__ | {"balance_mru": balance}))
    return Page(items=items, next_cursor=encode_cursor(items[-1].id, str(balance)) if len(found) > limit else None)


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:
        raise ValueError from None


async def reconciliation(tx: AsyncSession, cycle: Cycle) -> Reconciliation:
    """The sums of a cycle, and how its entitlements stand."""
    await tx.execute(sql(f"SET LOCAL work_mem = '{WORK_MEMORY}'"))
    balances = await _balances(tx, cycle.id)
    due, delivered = (
        sum((getattr(one, name) for one in balances), Decimal(0)) for name in ("due_mru", "delivered_mru")
    )
    deliveries, findings = await _findings(tx, cycle.id)
    return Reconciliation(
        cycle_id=cycle.id,
        program=cycle.program_code,
        status=cycle.status,
        entitlements=await _states(tx, cycle.id),
        deliveries=deliveries,
        findings=findings,
        unknown=await _unknown(tx, cycle.id),
        due_mru=due,
        delivered_mru=delivered,
        outstanding_mru=due - delivered,
        by_what=balances,
    )


async def _balances(tx: AsyncSession, cycle_id: UUID) -> list[Balance]:
    handed = LedgerEntry.kind.in_(HANDED_OVER)

    def total(column: str, *, delivered: bool) -> Any:
        amount = getattr(LedgerEntry, column)
        return func.coalesce(func.sum(case((handed if delivered else ~handed, amount), else_=0)), 0)

    rows = (
        select(
            LedgerEntry.what,
            total("quantity", delivered=False),
            total("quantity", delivered=True),
            total("amount_mru", delivered=False),
            total("amount_mru", delivered=True),
        )
        .where(LedgerEntry.cycle_id == cycle_id)
        .group_by(LedgerEntry.what)
        .order_by(LedgerEntry.what)
    )
    return [
        Balance(
            what=what,
            due=due,
            delivered=delivered,
            outstanding=due - delivered,
            due_mru=due_mru,
            delivered_mru=delivered_mru,
            outstanding_mru=due_mru - delivered_mru,
        )
        for what, due, delivered, due_mru, delivered_mru in await tx.execute(rows)
    ]


# The same states as for one entitlement, from sums over the whole cycle: one pass instead of a look-up each.
_STATES = f"""
WITH handed AS (
    SELECT entitlement_id, sum(amount_mru) AS mru FROM ledger
    WHERE cycle_id = :cycle_id AND kind IN ('delivered', 'corrected') AND entitlement_id IS NOT NULL
    GROUP BY entitlement_id
), told AS (
    SELECT DISTINCT ON (entitlement_id) entitlement_id, outcome FROM deliveries
    WHERE cycle_id = :cycle_id AND entitlement_id IS NOT NULL
    ORDER BY entitlement_id, id DESC
)
SELECT {STATE} AS state, count(*)
FROM entitlements e
JOIN cycles c ON c.id = e.cycle_id
LEFT JOIN handed h ON h.entitlement_id = e.id
LEFT JOIN told d ON d.entitlement_id = e.id
WHERE e.cycle_id = :cycle_id
GROUP BY 1
"""  # noqa: S608 - fragments of ours
_STANDING = "d.cycle_id = :cycle_id AND NOT EXISTS (SELECT FROM deliveries n WHERE n.corrects = d.id)"
_FINDINGS = f"""
SELECT NULL AS finding, count(*) FROM deliveries d WHERE {_STANDING}
UNION ALL
SELECT f.finding, count(*) FROM deliveries d, jsonb_array_elements_text(d.findings) AS f(finding)
WHERE {_STANDING} GROUP BY f.finding
"""  # noqa: S608 - fragments of ours
_UNKNOWN = """
SELECT count(*) FROM import_issues
WHERE code = ANY(:codes) AND import_id IN (SELECT DISTINCT import_id FROM deliveries WHERE cycle_id = :cycle_id)
"""


async def _states(tx: AsyncSession, cycle_id: UUID) -> dict[State, int]:
    return {State(state): count for state, count in await tx.execute(sql(_STATES), {"cycle_id": cycle_id})}


async def _findings(tx: AsyncSession, cycle_id: UUID) -> tuple[int, dict[str, int]]:
    counted = Counter[str | None]()
    for finding, count in await tx.execute(sql(_FINDINGS), {"cycle_id": cycle_id}):
        counted[finding] += count
    deliveries = counted.pop(None, 0)
    return deliveries, {str(finding): count for finding, count in sorted(counted.items(), key=str)}


async def _unknown(tx: AsyncSession, cycle_id: UUID) -> int:
    return await tx.scalar(sql(_UNKNOWN), {"cycle_id": cycle_id, "codes": list(UNKNOWN)}) or 0
