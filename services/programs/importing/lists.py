"""Files of beneficiaries: an institution's list of one program, in its own columns."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, cast

from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.commands.effects import count_effects
from services.programs.commands.lists import apply_list
from services.programs.commands.meant import Source
from services.programs.queries.programs import published, published_for_seats
from services.programs.rules.beneficiary_key import beneficiary_key
from services.programs.rules.listed import Listed
from services.programs.rules.program import Program
from services.programs.rules.reading import doubt_amount, read_row
from shared.cells import Finding
from shared.headers import Layout
from shared.importing.importer import Chunk, Issue, Outcome, chunks_of
from shared.importing.models import Import
from shared.values import Currency


@dataclass(frozen=True, slots=True)
class ReadLine:
    """A line of the file after reading; `listed` is None where an error keeps it out."""

    line: int
    listed: Listed | None
    findings: list[Finding] = field(default_factory=list)


class ListKind:
    """Reads the lists of one program and enrolls whom they name."""

    def __init__(self, institution: str, program: Program) -> None:
        self._institution, self._program = institution, program

    def layout(self) -> Layout:
        return self._program.list_form.layout()

    def chunks(self, import_: Import, file: Path) -> Iterator[Chunk]:
        form, unit, day = self._program.list_form, cast(Currency, import_.currency), day_of(import_)
        return chunks_of(
            file,
            import_,
            form.layout(),
            lambda row: ReadLine(row.line, *read_row(row.line, row.cells, form, unit, day)),
        )

    async def apply(self, tx: AsyncSession, import_: Import, chunk: Chunk) -> Outcome:
        read: list[ReadLine] = list(chunk.rows)
        source = Source(self._institution, import_.id, import_.partner, day_of(import_))
        program = await published_for_seats(tx, self._program.code)
        kept = [one.listed for one in read if one.listed is not None]
        version = program.value_on(source.day)
        doubts = [
            doubt for row in kept if version and (doubt := doubt_amount(row, version, cast(Currency, import_.currency)))
        ]
        done = await apply_list(tx, program, kept, source)
        findings = [finding for one in read for finding in one.findings] + doubts + done.findings
        return Outcome(
            accepted=done.accepted,
            unchanged=done.unchanged,
            rejected=done.rejected + len(read) - len(kept),
            issues=[issue_of(one) for one in sorted(findings, key=lambda finding: finding.line)],
        )

    def keys(self, import_: Import, chunk: Chunk) -> Iterable[tuple[int, str]]:
        for one in chunk.rows:
            if one.listed is not None:
                yield one.line, beneficiary_key(self._program.unit, one.listed)

    async def checked(self, tx: AsyncSession, import_: Import, file: Path) -> None:
        """Count what the list would do to those who are in the program, and in the institution's others."""
        await count_effects(tx, import_, await published(tx, self._program.code), self._listed(import_, file))

    async def _listed(self, import_: Import, file: Path) -> AsyncIterator[list[Listed]]:
        chunks = await asyncio.to_thread(self.chunks, import_, file)
        while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
            yield [one.listed for one in chunk.rows if one.listed is not None]

    async def completed(self, tx: AsyncSession, import_: Import) -> None:
        """Nothing more to say: each chunk has announced its batch."""


def day_of(import_: Import) -> date:
    """The day the file came: the same after a restart, so that a file is read alike to its end."""
    return import_.created_at.date()


def issue_of(finding: Finding) -> Issue:
    value: Any = finding.value
    return Issue(finding.line, finding.field, value, finding.severity, finding.code, finding.reason)
