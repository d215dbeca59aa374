"""One beneficiary enrolled in one program by its institution's system: the same as a list of one row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text as sql
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.commands.changes import Change, batch_event
from services.programs.commands.facts import as_columns, read_beneficiary
from services.programs.commands.seating import free_seats, place_finder
from services.programs.errors.enrollments import FULL, AlreadyEnrolled
from services.programs.models import Enrollment
from services.programs.queries.programs import published_for_seats
from services.programs.rules.beneficiary_key import beneficiary_key
from services.programs.rules.listed import Listed
from services.programs.rules.program import Program
from services.programs.rules.reading import doubt_amount
from services.programs.rules.recertifying import months_after
from services.programs.rules.status import ByItself, LinkStatus, Status
from services.programs.rules.value import monthly_value
from shared.cells import Finding
from shared.clock import now
from shared.copying import driver_of
from shared.errors import NotFound
from shared.identity import Caller
from shared.ids import new_id
from shared.outbox import rows_of
from shared.text import Cell

NOT_GIVEN = {"recorded_at", "previous_id", "person_version", "held_reason", "held_on", "hand_over_to", "handed_over_id"}
_GIVEN = [column.name for column in Enrollment.__table__.columns if column.name not in NOT_GIVEN]
STORE_ROWS = (
    # One parameter for all rows: twice as fast as one per cell. By key, always: two imports of one program at once
    # then wait for each other and never in a circle.
    f"""
    INSERT INTO enrollments ({", ".join(_GIVEN)}, previous_id)
    SELECT {", ".join(_GIVEN)}, (
        SELECT past.id FROM enrollments past WHERE past.status = 'exited'
        AND past.program_code = new.program_code AND past.beneficiary_key = new.beneficiary_key
        ORDER BY past.exited_on DESC, past.id DESC LIMIT 1
    )
    FROM jsonb_populate_recordset(NULL::enrollments, CAST({{rows}} AS jsonb)) AS new ORDER BY beneficiary_key
    ON CONFLICT (program_code, beneficiary_key) WHERE status <> 'exited' DO NOTHING
    RETURNING id, previous_id
    """  # noqa: S608 - column names of ours
)
STORE = sql(STORE_ROWS.format(rows=":rows"))
STORE_ONE = f"""
    WITH begun AS ({STORE_ROWS.format(rows="$1")}), turned AS (
        INSERT INTO history (aggregate_id, version, batch_id, changed_by, change)
        SELECT id, 1, $2::uuid, $3::text, $4::jsonb FROM begun
    ), told AS (
        INSERT INTO outbox (event_id, type, aggregate_id, version, data, traceparent)
        SELECT $5::uuid, $6::text, $7::uuid, $8::int, $9::jsonb, $10::text FROM begun
    )
    SELECT previous_id FROM begun
    """  # noqa: S608 - column names of ours
"""An enrollment, its history and its event by one statement: neither of them where there is a current one already."""
ACTIVE = sql(
    "SELECT id, status FROM enrollments WHERE program_code = :program AND beneficiary_key = :key AND status <> 'exited'"
)


@dataclass(frozen=True, slots=True)
class Told:
    """What an institution's system says of one beneficiary. `enroll`: at once where there is a seat; else an application."""

    program: str
    beneficiary: Mapping[str, Cell]
    enroll: bool
    priority: int = 0
    place_code: str | None = None


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The enrollment that began, by its columns, and what is doubtful about what was told."""

    columns: dict[str, Any]
    findings: Sequence[Finding]


async def enroll_beneficiary(tx: AsyncSession, told: Told, *, by: Caller, institution: str) -> Enrolled:
    """Enroll a beneficiary, or put it on the waiting list where it only applies or no seat is free.

    NotFound for a program that is not the caller's; AlreadyEnrolled for who is in it, or waits for it.
    """
    if told.program not in by.programs:
        raise NotFound(pointer="/program")
    program = await published_for_seats(tx, told.program)
    listed, findings = read_beneficiary(program, told.beneficiary, "/beneficiary")
    version = program.value_on(now().date())
    if version and (doubt := doubt_amount(listed, version, "MRU")):
        findings.append(doubt)
    place_code = told.place_code or (await place_finder(tx, program))(listed.wilaya, listed.moughataa, listed.commune)
    status = Status.APPLIED
    if told.enroll:
        full = (await free_seats(tx, program)).full(place_code)
        status = Status.APPLIED if full else Status.ENROLLED
        if full:
            findings.append(Finding(0, "enroll", None, "warning", full, FULL[full]))
    beginning = Beginning(program, listed, status, ByItself.REGISTERED, told.priority, place_code)
    columns = await store_one(tx, beginning, institution=institution, by=by.name)
    if columns is None:
        key = beneficiary_key(program.unit, listed)
        active = (await tx.execute(ACTIVE, {"program": program.code, "key": key})).first()
        raise AlreadyEnrolled(status=active.status if active else "-", id=active.id if active else "-")
    return Enrolled(columns, findings)


@dataclass(frozen=True, slots=True)
class Beginning:
    """An enrollment that is to begin, and as what."""

    program: Program
    listed: Listed
    status: Status
    reason: str
    priority: int = 0
    place_code: str | None = None
    import_id: UUID | None = None
    on: date | None = None
    """The day it begins: today where None."""

    def columns(self) -> dict[str, Any]:
        """The columns of a new enrollment, with an id of its own."""
        program, listed = self.program, self.listed
        today = now().date()
        begins = listed.effective_on or self.on or today
        enrolled_on = begins if self.status is Status.ENROLLED else None
        value = program.value_on(today)
        return as_columns(listed) | {
            "id": new_id(),
            "program_code": program.code,
            "status": self.status,
            "beneficiary_key": beneficiary_key(program.unit, listed),
            "version": 1,
            "reason": self.reason,
            "applied_on": begins if enrolled_on is None else None,
            "enrolled_on": enrolled_on,
            "exited_on": None,
            "recertify_on": enrolled_on and months_after(enrolled_on, program.recertify_months),
            "priority": self.priority,
            "place_code": self.place_code,
            "monthly_value_mru": value and monthly_value(value, listed.household_size, listed.amount_mru),
            "import_id": self.import_id,
            "source_line": listed.line if self.import_id else None,
            "link_status": LinkStatus.PENDING,
            "link_version": 0,
            "link_probability": None,
            "registry_individual_id": None,
            "registry_household_id": None,
        }


async def store_one(tx: AsyncSession, beginning: Beginning, *, institution: str, by: str) -> dict[str, Any] | None:
    """Store and announce one new enrollment; None where its beneficiary is in the program, or waits for it, already."""
    columns, batch_id = beginning.columns(), new_id()
    change = Change.of(columns["id"], 1, None, beginning.status, beginning.reason)
    (event,) = rows_of([batch_event(institution, beginning.program.code, batch_id, [change])]).rows
    driver = await driver_of(tx, begun=True)
    told = orjson.dumps(change.change).decode()
    stored = await driver.fetchrow(STORE_ONE, as_json([columns]), batch_id, by, told, *event)
    return None if stored is None else columns | {"previous_id": stored["previous_id"]}


def as_json(rows: Sequence[dict[str, Any]]) -> str:
    return orjson.dumps(rows, default=str).decode()
