"""Files of beneficiaries: an institution's list of one program, in its own columns."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any, cast

from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.commands.lists import Source, apply_list
from services.programs.rules.beneficiary_key import beneficiary_key
from services.programs.rules.listed import Listed
from services.programs.rules.program import Program
from services.programs.rules.reading import Finding, read_row
from shared.errors import NotFound, NotPermitted
from shared.headers import Layout
from shared.identity import Caller
from shared.importing.importer import CHUNK_ROWS, Chunk, Issue, Outcome
from shared.importing.models import Import
from shared.tables import Row, open_table
from shared.values import Currency


@dataclass(frozen=True, slots=True)
class ReadLine:
    """A line of the file after reading; `listed` is None where an error keeps it out."""

    line: int
    listed: Listed | None
    findings: list[Finding] = field(default_factory=list)


class ListImporter:
    """Reads the lists of one institution's programs and enrolls whom they name."""

    def __init__(self, institution: str, programs: Mapping[str, Program]) -> None:
        self._institution, self._programs = institution, programs

    def refuse(self, caller: Caller, kind: str) -> None:
        """NotFound where the institution has no such program; NotPermitted where the caller may not push to it."""
        if kind not in self._programs:
            raise NotFound(pointer="/query/kind")
        if kind not in caller.programs:
            raise NotPermitted(pointer="/query/kind", permission=f"imports:write {kind}")

    def layout(self, kind: str) -> Layout | None:
        program = self._programs.get(kind)
        return program.list_form.layout() if program is not None else None

    def chunks(self, import_: Import, file: Path) -> Iterator[Chunk]:
        program = self._programs[import_.kind]
        with file.open("rb") as source:
            rows = open_table(source, import_.filename, program.list_form.layout(), import_.mapping).rows()
            yield from _chunks(rows, program, cast(Currency, import_.currency), _day(import_))

    async def apply(self, tx: AsyncSession, import_: Import, chunk: Chunk) -> Outcome:
        read: list[ReadLine] = list(chunk.rows)
        source = Source(self._institution, import_.id, import_.partner, _day(import_))
        kept = [one.listed for one in read if one.listed is not None]
        done = await apply_list(tx, self._programs[import_.kind], kept, source)
        findings = [finding for one in read for finding in one.findings] + done.findings
        return Outcome(
            accepted=done.accepted,
            unchanged=done.unchanged,
            rejected=done.rejected + len(read) - len(kept),
            issues=[_issue(one) for one in sorted(findings, key=lambda finding: finding.line)],
        )

    def keys(self, import_: Import, chunk: Chunk) -> Iterable[tuple[int, str]]:
        unit = self._programs[import_.kind].unit
        for one in chunk.rows:
            if one.listed is not None:
                yield one.line, beneficiary_key(unit, one.listed)

    async def completed(self, tx: AsyncSession, import_: Import) -> None:
        """Nothing more to say: each chunk has announced its batch."""


def _day(import_: Import) -> date:
    """The day the file came: the same after a restart, so that a file is read alike to its end."""
    return import_.created_at.date()


def _chunks(rows: Iterator[Row], program: Program, unit: Currency, day: date) -> Iterator[Chunk]:
    version = program.value_on(day)

    def read(row: Row) -> ReadLine:
        return ReadLine(row.line, *read_row(row.line, row.cells, program.list_form, version, unit, day))

    while some := [read(row) for row in islice(rows, CHUNK_ROWS)]:
        yield Chunk(some, some[-1].line)


def _issue(finding: Finding) -> Issue:
    value: Any = finding.value
    return Issue(finding.line, finding.field, value, finding.severity, finding.code, finding.reason)
