"""In which of the files that a service wrote somebody stands: asked by the gateway for the report to a citizen, ids and numbers alone.

Shown are addresses, not the files: whether a file left, when, and to whom is in the gateway's log.
"""

from collections.abc import Collection
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

NAMES_PATH, FILES_PATH = "/internal/names", "/internal/files-of"
MOST_NAMES = 200
"""Twenty that are asked for, each with its number and with those that were merged into it."""
MOST_FILES = 5_000
"""Of one household: a file a day for more than ten years."""
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9./_-]{0,119}$")]
"""As a report is asked for."""


class NamesAsked(BaseModel):
    """Ids and numbers of one household or person, of either kind."""

    model_config = ConfigDict(extra="forbid")

    names: Annotated[list[Name], Field(min_length=1, max_length=MOST_NAMES)]


class Names(BaseModel):
    """The same, and every other id and number of those they name."""

    names: list[str]


class FileWritten(BaseModel):
    """A file in which somebody stands: its address, the partner it was written for, and the `part` of it that has them: a
    parameter of the address that says something else names a file without them, one that says nothing is the whole."""

    path: str
    partner: str
    part: dict[str, str] = {}


class FilesWritten(BaseModel):
    """The newest first; `complete` is false where there are more."""

    files: list[FileWritten]
    complete: bool


def files_written(found: Collection[FileWritten]) -> FilesWritten:
    """`found`: those there are, or more than are told."""
    return FilesWritten(files=list(found)[:MOST_FILES], complete=len(found) <= MOST_FILES)


def ids_in(names: Collection[str]) -> list[UUID]:
    """Those of the names that are ids."""
    found = []
    for name in names:
        try:
            found.append(UUID(name))
        except ValueError:
            continue
    return found
