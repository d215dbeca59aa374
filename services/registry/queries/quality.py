"""Reads of data quality: figures by place and source over runs, and the records behind them as they are today."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.models import Place, QualityAge, QualityCount, QualityFinding, QualityRun
from services.registry.rules.quality import index
from services.registry.schemas.quality import PastQuality, PlaceQuality, QualityOut, QualityRunOut, SourceQuality
from shared.errors import NotFound
from shared.pagination import Page, decode_cursor, encode_cursor

KINDS = ("wilaya", "moughataa", "commune")
TREND_RUNS = 12
"""Runs in a trend, the one shown included: what fits beside a name on a screen."""
SHARE = Decimal("0.0001")


@dataclass
class Figures:
    """What runs counted, added up from communes to every place above them."""

    run_ids: tuple[UUID, ...]
    places: list[Place]
    counts: dict[tuple[str, UUID], dict[str, tuple[int, Decimal]]] = field(default_factory=lambda: defaultdict(dict))
    """Records and faults by source, of a place in a run. The place "" is the whole registry."""
    findings: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    """Records by rule, of a place in the first run."""
    ages: dict[tuple[str, UUID], QualityAge] = field(default_factory=dict)

    def line(self, code: str) -> list[str]:
        """A place and those it lies in."""
        return list(_line({one.code: one for one in self.places}, code))

    def records(self, place: str, run_id: UUID) -> int:
        return sum(records for records, _ in self.counts[place, run_id].values())

    def index(self, place: str, run_id: UUID) -> Decimal | None:
        faults = sum((faults for _, faults in self.counts[place, run_id].values()), Decimal(0))
        return index(self.records(place, run_id), faults)

    def sources(self, place: str, run_id: UUID) -> list[SourceQuality]:
        return [
            SourceQuality(source=source, records=records, index=index(records, faults))
            for source, (records, faults) in sorted(self.counts[place, run_id].items())
        ]

    def stale_share(self, place: str, run_id: UUID) -> Decimal | None:
        age = self.ages.get((place, run_id))
        return (Decimal(age.stale) / age.households).quantize(SHARE) if age is not None else None


async def figures_of(tx: AsyncSession, run_ids: Sequence[UUID], source: str | None = None) -> Figures:
    """The figures of some runs, by today's tree of places; of one source where it is named."""
    places = {
        one.code: one for one in await tx.scalars(select(Place).where(Place.kind.in_(KINDS)).order_by(Place.code))
    }
    figures = Figures(tuple(run_ids), list(places.values()))
    above = {code: ["", *_line(places, code)] for code in places}
    counts = select(QualityCount).where(QualityCount.run_id.in_(run_ids))
    found = select(QualityFinding).where(QualityFinding.run_id.in_(run_ids[:1]))
    if source is not None:
        counts, found = counts.where(QualityCount.source == source), found.where(QualityFinding.source == source)
    for count in await tx.scalars(counts):
        for code in above.get(count.commune_code, [""]):
            records, faults = figures.counts[code, count.run_id].get(count.source, (0, Decimal(0)))
            figures.counts[code, count.run_id][count.source] = (records + count.records, faults + count.faults)
    for one in await tx.scalars(found):
        for code in above.get(one.commune_code, [""]):
            figures.findings[code][one.rule] = figures.findings[code].get(one.rule, 0) + one.findings
    ages = await tx.scalars(select(QualityAge).where(QualityAge.run_id.in_(run_ids)))
    figures.ages = {(age.place_code, age.run_id): age for age in ages}
    return figures


def _line(places: dict[str, Place], code: str) -> Iterable[str]:
    """A place and those it lies in."""
    at: str | None = code
    while at is not None and at in places:
        yield at
        at = places[at].parent_code


async def quality(
    tx: AsyncSession, limit: int, cursor: str | None, *, kind: str | None, within: str | None, source: str | None
) -> QualityOut:
    """Places by code with their figures of the last completed run, and the trend that leads there."""
    completed = select(QualityRun).where(QualityRun.status == "completed").order_by(QualityRun.id.desc())
    runs = list(await tx.scalars(completed.limit(TREND_RUNS)))
    figures = await figures_of(tx, [run.id for run in runs], source)
    by_code = {place.code: place for place in figures.places}
    if within is not None and within not in by_code:
        raise NotFound(pointer="/query/place")
    after = decode_cursor(cursor, str)[0] if cursor else ""
    shown = [
        place
        for place in figures.places
        if place.code > after
        and (kind is None or place.kind == kind)
        and (within is None or within in _line(by_code, place.code))
    ]
    return QualityOut(
        items=[_shown(figures, place, runs) for place in shown[:limit]],
        next_cursor=encode_cursor(shown[limit - 1].code) if len(shown) > limit else None,
        run=run_out(runs[0]) if runs else None,
        sources=figures.sources("", runs[0].id) if runs else [],
    )


def _shown(figures: Figures, place: Place, runs: Sequence[QualityRun]) -> PlaceQuality:
    newest = runs[0].id if runs else UUID(int=0)
    age = figures.ages.get((place.code, newest))
    return PlaceQuality(
        place_code=place.code,
        kind=place.kind,
        parent_code=place.parent_code,
        name_fr=place.name_fr,
        name_ar=place.name_ar,
        records=figures.records(place.code, newest),
        index=figures.index(place.code, newest),
        sources=figures.sources(place.code, newest),
        findings=dict(sorted(figures.findings[place.code].items())),
        households=age.households if age is not None else 0,
        stale_share=figures.stale_share(place.code, newest),
        median_age_days=age.median_days if age is not None else None,
        trend=[
            PastQuality(
                run_id=run.id,
                on_day=run.on_day,
                edition=run.edition,
                index=figures.index(place.code, run.id),
                stale_share=figures.stale_share(place.code, run.id),
            )
            for run in runs
        ],
    )


def run_out(run: QualityRun) -> QualityRunOut:
    return QualityRunOut.model_validate(run, from_attributes=True)


async def quality_runs(tx: AsyncSession, limit: int, cursor: str | None) -> Page[QualityRunOut]:
    """Runs, newest first."""
    rows = select(QualityRun).order_by(QualityRun.id.desc()).limit(limit + 1)
    if cursor:
        rows = rows.where(QualityRun.id < decode_cursor(cursor, UUID)[0])
    found = list(await tx.scalars(rows))
    more = encode_cursor(found[limit - 1].id) if len(found) > limit else None
    return Page(items=[run_out(run) for run in found[:limit]], next_cursor=more)


async def quality_run(tx: AsyncSession, run_id: UUID) -> QualityRunOut:
    run = await tx.get(QualityRun, run_id)
    if run is None:
        raise NotFound
    return run_out(run)
