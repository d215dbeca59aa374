"""Meals by school and day: which schools are known, how many pupils are enrolled there, what was served already."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.models import Cycle, CycleStatus, Enrollment, LedgerEntry, School
from services.programs.rules.benefits import HANDED_OVER
from services.programs.rules.program import Program
from services.programs.rules.reconciling import Reported
from services.programs.rules.schools import school_key


class Schools:
    """The schools that some reports name, the cycles of their days, and the meals of each school and day."""

    def __init__(
        self,
        known: Iterable[str],
        pupils: Mapping[str, int],
        cycles: Iterable[tuple[UUID, date, date]],
        served: Mapping[tuple[str, date], Decimal],
    ) -> None:
        self._known, self._pupils, self._cycles = set(known), pupils, list(cycles)
        self._served: defaultdict[tuple[str, date], Decimal] = defaultdict(Decimal, served)

    def knows(self, school: str | None) -> bool:
        return school in self._known or school in self._pupils

    def pupils(self, one: Reported) -> int:
        return self._pupils.get(one.school or "", 0)

    def served(self, one: Reported) -> Decimal:
        return self._served[one.school or "", one.delivered_on]

    def serve(self, one: Reported, meals: Decimal) -> None:
        self._served[one.school or "", one.delivered_on] += meals

    def cycle_on(self, day: date) -> UUID | None:
        return next((id_ for id_, first, last in self._cycles if first <= day <= last), None)


async def schools_of(tx: AsyncSession, program: Program, lines: Iterable[Reported]) -> Schools:
    """What is known of the schools of some reports; locks the cycles of their days against being cancelled."""
    rows = list(lines)
    keys = {one.school for one in rows if one.school}
    first, last = min(one.delivered_on for one in rows), max(one.delivered_on for one in rows)
    open_ = (
        select(Cycle.id, Cycle.starts_on, Cycle.ends_on)
        .where(
            Cycle.program_code == program.code,
            Cycle.status != CycleStatus.CANCELLED,
            Cycle.starts_on <= last,
            Cycle.ends_on >= first,
        )
        .order_by(Cycle.id)
        .with_for_update(read=True)
    )
    cycles = [(id_, starts_on, ends_on) for id_, starts_on, ends_on in await tx.execute(open_)]
    known = await tx.scalars(select(School.key).where(School.key.in_(keys)))
    return Schools(
        known, await _pupils(tx, program.code, keys), cycles, await _served(tx, [one[0] for one in cycles], keys)
    )


async def _pupils(tx: AsyncSession, program: str, keys: Collection[str]) -> Mapping[str, int]:
    """Pupils enrolled in some schools. Who was stored without a key is found by the name as it is written."""
    enrolled = (Enrollment.program_code == program, text("status = 'enrolled'"))  # as the indexes say it
    by_key = (
        select(Enrollment.school_key, func.count())
        .where(*enrolled, Enrollment.school_key.in_(keys))
        .group_by(Enrollment.school_key)
    )
    pupils = Counter[str]({key or "": count for key, count in await tx.execute(by_key)})
    written = (
        select(Enrollment.school, Enrollment.commune, func.count())
        .where(*enrolled, Enrollment.school.is_not(None), Enrollment.school_key.is_(None))
        .group_by(Enrollment.school, Enrollment.commune)
    )
    for school, commune, count in await tx.execute(written):
        pupils[school_key(school, commune)] += count
    return pupils


async def _served(tx: AsyncSession, cycles: list[UUID], keys: set[str]) -> Mapping[tuple[str, date], Decimal]:
    if not cycles:
        return {}
    meals = (
        select(LedgerEntry.school, LedgerEntry.on_day, func.sum(LedgerEntry.quantity))
        .where(
            LedgerEntry.cycle_id.in_(cycles),
            LedgerEntry.school.in_(keys),
            LedgerEntry.kind.in_(HANDED_OVER),
        )
        .group_by(LedgerEntry.school, LedgerEntry.on_day)
    )
    return {(school or "", day): quantity for school, day, quantity in await tx.execute(meals)}
