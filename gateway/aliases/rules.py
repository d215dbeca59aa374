"""Where ids of people stand in requests and answers, and which of them a partner may know. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeGuard
from urllib.parse import parse_qsl, unquote, urlencode

from gateway.partners.file import Partner
from gateway.routing import Route, found_at
from shared.disclosing import SUBJECT_FIELDS
from shared.pagination import recoded

ENROLLMENT = "enrollment"
OF_PEOPLE = re.compile(r"(^|_)(household|individual|subject|successor|head|keep|kept|drop)_ids?$")
"""Fields by which a caller, or an answer, names a household or an individual."""
NAMES_ANYONE = re.compile(r"(^|_)(household|individual|subject|successor|head|keep|kept|drop|enrollment)_ids?$")
SUCCESSORS = "successors"
"""A field whose keys and values alike are ids of individuals."""
CANDIDATES = "candidates"
"""A field of an answer in which plain ids are those of individuals, as in the review after a death."""
PROGRAMS = ("program", "from_program")
"""Fields that say of which program the enrollment beside them is."""
CURSOR = "cursor"
"""Where a page goes on: it holds the id of the last row, under the partner's own name of it."""
CANONICAL = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

ANY_ID = re.compile(CANONICAL.pattern.encode())
END_OF_ID = re.compile(rb"-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
"""What comes after an id's first eight signs: to begin at a hyphen, of which there are few, is ten times faster."""
BEGINNING = 8
NEXT_CURSOR = re.compile(rb'("next_cursor": ?")([A-Za-z0-9_-]+)"')

Restore = Callable[[str, bool], str]
"""Given an id as a caller wrote it, and whether the field names a household or an individual: the id to forward."""


def to_rename(route: Route, partner: Partner, content: Any, *, keeps_people: bool) -> set[str]:
    """The ids in an answer that the partner may not know: of whom it does not keep.

    Beside those of the route's table, whatever a field of people holds, however deep: a proposal or a turn of a link names
    others than the record it belongs to. What a partner writes in such a field is read as its alias.
    """
    found: set[str] = set()
    if not keeps_people:
        _find_people(content, found)
    for record in route.records:
        for one in found_at(content, record.at):
            for name, kind in record.fields:
                if _keeps_enrollment(partner, one) if kind == ENROLLMENT else keeps_people:
                    continue
                value = one.get(name)
                for id in value if isinstance(value, list) else (value,):
                    if _is_canonical(id):
                        found.add(id)
    return found


def _find_people(content: Any, found: set[str], of_people: bool = False) -> None:
    if isinstance(content, dict):
        for name, one in content.items():
            if of_people and CANONICAL.fullmatch(name):
                found.add(name)
            if name == CANDIDATES and isinstance(one, list):
                found.update(id for id in one if _is_canonical(id))
            if isinstance(one, dict | list):
                _find_people(one, found, of_people or _is_of_people(name))
            elif _is_canonical(one) and (of_people or _is_of_people(name)):
                found.add(one)
    elif isinstance(content, list):
        for one in content:
            if isinstance(one, dict | list):
                _find_people(one, found, of_people)
            elif of_people and _is_canonical(one):
                found.add(one)


def _is_canonical(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and len(value) == 36 and CANONICAL.fullmatch(value) is not None


def _keeps_enrollment(partner: Partner, record: dict[str, Any]) -> bool:
    """Whether an enrollment is of a program the partner keeps. Where nothing says of which, services show its own alone."""
    programs = [record[name] for name in PROGRAMS if isinstance(record.get(name), str)]
    return not programs or programs[0] in partner.programs


def renamed(body: bytes, names: Mapping[str, str]) -> bytes:
    """The bytes of a JSON answer with other ids, wherever they stand: also where no table says that they might, and in the
    cursor, which holds the id of the last row."""
    table = {id.encode(): name.encode() for id, name in names.items()}

    def put(text: bytes) -> bytes:
        pieces: list[bytes] = []
        since = 0
        for end in END_OF_ID.finditer(text):
            begins = end.start() - BEGINNING
            if begins >= since and (name := table.get(text[begins : end.end()])) is not None:
                pieces += text[since:begins], name
                since = end.end()
        return b"".join((*pieces, text[since:]))

    return NEXT_CURSOR.sub(lambda found: found[1] + recoded(found[2].decode(), put).encode() + b'"', put(body))


def in_path(route: Route, path: str) -> Iterator[tuple[str, bool]]:
    segments = path.strip("/").split("/")
    for place, kind in route.named:
        yield unquote(segments[place]), kind != ENROLLMENT


def restored_path(route: Route, path: str, restore: Restore) -> str:
    segments = path.strip("/").split("/")
    for place, kind in route.named:
        written = unquote(segments[place])
        if (id := restore(written, kind != ENROLLMENT)) != written:
            segments[place] = id
    return "/" + "/".join(segments)


def in_query(query: bytes) -> Iterator[tuple[str, bool]]:
    for name, value in _pairs(query):
        if NAMES_ANYONE.search(name):
            yield value, bool(OF_PEOPLE.search(name))
        elif name == CURSOR:
            yield from ((id, False) for id in _in_cursor(value))


def restored_query(query: bytes, restore: Restore) -> bytes:
    def put(name: str, value: str) -> str:
        if name == CURSOR:
            return recoded(value, lambda keys: ANY_ID.sub(lambda one: restore(one[0].decode(), False).encode(), keys))
        return restore(value, bool(OF_PEOPLE.search(name))) if NAMES_ANYONE.search(name) else value

    return urlencode([(name, put(name, value)) for name, value in _pairs(query)]).encode()


def _in_cursor(cursor: str) -> list[str]:
    found: list[str] = []

    def note(keys: bytes) -> bytes:
        found.extend(one.decode() for one in ANY_ID.findall(keys))
        return keys

    recoded(cursor, note)
    return found


def _pairs(query: bytes) -> list[tuple[str, str]]:
    return parse_qsl(query.decode("latin-1"), keep_blank_values=True)


def in_content(content: Any, of_people: bool = False) -> Iterator[tuple[str, bool]]:
    """Every id in a JSON body: what looks like one, and whatever a field of people holds."""
    if isinstance(content, str):
        if of_people or CANONICAL.fullmatch(content):
            yield content, of_people
    elif isinstance(content, list):
        for one in content:
            yield from in_content(one, of_people)
    elif isinstance(content, dict):
        for name, one in content.items():
            if of_people:
                yield name, True
            yield from in_content(one, of_people or _is_of_people(name))


def restored_content(content: Any, restore: Restore, of_people: bool = False) -> Any:
    if isinstance(content, str):
        return restore(content, of_people) if of_people or CANONICAL.fullmatch(content) else content
    if isinstance(content, list):
        return [restored_content(one, restore, of_people) for one in content]
    if isinstance(content, dict):
        return {
            restore(name, True) if of_people else name: restored_content(one, restore, of_people or _is_of_people(name))
            for name, one in content.items()
        }
    return content


@lru_cache(maxsize=1000)
def _is_of_people(name: str) -> bool:
    return name == SUCCESSORS or SUBJECT_FIELDS.get(name) in ("household", "individual") or bool(OF_PEOPLE.search(name))
