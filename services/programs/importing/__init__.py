"""Files an institution sends about its programs. The kind of a file is a program's code, or the code and what it reports.

`EL_MAOUNA` is the list of its beneficiaries, `EL_MAOUNA.deliveries` what was handed over to them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.importing.attendance import AttendanceKind
from services.programs.importing.deliveries import DeliveriesKind
from services.programs.importing.lists import ListKind
from services.programs.importing.schools import SchoolsKind
from services.programs.importing.statuses import StatusesKind
from services.programs.rules.program import Program, Unit
from shared.errors import NotFound, NotPermitted
from shared.headers import Layout
from shared.identity import Caller
from shared.importing.importer import Chunk, Outcome
from shared.importing.models import Import


class Kind(Protocol):
    """One kind of file of one program: an Importer's part of the work; see there."""

    def layout(self) -> Layout: ...

    def chunks(self, import_: Import, file: Path) -> Iterator[Chunk]: ...

    def keys(self, import_: Import, chunk: Chunk) -> Iterable[tuple[int, str]]: ...

    async def apply(self, tx: AsyncSession, import_: Import, chunk: Chunk) -> Outcome: ...

    async def completed(self, tx: AsyncSession, import_: Import) -> None: ...


REPORTS: dict[str, Callable[[str, Program], Kind]] = {
    "": ListKind,
    "statuses": StatusesKind,
    "deliveries": DeliveriesKind,
    "attendance": AttendanceKind,
    "schools": SchoolsKind,
}
"""By what stands after the program's code: how such a file of an institution's program is read and applied."""


def reports_of(program: Program) -> set[str]:
    """The reports a program has: schools where it is for pupils, attendance where it is not."""
    return set(REPORTS) - ({"attendance"} if program.unit == Unit.PUPIL else {"schools"})


class ProgramsImporter:
    """Reads each kind of file in its own way."""

    def __init__(self, institution: str, programs: Mapping[str, Program]) -> None:
        self._kinds = {
            f"{code}.{report}" if report else code: made(institution, program)
            for code, program in programs.items()
            for report, made in REPORTS.items()
            if report in reports_of(program)
        }

    def refuse(self, caller: Caller, kind: str) -> None:
        """NotFound where the institution has no such program or report; NotPermitted where it is not the caller's."""
        if kind not in self._kinds:
            raise NotFound(pointer="/query/kind")
        if kind.split(".")[0] not in caller.programs:
            raise NotPermitted(pointer="/query/kind", permission=f"imports:write {kind}")

    def layout(self, kind: str) -> Layout | None:
        return self._kinds[kind].layout() if kind in self._kinds else None

    def chunks(self, import_: Import, file: Path) -> Iterator[Chunk]:
        return self._kinds[import_.kind].chunks(import_, file)

    def keys(self, import_: Import, chunk: Chunk) -> Iterable[tuple[int, str]]:
        return self._kinds[import_.kind].keys(import_, chunk)

    async def apply(self, tx: AsyncSession, import_: Import, chunk: Chunk) -> Outcome:
        return await self._kinds[import_.kind].apply(tx, import_, chunk)

    async def checked(self, tx: AsyncSession, import_: Import, file: Path) -> None:
        kind = self._kinds[import_.kind]
        if isinstance(kind, ListKind):
            await kind.checked(tx, import_, file)

    async def completed(self, tx: AsyncSession, import_: Import) -> None:
        await self._kinds[import_.kind].completed(tx, import_)
