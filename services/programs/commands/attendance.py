"""Recording who attended a session. What a later file says of the same session and person replaces it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.commands.claims import Unclear, beneficiaries
from services.programs.models import Attendance
from services.programs.rules.attending import Attended
from services.programs.rules.findings import ERRORS
from shared.cells import Finding
from shared.database import any_of


@dataclass(slots=True)
class AttendanceOutcome:
    accepted: int = 0
    unchanged: int = 0
    findings: list[Finding] = field(default_factory=list)


async def record_attendance(
    tx: AsyncSession, program: str, rows: Sequence[Attended], import_id: UUID
) -> AttendanceOutcome:
    """Keep the attendance of whom the rows name; a row that names nobody of the program is a finding."""
    done = AttendanceOutcome()
    who = await beneficiaries(tx, program, [one.whom for one in rows])
    said: dict[tuple[UUID, Any], bool] = {}
    for one in rows:
        code = "unknown_beneficiary"
        try:
            found = who.of(one.whom)
        except Unclear:
            found, code = None, "beneficiary_ambiguous"
        if found is None:
            done.findings.append(Finding(one.whom.line, "household_number", None, "error", code, ERRORS[code]))
            continue
        key = (found.id, one.whom.delivered_on)
        done.unchanged += key in said
        said[key] = one.present
    known = await _known(tx, {id_ for id_, _ in said})
    new = {key: present for key, present in said.items() if known.get(key) != present}
    done.accepted, done.unchanged = len(new), done.unchanged + len(said) - len(new)
    if new:
        statement = insert(Attendance).values(
            [
                {"enrollment_id": id_, "session_on": day, "present": present, "import_id": import_id}
                for (id_, day), present in sorted(new.items())
            ]
        )
        changed = {"present": statement.excluded.present, "import_id": statement.excluded.import_id}
        await tx.execute(statement.on_conflict_do_update(index_elements=["enrollment_id", "session_on"], set_=changed))
    return done


async def _known(tx: AsyncSession, ids: set[UUID]) -> dict[tuple[UUID, Any], bool]:
    rows = select(Attendance.enrollment_id, Attendance.session_on, Attendance.present).where(
        Attendance.enrollment_id == any_of(ids)
    )
    return {(id_, day): present for id_, day, present in await tx.execute(rows)}
