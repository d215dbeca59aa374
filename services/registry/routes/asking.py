"""What every read may be asked: the day on which facts hold, and the moment at which they were known."""

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import Depends, Query

from services.registry.queries.moments import Moment


async def _moment(
    as_of: Annotated[date | None, Query(description="The day on which the facts held; today without it.")] = None,
    known_at: Annotated[
        datetime | None, Query(description="What was known at this moment (UTC without a zone); now without it.")
    ] = None,
) -> Moment:
    if known_at is not None and known_at.tzinfo is None:
        known_at = known_at.replace(tzinfo=UTC)
    return Moment(as_of, known_at)


AtMoment = Annotated[Moment, Depends(_moment)]
