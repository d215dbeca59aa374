"""Files of sessions: who was there, on which day."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.commands.attendance import record_attendance
from services.programs.importing.lists import day_of, issue_of
from services.programs.rules.attending import Attended, attendance_layout, read_attendance
from services.programs.rules.program import Program
from shared.cells import Finding
from shared.headers import Layout
from shared.importing.importer import Chunk, Outcome, chunks_of
from shared.importing.models import Import


@dataclass(frozen=True, slots=True)
class ReadLine:
    line: int
    said: Attended | None
    findings: list[Finding] = field(default_factory=list)


class AttendanceKind:
    """Reads who attended the sessions of one program."""

    def __init__(self, institution: str, program: Program) -> None:
        self._program = program

    def layout(self) -> Layout:
        return attendance_layout()

    def chunks(self, import_: Import, file: Path) -> Iterator[Chunk]:
        day: date = day_of(import_)
        return chunks_of(
            file, import_, self.layout(), lambda row: ReadLine(row.line, *read_attendance(row.line, row.cells, day))
        )

    def keys(self, import_: Import, chunk: Chunk) -> Iterable[tuple[int, str]]:
        for one in chunk.rows:
            if one.said is not None:
                yield one.line, one.said.key

    async def apply(self, tx: AsyncSession, import_: Import, chunk: Chunk) -> Outcome:
        read: list[ReadLine] = list(chunk.rows)
        kept = [one.said for one in read if one.said is not None]
        done = await record_attendance(tx, self._program.code, kept, import_.id)
        findings = [finding for one in read for finding in one.findings] + done.findings
        return Outcome(
            accepted=done.accepted,
            unchanged=done.unchanged,
            rejected=len(read) - done.accepted - done.unchanged,
            issues=[issue_of(one) for one in sorted(findings, key=lambda finding: finding.line)],
        )

    async def completed(self, tx: AsyncSession, import_: Import) -> None:
        """Nothing is announced: a cycle reads who was there when it is issued."""
