"""Files of statuses: an institution's own words for what became of its beneficiaries, row by row."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.commands.meant import Source
from services.programs.commands.statuses import apply_statuses
from services.programs.importing.lists import day_of, issue_of
from services.programs.queries.programs import published_for_seats
from services.programs.rules.naming import NUMBERS, named_in
from services.programs.rules.program import Program
from services.programs.rules.status_rows import OWN_FIELDS, read_status_row
from shared.headers import Layout
from shared.importing.importer import Chunk, Outcome, chunks_of
from shared.importing.models import Import
from shared.text import Cell


class StatusesKind:
    """Reads files of statuses of one program and takes the turns they tell."""

    def __init__(self, institution: str, program: Program) -> None:
        self._institution, self._program = institution, program

    def layout(self) -> Layout:
        return Layout.of(*NUMBERS, *OWN_FIELDS, required=("status",), own=OWN_FIELDS)

    def chunks(self, import_: Import, file: Path) -> Iterator[Chunk]:
        return chunks_of(file, import_, self.layout(), lambda row: (row.line, row.cells))

    async def apply(self, tx: AsyncSession, import_: Import, chunk: Chunk) -> Outcome:
        program = await published_for_seats(tx, self._program.code)
        source = Source(self._institution, import_.id, import_.partner, day_of(import_))
        cells: list[tuple[int, Mapping[str, Cell]]] = list(chunk.rows)
        # The institution's words are those published today, which may be newer than this program's code.
        read = [read_status_row(line, row, program.status_words, source.day) for line, row in cells]
        kept = [row for row, _ in read if row is not None]
        done = await apply_statuses(tx, program, kept, source)
        findings = [finding for _, found in read for finding in found] + done.findings
        return Outcome(
            accepted=done.accepted,
            unchanged=done.unchanged,
            rejected=done.rejected + len(read) - len(kept),
            issues=[issue_of(one) for one in sorted(findings, key=lambda finding: finding.line)],
        )

    def keys(self, import_: Import, chunk: Chunk) -> Iterable[tuple[int, str]]:
        for line, cells in chunk.rows:
            if named := named_in(cells):
                name, value = next(iter(named.items()))
                yield line, f"{name}:{value}"

    async def completed(self, tx: AsyncSession, import_: Import) -> None:
        """Nothing more to say: each chunk has announced its batch."""
