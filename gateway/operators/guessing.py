"""Whoever fails to prove who she is waits longer after each attempt."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.operators.errors import TooManySignIns
from gateway.operators.models import SignInFailures
from gateway.operators.tokens import fingerprint
from shared.clock import now

FREE_FAILURES = {"here": 5, "anywhere": 50}
"""Failures in a row before each next attempt waits twice as long: from one address, and from all of them."""
FREE_CODES = {"here": 5, "anywhere": 10}
"""The same of codes of six figures, of which three are good at any moment: some hundred guesses a day, who has the password."""
LONGEST_WAIT = timedelta(minutes=15)
FAILURES_KEPT = timedelta(days=1)


class Attempts:
    """The attempts of one name from one address: at its password, or at a code."""

    def __init__(self, name: str, address: str, *, at_code: bool = False) -> None:
        self._free, what = (FREE_CODES, "code\n") if at_code else (FREE_FAILURES, "")
        self._places = {"here": fingerprint(f"{what}{name}\n{address}"), "anywhere": fingerprint(f"{what}{name}")}

    async def refuse_hurried(self, tx: AsyncSession) -> None:
        """TooManySignIns while the next attempt must wait."""
        wait = await self._wait(tx)
        if wait > timedelta():
            seconds = max(1, round(wait.total_seconds()))
            refusal = TooManySignIns(seconds=seconds)
            refusal.headers = {"Retry-After": str(seconds)}
            raise refusal

    async def note_failure(self, tx: AsyncSession) -> None:
        for place in self._places.values():
            row = {"who_sha256": place, "failures": 1, "last_at": now()}
            again = {"failures": SignInFailures.failures + 1, "last_at": now()}
            statement = upsert(SignInFailures).values(row)
            await tx.execute(statement.on_conflict_do_update(index_elements=["who_sha256"], set_=again))

    async def forget_failures(self, tx: AsyncSession) -> None:
        """After a success those from this address count no more."""
        await tx.execute(delete(SignInFailures).where(SignInFailures.who_sha256 == self._places["here"]))

    async def _wait(self, tx: AsyncSession) -> timedelta:
        wanted = select(SignInFailures).where(SignInFailures.who_sha256.in_(self._places.values()))
        rows = {row.who_sha256: row for row in await tx.scalars(wanted)}
        waits = [timedelta()]
        for place, who in self._places.items():
            if (row := rows.get(who)) is not None and (over := row.failures - self._free[place]) >= 0:
                waits.append(row.last_at + min(timedelta(seconds=2 ** min(over, 20)), LONGEST_WAIT) - now())
        return max(waits)


async def forget_old_failures(tx: AsyncSession, moment: datetime) -> None:
    await tx.execute(delete(SignInFailures).where(SignInFailures.last_at < moment - FAILURES_KEPT))
