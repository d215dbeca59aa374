"""Whether a file is what its service says, and holds nothing that may not leave, judged by what the gateway found in it. Pure.

Written from docs/agreements.md, and not from the code that writes files.
"""

from collections.abc import Mapping
from dataclasses import replace

from gateway.agreements.rules.deciding import Obligations
from gateway.files.forms import NOTHING, FileForm, Found
from shared.agreements import FULL
from shared.disclosing import FileTold

OF_THE_LIST = frozenset({"position", "mark"})
"""Columns that say where in a list a row stands, and whose copy it is: nothing of anybody."""


def columns_of(found: Found, form: FileForm) -> tuple[str, ...]:
    """The names of the columns that are in the table."""
    return tuple(form.by_heading[one].name for one in found.headings or () if one in form.by_heading)


def as_found(found: Found, form: FileForm, sha256: str, told: FileTold | None) -> FileTold:
    """What the log says of a file: the gateway's own count and names, and the service's where a printed page shows none."""
    if told is not None:
        return replace(told, subjects=told.subjects if found.rows is None else found.rows, sha256=sha256)
    return FileTold(found.rows or 0, sha256, columns_of(found, form))


def first_fault(
    found: Found,
    form: FileForm,
    sha256: str,
    told: FileTold | None,
    attribute_of: Mapping[str, str],
    *,
    may_have_ids: bool,
) -> str | None:
    """Where the first thing is by which a file may not leave, as a pointer without a value; None where it may.

    `told`: what its service says of it, None where it says nothing. `attribute_of`: what the service calls a column, where it
    is not the column's name.
    """
    if found.ids and not may_have_ids:
        return f"{_at(min(found.ids), form)}/id"
    if found.filled:
        return _at(min(found.filled), form)
    if told is None:
        return None
    if told.sha256 != sha256:
        return "/sha256"
    if found.rows is None:
        return None
    if found.rows != told.subjects:
        return "/subjects"
    of_anybody = [column for column in columns_of(found, form) if not _says_nothing(column, form)]
    here = {attribute_of.get(one, one) for one in of_anybody}
    # Of a list's own columns the table knows nothing: there the service has the word.
    known = {attribute_of.get(one.name, one.name) for one in form.columns}
    if here != {one for one in told.attributes if one in known} or (
        not form.own and not known.issuperset(told.attributes)
    ):
        return "/attributes"
    return None


def first_not_agreed(found: Found, form: FileForm, attribute_of: Mapping[str, str], keep_to: Obligations) -> str | None:
    """The first column that an agreement does not give in full; None where it gives all, and of a printed page."""
    for column in columns_of(found, form):
        if not _says_nothing(column, form) and keep_to.forms.get(attribute_of.get(column, "")) != FULL:
            return f"/{column}"
    return None


def _at(heading: str, form: FileForm) -> str:
    """A column of the table by its name; what an institution calls its own is not repeated."""
    return f"/{form.by_heading[heading].name}" if heading in form.by_heading else ""


def _says_nothing(column: str, form: FileForm) -> bool:
    return column in OF_THE_LIST or any(one.name == column and one.holds == NOTHING for one in form.columns)
