"""What a service that takes files says of them: how a file is read, and what its rows do."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from sqlalchemy.ext.asyncio import AsyncSession

from shared import text
from shared.headers import Layout
from shared.identity import Caller
from shared.importing.models import Import
from shared.tables import Row, open_table

CHUNK_ROWS = 500
"""Rows applied in one transaction: large enough to be fast, small enough that readers of its event stay short."""


@dataclass(frozen=True, slots=True)
class Issue:
    """What is wrong with one cell: an `error` keeps the row out, a `warning` lets it in."""

    line: int
    field: str
    value: object
    severity: str
    code: str
    reason: text.Text


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows that are applied together; `last_line` is the line after which the next chunk begins."""

    rows: Sequence[Any]
    last_line: int


@dataclass
class Outcome:
    """What applying a chunk did."""

    accepted: int = 0
    unchanged: int = 0
    rejected: int = 0
    issues: list[Issue] = field(default_factory=list)


class Importer(Protocol):
    """How a service reads a file of a kind and applies its rows."""

    def refuse(self, caller: Caller, kind: str) -> None:
        """Raise a Refusal where this caller may not send this kind of file."""
        ...

    def layout(self, kind: str) -> Layout | None:
        """The fields of a kind of file that is read by its headers; None for one that is read otherwise.

        Where there is one, `chunks` gives `import_.mapping` to `open_table`.
        """
        ...

    def chunks(self, import_: Import, file: Path) -> Iterator[Chunk]:
        """The file's rows in order, always cut at the same lines. UnreadableTable where it cannot be read.

        Called, and iterated, in a thread. `file` is there until the import ends; the sent name is `import_.filename`.
        """
        ...

    async def apply(self, tx: AsyncSession, import_: Import, chunk: Chunk) -> Outcome:
        """Give a chunk its effect and announce it, in the transaction given.

        A Refusal refuses the whole file, of which the chunks before this one are kept: raise it on the first.
        """
        ...

    def keys(self, import_: Import, chunk: Chunk) -> Iterable[tuple[int, str]]:
        """Line and key of each row of a chunk that has one: whom the row is about, the same in a corrected file."""
        ...

    async def completed(self, tx: AsyncSession, import_: Import) -> None:
        """Announce the end of an import whose every row has had its effect, in the transaction that completes it."""
        ...


@runtime_checkable
class Checker(Protocol):
    """An importer that has more to say of a file that was only checked."""

    async def checked(self, tx: AsyncSession, import_: Import, file: Path) -> None:
        """Called once every chunk has been tried, before the import is shown as checked; again where it is read again."""
        ...


def chunks_of(
    file: Path, import_: Import, layout: Layout, read: Callable[[Row], Any], at_once: int = CHUNK_ROWS
) -> Iterator[Chunk]:
    """The rows of a file as `read` makes them, `at_once` to a chunk. UnreadableTable."""
    with file.open("rb") as source:
        rows = open_table(source, import_.filename, layout, import_.mapping).rows()
        while some := list(islice(rows, at_once)):
            yield Chunk([read(row) for row in some], some[-1].line)
