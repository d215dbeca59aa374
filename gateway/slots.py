"""How many requests of a partner are under way at once, over all gateway processes.

A slot is an advisory lock that a process's session of PostgreSQL holds: whoever dies gives its slots back. A process keeps those it
has taken until another asks for them, so that most requests cost no statement.
"""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from shared.connecting import CONNECTION_FAULTS, connect
from shared.logs import log
from shared.platform import Platform

CHANNEL = "gateway_slots"
"""On it a process asks the others for the slots of a partner that they do not need."""
PORTIONS = 20
"""A process takes this part of a partner's slots at once, and one at least."""
ANSWER_SECONDS = 1.0
"""A database that takes longer is away: the process counts by itself until it is back, and refuses nobody for that."""
RETRY_SECONDS = 1.0
LOOKS, LOOK_SECONDS = 5, 0.02
"""How often, and how far apart, it is looked whether another process has given one back before a request is refused."""
FULL_SECONDS = 0.1
"""So long others are refused at once after that: refusing must be cheap."""
TAKE = """
SELECT slot FROM unnest($2::int[]) AS others (slot)
WHERE pg_try_advisory_lock(hashtextextended('slot of ' || $1, slot)) LIMIT $3
"""
GIVE_BACK = "SELECT pg_advisory_unlock(hashtextextended('slot of ' || $1, slot)) FROM unnest($2::int[]) AS mine (slot)"
ASK = "SELECT pg_notify($1, $2)"
# PostgreSQL learns within half a minute that the machine of a process is gone.
SESSION = {
    "application_name": "gateway slots",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "4",
}


@dataclass(slots=True)
class _Use:
    """A partner's requests under way here, and the slots this process holds of it."""

    under_way: int = 0
    held: list[int] = field(default_factory=list)
    full_until: float = 0.0
    taking: asyncio.Lock = field(default_factory=asyncio.Lock)


class Slots:
    """The slots of this process. Before `run` has a connection, and where it lost it, the process counts by itself."""

    def __init__(self) -> None:
        self._uses: dict[str, _Use] = {}
        self._connection: asyncpg.Connection[Any] | None = None
        self._speaking = asyncio.Lock()
        self._asked_for: set[str] = set()
        self._told = asyncio.Event()

    @property
    def shared(self) -> bool:
        """Whether this process counts together with the others."""
        return self._connection is not None

    async def enter(self, partner: str, most: int) -> bool:
        """Whether one more request of this partner may be under way. Who was let in calls `leave`."""
        use = self._uses.get(partner)
        if use is None:
            use = self._uses[partner] = _Use()
        while use.under_way < most:
            if self._may_enter(use):
                use.under_way += 1
                return True
            if not await self._find(partner, use, most):
                return False
        return False

    def leave(self, partner: str) -> None:
        self._uses[partner].under_way -= 1

    async def run(self, platform: Platform) -> None:
        """A worker: holds the session, and gives back what others ask for and nobody needs here."""
        url = str(platform.settings.database_url)
        while True:
            try:
                await self._serve(await connect(url, server_settings=SESSION))
            except CONNECTION_FAULTS as fault:
                log.warning("slots_counted_alone", reason=type(fault).__name__)
            finally:
                self._lose()
            await asyncio.sleep(RETRY_SECONDS)

    async def _serve(self, connection: "asyncpg.Connection[Any]") -> None:
        try:
            connection.add_termination_listener(lambda _: self._told.set())
            await connection.add_listener(CHANNEL, self._asked)
            self._connection = connection
            while not connection.is_closed():
                await self._told.wait()
                self._told.clear()
                while self._asked_for:
                    await self._give_back(self._asked_for.pop())
        finally:
            connection.terminate()

    def _asked(self, connection: Any, process: int, channel: str, partner: Any) -> None:
        if self._connection is not None and process != self._connection.get_server_pid():
            self._asked_for.add(str(partner))
            self._told.set()

    async def _give_back(self, partner: str) -> None:
        use = self._uses.get(partner)
        if use is None:
            return
        idle = use.held[use.under_way :]
        del use.held[use.under_way :]  # first: nobody is let in by what is on its way back
        if idle:
            await self._say(GIVE_BACK, partner, idle)

    async def _find(self, partner: str, use: _Use, most: int) -> bool:
        """Whether to look again; not where every slot is taken, also by others."""
        async with use.taking:  # those who wait meanwhile live on what the first of them brings
            for look in range(LOOKS):
                if self._may_enter(use):
                    return True
                if time.monotonic() < use.full_until:
                    return False
                await self._take(partner, use, most)
                if self._may_enter(use):
                    return True
                if look == 0:
                    await self._say(ASK, CHANNEL, partner)
                await asyncio.sleep(LOOK_SECONDS)
            use.full_until = time.monotonic() + FULL_SECONDS
            return False

    def _may_enter(self, use: _Use) -> bool:
        return use.under_way < len(use.held) or not self.shared

    async def _take(self, partner: str, use: _Use, most: int) -> None:
        others = sorted(set(range(1, most + 1)) - set(use.held))
        wanted = max(use.under_way + 1 - len(use.held), most // PORTIONS)
        taken = await self._say(TAKE, partner, others, wanted)
        use.held = sorted([*use.held, *(row["slot"] for row in taken)])

    async def _say(self, statement: str, *values: object) -> list[asyncpg.Record]:
        """What the session answers; nothing where it is lost, and with it every slot."""
        async with self._speaking:
            if self._connection is None:
                return []
            try:
                return await self._connection.fetch(statement, *values, timeout=ANSWER_SECONDS)
            except CONNECTION_FAULTS as fault:
                log.warning("slots_counted_alone", reason=type(fault).__name__)
                self._lose()
                return []
            except BaseException:  # cut short, nobody knows what was taken
                self._lose()
                raise

    def _lose(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
        for use in self._uses.values():
            use.held.clear()
