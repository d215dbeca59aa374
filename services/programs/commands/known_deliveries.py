"""Deliveries that were recorded before, as far as some lines may say them again, or correct them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Text, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.models import Delivery, LedgerEntry
from services.programs.rules.benefits import MEAL, EntryKind
from services.programs.rules.reconciling import Judged, Reported
from shared.database import any_of


@dataclass(frozen=True, slots=True)
class DeliveredEntry:
    """An entry of the ledger that a correction takes back."""

    id: UUID
    cycle_id: UUID | None
    enrollment_id: UUID | None
    entitlement_id: UUID | None
    school: str | None
    what: str
    quantity: Decimal
    amount: Decimal
    on_day: date


@dataclass(slots=True)
class Known:
    """A delivery that was recorded, with its entries where it may be corrected. `heir` corrects it."""

    id: UUID
    enrollment_id: UUID | None
    entitlement_id: UUID | None
    school: str | None
    outcome: str
    content: tuple[Any, ...]
    delivered_on: date
    agent: str | None
    reference: str | None
    corrects: UUID | None
    import_id: UUID | None
    heir: UUID | None = None
    meals: Decimal = Decimal(0)
    entries: list[DeliveredEntry] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Correcting:
    """What the lines may correct: the deliveries of the imports that theirs supersedes, or one that a person named."""

    import_id: UUID | None = None
    supersedes: frozenset[UUID] = frozenset()
    delivery_id: UUID | None = None


def content_of(outcome: str, amount: Decimal | None, goods: Iterable[tuple[str, Decimal]]) -> tuple[Any, ...]:
    """What makes two reports of one delivery the same: what was handed over, not how it was judged."""
    things = tuple(sorted((what, quantity.normalize()) for what, quantity in goods if quantity))
    return outcome, things or (amount or Decimal(0)).normalize()


class KnownDeliveries:
    """The deliveries that some lines may repeat or correct."""

    def __init__(self, known: Sequence[Known], correcting: Correcting) -> None:
        self._by_id = {one.id: one for one in known}
        self._import_id = correcting.import_id
        self._supersedes, self._corrects = correcting.supersedes, correcting.delivery_id
        self._by_reference: defaultdict[str, list[Known]] = defaultdict(list)
        self._by_whom: defaultdict[object, list[Known]] = defaultdict(list)
        for one in known:
            self._index(one)

    def _index(self, one: Known) -> None:
        if one.reference is not None:
            self._by_reference[one.reference].append(one)
        self._by_whom[one.enrollment_id or one.school].append(one)

    def like(self, one: Reported, enrollment_id: UUID | None) -> tuple[Known | None, UUID | None]:
        """(the delivery that this line corrects, the one that says the same): one of them at most, or neither."""
        if self._corrects is not None:
            return self._by_id[self._corrects], None
        whom = enrollment_id or one.school
        content = content_of(one.outcome, one.amount, one.goods.items())
        if one.reference is not None:
            candidates = [
                each for each in self._by_reference[one.reference] if (each.enrollment_id or each.school) == whom
            ]
        else:
            # What stands twice in one file was handed over twice; what an earlier file said is said again.
            candidates = [
                each
                for each in self._by_whom[whom]
                if each.reference is None and (each.import_id != self._import_id or self._import_id is None)
            ]
        for each in candidates:
            if each.delivered_on == one.delivered_on and each.content == content and each.agent == one.agent:
                superseded = each.heir is not None and bool(self._supersedes)
                if not superseded:
                    return None, each.id
        return self._to_correct(one, candidates), None

    def _to_correct(self, one: Reported, candidates: Sequence[Known]) -> Known | None:
        """What a corrected file says otherwise: the delivery of the same receipt, else day, else the only one there was."""
        if not self._supersedes:
            return None
        standing = [each for each in candidates if each.heir is None and each.import_id in self._supersedes]
        same_day = [each for each in standing if each.delivered_on == one.delivered_on]
        if same_day:
            return same_day[0]
        return standing[0] if len(standing) == 1 and one.school is None else None

    def reused(self, one: Reported) -> bool:
        return one.reference is not None and self._corrects is None and bool(self._by_reference.get(one.reference))

    def remember(
        self, one: Reported, enrollment_id: UUID | None, id_: UUID, judged: Judged, earlier: Known | None
    ) -> None:
        """Count a delivery of this batch among the known ones."""
        if earlier is not None:
            earlier.heir = id_
        content = content_of(one.outcome, judged.amount, one.goods.items())
        self._index(
            Known(
                id_, enrollment_id, judged.claim.entitlement_id if judged.claim else None, one.school, one.outcome,
                content, one.delivered_on, one.agent, one.reference, earlier.id if earlier else None, self._import_id,
            )
        )  # fmt: skip


async def known_deliveries(
    tx: AsyncSession,
    program: str,
    lines: Sequence[Reported],
    enrollments: Collection[UUID],
    correcting: Correcting,
) -> KnownDeliveries:
    """Deliveries with the references of the lines, or of whom they name; with all that corrected them."""
    references = {one.reference for one in lines if one.reference is not None}
    schools = {one.school for one in lines if one.school is not None}
    conditions = []
    if correcting.delivery_id is not None:
        conditions.append(Delivery.id == correcting.delivery_id)
    if references:
        conditions.append(
            (Delivery.program_code == program)
            & (Delivery.reference == any_of(references, Text()))
            & Delivery.corrects.is_(None)
        )
    if enrollments:
        conditions.append(Delivery.enrollment_id == any_of(enrollments))
    if schools:
        first, last = min(one.delivered_on for one in lines), max(one.delivered_on for one in lines)
        of_the_days = Delivery.delivered_on.between(first, last)
        conditions.append((Delivery.program_code == program) & Delivery.school.in_(schools) & of_the_days)
    found: dict[UUID, Known] = {}
    for condition in conditions:
        await _read(tx, condition, found)
    newest = list(found)
    while newest:  # the corrections of what was found, then theirs
        before = set(found)
        await _read(tx, Delivery.corrects == any_of(newest), found)
        newest = [id_ for id_ in found if id_ not in before]
    for one in found.values():
        if one.corrects in found:
            found[one.corrects].heir = one.id
    if correcting.supersedes or correcting.delivery_id:
        await _add_entries(tx, found)
    return KnownDeliveries(list(found.values()), correcting)


async def _read(tx: AsyncSession, condition: Any, found: dict[UUID, Known]) -> None:
    columns = Delivery.__table__.c
    wanted = select(
        columns.id, columns.enrollment_id, columns.entitlement_id, columns.school, columns.outcome, columns.amount_mru,
        columns.lines, columns.delivered_on, columns.agent, columns.reference, columns.corrects, columns.import_id,
    ).where(condition)  # fmt: skip
    for id_, enrollment, entitlement, school, outcome, amount, lines, *rest in await tx.execute(wanted):
        goods = [(one["what"], Decimal(one["quantity"])) for one in lines or ()]
        content = content_of(outcome, amount, goods)
        known = Known(id_, enrollment, entitlement, school, outcome, content, *rest)
        known.meals = sum((quantity for what, quantity in goods if what == MEAL), Decimal(0))
        found[id_] = known


async def _add_entries(tx: AsyncSession, found: dict[UUID, Known]) -> None:
    columns = LedgerEntry.__table__.c
    standing = [one.id for one in found.values() if one.heir is None]
    wanted = select(
        columns.delivery_id, columns.id, columns.cycle_id, columns.enrollment_id, columns.entitlement_id, columns.school,
        columns.what, columns.quantity, columns.amount_mru, columns.on_day,
    ).where(columns.delivery_id == any_of(standing), columns.kind == EntryKind.DELIVERED)  # fmt: skip
    for delivery_id, *entry in await tx.execute(wanted):
        found[delivery_id].entries.append(DeliveredEntry(*entry))
