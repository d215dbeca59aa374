"""Seals: every minute, or every 10,000 rows, the gateway signs how far the chain reaches and what its last hash is.

What is sealed cannot be written anew by whoever has the database alone. Each seal names the one before, so none can be left
out; each is also a line of the log, so that a copy of it lies outside the database.
"""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime, timedelta

from joserfc import jws
from joserfc.jwk import ECKey
from sqlalchemy import insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.disclosures.models import DisclosureHead, DisclosureSeal, SealKey
from shared.disclosure_chain import Seal, microseconds, seal_hash
from shared.logs import log
from shared.platform import Platform

SEAL_AFTER = timedelta(seconds=60)
SEALED_ROWS = 10_000
LOOK_SECONDS = 1.0
SEALING_LOCK = 0x7EC4_0020
ALGORITHM = "ES256"
_BOUNDS = text(
    "SELECT clock_timestamp(), (SELECT at FROM disclosures WHERE position = :first),"
    " (SELECT hash FROM disclosures WHERE position = :last)"
)


class Sealer:
    """Signs with the gateway's own key: `key` gives the one of the moment, which may be replaced. Of several processes one
    at a time seals; the lock says which."""

    def __init__(self, key: Callable[[], ECKey]) -> None:
        self._key = key

    async def run(self, platform: Platform) -> None:
        """A worker: looks every second whether a seal is due."""
        while True:
            async with platform.database.transaction() as tx:
                await self.seal_due(tx)
            await asyncio.sleep(LOOK_SECONDS)

    async def seal_due(self, tx: AsyncSession, after: timedelta = SEAL_AFTER) -> list[Seal]:
        """Seal what is due: every full SEALED_ROWS, and the rest once its first row is `after` old; returns the new seals."""
        if not await tx.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": SEALING_LOCK}):
            return []
        end = await tx.scalar(select(DisclosureHead.position)) or 0
        last = await tx.scalar(select(DisclosureSeal).order_by(DisclosureSeal.number.desc()).limit(1))
        number, reached, previous = (last.number, last.last, seal_hash(last.signed)) if last else (0, 0, "")
        made: list[Seal] = []
        while reached < end:
            upto = min(end, reached + SEALED_ROWS)
            at, oldest, row = (await tx.execute(_BOUNDS, {"first": reached + 1, "last": upto})).one()
            if upto - reached < SEALED_ROWS and oldest is not None and at - oldest < after:
                break
            if row is None:
                log.error(
                    "disclosures_missing", position=upto
                )  # `tekamoul verify-audit` says what; nothing is sealed over it
                break
            number += 1
            seal = Seal(microseconds(at), reached + 1, row.hex(), upto, number, previous)
            signed = await self._keep(tx, seal, at)
            previous, reached = seal_hash(signed), upto
            made.append(seal)
        return made

    async def _keep(self, tx: AsyncSession, seal: Seal, at: datetime) -> str:
        key = self._key()
        kid = key.kid or key.thumbprint()
        signed = jws.serialize_compact({"alg": ALGORITHM, "kid": kid}, seal.payload(), key, algorithms=[ALGORITHM])
        public = json.dumps(key.as_dict(private=False) | {"kid": kid}, sort_keys=True)
        await tx.execute(upsert(SealKey).values(kid=kid, jwk=public).on_conflict_do_nothing())
        await tx.execute(
            insert(DisclosureSeal).values(
                number=seal.number, first=seal.first, last=seal.last, sealed_at=at, kid=kid, signed=signed
            )
        )
        log.info("disclosures_sealed", number=seal.number, first=seal.first, last=seal.last, hash=seal.hash)
        return signed
