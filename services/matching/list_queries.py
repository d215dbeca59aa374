"""Reads of matched lists: what was found for each line, as pages, as counts, and as a file."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, cast
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.errors import ListNotMatched
from services.matching.list_models import Found, MatchedLine
from services.matching.listing import LAYOUT
from services.matching.rules.wording import explain
from services.matching.schemas import EvidenceOut
from shared.errors import NotFound
from shared.exporting.cells import Column
from shared.exporting.files import Row
from shared.exporting.models import Export
from shared.exporting.schemas import MOST_COLUMNS, Format
from shared.exporting.writing import BATCH_ROWS
from shared.identity import Caller
from shared.importing.models import Import, ImportStatus
from shared.pagination import Page, decode_cursor, encode_cursor
from shared.text import Language, Text

SHOWN_AS_REASON = 0.05
"""Bits below which a field said nothing worth a word in a file."""


class MatchCandidate(BaseModel):
    """Somebody of the registry who may be the person of a line, and why, in the caller's language."""

    individual_id: UUID
    household_id: UUID
    household_number: str
    probability: float
    evidence: list[EvidenceOut]


class MatchedLineOut(BaseModel):
    """A line of the list: its cells as they were sent, and what was found."""

    line: int
    sent: dict[str, Any]
    found: Found
    individual_id: UUID | None
    household_id: UUID | None
    probability: float
    same_as_line: int | None = Field(description="The line of this list that is the same person, and surer.")
    candidates: list[MatchCandidate]


class MatchCounts(BaseModel):
    """Lines by what was found for them; faulty lines are counted by the import."""

    link: int
    adjudicate: int
    same_as_another_line: int
    unmatched: int


class MatchExportIn(BaseModel):
    """What to write: all lines of a matched list, or those of one outcome."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"import_id": "01890000-0000-7000-8000-000000000000", "format": "xlsx", "language": "ar"}]
        },
    )

    import_id: UUID
    format: Format
    found: Found | None = None
    language: Language = Field(
        default="fr", description="Of the headers and the reasons; parquet has names as headers."
    )
    columns: list[str] | None = Field(default=None, min_length=1, max_length=MOST_COLUMNS, description="None: all.")


def _own(name: str, type_: str, ar: str, fr: str, en: str) -> Column:
    return Column(name, type_, Text(ar=ar, fr=fr, en=en))


COLUMNS: tuple[Column, ...] = (
    _own("line", "integer", "السطر", "ligne", "line"),
    *(Column(field, "text", LAYOUT.label(field)) for field in LAYOUT.fields),
    _own("found", "text", "النتيجة", "résultat", "outcome"),
    _own("probability", "number", "الاحتمال", "probabilité", "probability"),
    _own("registry_household_number", "text", "رقم الأسرة في السجل", "n° du ménage au registre", "registry household number"),
    _own("registry_household_id", "text", "الأسرة في السجل", "ménage au registre", "household in the registry"),
    _own("registry_individual_id", "text", "الفرد في السجل", "individu au registre", "individual in the registry"),
    _own("reasons", "text", "الأسباب", "raisons", "reasons"),
    _own("same_as_line", "integer", "نفس شخص السطر", "même personne que la ligne", "same person as line"),
    _own("second_probability", "number", "احتمال الثاني", "probabilité du deuxième", "probability of the second"),
    _own("second_individual_id", "text", "المرشح الثاني", "deuxième candidat", "second candidate"),
)  # fmt: skip
COLUMN_NAMES = tuple(column.name for column in COLUMNS)

WORDS: dict[Found, Text] = {
    Found.LINK: Text(ar="مطابق", fr="identifié", en="linked"),
    Found.ADJUDICATE: Text(ar="للبتّ", fr="à trancher", en="to adjudicate"),
    Found.SAME_AS_ANOTHER_LINE: Text(ar="مكرر في القائمة", fr="en double dans la liste", en="twice in the list"),
    Found.UNMATCHED: Text(ar="غير موجود", fr="non trouvé", en="not found"),
}


async def own_matched(tx: AsyncSession, import_id: UUID, by: Caller, *, lock: bool = False) -> Import:
    """The caller's list. NotFound for another's, and for one of a program that the caller no longer keeps."""
    import_ = await tx.get(Import, import_id, with_for_update=lock)
    if import_ is None or import_.partner != by.name or import_.kind not in by.programs:
        raise NotFound
    return import_


def refuse_unmatched(import_: Import) -> None:
    if import_.status not in (ImportStatus.COMPLETED, ImportStatus.SUPERSEDED):
        raise ListNotMatched(status=import_.status)


async def counts(tx: AsyncSession, import_id: UUID) -> MatchCounts:
    rows = await tx.execute(
        select(MatchedLine.found, func.count()).where(MatchedLine.import_id == import_id).group_by(MatchedLine.found)
    )
    return MatchCounts(**dict.fromkeys(Found, 0) | dict(rows.all()))


async def matches(
    tx: AsyncSession, import_id: UUID, found: Found | None, language: Language, limit: int, cursor: str | None
) -> Page[MatchedLineOut]:
    """Lines in the order of the list."""
    rows = select(MatchedLine).where(MatchedLine.import_id == import_id).order_by(MatchedLine.line).limit(limit + 1)
    if found is not None:
        rows = rows.where(MatchedLine.found == found)
    if cursor:
        rows = rows.where(MatchedLine.line > decode_cursor(cursor, int)[0])
    lines = list(await tx.scalars(rows))
    more = encode_cursor(lines[limit - 1].line) if len(lines) > limit else None
    return Page(items=[_line(one, language) for one in lines[:limit]], next_cursor=more)


def _line(one: MatchedLine, language: Language) -> MatchedLineOut:
    names = ("line", "sent", "found", "individual_id", "household_id", "probability", "same_as_line")
    candidates = [candidate_out(told, language) for told in one.candidates]
    return MatchedLineOut(**{name: getattr(one, name) for name in names}, candidates=candidates)


def candidate_out(told: dict[str, Any], language: Language) -> MatchCandidate:
    """A candidate as `listing.told_of` has it."""
    named = {name: value for name, value in told.items() if name != "levels"}
    return MatchCandidate(**named, evidence=_evidence_of(told, language))


def _evidence_of(candidate: dict[str, Any], language: Language) -> list[EvidenceOut]:
    return [
        EvidenceOut(**level, reason=explain(level["field"], level["level"]).in_(language))
        for level in candidate["levels"]
    ]


class MatchesExporter:
    """What the worker writes into the file of a matched list."""

    async def columns(self, tx: AsyncSession, export: Export) -> Sequence[Column]:
        language = cast(Language, export.filters["language"])
        chosen = [column for column in COLUMNS if column.name in export.columns]
        if export.format == "parquet":
            return chosen
        return [Column(one.label.in_(language), one.type, one.label) for one in chosen]

    async def batches(self, tx: AsyncSession, export: Export) -> AsyncIterator[Sequence[Row]]:
        language = cast(Language, export.filters["language"])
        rows = select(MatchedLine).where(MatchedLine.import_id == UUID(export.filters["import_id"]))
        if found := export.filters.get("found"):
            rows = rows.where(MatchedLine.found == found)
        lines = await tx.stream_scalars(rows.order_by(MatchedLine.line), execution_options={"yield_per": BATCH_ROWS})
        async for some in lines.partitions():
            told = [(_row(one, language), one.household_id if one.found == Found.LINK else None) for one in some]
            yield [[*(row[name] for name in export.columns), household] for row, household in told]


def _row(one: MatchedLine, language: Language) -> dict[str, Any]:
    best, second, *_ = (*one.candidates, None, None)
    sent = {field: str(value) if (value := one.sent.get(field)) is not None else None for field in LAYOUT.fields}
    reasons = [] if best is None else [it for it in _evidence_of(best, language) if abs(it.weight) > SHOWN_AS_REASON]
    return sent | {
        "line": one.line,
        "found": WORDS[Found(one.found)].in_(language),
        "probability": one.probability,
        # A number that may be another's would be sent back as if it were known.
        "registry_household_number": best["household_number"] if best and one.found == Found.LINK else None,
        "registry_household_id": str(one.household_id) if one.household_id else None,
        "registry_individual_id": str(one.individual_id) if one.individual_id else None,
        "reasons": "; ".join(it.reason for it in reasons) or None,
        "same_as_line": one.same_as_line,
        "second_probability": second["probability"] if second else None,
        "second_individual_id": second["individual_id"] if second else None,
    }
