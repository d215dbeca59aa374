"""Files of schools: their names, where they are, and since when they have a canteen."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.commands.schools import announce_schools
from services.programs.importing.lists import issue_of
from services.programs.models import School
from services.programs.rules.program import Program
from services.programs.rules.schools import SchoolRow, read_school, schools_layout
from shared.cells import Finding
from shared.headers import Layout
from shared.importing.importer import Chunk, Outcome, chunks_of
from shared.importing.models import Import

FACTS = ("name", "wilaya", "moughataa", "commune", "village", "canteen_from", "canteen_to")


@dataclass(frozen=True, slots=True)
class ReadLine:
    line: int
    school: SchoolRow | None
    findings: list[Finding] = field(default_factory=list)


class SchoolsKind:
    """Reads the schools of a program of pupils. A school that is listed again is replaced by what is said of it now."""

    def __init__(self, institution: str, program: Program) -> None:
        """`institution` and `program` are whose file it is; every such file is read alike."""
        self._institution = institution

    def layout(self) -> Layout:
        return schools_layout()

    def chunks(self, import_: Import, file: Path) -> Iterator[Chunk]:
        return chunks_of(
            file, import_, self.layout(), lambda row: ReadLine(row.line, *read_school(row.line, row.cells))
        )

    def keys(self, import_: Import, chunk: Chunk) -> Iterable[tuple[int, str]]:
        for one in chunk.rows:
            if one.school is not None:
                yield one.line, one.school.key

    async def apply(self, tx: AsyncSession, import_: Import, chunk: Chunk) -> Outcome:
        read: list[ReadLine] = list(chunk.rows)
        said = {one.school.key: one.school for one in read if one.school is not None}
        known = {one.key: one for one in await tx.scalars(select(School).where(School.key.in_(said)))}
        new = [one for one in said.values() if not _says_the_same(known.get(one.key), one)]
        if new:
            statement = insert(School).values(
                [
                    {"key": one.key, "import_id": import_.id} | {name: getattr(one, name) for name in FACTS}
                    for one in sorted(new, key=lambda school: school.key)
                ]
            )
            changed = {name: statement.excluded[name] for name in (*FACTS, "import_id")}
            await tx.execute(statement.on_conflict_do_update(index_elements=["key"], set_=changed))
        rejected = sum(one.school is None for one in read)
        return Outcome(
            accepted=len(new),
            unchanged=len(read) - rejected - len(new),
            rejected=rejected,
            issues=[issue_of(finding) for one in read for finding in one.findings],
        )

    async def completed(self, tx: AsyncSession, import_: Import) -> None:
        """A cycle reads the canteens when it is issued; whoever counts by school hears of them."""
        announce_schools(tx, self._institution, import_.accepted)


def _says_the_same(known: School | None, said: SchoolRow) -> bool:
    return known is not None and all(getattr(known, name) == getattr(said, name) for name in FACTS)
