"""The traffic record counted: by hour and service, by code of refusal, by partner. Of the newest MOST_ROWS requests alone, so that a
page costs the same whatever a partner sends."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Subquery, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.traffic.models import Traffic

MOST_ROWS = 200_000
"""Some 0.4 s of counting, and twice that over all partners. Where there are more within the time asked for, it is told from when on they are counted."""
A_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Hour:
    """`hour`: its beginning (UTC)."""

    hour: datetime
    service: str
    requests: int
    faults: int


@dataclass(frozen=True, slots=True)
class Fault:
    """`code`: a refusal's own, or an HTTP status where the service gave none."""

    code: str
    requests: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Counted:
    """`since`: from when on all is counted. `today` (UTC) and `last_minute`: requests at this door, refused ones too."""

    since: datetime
    today: int
    last_minute: int
    hours: list[Hour]
    faults: list[Fault]


@dataclass(frozen=True, slots=True)
class Line:
    """A partner's requests to one service. Times in milliseconds, of those that went to it; None where none did."""

    partner: str
    service: str
    requests: int
    faults: int
    service_p50_ms: float | None
    service_p95_ms: float | None
    gateway_p95_ms: float | None
    last_at: datetime


async def of_partner(tx: AsyncSession, partner: str, at: datetime, *, days: int, hours: int) -> Counted:
    """A partner's faults of the last `days`, most frequent first, and its traffic of the last `hours`, the present one with them."""
    asked_since = at - timedelta(days=days)
    rows = _newest(asked_since, partner)
    hour = func.date_trunc("hour", rows.request_in_at, "UTC")
    kinds = (hour, rows.service_member_code, rows.fault_code)
    last_minute = func.count().filter(rows.request_in_at > at - A_MINUTE)
    first, last = func.min(rows.request_in_at), func.max(rows.request_in_at)
    found = (await tx.execute(select(*kinds, func.count(), last_minute, first, last).group_by(*kinds))).all()
    requests: dict[tuple[datetime, str], list[int]] = defaultdict(lambda: [0, 0])
    faults: dict[str, Fault] = {}
    for when, service, code, count, _, _, last_at in found:
        requests[when, service][0] += count
        if code is not None:
            requests[when, service][1] += count
            known = faults.get(code, Fault(code, 0, last_at))
            faults[code] = Fault(code, known.requests + count, max(known.last_at, last_at))
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    beginning = at.replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours - 1)
    return Counted(
        since=_counted_since(asked_since, sum(row[3] for row in found), [row[5] for row in found]),
        today=sum(row[3] for row in found if row[0] >= midnight),
        last_minute=sum(row[4] for row in found),
        hours=[Hour(*kind, *counts) for kind, counts in sorted(requests.items()) if kind[0] >= beginning],
        faults=sorted(faults.values(), key=lambda one: (-one.requests, one.code)),
    )


async def of_all(
    tx: AsyncSession, at: datetime, hours: int, *, partner: str | None = None, service: str | None = None
) -> tuple[datetime, list[Line]]:
    """Who asked which service how often in the last `hours`, and how fast, most requests first; and since when all is counted."""
    asked_since = at - timedelta(hours=hours)
    rows = _newest(asked_since, partner)
    theirs = func.extract("epoch", rows.response_in_at - rows.request_out_at) * 1000
    ours = func.extract("epoch", rows.response_out_at - rows.request_in_at) * 1000 - theirs
    kinds = (rows.client_member_code, rows.service_member_code)
    failed = func.count().filter(rows.fault_code.is_not(None))
    times = (_percentile(0.5, theirs), _percentile(0.95, theirs), _percentile(0.95, ours))
    first, last = func.min(rows.request_in_at), func.max(rows.request_in_at)
    found = (await tx.execute(select(*kinds, func.count(), failed, *times, last, first).group_by(*kinds))).all()
    since = _counted_since(asked_since, sum(row[2] for row in found), [row[8] for row in found])
    lines = [Line(*row[:8]) for row in found if service in (None, row[1])]
    return since, sorted(lines, key=lambda one: (-one.requests, one.partner, one.service))


def _newest(since: datetime, partner: str | None) -> Any:
    """The columns of the newest MOST_ROWS requests, of one partner or of all, as far as they are since then."""
    newest = select(Traffic).order_by(Traffic.position.desc()).limit(MOST_ROWS)
    if partner is not None:
        newest = newest.where(Traffic.client_member_code == partner)
    bounded: Subquery = newest.subquery()
    return select(bounded).where(bounded.c.request_in_at >= since).subquery().c


def _counted_since(asked: datetime, counted: int, firsts: list[datetime]) -> datetime:
    """The moment that was asked for, or where the bound cut, that of the oldest request counted."""
    return asked if counted < MOST_ROWS else min(firsts)


def _percentile(share: float, times: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.percentile_cont(share).within_group(times)


def by_service(counts: Iterable[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """(service, requests, faults) of several hours summed up, most requests first."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for service, requests, faults in counts:
        sums[service][0] += requests
        sums[service][1] += faults
    return sorted(((name, both[0], both[1]) for name, both in sums.items()), key=lambda one: (-one[1], one[0]))
