"""Issuing a cycle: a worker works out what is due to whom, a chunk of enrollments at a time.

One transaction holds a chunk's entitlements, their entries of the ledger and the enrollment reached: after a death the next
worker goes on there. Sizes of households are asked of the registry between two transactions, because only a worker may
wait for another service; while the registry is away the cycle says so, and goes on when it answers again.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.commands.ledger import Entry, entitled, write_entries
from services.programs.models import Attendance, Cycle, CycleStatus, Enrollment, ProgramVersion, School
from services.programs.queries.programs import program_of
from services.programs.rules.calendar import Period, period_at
from services.programs.rules.entitling import Beneficiary, entitle, window_of
from services.programs.rules.program import Program
from services.programs.rules.schools import school_key
from services.programs.rules.status import Status
from shared.clock import now
from shared.consuming import is_of_the_surroundings
from shared.contracts.programs import EntitlementsIssued
from shared.copying import copy_rows
from shared.http import OwnerUnavailable
from shared.ids import new_ids
from shared.logs import log
from shared.outbox import record
from shared.platform import Platform, Worker
from shared.text import Text

CHUNK = 2_000
"""Enrollments of one transaction: well under a second, so that a lock on the cycle is short."""
SIZES_AT_ONCE = 1_000
"""Households the registry is asked for in one call: its own bound."""
LOOK_SECONDS = 1.0
REGISTRY_AWAY = Text(
    ar="سجل الأسر لا يجيب، وأحجام الأسر تُطلب منه؛ تستمر الدورة من تلقاء نفسها حين يجيب",
    fr="le registre ne répond pas, alors que la taille des ménages lui est demandée ; le cycle reprendra de lui-même",
    en="the registry does not answer, and is asked for the sizes of households; the cycle goes on by itself when it does",
)
ISSUING_FAILED = Text(
    ar="توقف الإصدار بخطأ من جانبنا، وقد سُجّل؛ يُعاد من حيث توقف",
    fr="l'émission s'est arrêtée sur une erreur de notre côté, enregistrée ; elle est retentée là où elle en était",
    en="issuing stopped on a fault of ours, recorded; it is tried again where it stopped",
)
COLUMNS = (
    "id", "cycle_id", "enrollment_id", "program_code", "status", "hold_reason", "people", "people_source", "amount_mru",
    "lines",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Row:
    """An enrollment as read for issuing."""

    id: UUID
    status: Status
    enrolled_on: date
    held_reason: str | None
    household_id: UUID | None
    listed_size: int | None
    school: str | None
    commune: str | None


@dataclass(frozen=True, slots=True)
class _Chunk:
    """What one step works on: the next enrollments, with what is known of them."""

    program: Program
    period: Period
    rows: list[_Row]
    attended: Mapping[UUID, list[tuple[date, bool]]]
    canteens: Mapping[str, tuple[date, date | None]]


def issuing_worker(institution: str, *, chunk: int = CHUNK) -> Worker:
    """The worker of an institution: issues what waits, the cycles in turn, for ever.

    One that waits for the registry keeps no other waiting.
    """

    async def issue_cycles(platform: Platform) -> None:
        while True:
            async with platform.database.transaction() as tx:
                cycles = list(await tx.scalars(_issuing()))
            moved = [await _step(platform, cycle_id, institution, chunk) for cycle_id in cycles]
            if not any(moved):
                await platform.wait_for_work(LOOK_SECONDS)

    return issue_cycles


def _issuing() -> Select[UUID]:
    return select(Cycle.id).where(Cycle.status == CycleStatus.ISSUING).order_by(Cycle.created_at, Cycle.id)


async def cycles_waiting(platform: Platform) -> dict[str, int]:
    """For the health page: cycles begun and not yet issued."""
    async with platform.database.transaction() as tx:
        waiting = select(func.count()).where(Cycle.status == CycleStatus.ISSUING)
        return {"cycles_issuing": await tx.scalar(waiting) or 0}


async def _step(platform: Platform, cycle_id: UUID, institution: str, chunk: int) -> bool:
    """One chunk of a cycle; False where it could not be issued now."""
    try:
        return await issue_chunk(platform, cycle_id, institution, chunk)
    except OwnerUnavailable:
        await _say(platform, cycle_id, "registry_unavailable", REGISTRY_AWAY)
    except Exception as fault:
        if is_of_the_surroundings(fault):
            raise  # the worker is started again, and goes on after the last committed chunk
        log.error("issuing_failed", cycle=str(cycle_id), exc_info=fault)
        await _say(platform, cycle_id, "issuing_failed", ISSUING_FAILED)
    return False


async def issue_chunk(platform: Platform, cycle_id: UUID, institution: str, chunk: int = CHUNK) -> bool:
    """Issue the next enrollments of a cycle; the last chunk ends it. False where somebody else was there first."""
    async with platform.database.transaction() as tx:
        cycle = await tx.get_one(Cycle, cycle_id)
        program, period = await _issued_from(tx, cycle)
        reached = cycle.reached
        asked = await _households(tx, cycle, chunk) if period.value.per == "person" else None
    sizes = await _sizes(platform, cycle, asked or set())
    async with platform.database.transaction() as tx:
        # Enrollments before their cycle, as whoever holds one locks them: a hold comes wholly before this chunk or after.
        rows = await _rows(tx, cycle, reached, chunk)
        cycle = await tx.get_one(Cycle, cycle_id, with_for_update=True, populate_existing=True)
        if cycle.status != CycleStatus.ISSUING or cycle.reached != reached:
            return False
        if asked is not None and not asked >= {row.household_id for row in rows if row.household_id is not None}:
            return True  # one was linked meanwhile: its size has to be asked for, too
        await _issue(tx, cycle, await _known(tx, program, period, rows), sizes)
        if len(rows) < chunk:
            _end(tx, cycle, institution=institution)
    return True


async def _issued_from(tx: AsyncSession, cycle: Cycle) -> tuple[Program, Period]:
    """The program as it was published when the cycle began, and the period of it."""
    version = await tx.get_one(ProgramVersion, (cycle.program_code, cycle.program_version))
    program = program_of(version.document)
    period = period_at(program, cycle.starts_on)
    if period is None:
        raise LookupError(f"no period of {program.code} begins on {cycle.starts_on}")
    return program, period


def _next(cycle: Cycle, reached: UUID | None, chunk: int, *columns: Any) -> Select[Any]:
    about = Enrollment.__table__.c
    wanted: Select[Any] = (
        select(*columns)
        .where(about.program_code == cycle.program_code, about.status.in_([Status.ENROLLED, Status.SUSPENDED]))
        .order_by(about.id)
        .limit(chunk)
    )
    return wanted if reached is None else wanted.where(about.id > reached)


async def _households(tx: AsyncSession, cycle: Cycle, chunk: int) -> set[UUID]:
    linked = _next(cycle, cycle.reached, chunk, Enrollment.registry_household_id)
    return {one for one in await tx.scalars(linked) if one is not None}


async def _rows(tx: AsyncSession, cycle: Cycle, reached: UUID | None, chunk: int) -> list[_Row]:
    about = Enrollment.__table__.c
    columns = (
        about.id, about.status, about.enrolled_on, about.held_reason, about.registry_household_id, about.household_size,
        about.school, about.commune,
    )  # fmt: skip
    wanted = _next(cycle, reached, chunk, *columns).with_for_update(read=True)
    return [_Row(*row) for row in await tx.execute(wanted)]


async def _known(tx: AsyncSession, program: Program, period: Period, rows: list[_Row]) -> _Chunk:
    return _Chunk(
        program=program,
        period=period,
        rows=rows,
        attended=await _attended(tx, program, period, rows),
        canteens=await _canteens(tx, rows) if program.benefit == "meal" else {},
    )


async def _attended(
    tx: AsyncSession, program: Program, period: Period, rows: Sequence[_Row]
) -> Mapping[UUID, list[tuple[date, bool]]]:
    found: dict[UUID, list[tuple[date, bool]]] = defaultdict(list)
    if not program.conditions or not rows:
        return found
    first = min(window_of(condition, period)[0] for condition in program.conditions)
    known = select(Attendance.enrollment_id, Attendance.session_on, Attendance.present).where(
        Attendance.enrollment_id.in_([row.id for row in rows]), Attendance.session_on.between(first, period.ends_on)
    )
    for enrollment_id, day, present in await tx.execute(known):
        found[enrollment_id].append((day, present))
    return found


async def _canteens(tx: AsyncSession, rows: Sequence[_Row]) -> Mapping[str, tuple[date, date | None]]:
    """The days of the canteens of the schools that are known; a known school without one has none at all."""
    keys = {school_key(row.school, row.commune) for row in rows}
    known = select(School.key, School.canteen_from, School.canteen_to).where(School.key.in_(keys))
    return {key: (first or date.max, last) for key, first, last in await tx.execute(known)}


async def _sizes(platform: Platform, cycle: Cycle, asked: Collection[UUID]) -> dict[UUID, int]:
    """The sizes of households on the cycle's day, as the registry knew them when it began."""
    households, sizes = sorted(asked), dict[UUID, int]()
    about = {"as_of": str(cycle.sizes_on), "known_at": cycle.known_at.isoformat()}
    for first in range(0, len(households), SIZES_AT_ONCE):
        some = [str(one) for one in households[first : first + SIZES_AT_ONCE]]
        answer = await platform.owners.post("registry", "/internal/household-sizes", about | {"ids": some})
        sizes |= {UUID(household): people for household, people in answer["sizes"].items()}
    return sizes


async def _issue(tx: AsyncSession, cycle: Cycle, read: _Chunk, sizes: Mapping[UUID, int]) -> None:
    issued: list[tuple[Any, ...]] = []
    entries: list[Entry] = []
    for id_, row in zip(reversed(new_ids(len(read.rows))), read.rows, strict=True):
        due = entitle(read.program, read.period, _beneficiary(row, read, sizes))
        if due is None:
            cycle.skipped += row.enrolled_on <= read.period.ends_on
            continue
        issued.append(
            (
                id_, cycle.id, row.id, cycle.program_code, due.status, due.hold_reason, due.people, due.people_source,
                due.amount, due.lines,
            )
        )  # fmt: skip
        if due.status == "due":
            entries += entitled(cycle, id_, row.id, due.amount, due.lines)
            cycle.amount_mru += due.amount or Decimal(0)
            cycle.due += 1
        else:
            cycle.held += 1
    await copy_rows(tx, "entitlements", COLUMNS, issued)
    await write_entries(tx, cycle.program_code, entries, by=cycle.created_by)
    cycle.failure = None
    if read.rows:
        cycle.reached = read.rows[-1].id


def _beneficiary(row: _Row, read: _Chunk, sizes: Mapping[UUID, int]) -> Beneficiary:
    return Beneficiary(
        status=row.status,
        enrolled_on=row.enrolled_on,
        held_reason=row.held_reason,
        registry_size=sizes.get(row.household_id) if row.household_id else None,
        listed_size=row.listed_size,
        attended=tuple(read.attended.get(row.id, ())),
        canteen=read.canteens.get(school_key(row.school, row.commune)) if read.canteens else None,
    )


def _end(tx: AsyncSession, cycle: Cycle, *, institution: str) -> None:
    cycle.status, cycle.issued_at, cycle.version = CycleStatus.ISSUED, now(), cycle.version + 1
    event = EntitlementsIssued(
        institution=institution, program=cycle.program_code, cycle_id=cycle.id, due=cycle.due, held=cycle.held
    )
    record(tx, event)
    log.info("cycle_issued", cycle=str(cycle.id), due=cycle.due, held=cycle.held, skipped=cycle.skipped)


async def _say(platform: Platform, cycle_id: UUID, code: str, text: Text) -> None:
    async with platform.database.transaction() as tx:
        cycle = await tx.get_one(Cycle, cycle_id, with_for_update=True)
        cycle.failure = {"code": code, "ar": text.ar, "fr": text.fr, "en": text.en}
