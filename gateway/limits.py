"""How much each partner may ask: a token bucket and a cap on requests under way. In this process's memory."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from gateway.errors import TooManyAtOnce, TooManyRequests
from gateway.partners.file import Limits, Partner, Partners


@dataclass(slots=True)
class _Use:
    """What a partner has left: `tokens` at the moment `at`, and its requests under way."""

    tokens: float
    at: float
    under_way: int = 0


class Quotas:
    """The partners' quotas. One partner's use never touches another's."""

    def __init__(self, partners: Partners, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._uses = {name: _Use(float(partner.limits.burst), clock()) for name, partner in partners.items()}

    @contextmanager
    def spend(self, partner: Partner) -> Iterator[dict[str, str]]:
        """Spend one request for as long as the block runs; yields the RateLimit headers of its answer.

        Raises TooManyRequests or TooManyAtOnce, with Retry-After.
        """
        limits, use = partner.limits, self._uses[partner.id]
        self._refill(use, limits)
        if use.tokens < 1:
            many = TooManyRequests()
            wait = math.ceil((1 - use.tokens) / limits.requests_per_second)
            many.headers = {"Retry-After": str(max(wait, 1)), **_headers(use, limits)}
            raise many
        if use.under_way >= limits.concurrent:
            at_once = TooManyAtOnce(limit=limits.concurrent)
            at_once.headers = {"Retry-After": "1", **_headers(use, limits)}
            raise at_once
        use.tokens -= 1
        use.under_way += 1
        try:
            yield _headers(use, limits)
        finally:
            use.under_way -= 1

    def _refill(self, use: _Use, limits: Limits) -> None:
        moment = self._clock()
        use.tokens = min(float(limits.burst), use.tokens + (moment - use.at) * limits.requests_per_second)
        use.at = moment


def _headers(use: _Use, limits: Limits) -> dict[str, str]:
    # The fields of draft-ietf-httpapi-ratelimit-headers: q requests in w seconds; r are left, all back in t seconds.
    full_in = math.ceil((limits.burst - use.tokens) / limits.requests_per_second)
    window = math.ceil(limits.burst / limits.requests_per_second)
    return {
        "RateLimit-Policy": f'"partner";q={limits.burst};w={window}',
        "RateLimit": f'"partner";r={int(use.tokens)};t={full_in}',
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
