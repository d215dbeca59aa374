"""Changes of enrollments: what they were before, their history, and the event that announces a batch of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.rules.status import Status
from shared.contracts.programs import EnrollmentsChanged
from shared.copying import Rows, add_rows
from shared.history import History
from shared.ids import new_id
from shared.outbox import rows_of

HISTORY = ("aggregate_id", "version", "batch_id", "changed_by", "change")
OF_THE_LINK = ("link_status", "link_version", "link_probability", "registry_individual_id", "registry_household_id")
"""Columns that are matching's: no version of the enrollment, so neither kept nor restored with one."""
KEEP_PASTS = text(
    "INSERT INTO enrollment_pasts (enrollment_id, version, state)"
    " SELECT id, version, to_jsonb(enrollments) - CAST(:of_the_link AS text[]) FROM enrollments WHERE id = ANY(:ids)"
)


@dataclass(frozen=True, slots=True)
class Change:
    """One turn in the life of one enrollment."""

    enrollment_id: UUID
    version: int
    change: dict[str, str | None]
    """`from` (null for a new enrollment), `to` and `reason`, as the outside learns it."""

    @classmethod
    def of(
        cls, enrollment_id: UUID, version: int, before: Status | None, to: Status, reason: str, **more: str | None
    ) -> "Change":
        return cls(enrollment_id, version, {"from": before, "to": to, "reason": reason} | more)


async def keep_pasts(tx: AsyncSession, ids: Sequence[UUID]) -> None:
    """Keep enrollments as they are stored now, before a change makes another version of them."""
    if ids:
        await tx.execute(KEEP_PASTS, {"ids": list(ids), "of_the_link": list(OF_THE_LINK)})


def announce_changes(tx: AsyncSession, institution: str, program: str, changes: Sequence[Change], *, by: str) -> None:
    """Write the history of some changes of one program and announce them as one batch; nothing where there are none."""
    if not changes:
        return
    batch_id = new_id()
    rows = [(one.enrollment_id, one.version, batch_id, by, orjson.dumps(one.change).decode()) for one in changes]
    event = batch_event(institution, program, batch_id, changes)
    add_rows(tx, Rows(History, HISTORY, rows), rows_of([event]))


def batch_event(institution: str, program: str, batch_id: UUID, changes: Sequence[Change]) -> EnrollmentsChanged:
    reached = [one.change["to"] for one in changes if one.change["from"] != one.change["to"]]
    return EnrollmentsChanged(
        institution=institution,
        program=program,
        batch_id=batch_id,
        enrolled=reached.count(Status.ENROLLED),
        suspended=reached.count(Status.SUSPENDED),
        exited=reached.count(Status.EXITED),
        applied=reached.count(Status.APPLIED),
        corrected=len(changes) - len(reached),
    )
