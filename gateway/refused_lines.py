"""Lines of the log about requests that were refused: who tries to get around what, in so few lines that nobody can flood it."""

import time
from collections.abc import Callable
from typing import Final

from gateway.traffic.exchange import Exchange
from shared.logs import log

MINUTE: Final = 60.0
LINES_OF_ONE: Final = 10
"""Of one caller in a minute; what is refused again, or beyond them, is counted and told with the first refusal after the minute."""
MOST_ADDRESSES: Final = 100
"""Callers nobody knows, apart in a minute; the rest are one."""
TOLD: Final = frozenset({400, 401, 403, 405, 413, 415, 422, 429, 431})
"""Neither conflicts nor conditions that do not hold: they happen to whoever does everything right."""
NOT_FOUND: Final = 404
"""Told of strangers alone: partners ask for ids that are not there, and who does so often is an alert (disclosures/alerting.py)."""
What = tuple[int, str, str]


class RefusedLines:
    """The refusals of this minute, by caller: a partner, or the address of who is none (that we know of)."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._began = clock, clock()
        self._told: dict[tuple[str, str], set[What]] = {}
        self._more: dict[tuple[str, str], int] = {}
        self._addresses = 0

    def note(self, exchange: Exchange, address: str) -> None:
        """Write a line about an exchange that was refused, or count it where this caller has had its lines."""
        if exchange.status not in TOLD and (exchange.status != NOT_FOUND or exchange.partner):
            return
        if self._clock() - self._began >= MINUTE:
            self._turn()
        who = self._who(exchange.partner, address)
        told, what = self._told.setdefault(who, set()), (exchange.status, exchange.fault or "", exchange.operation)
        if what in told or len(told) >= LINES_OF_ONE:
            self._more[who] = self._more.get(who, 0) + 1
            return
        told.add(what)
        log.warning("request_refused", **dict([who]), status=what[0], code=what[1], operation=what[2])

    def _who(self, partner: str, address: str) -> tuple[str, str]:
        if partner:
            return "partner", partner
        who = "address", address
        if who not in self._told:
            self._addresses += 1
        return who if self._addresses <= MOST_ADDRESSES or who in self._told else ("address", "others")

    def _turn(self) -> None:
        """A new minute; tell what was counted in the one before."""
        for who, times in self._more.items():
            log.warning("requests_refused_again", **dict([who]), times=times)
        self._began, self._addresses = self._clock(), 0
        self._told, self._more = {}, {}
