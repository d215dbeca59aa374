"""How much each partner may ask: a token bucket and a cap on requests under way (`slots.py`), both shared by all gateway processes.

The bucket is one row of the gateway's database. A process takes tokens from it by the portion and spends those without asking
again, so a request costs no statement; a partner can exceed its burst by one portion for each further process.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sqlalchemy import text

from gateway.errors import TooManyAtOnce, TooManyRequests
from gateway.partners.file import Limits, Partner
from gateway.slots import Slots
from shared.database import Database
from shared.logs import log

PORTIONS = 20
"""A portion is this part of the burst, and one token at least."""
LEASE_SECONDS = 1.0
"""A database that takes longer is away: the process counts by itself until it is back, and refuses nobody for that."""

LEASE = text(
    "INSERT INTO quotas (partner, tokens, granted, refilled_at)"
    " VALUES (:partner, CAST(:burst AS double precision) - :portion, :portion, statement_timestamp())"
    " ON CONFLICT (partner) DO UPDATE SET refilled_at = GREATEST(quotas.refilled_at, statement_timestamp()),"
    " (granted, tokens) = (SELECT LEAST(:portion, floor(held)), held - LEAST(:portion, floor(held)) FROM ("
    "SELECT LEAST(:burst, quotas.tokens + :rate *"
    " GREATEST(0, extract(epoch FROM statement_timestamp() - quotas.refilled_at))) AS held) AS refilled)"
    " RETURNING granted, tokens"
)
"""Refill the bucket by the time that has passed, and take a portion of it, or what whole tokens there are."""


@dataclass(slots=True)
class _Use:
    """What a partner has left: `leased` here, `tokens` in the bucket at the moment `at`."""

    tokens: float
    at: float
    leased: int = 0
    leasing: asyncio.Lock = field(default_factory=asyncio.Lock)


class Quotas:
    """The partners' quotas. One partner's use never touches another's."""

    def __init__(self, database: Database, slots: Slots, clock: Callable[[], float] = time.monotonic) -> None:
        self._database, self._slots, self._clock = database, slots, clock
        self._uses: dict[str, _Use] = {}

    @asynccontextmanager
    async def spend(self, partner: Partner) -> AsyncIterator[dict[str, str]]:
        """Spend one request for as long as the block runs; yields the RateLimit headers of its answer.

        Raises TooManyRequests or TooManyAtOnce, with Retry-After.
        """
        limits, use = partner.limits, self._use_of(partner)
        if not await self._slots.enter(partner.id, limits.concurrent):
            at_once = TooManyAtOnce(limit=limits.concurrent)
            at_once.headers = {"Retry-After": "1", **self._headers(use, limits)}
            raise at_once
        try:
            while use.leased < 1:
                await self._lease(partner, use)
            use.leased -= 1
            yield self._headers(use, limits)
        finally:
            self._slots.leave(partner.id)

    def _use_of(self, partner: Partner) -> _Use:
        use = self._uses.get(partner.id)
        if use is None:
            use = self._uses[partner.id] = _Use(float(partner.limits.burst), self._clock())
        return use

    async def _lease(self, partner: Partner, use: _Use) -> None:
        """Take a portion out of the bucket; TooManyRequests where it holds no whole token."""
        limits = partner.limits
        async with use.leasing:  # those who wait meanwhile live on what the first of them brings
            if use.leased >= 1:
                return
            if self._left(use, limits) < 1:  # also told without asking the database: refusing must be cheap
                many = TooManyRequests()
                wait = math.ceil((1 - self._left(use, limits)) / limits.requests_per_second)
                many.headers = {"Retry-After": str(max(wait, 1)), **self._headers(use, limits)}
                raise many
            portion = max(1, limits.burst // PORTIONS)
            try:
                use.leased, use.tokens = await self._lease_shared(partner, portion)
            except Exception as fault:  # whichever way a database can be away
                log.warning("quota_counted_alone", partner=partner.id, reason=type(fault).__name__)
                left = self._left(use, limits)
                use.leased = min(portion, int(left))
                use.tokens = left - use.leased
            use.at = self._clock()

    async def _lease_shared(self, partner: Partner, portion: int) -> tuple[int, float]:
        limits = partner.limits
        values = {
            "partner": partner.id,
            "burst": float(limits.burst),
            "rate": limits.requests_per_second,
            "portion": float(portion),
        }
        async with asyncio.timeout(LEASE_SECONDS), self._database.transaction() as tx:
            granted, tokens = (await tx.execute(LEASE, values)).one()
        return int(granted), float(tokens)

    def _left(self, use: _Use, limits: Limits) -> float:
        """What the bucket holds by now, as far as this process knows."""
        return min(float(limits.burst), use.tokens + (self._clock() - use.at) * limits.requests_per_second)

    def _headers(self, use: _Use, limits: Limits) -> dict[str, str]:
        # The fields of draft-ietf-httpapi-ratelimit-headers: q requests in w seconds; r are left, all back in t seconds.
        left = min(float(limits.burst), use.leased + self._left(use, limits))
        full_in = math.ceil((limits.burst - left) / limits.requests_per_second)
        window = math.ceil(limits.burst / limits.requests_per_second)
        return {
            "RateLimit-Policy": f'"partner";q={limits.burst};w={window}',
            "RateLimit": f'"partner";r={int(left)};t={full_in}',
        }


class Failures:
    """Failed attempts of a client in the last minute; bounded in attempts and in clients."""

    MOST = 10
    SECONDS = 60.0
    CLIENTS = 10_000

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed: dict[str, list[float]] = {}

    def wait(self, client: str) -> int:
        """Seconds until this client may try again; 0 where it may now."""
        recent = self._recent(client)
        return 0 if len(recent) < self.MOST else max(1, math.ceil(recent[0] + self.SECONDS - self._clock()))

    def add(self, client: str) -> None:
        if len(self._failed) >= self.CLIENTS and client not in self._failed:
            self._failed.pop(next(iter(self._failed)))  # the one known longest
        self._failed[client] = [*self._recent(client), self._clock()][-self.MOST :]

    def _recent(self, client: str) -> list[float]:
        since = self._clock() - self.SECONDS
        return [at for at in self._failed.get(client, []) if at > since]
