"""Reminders of grievances whose next step is late: each is announced once for each deadline."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.grievances.models import Grievance
from services.matching.grievances.queries import LATE
from services.matching.reminding import CHUNK, Late, not_reminded, tell_once
from services.matching.rules.grieving import Category
from shared.contracts.matching import GrievancesDue


async def remind_of_grievances(tx: AsyncSession) -> int:
    """Announce what is late, by whom it goes to; how many."""
    rows: Any = (
        select(Grievance.id, Grievance.status, Grievance.due_at, Grievance.desk, Grievance.program, Grievance.category)
        .where(LATE, not_reminded("grievance", Grievance.id, Grievance.status, Grievance.due_at))
        .limit(CHUNK)
    )
    late = [
        Late(id_, str(status), due_at, (desk, (program if category != Category.CONDUCT else None) or ""))
        for id_, status, due_at, desk, program, category in await tx.execute(rows)
    ]
    return await tell_once(tx, "grievance", late, _grievances_due)


def _grievances_due(batch_id: UUID, late: Sequence[Late]) -> GrievancesDue:
    desk, program = late[0].told_to
    return GrievancesDue(batch_id=batch_id, desk=desk, program=program or None, due=len(late))
