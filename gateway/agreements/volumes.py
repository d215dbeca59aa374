"""How much an agreement has given today, counted in the database over all processes."""

import asyncio
from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import text

from gateway.agreements.errors import DayVolumeExceeded, QueryVolumeExceeded
from gateway.agreements.rules.deciding import Allowed
from shared.clock import now
from shared.database import Database

SHARE_AT_ONCE = 100
"""A process takes at most a hundredth of a day at once, and gives from that: not every answer waits for a commit. What it
took and did not give is lost when it ends, so that a day may end a little early and never late."""
SECONDS_A_DAY = 86_400
TAKE = text(
    "INSERT INTO agreement_volumes AS held (agreement_id, day, used) VALUES (:agreement, :day, :count) "
    "ON CONFLICT (agreement_id, day) DO UPDATE SET used = held.used + excluded.used "
    "WHERE held.used + excluded.used <= :most RETURNING used"
)


class Volumes:
    """What this process has taken of each agreement's day and not given yet."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._taking = asyncio.Lock()
        self._left: dict[tuple[str, date], int] = {}

    async def spend(self, allowed: Allowed, count: int, day: date) -> None:
        """Count the people of one answer before it leaves. QueryVolumeExceeded, DayVolumeExceeded."""
        if allowed.obligations is None or count == 0:
            return
        id_, most = allowed.under.id, allowed.obligations.per_day
        if count > allowed.obligations.per_query:
            raise QueryVolumeExceeded(agreement=id_, most=allowed.obligations.per_query)
        key = (id_, day)
        async with self._taking:  # one at a time: each that waits finds what the one before took and did not need
            if key not in self._left:
                self._left = {known: left for known, left in self._left.items() if known[1] == day} | {key: 0}
            if self._left[key] < count:
                self._left[key] += await self._take(id_, day, count - self._left[key], most)
            self._left[key] -= count

    async def _take(self, id_: str, day: date, needed: int, most: int) -> int:
        async with self._database.transaction() as tx:
            for count in dict.fromkeys((max(needed, most // SHARE_AT_ONCE), needed)):
                values: Mapping[str, object] = {"agreement": id_, "day": day, "count": count, "most": most}
                # Without a row of the day there is nothing for the database to compare with.
                if count <= most and (await tx.execute(TAKE, values)).first() is not None:
                    return count
        refusal = DayVolumeExceeded(agreement=id_, most=most)
        refusal.headers = {"Retry-After": str(seconds_to_midnight(now()))}
        raise refusal


def seconds_to_midnight(moment: datetime) -> int:
    """Until the next day (UTC) begins; never 0."""
    return SECONDS_A_DAY - (moment.hour * 3600 + moment.minute * 60 + moment.second)
