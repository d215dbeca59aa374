"""Lists an institution has matched: who of the registry stands behind each line, before anybody is enrolled.

A list is a file like any other here (docs/decisions/0001, 0007): stored first, read in chunks, its faulty lines told.
Nothing but its own outcome follows from it: no link, no enrollment, no event.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.errors import IndexBuilding, ListNotMatched, ProgramNotPublished
from services.matching.linking import UNITS, Places, decide_people
from services.matching.list_models import Found, MatchedLine
from services.matching.listed_households import ReadLine, chunks_by_household
from services.matching.models import Program
from services.matching.rules.deciding import Decision
from services.matching.rules.facts import NOBODYS_ROW, BeneficiaryFacts, Unit
from shared.cells import Cells, as_sent
from shared.clock import now
from shared.copying import copy_rows
from shared.errors import NotPermitted
from shared.headers import Layout
from shared.identity import Caller
from shared.importing.errors import FileNoLongerKept
from shared.importing.importer import Chunk, Issue, Outcome
from shared.importing.models import Import, ImportPart, ImportStatus
from shared.importing.receiving import KEPT_DAYS, read_again
from shared.listed_person import PERSON_FIELDS, ListedPerson, read_person
from shared.place_names import PlaceIndex
from shared.platform import Platform
from shared.tables import Row, open_table
from shared.text import Text

LAYOUT = Layout.of(*PERSON_FIELDS)
PERMISSION = "lists:match"
CHUNK_LINES = 250
MOST_CANDIDATES = 3
PRUNE_SECONDS = 600

NOBODY_NAMED = Text(
    ar="لا اسم في هذا السطر ولا رقم ولا هاتف؛ المقبول: واحد منها على الأقل",
    fr="cette ligne n'a ni nom, ni numéro, ni téléphone ; accepté : au moins l'un d'eux",
    en="this line has no name, no number and no phone; accepted: at least one of them",
)

SAME_AS_ANOTHER = text(
    "WITH ranked AS (SELECT line, first_value(line) OVER (PARTITION BY CASE WHEN :households THEN household_id"
    " ELSE individual_id END ORDER BY probability DESC, line) AS surest FROM matched_lines"
    " WHERE import_id = :import_id AND found = 'link')"
    " UPDATE matched_lines SET found = 'same_as_another_line', same_as_line = ranked.surest FROM ranked"
    " WHERE matched_lines.import_id = :import_id AND matched_lines.line = ranked.line AND ranked.surest <> ranked.line"
)
"""One to one: a person, or for a program of households a household, stands on one line of a list, the surest."""


def read_named(cells: Cells, day: date) -> ListedPerson:
    """The person of a line, which must name one by something; what is wrong is gathered in `cells`."""
    person = read_person(cells, day)
    if not (person.name or person.nni or person.household_number or person.phones):
        cells.find("name", "nobody_named", NOBODY_NAMED)
    return person


class ListImporter:
    """The kind of a file is the code of the program that it is for: its unit says whom a line names."""

    def __init__(self) -> None:
        self._places = Places()

    def refuse(self, caller: Caller, kind: str) -> None:
        if not caller.may(PERMISSION):
            raise NotPermitted(permission=PERMISSION)
        if kind not in caller.programs:
            raise NotPermitted(pointer="/query/kind", permission=f"{PERMISSION} {kind}")

    def layout(self, kind: str) -> Layout | None:
        return LAYOUT

    def chunks(self, import_: Import, file: Path) -> Iterator[Chunk]:
        day = import_.created_at.date()

        def read(row: Row, household: str | None) -> ReadLine:
            cells = Cells(row.line, row.cells)
            person = read_named(cells, day)
            kept = None if cells.refused else person
            return ReadLine(row.line, as_sent(row.cells), kept, cells.findings, household)

        with file.open("rb") as source:
            table = open_table(source, import_.filename, LAYOUT, import_.mapping)
            yield from chunks_by_household(table, read, CHUNK_LINES)

    def keys(self, import_: Import, chunk: Chunk) -> Iterable[tuple[int, str]]:
        for one in chunk.rows:
            if (person := one.person) is not None:
                yield one.line, person.household_number or person.nni or f"{person.name}|{person.father_name}"

    async def apply(self, tx: AsyncSession, import_: Import, chunk: Chunk) -> Outcome:
        unit = UNITS[(await published(tx, import_.kind)).unit]
        read: Sequence[ReadLine] = chunk.rows
        index = await self._places.index(tx)
        day = import_.created_at.date()
        facts = [facts_of_person(one.person, unit, day, index) for one in read if one.person is not None]
        kept = [one for one in read if one.person is not None]
        households = [] if unit == "household" else [one.household for one in kept]
        try:
            decisions = await decide_people(tx, facts, households)
        except IndexBuilding as fault:
            raise TimeoutError from fault  # the worker begins again, and goes on after the last committed chunk
        rows = await asyncio.to_thread(
            lambda: [
                (import_.id, one.line, one.sent, *told_of(decision))
                for one, decision in zip(kept, decisions, strict=True)
            ]
        )
        await copy_rows(tx, "matched_lines", COLUMNS, rows)
        issues = [
            Issue(found.line, found.field, found.value, found.severity, found.code, found.reason)
            for one in read
            for found in one.findings
        ]
        return Outcome(accepted=len(kept), rejected=len(read) - len(kept), issues=issues)

    async def completed(self, tx: AsyncSession, import_: Import) -> None:
        households = UNITS[(await published(tx, import_.kind)).unit] == "household"
        await tx.execute(SAME_AS_ANOTHER, {"import_id": import_.id, "households": households})


COLUMNS = ("import_id", "line", "sent", "found", "individual_id", "household_id", "probability", "candidates")


def facts_of_person(person: ListedPerson, unit: Unit, day: date, index: PlaceIndex) -> BeneficiaryFacts:
    """What the rules take of a person whom a list names on a day, with its place found in the table of places."""
    place = index.resolve(person.wilaya, person.moughataa, person.commune)
    return BeneficiaryFacts(
        enrollment_id=NOBODYS_ROW,
        unit=unit,
        name=person.name,
        father_name=person.father_name,
        household_number=person.household_number,
        nni=person.nni,
        phones=person.phones,
        sex=person.sex,
        birth_date=person.birth_date,
        birth_precision=person.birth_precision or "day",
        school_class=person.school_class,
        listed_on=day,
        wilaya_code=place.wilaya_code,
        moughataa_code=place.moughataa_code,
        commune_code=place.commune_code,
    )


async def published(tx: AsyncSession, code: str) -> Program:
    """The program. ProgramNotPublished where nothing has arrived of it."""
    program = await tx.get(Program, code)
    if program is None:
        raise ProgramNotPublished(program=code)
    return program


def told_of(decision: Decision) -> tuple[Any, ...]:
    """What a line keeps of its decision."""
    candidates = []
    for one in decision.ranked[:MOST_CANDIDATES]:
        candidates.append(
            {
                "individual_id": str(one.individual.individual_id),
                "household_id": str(one.individual.household_id),
                "household_number": one.individual.household_number,
                "probability": round(one.comparison.probability, 6),
                "levels": [
                    {"field": it.field, "level": it.level, "weight": round(it.weight, 3)}
                    for it in one.comparison.evidence
                ],
            }
        )
    probability = round(decision.probability, 6)
    return Found(decision.kind), decision.individual_id, decision.household_id, probability, candidates


async def match_again(tx: AsyncSession, import_: Import) -> None:
    """Match a list anew with the registry of now; what was found before is gone at once. ListNotMatched while it runs,
    or where it was only checked; FileNoLongerKept where the file is gone."""
    if import_.status not in (ImportStatus.COMPLETED, ImportStatus.FAILED):
        raise ListNotMatched(status=import_.status)
    here = select(ImportPart.part).where(ImportPart.import_id == import_.id).limit(1)
    if await tx.scalar(here) is None:
        raise FileNoLongerKept(days=KEPT_DAYS)
    await tx.execute(delete(MatchedLine).where(MatchedLine.import_id == import_.id))
    await read_again(tx, import_)


async def prune_lists(platform: Platform) -> None:
    """Removes what was found, with the cells sent, once the file itself is no longer kept."""
    while True:
        async with platform.database.transaction() as tx:
            await remove_old(tx)
        await asyncio.sleep(PRUNE_SECONDS)


async def remove_old(tx: AsyncSession) -> None:
    old = select(Import.id).where(Import.completed_at < now() - timedelta(days=KEPT_DAYS))
    await tx.execute(delete(MatchedLine).where(MatchedLine.import_id.in_(old)))
