"""Reminders of grievances whose next step is late: each is announced once for each deadline."""

import asyncio
from collections import defaultdict
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.grievances.models import Grievance
from services.matching.grievances.queries import LATE
from services.matching.reminding import CHUNK, LOOK_SECONDS, claim, not_reminded
from services.matching.rules.grieving import Category
from shared.contracts.matching import GrievancesDue
from shared.ids import new_id
from shared.outbox import record
from shared.platform import Platform


async def remind_of_grievances(tx: AsyncSession) -> int:
    """Announce what is late, by whom it goes to; how many."""
    rows = (
        select(Grievance.id, Grievance.status, Grievance.due_at, Grievance.desk, Grievance.program, Grievance.category)
        .where(LATE, not_reminded("grievance", Grievance.id, Grievance.status, Grievance.due_at))
        .limit(CHUNK)
    )
    by_desk: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for one in (await tx.execute(rows)).all():
        program = one.program if one.category != Category.CONDUCT else None
        by_desk[one.desk, program or ""].append(one)
    told = 0
    for (desk, program), late in sorted(by_desk.items()):
        batch_id = new_id()
        taken = await claim(tx, "grievance", [(one.id, str(one.status), one.due_at) for one in late], batch_id)
        if taken:
            record(tx, GrievancesDue(batch_id=batch_id, desk=desk, program=program or None, due=len(taken)))
        told += len(taken)
    return told


async def remind_worker(platform: Platform) -> None:
    """The worker: reminds of what is late, for ever."""
    while True:
        async with platform.database.transaction() as tx:
            await remind_of_grievances(tx)
        await asyncio.sleep(LOOK_SECONDS)
