"""The kinds of files that matching takes: a program's list by the program's code, and tables by names of their own."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from shared.headers import Layout
from shared.identity import Caller
from shared.importing.importer import Chunk, Importer, Outcome
from shared.importing.models import Import


class KindsImporter:
    """Gives each file to the importer of its kind; `others` are the kinds without a name of their own."""

    def __init__(self, named: Mapping[str, Importer], others: Importer) -> None:
        self._named, self._others = named, others

    def _of(self, kind: str) -> Importer:
        return self._named.get(kind, self._others)

    def refuse(self, caller: Caller, kind: str) -> None:
        self._of(kind).refuse(caller, kind)

    def layout(self, kind: str) -> Layout | None:
        return self._of(kind).layout(kind)

    def chunks(self, import_: Import, file: Path) -> Iterator[Chunk]:
        return self._of(import_.kind).chunks(import_, file)

    def keys(self, import_: Import, chunk: Chunk) -> Iterable[tuple[int, str]]:
        return self._of(import_.kind).keys(import_, chunk)

    async def apply(self, tx: AsyncSession, import_: Import, chunk: Chunk) -> Outcome:
        return await self._of(import_.kind).apply(tx, import_, chunk)

    async def completed(self, tx: AsyncSession, import_: Import) -> None:
        await self._of(import_.kind).completed(tx, import_)
