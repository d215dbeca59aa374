"""What places may be: their kinds, which lies in which, and what an operator's word and the shipped table make together."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Literal, get_args

PlaceKind = Literal["wilaya", "moughataa", "commune", "village"]
KINDS: tuple[PlaceKind, ...] = get_args(PlaceKind)
"""From the largest to the smallest: each lies in one of the kind before it."""

LETTERS: Mapping[PlaceKind, str] = {"moughataa": "M", "commune": "N", "village": "V"}
"""Of the codes the registry gives. Codes of the shipped table have others, so that the two never meet."""


def kind_around(kind: PlaceKind) -> PlaceKind | None:
    """The kind of the place it lies in."""
    return None if kind == "wilaya" else KINDS[KINDS.index(kind) - 1]


def next_code(kind: PlaceKind, parent_code: str, taken: Iterable[str]) -> str:
    """The code of a new place: its first parent's and a number. It stays when the place moves."""
    start = f"{parent_code}-{LETTERS[kind]}"
    numbers = [int(end) for code in taken if (end := code.removeprefix(start)).isdigit() and code.startswith(start)]
    return f"{start}{max(numbers, default=0) + 1:03d}"


def every_name(*names: str | None) -> list[str]:
    """Spellings, each once, in the order given."""
    return list(dict.fromkeys(name for name in names if name))


def parent_on(parent_code: str | None, former: Sequence[Mapping[str, Any]], day: date) -> str | None:
    """The place it lay in on a day; None where that is not known, or for a wilaya."""
    for one in former:
        if day < date.fromisoformat(one["until_on"]):
            parent: str | None = one["parent_code"]
            return parent
    return parent_code


def laid_over(shipped: Mapping[str, Any], edits: Mapping[str, Any]) -> dict[str, Any]:
    """A place as the shipped table has it and operators corrected it: their word wins in each column they spoke of, and
    the names they added stay beside those that are shipped.
    """
    merged = {**shipped, **{column: value for column, value in edits.items() if column != "names"}}
    names = every_name(merged["name_fr"], merged["name_ar"], *shipped["names"], *edits.get("names", ()))
    return {**merged, "names": names}


def as_column(name: str, value: Any) -> Any:
    """What the history or an edition says of a place, as JSON, as the column of that name holds it."""
    return date.fromisoformat(value) if name in ("valid_from", "valid_until") and value is not None else value
