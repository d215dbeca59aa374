"""Changes of enrollments: their history, and the event that announces a batch of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.rules.status import Status
from shared.contracts.programs import EnrollmentsChanged
from shared.history import History
from shared.ids import new_id
from shared.outbox import record


@dataclass(frozen=True, slots=True)
class Change:
    """One turn in the life of one enrollment."""

    enrollment_id: UUID
    version: int
    change: dict[str, str | None]
    """`from` (null for a new enrollment), `to` and `reason`, as the outside learns it."""

    @classmethod
    def of(cls, enrollment_id: UUID, version: int, before: Status | None, to: Status, reason: str) -> "Change":
        return cls(enrollment_id, version, {"from": before, "to": to, "reason": reason})


async def announce_changes(
    tx: AsyncSession, institution: str, program: str, changes: Sequence[Change], *, by: str
) -> None:
    """Write the history of some changes of one program and announce them as one batch; nothing where there are none."""
    if not changes:
        return
    batch_id = new_id()
    await tx.execute(
        insert(History),
        [
            {
                "aggregate_id": one.enrollment_id,
                "version": one.version,
                "batch_id": batch_id,
                "changed_by": by,
                "change": one.change,
            }
            for one in changes
        ],
    )
    reached = [one.change["to"] for one in changes if one.change["from"] != one.change["to"]]
    record(
        tx,
        EnrollmentsChanged(
            institution=institution,
            program=program,
            batch_id=batch_id,
            enrolled=reached.count(Status.ENROLLED),
            suspended=reached.count(Status.SUSPENDED),
            exited=reached.count(Status.EXITED),
            applied=reached.count(Status.APPLIED),
            corrected=len(changes) - len(reached),
        ),
    )
