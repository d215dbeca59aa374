"""What is counted for a partner's overview: shared by all who ask within some seconds, and counted for one partner at a time."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.disclosures import queries as disclosures
from gateway.traffic import counting
from shared.clock import now
from shared.platform import Platform

DAYS, HOURS = 7, 24
MOST_DISCLOSURES = 200_000
KEPT_SECONDS = 2.0
"""Whoever asks for an overview again and again must not keep the database counting."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """`disclosures`: by decision, how many, of how many people they told, and the last of them."""

    traffic: counting.Counted
    disclosures: Sequence[tuple[str, int, int, datetime]]


class Counts:
    """The numbers of each partner, as old as KEPT_SECONDS at the most."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, Numbers]] = {}
        self._coming: dict[str, asyncio.Task[Numbers]] = {}
        self._one = asyncio.Lock()

    async def of(self, platform: Platform, partner: str) -> Numbers:
        """Ask before a transaction is open: whoever waits here holds no connection."""
        until, kept = self._kept.get(partner, (0.0, None))
        if kept is not None and time.monotonic() < until:
            return kept
        if partner not in self._coming:
            self._coming[partner] = asyncio.create_task(self._count(platform, partner))
        return await asyncio.shield(self._coming[partner])

    async def _count(self, platform: Platform, partner: str) -> Numbers:
        try:
            async with self._one, platform.database.transaction() as tx:
                at = now()
                traffic = await counting.of_partner(tx, partner, at, days=DAYS, hours=HOURS)
                told = await disclosures.counted(tx, partner, at - timedelta(days=DAYS), MOST_DISCLOSURES)
            numbers = Numbers(traffic, told)
            self._kept[partner] = time.monotonic() + KEPT_SECONDS, numbers
            return numbers
        finally:
            del self._coming[partner]
