"""On which side of a threshold a place stands: announced when it crosses, and again when it comes back."""

from collections.abc import Iterator
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.models import QualityRun, QualityStanding
from services.registry.queries.judging import quality_rules
from services.registry.queries.quality import Figures, figures_of
from services.registry.rules.quality import Threshold
from shared.clock import now
from shared.contracts.registry import QualityCrossed
from shared.ids import new_id
from shared.outbox import record


async def announce_crossings(tx: AsyncSession, run: QualityRun) -> None:
    """Announce, once, each threshold that a place has crossed since the run before, in either direction."""
    known = {(one.place_code, one.threshold): one for one in await tx.scalars(select(QualityStanding))}
    for place_code, threshold, value in _values(await figures_of(tx, [run.id])):
        standing = known.get((place_code, threshold.code))
        crossed = threshold.crossed_by(value)
        if crossed == (standing is not None and standing.crossed):
            continue
        if standing is None:
            standing = QualityStanding(id=new_id(), place_code=place_code, threshold=threshold.code, version=0)
            tx.add(standing)
        standing.crossed, standing.since = crossed, now()
        standing.version += 1
        record(
            tx,
            QualityCrossed(
                version=standing.version,
                standing_id=standing.id,
                run_id=run.id,
                place_code=place_code,
                threshold=threshold.code,
                direction="crossed" if crossed else "recovered",
                value=float(value),
            ),
        )


def _values(figures: Figures) -> Iterator[tuple[str, Threshold, Decimal]]:
    """What each threshold measures of each place; a place without records is measured by none."""
    for place in figures.places:
        for threshold in quality_rules().thresholds:
            if place.kind not in threshold.place_kinds:
                continue
            (run_id,) = figures.run_ids
            measured = figures.index(place.code, run_id) if threshold.measure == "index" else None
            measured = figures.stale_share(place.code, run_id) if threshold.measure == "stale" else measured
            if measured is not None:
                yield place.code, threshold, measured
