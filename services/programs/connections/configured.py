"""The connections file, read once when the process starts: a wrong one keeps it from starting."""

import json
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from services.programs.errors.connections import ConnectionsNotUsable
from services.programs.rules.connections import Connection, Drop, Pull, Read
from shared.errors import Refusal
from shared.headers import Layout
from shared.importing.columns import checked_mapping

NAME = re.compile(r"[a-z][a-z0-9-]{1,40}")
PARSE: TypeAdapter[Drop | Pull] = TypeAdapter(Connection)

Layouts = Callable[[str], Layout | None]


@dataclass(frozen=True, slots=True)
class Configured:
    """One connection, with the mappings it names (by the name of their file)."""

    name: str
    said: Drop | Pull
    mappings: Mapping[str, dict[str, str]]

    def mapping(self, read: Read) -> dict[str, str] | None:
        return self.mappings[read.mapping] if read.mapping else None

    @property
    def programs(self) -> set[str]:
        return {one.into.split(".")[0] for one in reads_of(self.said)}


def reads_of(said: Drop | Pull) -> tuple[Read, ...]:
    return said.files if isinstance(said, Drop) else (said,)


def load_connections(file: Path | None, layouts: Layouts) -> list[Configured]:
    """The connections of a file; none without one. ConnectionsNotUsable names the first wrong key."""
    if file is None:
        return []
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise ConnectionsNotUsable(file=file, key="-", reason=fault) from fault
    return [_connection(file, name, table, layouts) for name, table in tables.items()]


def _connection(file: Path, name: str, table: object, layouts: Layouts) -> Configured:
    def wrong(key: str, reason: object) -> ConnectionsNotUsable:
        return ConnectionsNotUsable(file=file, key=f"{name}.{key}" if key else name, reason=reason)

    if not NAME.fullmatch(name):
        raise wrong("", f"not like {NAME.pattern}")
    try:
        said = PARSE.validate_python(table)
    except ValidationError as fault:
        first = fault.errors(include_url=False, include_input=False)[0]
        raise wrong(".".join(str(part) for part in first["loc"][1:]), first["msg"]) from None
    if isinstance(said, Pull):
        _refuse_url(said, wrong)
    mappings = {}
    for read in reads_of(said):
        layout = layouts(read.into)
        if layout is None:
            raise wrong("into", f"no kind of file of this institution: {read.into}")
        if read.mapping:
            mappings[read.mapping] = _mapping(file.parent / read.mapping, layout, wrong)
    return Configured(name, said, mappings)


def _refuse_url(said: Pull, wrong: Callable[[str, object], ConnectionsNotUsable]) -> None:
    try:
        url = make_url(said.url)
    except ArgumentError:
        raise wrong("url", "no address of a database") from None
    if url.password is not None:
        raise wrong("url", "a password stands in it; name its variable in password_env")
    if said.password_env and said.password_env not in os.environ:
        raise wrong("password_env", f"{said.password_env} is not set")


def _mapping(file: Path, layout: Layout, wrong: Callable[[str, object], ConnectionsNotUsable]) -> dict[str, str]:
    try:
        given = json.loads(file.read_text(encoding="utf-8"))
        return checked_mapping(given if isinstance(given, dict) else {"": None}, layout, "")
    except (OSError, ValueError) as fault:
        raise wrong("mapping", fault) from fault
    except Refusal as fault:
        raise wrong("mapping", fault.detail.en) from fault
