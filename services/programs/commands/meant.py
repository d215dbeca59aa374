"""Whom the rows of a list mean in a program, and what a list did."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.models import Enrollment
from services.programs.rules.listed import Listed
from services.programs.rules.status import Status
from shared.cells import Finding
from shared.household_number import is_household_number
from shared.values import nni_check_holds


@dataclass(slots=True)
class ListOutcome:
    """What some rows of a list did. `accepted` rows changed something, `unchanged` said what was known."""

    accepted: int = 0
    unchanged: int = 0
    rejected: int = 0
    findings: list[Finding] = field(default_factory=list)

    def add(self, other: "ListOutcome") -> None:
        self.accepted += other.accepted
        self.unchanged += other.unchanged
        self.rejected += other.rejected
        self.findings += other.findings


@dataclass(frozen=True, slots=True)
class Source:
    """Where rows come from, and the day they are applied under."""

    institution: str
    import_id: UUID
    partner: str
    day: date


@dataclass(slots=True)
class Active:
    """An enrollment that has not ended, as far as applying a list needs to know it."""

    id: UUID
    key: str
    version: int
    status: Status
    import_id: UUID
    source_line: int
    household_number: str | None
    nni: str | None
    place_code: str | None


async def active_of(tx: AsyncSession, program: str, rows: Iterable[Listed], keys: list[str]) -> list[Active]:
    """The active enrollments the rows may speak of; locked where the rows may end or change them."""
    removals = [row for row in rows if row.action != "add"]
    columns = Enrollment.__table__.c
    about = [columns.beneficiary_key.in_(keys)]
    if removals:
        about += [
            columns.household_number.in_([row.household_number for row in removals if row.household_number]),
            columns.nni.in_([row.nni for row in removals if row.nni]),
        ]
    wanted = (
        select(
            columns.id,
            columns.beneficiary_key,
            columns.version,
            columns.status,
            columns.import_id,
            columns.source_line,
            columns.household_number,
            columns.nni,
            columns.place_code,
        )
        .where(columns.program_code == program, columns.status != Status.EXITED, or_(*about))
        .order_by(columns.id)
    )
    if removals:
        wanted = wanted.with_for_update()
    return [
        Active(id_, key, version, Status(status), *rest)
        for id_, key, version, status, *rest in await tx.execute(wanted)
    ]


def meant_by(row: Listed, key: str, by_key: Mapping[str, Active]) -> list[Active]:
    """Whom a removal or a change means: by its key, else by household number, else by national id.

    An addition may have carried another number than its removal does: a list that gives both at first may give only one
    later.
    """
    if key in by_key:
        return [by_key[key]]
    active = list(by_key.values())
    found: list[Active] = []
    if row.household_number and is_household_number(row.household_number):
        found = [one for one in active if one.household_number == row.household_number]
    if not found and row.nni and nni_check_holds(row.nni):
        found = [one for one in active if one.nni == row.nni]
    return found
