"""The table of the Cadre Harmonisé as a file: read area by area; at its end each analysis in it has a new version.

The same round and period in another file is a newer version of that analysis. What earlier files said stays as it was.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.linking import Places
from services.matching.responses.models import AnalysisArea
from services.matching.responses.triggers import take_over_analyses
from services.matching.rules.phases import AREA_UNKNOWN, KIND, LAYOUT, AreaLine, moughataa_of, read_area
from services.matching.rules.triggering import AnalysisPeriod
from shared.cells import Finding
from shared.errors import NotPermitted
from shared.headers import Layout
from shared.identity import Caller
from shared.importing.importer import Chunk, Issue, Outcome, chunks_of
from shared.importing.models import Import
from shared.place_names import PlaceIndex
from shared.text import Text

PERMISSION = "responses:write"
AREA_TWICE = Text(
    ar="وردت هذه المنطقة في السطر {line} لنفس الدورة والفترة",
    fr="cette zone figure déjà à la ligne {line} pour le même cycle et la même période",
    en="this area stands on line {line} already, for the same round and period",
)
DIFFERS = Text(
    ar="يخالف السطر {line} من نفس الدورة والفترة؛ المقبول: قيمة واحدة في التحليل كله",
    fr="diffère de la ligne {line} du même cycle et de la même période ; accepté : une seule valeur par analyse",
    en="differs from line {line} of the same round and period; accepted: one value in a whole analysis",
)
SAME_IN_ANALYSIS = ("from_on", "to_on", "source", "validated_by")


@dataclass(frozen=True, slots=True)
class ReadLine:
    """A line after reading; `area` is None where an error keeps it out."""

    line: int
    area: AreaLine | None
    findings: list[Finding]


class AnalysesKind:
    """Reads the tables of the Cadre Harmonisé."""

    def __init__(self) -> None:
        self._places = Places()

    def refuse(self, caller: Caller, kind: str) -> None:
        if not caller.may(PERMISSION):
            raise NotPermitted(permission=PERMISSION)

    def layout(self, kind: str) -> Layout | None:
        return LAYOUT

    def chunks(self, import_: Import, file: Path) -> Iterator[Chunk]:
        return chunks_of(file, import_, LAYOUT, lambda row: ReadLine(row.line, *read_area(row.line, row.cells)))

    def keys(self, import_: Import, chunk: Chunk) -> Iterable[tuple[int, str]]:
        for one in chunk.rows:
            if (area := one.area) is not None:
                yield one.line, f"{area.round}|{area.period}|{area.place_code or area.moughataa}"

    async def apply(self, tx: AsyncSession, import_: Import, chunk: Chunk) -> Outcome:
        """Keep the areas of a chunk; one that contradicts a line above it is kept out and told."""
        read: Sequence[ReadLine] = chunk.rows
        index = await self._places.index(tx)
        known = {
            (one.round, one.period, one.area_code): one
            for one in await tx.scalars(select(AnalysisArea).where(AnalysisArea.import_id == import_.id))
        }
        firsts = {(one.round, one.period): one for one in sorted(known.values(), key=lambda it: -it.line)}
        issues = [_issue(found) for one in read for found in one.findings]
        kept = 0
        for area in (one.area for one in read if one.area is not None):
            made = _area_of(import_, area, index)
            faults = _contradictions(area, made, known, firsts)
            issues += faults
            if made is None or faults:
                continue
            tx.add(made)
            known[made.round, made.period, made.area_code] = made
            firsts.setdefault((made.round, made.period), made)
            kept += 1
        await tx.flush()
        return Outcome(accepted=kept, rejected=len(read) - kept, issues=issues)

    async def completed(self, tx: AsyncSession, import_: Import) -> None:
        """The analyses of the file are in force from now on, and the rule proposes its triggers."""
        await tx.execute(text("SELECT pg_advisory_xact_lock(hashtext(:kind))"), {"kind": KIND})
        rows = select(AnalysisArea).where(AnalysisArea.import_id == import_.id).order_by(AnalysisArea.line)
        await take_over_analyses(tx, list(await tx.scalars(rows)), import_.partner)


def _area_of(import_: Import, area: AreaLine, index: PlaceIndex) -> AnalysisArea | None:
    code = moughataa_of(area, index)
    if code is None:
        return None
    same = ("line", "round", "period", "from_on", "to_on", "source", "validated_by", "total")
    people = {f"people_{phase}": count for phase, count in enumerate(area.people, 1)}
    told = {name: getattr(area, name) for name in same}
    return AnalysisArea(import_id=import_.id, area_code=code, stated_phase=area.phase, **people, **told)


def _contradictions(
    area: AreaLine,
    made: AnalysisArea | None,
    known: Mapping[tuple[str, AnalysisPeriod, str], AnalysisArea],
    firsts: Mapping[tuple[str, AnalysisPeriod], AnalysisArea],
) -> list[Issue]:
    if made is None:
        field, sent = ("place_code", area.place_code) if area.place_code else ("moughataa", area.moughataa)
        return [Issue(area.line, field, sent, "error", "area_unknown", AREA_UNKNOWN)]
    twice = known.get((made.round, made.period, made.area_code))
    if twice is not None:
        reason = AREA_TWICE.format(line=twice.line)
        return [Issue(area.line, "moughataa", made.area_code, "error", "area_twice", reason)]
    first = firsts.get((made.round, made.period))
    if first is None:
        return []
    reason = DIFFERS.format(line=first.line)
    return [
        Issue(area.line, name, getattr(made, name), "error", "analysis_differs", reason)
        for name in SAME_IN_ANALYSIS
        if getattr(made, name) != getattr(first, name)
    ]


def _issue(found: Finding) -> Issue:
    return Issue(found.line, found.field, found.value, found.severity, found.code, found.reason)
