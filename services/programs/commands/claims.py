"""Whom the lines of a report name, and what they are due: read for many lines at once."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import Text, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.commands.ledger import parts
from services.programs.models import Cycle, CycleStatus, Enrollment, Entitlement, LedgerEntry
from services.programs.rules.benefits import HANDED_OVER
from services.programs.rules.naming import NUMBERS
from services.programs.rules.program import Program
from services.programs.rules.reconciling import Claim, Reported
from services.programs.rules.status import Status
from shared.database import any_of

NAMED_BY = ("enrollment_id", *NUMBERS)
"""By what a line may name a beneficiary, the surest first."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """An enrollment as far as a delivery to it needs to be judged."""

    id: UUID
    program: str
    status: str
    enrolled_on: date
    exited_on: date | None
    key: str
    household_number: str | None

    def covers(self, day: date) -> bool:
        return self.enrolled_on <= day and (self.exited_on is None or day <= self.exited_on)


class Unclear(Exception):
    """A line that may mean several: `code` says why, as rules.findings has it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Beneficiaries:
    """The enrollments that some lines may mean, by each number; and those with the phones of lines that give no number."""

    def __init__(
        self,
        found: Mapping[tuple[str, object], Sequence[Enrolled]],
        by_phone: Mapping[str, Sequence[Enrolled]] = MappingProxyType({}),
        program: str | None = None,
    ) -> None:
        self._found, self._by_phone, self._program = found, by_phone, program

    def of(self, one: Reported) -> Enrolled | None:
        """The enrollment a line means: by its surest number, the one of its day, else the latest. Raises Unclear."""
        for name in NAMED_BY:
            number = getattr(one, name)
            several = self._found.get((name, number), ()) if number is not None else ()
            if several:
                return _the_one(several, one.delivered_on)
        return self._by_phone_alone(one)

    def _by_phone_alone(self, one: Reported) -> Enrolled | None:
        """Whose the phone is, where it is one beneficiary's alone: on many households it is usually the agent's."""
        with_it = [each for phone in _phones_alone(one) for each in self._by_phone.get(phone, ())]
        mine = [each for each in with_it if self._program in (None, each.program)]
        if not mine:
            return None
        households = {each.household_number for each in with_it if each.household_number}
        if len({(each.program, each.key) for each in mine}) > 1 or len(households) > 1:
            raise Unclear("phone_shared")
        return _the_one(list({each.id: each for each in mine}.values()), one.delivered_on)


def _the_one(several: Sequence[Enrolled], day: date) -> Enrolled:
    of_the_day = [each for each in several if each.covers(day)]
    active = [each for each in of_the_day or several if each.status != Status.EXITED]
    if len(active) > 1:
        raise Unclear("beneficiary_ambiguous")
    return active[0] if active else max(of_the_day or several, key=lambda each: each.id)


def _phones_alone(one: Reported) -> tuple[str, ...]:
    """The phones of a line that names nobody otherwise: a wrong number is not made good by a phone."""
    return () if any(getattr(one, name) is not None for name in NAMED_BY) else one.phones


async def beneficiaries(tx: AsyncSession, program: str | None, lines: Iterable[Reported]) -> Beneficiaries:
    """Whom the lines name in a program, exited or not; in any program of the institution where none is given."""
    columns = Enrollment.__table__.c
    shown = (
        columns.id,
        columns.program_code,
        columns.status,
        columns.enrolled_on,
        columns.exited_on,
        columns.beneficiary_key,
        columns.household_number,
    )
    found: dict[tuple[str, object], list[Enrolled]] = defaultdict(list)
    rows = list(lines)
    for name in NAMED_BY:
        numbers = {number for one in rows if (number := getattr(one, name)) is not None}
        if not numbers:
            continue
        column = columns.id if name == "enrollment_id" else columns[name]
        wanted = select(column, *shown).where(column == any_of(numbers, column.type))
        wanted = wanted.where(columns.enrolled_on.is_not(None))
        if program is not None:
            wanted = wanted.where(columns.program_code == program)
        for number, *about in await tx.execute(wanted):
            found[name, number].append(Enrolled(*about))
    phones = {phone for one in rows for phone in _phones_alone(one)}
    by_phone: dict[str, list[Enrolled]] = defaultdict(list)
    if phones:
        holders = select(columns.phones, *shown).where(columns.phones.has_any(cast(sorted(phones), ARRAY(Text))))
        for theirs, *about in await tx.execute(holders.where(columns.enrolled_on.is_not(None))):
            for phone in phones & set(theirs):
                by_phone[phone].append(Enrolled(*about))
    return Beneficiaries(found, by_phone, program)


async def claims_of(
    tx: AsyncSession, program: Program, enrollments: Collection[UUID], last: date
) -> Mapping[UUID, list[Claim]]:
    """The entitlements of enrollments in cycles that had begun by `last`, with what was handed over; locks the cycles."""
    found: dict[UUID, list[Claim]] = defaultdict(list)
    if not enrollments:
        return found
    # Enrollments before cycles, as everybody locks them: the deliveries that refer to them would lock them afterwards.
    mine = select(Enrollment.id).where(Enrollment.id == any_of(enrollments)).order_by(Enrollment.id)
    await tx.execute(mine.with_for_update(read=True, key_share=True))
    # Nobody cancels a cycle, and nobody holds one of its entitlements, while deliveries are laid to it.
    open_ = (
        select(Cycle.id, Cycle.starts_on, Cycle.ends_on, Cycle.late_after, Cycle.value_from_on)
        .where(Cycle.program_code == program.code, Cycle.status != CycleStatus.CANCELLED, Cycle.starts_on <= last)
        .order_by(Cycle.id)
        .with_for_update(read=True)
    )
    cycles = {row.id: row for row in await tx.execute(open_)}
    entitled = Entitlement.__table__.c
    wanted = select(
        entitled.id, entitled.cycle_id, entitled.enrollment_id, entitled.status, entitled.amount_mru, entitled.lines
    ).where(entitled.enrollment_id == any_of(enrollments), entitled.status != "cancelled")
    values = {value.from_on: value for value in program.values}
    by_id: dict[UUID, Claim] = {}
    for id_, cycle_id, enrollment_id, status, amount, lines in await tx.execute(wanted):
        cycle = cycles.get(cycle_id)
        if cycle is None:
            continue
        due = {what: quantity for what, quantity, _ in parts(amount or Decimal(0), lines)}
        value = values.get(cycle.value_from_on) or program.values[0]
        claim = Claim(
            id_,
            cycle_id,
            cycle.starts_on,
            cycle.ends_on,
            cycle.late_after,
            status == "held",
            amount or Decimal(0),
            due,
            value,
        )
        by_id[id_] = claim
        found[enrollment_id].append(claim)
    await _count_what_was_handed_over(tx, by_id)
    for some in found.values():
        some.sort(key=lambda claim: claim.starts_on)
    return found


async def _count_what_was_handed_over(tx: AsyncSession, claims: Mapping[UUID, Claim]) -> None:
    if not claims:
        return
    entries = LedgerEntry.__table__.c
    handed = (
        select(entries.entitlement_id, entries.what, func.sum(entries.quantity), func.sum(entries.amount_mru))
        .where(
            entries.entitlement_id == any_of(claims),
            entries.kind.in_(HANDED_OVER),
        )
        .group_by(entries.entitlement_id, entries.what)
    )
    for id_, what, quantity, amount in await tx.execute(handed):
        claims[id_].take([(what, quantity, amount)])
