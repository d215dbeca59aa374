"""Who reads of many more people than usual, and who asks for ids that are not there: raised once a day for each, for a person to review."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.agreements.seeding import OWN_DATA
from gateway.disclosures.acts import Person
from gateway.disclosures.bounds import Bounds
from gateway.disclosures.errors import AlreadyDecided
from gateway.disclosures.oversight_models import ReadingAlert
from shared.clock import now
from shared.errors import NotFound
from shared.ids import new_id
from shared.logs import log
from shared.platform import Platform, Worker

LOOK_SECONDS = 60.0
PEOPLE_WITHIN, GUESSES_WITHIN = timedelta(hours=1), timedelta(minutes=10)
LOOKING_LOCK = 0x7EC4_0021
Kind = Literal["mass_reading", "guessing"]

# Counted by commitments: they are one for each subject, within a month.
PEOPLE = text("""
SELECT partner, CASE WHEN grouping(official) = 1 THEN ''::bytea ELSE official END AS official, count(DISTINCT subject) AS people
FROM disclosures WHERE at >= :since AND decision = 'allowed' AND subject <> '' AND subject_kind <> 'file'
GROUP BY GROUPING SETS ((partner), (partner, official)) HAVING grouping(official) = 1 OR official <> ''
""")
# Of its own people an institution takes lists as a matter of course; of another's, as many as stood in each copy.
IN_FILES = text("""
SELECT partner, sum(subjects) AS people FROM (
  SELECT DISTINCT partner, subject, subjects FROM disclosures
  WHERE at >= :since AND decision = 'allowed' AND subject_kind = 'file' AND purpose <> :own
) AS given GROUP BY partner
""")
GUESSES = text("""
SELECT partner, count(*) AS guesses FROM disclosures
WHERE at >= :since AND decision = 'refused' AND code IN ('not_found', '404') GROUP BY partner
""")


async def raise_alerts(tx: AsyncSession, bounds: Bounds, at: datetime) -> int:
    """Raise what is past its bound; returns how many alerts are new today. Of several processes one at a time looks."""
    if not await tx.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": LOOKING_LOCK}):
        return 0
    since = at - PEOPLE_WITHIN
    in_files = {row.partner: int(row.people) for row in await tx.execute(IN_FILES, {"since": since, "own": OWN_DATA})}
    people = (await tx.execute(PEOPLE, {"since": since})).mappings()
    guesses = (await tx.execute(GUESSES, {"since": at - GUESSES_WITHIN})).mappings()
    new = 0
    for alert in [*_mass_readings(people, in_files, bounds), *_guessings(guesses, bounds)]:
        values = {"id": new_id(), "day": at.date(), "raised_at": at, **alert}
        upsert = insert(ReadingAlert).values(values)
        raised = await tx.scalar(
            upsert.on_conflict_do_update(
                index_elements=["kind", "partner", "official", "day"],
                set_={"count": upsert.excluded.count},
                where=ReadingAlert.count < upsert.excluded.count,
            ).returning(ReadingAlert.id)
        )
        if raised == values["id"]:
            new += 1
            log.warning("reading_alert", kind=alert["kind"], partner=alert["partner"], count=alert["count"])
    return new


def _mass_readings(rows: Any, in_files: Mapping[str, int], bounds: Bounds) -> Iterator[dict[str, Any]]:
    """A partner's people with those in the files it was given; an official's without: she takes a list as a whole."""
    counts = {(partner, b""): count for partner, count in in_files.items()}
    for row in rows:
        key = row["partner"], row["official"]
        counts[key] = counts.get(key, 0) + row["people"]
    for (partner, official), count in counts.items():
        bound = bounds.official_people if official else bounds.partner_people
        if count > bound:
            yield {"kind": "mass_reading", "partner": partner, "official": official, "count": count, "bound": bound}


def _guessings(rows: Any, bounds: Bounds) -> Iterator[dict[str, Any]]:
    for row in rows:
        if row["guesses"] > bounds.guesses:
            yield {
                "kind": "guessing", "partner": row["partner"], "official": b"", "count": row["guesses"],
                "bound": bounds.guesses,
            }  # fmt: skip


async def review(tx: AsyncSession, alert_id: UUID, by: Person, remark: str) -> ReadingAlert:
    """Somebody has looked into it. NotFound, AlreadyDecided."""
    found = await tx.get(ReadingAlert, alert_id, with_for_update=True)
    if found is None:
        raise NotFound
    if found.reviewed_at is not None:
        raise AlreadyDecided(day=f"{found.reviewed_at:%Y-%m-%d}")
    found.reviewed_by, found.reviewed_at, found.remark = str(by), now(), remark
    return found


def watching(bounds: Bounds) -> Worker:
    """A worker: looks every minute."""

    async def watch_readers(platform: Platform) -> None:
        while True:
            async with platform.database.transaction() as tx:
                await raise_alerts(tx, bounds, now())
            await asyncio.sleep(LOOK_SECONDS)

    return watch_readers
