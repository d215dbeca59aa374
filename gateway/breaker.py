"""A circuit breaker for each process behind the gateway: one that fails again and again is left alone for a while."""

import math
import time
from collections import deque
from collections.abc import Callable
from typing import Literal

from gateway.errors import CircuitOpen
from shared.logs import log

MOST_FAILURES = 5
WINDOW_SECONDS = 10.0
"""So many requests without an answer within this time open the circuit."""
OPEN_SECONDS = 5.0
"""For so long nothing is sent; then one request tries, and the others wait as long again for what it finds."""

State = Literal["closed", "open", "trying"]


class Breaker:
    """One process's circuit. An answer, whatever it says, is a sign of life; silence and a refused connection are failures."""

    def __init__(self, process: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._process, self._clock = process, clock
        self._failed: deque[float] = deque(maxlen=MOST_FAILURES)
        self._open_until: float | None = None
        self._trying = False

    @property
    def state(self) -> State:
        if self._open_until is None:
            return "closed"
        return "trying" if self._trying else "open"

    def admit(self) -> None:
        """Let a request pass, or raise CircuitOpen with Retry-After."""
        if self._open_until is None:
            return
        left = self._open_until - self._clock()
        if left > 0:
            resting = CircuitOpen(service=self._process, seconds=math.ceil(left))
            resting.headers = {"Retry-After": str(math.ceil(left))}
            raise resting
        # Should this request never come to an end, another tries after the same time.
        self._open_until, self._trying = self._clock() + OPEN_SECONDS, True

    def answered(self) -> None:
        if self._open_until is not None:
            log.info("circuit_closed", upstream=self._process)
        self._failed.clear()
        self._open_until, self._trying = None, False

    def failed(self) -> None:
        moment = self._clock()
        self._failed.append(moment)
        many = len(self._failed) == MOST_FAILURES and moment - self._failed[0] <= WINDOW_SECONDS
        if self._trying or (many and self._open_until is None):
            log.warning("circuit_opened", upstream=self._process, seconds=OPEN_SECONDS)
            self._open_until, self._trying = moment + OPEN_SECONDS, False
