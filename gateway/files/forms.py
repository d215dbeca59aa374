"""What the gateway knows of a file before it looks, and what it found in it. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

REGISTRY_ID = re.compile(
    r"(?<![0-9a-f])[0-9a-f]{8}-?[0-9a-f]{4}-?7[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}(?![0-9a-f])", re.IGNORECASE
)
"""The platform's own ids are UUIDs of version 7, the aliases that partners read in their place of version 4."""
OTHER = ""
"""Stands for what lies in no column of the table: lines above the header, properties of a workbook, an institution's own columns."""

VALUES, IDS, NOTHING = "values", "ids", "nothing"


@dataclass(frozen=True, slots=True)
class Column:
    """A column that a file of a route may have, under any of its `headings`. `holds`: IDS where ids of the reader's own records
    may stand in it, NOTHING where it is for the recipient to fill in."""

    name: str
    headings: tuple[str, ...]
    holds: str = VALUES


@dataclass(frozen=True)
class FileForm:
    """What the files of one route look like, from the table that is made of the services' code.

    `titles`: how many lines may stand above the header. `own`: "" where every column is one of the table's; "beside" where an
    institution's list may have columns that only it has; "sent" where they are as it sent them itself, with whatever ids. `parts`:
    parameters of the query that say which file it is, or which part of it.
    """

    columns: tuple[Column, ...] = ()
    titles: int = 0
    own: str = ""
    parts: tuple[str, ...] = ()

    @cached_property
    def by_heading(self) -> Mapping[str, Column]:
        return {heading: column for column in self.columns for heading in column.headings}


NO_FILE = FileForm()


@dataclass(frozen=True, slots=True)
class Found:
    """What is in a file: its headings from left to right and how many rows stand below, None for a printed page, which has
    neither; the headings under which an id of the registry stands, and those under which anything does."""

    headings: tuple[str, ...] | None
    rows: int | None
    ids: frozenset[str] = frozenset()
    filled: frozenset[str] = field(default_factory=frozenset)
