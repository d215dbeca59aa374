"""Which operation a request asks for, and whom its answer is about: from the table that is made of the services' code."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from gateway.files.forms import IDS, NO_FILE, NOTHING, VALUES, Column, FileForm
from gateway.partners.file import UNREADABLE, NotConfigured
from shared.disclosing import SUBJECT_FIELDS
from shared.errors import MethodNotAllowed, NotFound

ANY = "{}"


@dataclass(frozen=True, slots=True)
class Record:
    """Objects of an answer that are about someone: where they stand, and which of their fields name whom."""

    at: tuple[str, ...]
    fields: tuple[tuple[str, str], ...]
    """(field, kind of the one it names)"""


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of a service. `records`, `named` and `file_of` are empty where its answer tells of nobody; `file` is what such
    a file looks like.

    `named`: which segments of the path name whom the whole answer is about, and the kind of that one. `under_agreement`: the
    permission that is enough where the request names an agreement.
    """

    service: str
    path: str
    method: str
    permission: str
    records: tuple[Record, ...] = ()
    named: tuple[tuple[int, str], ...] = ()
    file_of: str | None = None
    file: FileForm = NO_FILE
    under_agreement: str | None = None

    @property
    def discloses(self) -> bool:
        return bool(self.records or self.named) or self.file_of is not None


class Subject(NamedTuple):
    """Someone an answer tells of, and the names of what it tells: fields with a value, without the values.

    `number`: the number that the same object names them by beside their id, as people know them.
    """

    kind: str
    id: str
    attributes: tuple[str, ...]
    number: str = ""


@dataclass(slots=True)
class _Node:
    """The operations at one address, and the addresses below it by their next segment (ANY: a placeholder)."""

    routes: dict[str, Route] = field(default_factory=dict)
    below: dict[str, "_Node"] = field(default_factory=dict)


class Routes:
    """The operations that the gateway forwards; an address that is not among them does not exist outside."""

    def __init__(self, file: Path) -> None:
        self._roots: dict[str, _Node] = {}
        self.all: list[Route] = []
        """In the order of the file."""
        try:
            for row in json.loads(file.read_text(encoding="utf-8")):
                self._add(_route(row))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
            raise NotConfigured(UNREADABLE.format(file=file, reason=repr(fault))) from fault

    def _add(self, route: Route) -> None:
        node = self._roots.setdefault(route.service, _Node())
        for segment in route.path.strip("/").split("/"):
            node = node.below.setdefault(ANY if segment.startswith("{") else _literal(segment), _Node())
        node.routes[route.method] = route
        self.all.append(route)

    def find(self, process: str, method: str, path: str) -> Route:
        """The operation of a process; NotFound where there is no such address, MethodNotAllowed where it does not do that."""
        root = self._roots.get(process.partition("-")[0])
        node = _below(root, path.strip("/").split("/")) if root is not None else None
        if node is None:
            raise NotFound
        route = node.routes.get(method)
        if route is None:
            raise MethodNotAllowed
        return route


def _literal(segment: str) -> str:
    if "{" in segment:
        raise ValueError(f"a placeholder within a segment: {segment}")
    return segment


def _below(node: _Node, segments: list[str]) -> _Node | None:
    """The node at an address; a name wins over a placeholder, unless nothing of that name goes further."""
    if not segments:
        return node if node.routes else None
    for choice in (segments[0], ANY):
        if segments[0] and (next_node := node.below.get(choice)) is not None:
            found = _below(next_node, segments[1:])
            if found is not None:
                return found
    return None


def _route(row: dict[str, Any]) -> Route:
    records = tuple(
        Record(tuple(at.split("/")[1:]), tuple(fields.items())) for at, fields in row.get("records", {}).items()
    )
    named = tuple((place, SUBJECT_FIELDS[name]) for place, name in _placeholders(row["path"]) if name in SUBJECT_FIELDS)
    return Route(
        service=row["service"],
        path=row["path"],
        method=row["method"],
        permission=row["permission"],
        records=records,
        named=named,
        file_of=row.get("file_of"),
        file=_file_form(row.get("file", {})),
        under_agreement=row.get("under_agreement"),
    )


def _file_form(said: dict[str, Any]) -> FileForm:
    holds = dict.fromkeys(said.get("ids", ()), IDS) | dict.fromkeys(said.get("to_fill", ()), NOTHING)
    columns = said.get("columns", {}).items()
    return FileForm(
        tuple(Column(name, tuple(headings), holds.get(name, VALUES)) for name, headings in columns),
        said.get("titles", 0),
        said.get("own", ""),
        tuple(said.get("parts", ())),
    )


def _placeholders(path: str) -> Iterator[tuple[int, str]]:
    for place, segment in enumerate(path.strip("/").split("/")):
        if segment.startswith("{"):
            yield place, segment.strip("{}")


def found_at(content: Any, at: tuple[str, ...]) -> list[dict[str, Any]]:
    """The objects of a JSON answer that stand at a record's place, in their order."""
    here = [content]
    for step in at:
        if step == "*":
            here = [one for within in here for one in _each(within)]
        else:
            here = [within[step] for within in here if isinstance(within, dict) and step in within]
    return [one for one in here if isinstance(one, dict)]


def _each(content: Any) -> Iterable[Any]:
    return content.values() if isinstance(content, dict) else content if isinstance(content, list) else ()


def subjects_of(route: Route, path: str, content: Any) -> list[Subject]:
    """Everyone an answer tells of, once for each object: whom its fields name, and which fields have a value."""
    found: dict[Subject, None] = {}
    for record in route.records:
        read_as = _read_as(record.fields)
        for one in found_at(content, record.at):
            found |= dict.fromkeys(_named_in(one, read_as))
    told_of = {(one.kind, one.id) for one in found}
    segments = path.strip("/").split("/")
    for place, kind in route.named:
        if (kind, segments[place]) not in told_of:
            listed = content.get("items") if isinstance(content, dict) else None
            shown = listed if isinstance(listed, list) else [content]
            attributes = tuple(sorted({name for one in shown if isinstance(one, dict) for name in _told(one)}))
            found[Subject(kind, segments[place], attributes)] = None
    return list(found)


def _named_in(one: dict[str, Any], read_as: list[tuple[str, str, str, str]]) -> Iterator[Subject]:
    """Whom an object is about; once, where it has somebody's id and number. The number on a list beside the registry's id is
    not that: the list may have meant another household."""
    attributes = _told(one)
    for name, kind, id_beside, number_beside in read_as:
        if id_beside and _is_name(one.get(id_beside)):
            continue  # told with the id
        number = one.get(number_beside) if number_beside else None
        named = one.get(name)
        for id in named if isinstance(named, list) else (named,):
            if _is_name(id):
                yield Subject(kind, str(id), attributes, str(number) if _is_name(number) else "")


@lru_cache(maxsize=1000)
def _read_as(fields: tuple[tuple[str, str], ...]) -> list[tuple[str, str, str, str]]:
    """Of each field: its name, the kind, and the fields that name the same one by id and by number; "" where there is none."""
    kinds = dict(fields)

    def beside(name: str, kind: str, ending: str, other: str) -> str:
        found = _beside(name, ending, other)
        return found if kinds.get(found) == kind else ""

    return [
        (name, kind, beside(name, kind, "number", "id"), beside(name, kind, "id", "number")) for name, kind in fields
    ]


def _beside(name: str, ending: str, other: str) -> str:
    """The field that names the same one in the other way, as `household_number` beside `household_id`; "" for a field of neither."""
    return name.removesuffix(ending) + other if name == ending or name.endswith(f"_{ending}") else ""


def _is_name(value: Any) -> bool:
    return isinstance(value, str | int)


def _told(one: dict[str, Any]) -> tuple[str, ...]:
    return tuple(
        sorted([name for name, value in one.items() if value or not (value is None or value == [] or value == {})])
    )
