"""Monthly values follow the program: when another value is published, or comes into force, every enrollment has it.

A worker goes through the enrollments, a chunk of them in one transaction, and announces those whose value changed. What an
enrollment is worth follows from its program and from what is known of the beneficiary, so it is no version of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy import text as sql
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.commands.enrolling import as_json
from services.programs.commands.facts import worth_now
from services.programs.models import Enrollment, ProgramRow
from services.programs.queries.programs import program_of, published
from services.programs.rules.program import Program
from services.programs.rules.status import Status
from shared.clock import now
from shared.contracts.programs import ValuesChanged
from shared.database import any_of
from shared.ids import new_id
from shared.outbox import record
from shared.platform import Platform, Worker

CHUNK = 2_000
"""Enrollments of one transaction and of one announcement: well under a second."""
LOOK_SECONDS = 5.0
SETTLED = timedelta(minutes=1)
"""Whoever read the terms before the last ones were published has long committed by then: what was written meanwhile by the
earlier terms is found by the last look."""
STORE = sql(
    "UPDATE enrollments SET monthly_value_mru = new.value"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS new(id uuid, value numeric) WHERE enrollments.id = new.id"
)
_COLUMNS = Enrollment.__table__.c


@dataclass(frozen=True, slots=True)
class _Terms:
    """The terms by which a program's enrollments are to be valued: its version, and the value in force from a day on."""

    version: int
    value_from_on: date | None


@dataclass(slots=True)
class _Seen:
    """Terms that this process has met, since when, and whether the enrollments were gone through once."""

    terms: _Terms
    since: datetime
    done: bool = False


def revaluing_worker(institution: str, *, settled: timedelta = SETTLED) -> Worker:
    """The worker of an institution: brings the enrollments' monthly values up to date, for ever."""

    async def revalue_enrollments(platform: Platform) -> None:
        seen: dict[str, _Seen] = {}
        while True:
            for code, terms in (await _not_yet_valued(platform)).items():
                one = seen.get(code)
                if one is None or one.terms != terms:
                    one = seen[code] = _Seen(terms, now())
                is_settled = now() - one.since >= settled
                if not one.done or is_settled:
                    await revalue(platform, institution, code)
                    one.done = True
                if is_settled:
                    await _note(platform, code, terms)
            await platform.wait_for_work(LOOK_SECONDS)

    return revalue_enrollments


async def _not_yet_valued(platform: Platform) -> dict[str, _Terms]:
    """The programs whose terms today are others than those by which their enrollments were last valued."""
    today, found = now().date(), {}
    async with platform.database.transaction() as tx:
        for row in await tx.scalars(select(ProgramRow).order_by(ProgramRow.code)):
            value = program_of(row.document).value_on(today)
            terms = _Terms(row.version, value.from_on if value else None)
            if terms != _Terms(row.valued_version or 0, row.valued_from_on):
                found[row.code] = terms
    return found


async def _note(platform: Platform, code: str, terms: _Terms) -> None:
    async with platform.database.transaction() as tx:
        row = await tx.get_one(ProgramRow, code, with_for_update=True)
        row.valued_version, row.valued_from_on = terms.version, terms.value_from_on


async def revalue(platform: Platform, institution: str, code: str, *, chunk: int = CHUNK) -> None:
    """Bring the monthly value of every enrollment of a program up to date that has not ended."""
    after: UUID | None = UUID(int=0)
    while after is not None:
        async with platform.database.transaction() as tx:
            after = await revalue_chunk(tx, institution, code, after, chunk)


async def revalue_chunk(tx: AsyncSession, institution: str, code: str, after: UUID, chunk: int) -> UUID | None:
    """The next enrollments after one; the last of them, or None where these were all."""
    program = await published(tx, code)
    rows = _valued().where(_COLUMNS.program_code == code, _COLUMNS.id > after).limit(chunk)
    found = (await tx.execute(rows)).all()
    different = [one.id for one in found if worth_now(program, one) != one.monthly_value_mru]
    if different:
        # Read again, locked: what is corrected meanwhile has its value from the correction.
        again = _valued().where(_COLUMNS.id == any_of(different)).with_for_update(key_share=True)
        await _store(tx, institution, program, (await tx.execute(again)).all())
    return found[-1].id if len(found) == chunk else None


def _valued() -> Select[Any]:
    shown = (
        _COLUMNS.id,
        _COLUMNS.household_size,
        _COLUMNS.amount_mru,
        _COLUMNS.monthly_value_mru,
        _COLUMNS.recorded_at,
    )
    return select(*shown).where(_COLUMNS.status != Status.EXITED).order_by(_COLUMNS.id)


async def _store(tx: AsyncSession, institution: str, program: Program, rows: Sequence[Any]) -> None:
    worth = [{"id": one.id, "value": worth_now(program, one)} for one in rows]
    if not worth:
        return
    await tx.execute(STORE, {"rows": as_json(worth)})
    event = ValuesChanged(
        institution=institution,
        program=program.code,
        batch_id=new_id(),
        first_id=worth[0]["id"],
        last_id=worth[-1]["id"],
        changed=len(worth),
    )
    record(tx, event)
