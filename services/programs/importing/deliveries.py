"""Files of deliveries: what an agent paid, a shop sold or a school served, in the sender's own columns."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.commands.deliveries import Result, Source, record_deliveries
from services.programs.errors.benefits import FileForAnother
from services.programs.importing.lists import day_of, issue_of
from services.programs.queries.programs import published
from services.programs.rules.findings import UNKNOWN
from services.programs.rules.program import Program
from services.programs.rules.reconciling import Reported
from services.programs.rules.reported import layout_of, merged, read_report, together
from shared.cells import Finding
from shared.headers import Layout
from shared.importing.importer import CHUNK_ROWS, Chunk, Issue, Outcome
from shared.importing.models import Import
from shared.tables import open_table
from shared.values import Currency

FEWEST_LINES = 10
"""Fewer first lines do not tell whose file it is."""
NOT_OURS = UNKNOWN | {"another_program"}


@dataclass(frozen=True, slots=True)
class ReadLine:
    """A line of the report after reading; `said` is None where an error keeps it out."""

    line: int
    said: Reported | None
    findings: list[Finding] = field(default_factory=list)


class DeliveriesKind:
    """Reads the delivery reports of one program and reconciles them with what was due."""

    def __init__(self, institution: str, program: Program) -> None:
        self._institution, self._program = institution, program

    def layout(self) -> Layout:
        return layout_of(self._program)

    def chunks(self, import_: Import, file: Path) -> Iterator[Chunk]:
        unit, day = cast(Currency, import_.currency), day_of(import_)
        with file.open("rb") as source:
            rows = open_table(source, import_.filename, self.layout(), import_.mapping).rows()
            some: list[ReadLine] = []
            for row in rows:
                read = ReadLine(row.line, *read_report(row.line, row.cells, self._program, unit, day))
                if len(some) >= CHUNK_ROWS and not _one_receipt(some[-1], read):
                    yield Chunk(some, some[-1].line)
                    some = []
                some.append(read)
            if some:
                yield Chunk(some, some[-1].line)

    def keys(self, import_: Import, chunk: Chunk) -> Iterable[tuple[int, str]]:
        for one in chunk.rows:
            if one.said is not None:
                yield one.line, _key(one.said)

    async def apply(self, tx: AsyncSession, import_: Import, chunk: Chunk) -> Outcome:
        read: list[ReadLine] = list(chunk.rows)
        program = await published(tx, self._program.code)
        receipts = list(together(one.said for one in read if one.said is not None))
        source = Source(
            institution=self._institution,
            by=import_.partner,
            day=day_of(import_),
            unit=cast(Currency, import_.currency),
            import_id=import_.id,
            supersedes=await _superseded(tx, import_),
        )
        results = await record_deliveries(tx, program, [merged(lines) for lines in receipts], source)
        findings = [finding for one in read for finding in one.findings]
        if import_.lines_done == 0:
            _refuse_what_is_not_ours(program, read, findings, results)
        rows = {lines[0].line: len(lines) for lines in receipts}
        counted = dict.fromkeys(("recorded", "unchanged", "rejected"), 0)
        for one in results:
            counted[one.status] += rows[one.line]
        issues = [issue_of(one) for one in findings] + _issues(read, results)
        return Outcome(
            accepted=counted["recorded"],
            unchanged=counted["unchanged"],
            rejected=counted["rejected"] + sum(one.said is None for one in read),
            issues=sorted(issues, key=lambda issue: issue.line),
        )

    async def completed(self, tx: AsyncSession, import_: Import) -> None:
        """Nothing more to say: each chunk has announced its batch."""


def _one_receipt(before: ReadLine, after: ReadLine) -> bool:
    if before.said is None or after.said is None:
        return False
    return len(list(together([before.said, after.said]))) == 1


def _key(one: Reported) -> str:
    """Whom and which receipt a line is about: the same in a corrected file."""
    whom = one.school or one.household_number or one.card_number or one.nni or one.enrollment_id or "".join(one.phones)
    return f"{whom} {one.reference or (one.delivered_on if one.school else '')}".strip()


async def _superseded(tx: AsyncSession, import_: Import) -> frozenset[UUID]:
    """The import that this one corrects, the one that that corrected, and so on."""
    found: list[UUID] = []
    earlier = import_.supersedes
    while earlier is not None and earlier not in found:
        found.append(earlier)
        earlier = (await tx.get_one(Import, earlier)).supersedes
    return frozenset(found)


def _refuse_what_is_not_ours(
    program: Program, read: Sequence[ReadLine], findings: Sequence[Finding], results: Sequence[Result]
) -> None:
    """FileForAnother where most of the first lines name nobody of the program: nothing of the file is kept then."""
    not_ours = {one.line for one in findings if one.code in NOT_OURS}
    not_ours |= {one.line for one in results if any(said.code in NOT_OURS for said in one.said)}
    if len(read) >= FEWEST_LINES and 2 * len(not_ours) > len(read):
        raise FileForAnother(lines=len(not_ours), of=len(read), program=program.code)


def _issues(read: Sequence[ReadLine], results: Sequence[Result]) -> list[Issue]:
    said = {one.line: one.said for one in read if one.said is not None}
    issues = []
    for result in results:
        for one in result.said:
            name = FIELDS.get(one.code, "reference" if one.code == "reference_reused" else "delivered_on")
            sent = said[result.line]
            value = sent.as_sent.get(name) if sent else None
            issues.append(Issue(result.line, name, value, "error" if one.refused else "warning", one.code, one.text))
    return issues


FIELDS = (
    dict.fromkeys(("double", "over_ceiling", "less_than_due", "not_due", "held", "wrong_unit"), "amount")
    | dict.fromkeys(("unknown_beneficiary", "other_program_beneficiary", "beneficiary_ambiguous"), "household_number")
    | dict.fromkeys(("unknown_school", "school_wanted"), "school")
    | {"phone_shared": "phone", "more_meals_than_pupils": "meals", "unknown_good": "good"}
)
"""The cell that a finding is about; otherwise its day."""
