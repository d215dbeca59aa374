"""The agreements as a process knows them: read from the database, and again whenever any process changes one."""

import time
from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.agreements import queries
from gateway.agreements.rules.deciding import Held
from shared.errors import Unavailable

BELIEVED_SECONDS = 15.0
"""Longer than this without the database, nobody knows what has been suspended meanwhile: then nothing is decided."""


class Book:
    """By recipient, the agreements it may name."""

    def __init__(self) -> None:
        self._of: Mapping[str, Mapping[str, Held]] = {}
        self._read_at = 0.0

    def of(self, recipient: str) -> Mapping[str, Held]:
        """Unavailable where the database has not answered for too long."""
        if time.monotonic() - self._read_at > BELIEVED_SECONDS:
            raise Unavailable
        return self._of.get(recipient, {})

    async def read(self, tx: AsyncSession) -> None:
        """Read anew; `gateway/changes.py` calls it whenever something has changed, and every few seconds."""
        asked_at = time.monotonic()
        rows = await queries.held(tx)
        found: dict[str, dict[str, Held]] = defaultdict(dict)
        for recipient, held in rows:
            found[recipient][held.id] = held
        self._of, self._read_at = found, asked_at
