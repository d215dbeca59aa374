"""Whether an answer holds nothing but what its agreement allows, judged by the answer alone. Pure.

Written from docs/agreements.md and not from the code that makes these answers (shared/sharing.py), of which it uses nothing:
one mistake must not pass both.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from gateway.agreements.rules.deciding import Obligations
from gateway.agreements.rules.shared_answers import Shape, SharedAnswer

ROW = "row"
"""Where a record is from, told by the service to the gateway: its place, category and program. It goes no further."""
ENROLLED_IN = "enrolled_in"
"""In it: of the programs to which an agreement limits households, one that somebody of this household is enrolled in."""
_YEAR = re.compile(r"[0-9]{4}")
_MASKED_NUMBER = re.compile(r"\*+[0-9A-Za-z]{2}|\*\*+")
_MASKED_NAME = re.compile(r"[^\W\d_]\.( [^\W\d_]\.)*")
_MASKED_NAMES = frozenset({"name", "father_name", "head_name"})
_BANDS: Mapping[str, frozenset[str]] = {
    "size": frozenset({"1-2", "3-5", "6-9", "10+"}),
    "score": frozenset({"0-19", "20-39", "40-59", "60-79", "80-100"}),
    "birth_date": frozenset({"0-4", "5-17", "18-59", "60+"}),
    "amount": frozenset({"0-999", "1000-1999", "2000-4999", "5000+"}),
}


def first_fault(content: Any, answer: SharedAnswer, keep_to: Obligations) -> str | None:
    """A JSON pointer to the first thing that may not leave; None where all may. No value is in it."""
    if not answer.paged:
        return next(_record(content, "", answer, keep_to), None)
    if not isinstance(content, dict) or not isinstance(content.get("items"), list):
        return "/items"
    for key in content:
        if key not in ("items", "next_cursor"):
            return f"/{key}"
    for place, one in enumerate(content["items"]):
        if (fault := next(_record(one, f"/items/{place}", answer, keep_to), None)) is not None:
            return fault
    return None


def records_of(content: Any, answer: SharedAnswer) -> list[dict[str, Any]]:
    """The records of an answer without a fault: so many people or households it tells of."""
    records: list[dict[str, Any]] = content["items"] if answer.paged else [content]
    return records


def without_rows(content: Any, answer: SharedAnswer) -> None:
    """Take out what was told to the gateway alone."""
    for record in records_of(content, answer):
        record.pop(ROW, None)


def _record(one: Any, at: str, answer: SharedAnswer, keep_to: Obligations) -> Iterator[str]:
    """Faults of a record: of its own fields first, then of where it is from."""
    if not isinstance(one, dict):
        yield at or "/"
        return
    yield from _fields({key: value for key, value in one.items() if key != ROW}, at, answer.shape, keep_to)
    if not _within(one.get(ROW), answer.row, keep_to):
        yield f"{at}/{ROW}"


def _fields(one: Mapping[str, Any], at: str, shape: Shape, keep_to: Obligations) -> Iterator[str]:
    parts = shape.parts or {}
    for key, value in one.items():
        if key in shape.ids:
            continue
        if key in parts:
            yield from _part(value, f"{at}/{key}", parts[key], keep_to)
            continue
        attribute = shape.fields.get(key)
        form = keep_to.forms.get(attribute) if attribute is not None else None
        if attribute is None or form is None or not _has_form(value, attribute, form):
            yield f"{at}/{key}"


def _part(value: Any, at: str, shape: Shape, keep_to: Obligations) -> Iterator[str]:
    if not isinstance(value, list) or not shape.attributes & keep_to.forms.keys():
        yield at
        return
    for place, one in enumerate(value):
        if isinstance(one, dict):
            yield from _fields(one, f"{at}/{place}", shape, keep_to)
        else:
            yield f"{at}/{place}"


def _has_form(value: Any, attribute: str, form: str) -> bool:
    if form == "boolean":
        return isinstance(value, bool)
    if form == "full" or value is None:
        return True
    if isinstance(value, list):
        return all(isinstance(one, str) and _has_form(one, attribute, form) for one in value)
    if not isinstance(value, str):
        return False
    if form == "year_only":
        return _YEAR.fullmatch(value) is not None
    if form == "band":
        return value in _BANDS.get(attribute, ())
    pattern = _MASKED_NAME if attribute in _MASKED_NAMES else _MASKED_NUMBER
    return form == "masked" and pattern.fullmatch(value) is not None


def _within(row: Any, told: frozenset[str], keep_to: Obligations) -> bool:
    """Whether a record is from where the agreement reaches. What is not known lies outside of what is limited."""
    if not told:
        return row is None
    if not isinstance(row, dict) or row.keys() != (told | {ENROLLED_IN} if keep_to.enrolled_in else told):
        return False
    if keep_to.enrolled_in and not _is_one_of(row[ENROLLED_IN], keep_to.enrolled_in):
        return False
    place = row["place"]
    if keep_to.places and not (isinstance(place, str) and _lies_in(place, keep_to.places)):
        return False
    if keep_to.categories and not _is_one_of(row.get("category"), keep_to.categories):
        return False
    return "program" not in told or _is_one_of(row["program"], keep_to.programs)


def _is_one_of(value: Any, codes: frozenset[str]) -> bool:
    return isinstance(value, str) and value in codes


def _lies_in(place: str, places: frozenset[str]) -> bool:
    """By the codes alone: MR011-C02 is a commune of the moughataa MR011, and that one of the wilaya MR01."""
    moughataa = place.partition("-")[0]
    return bool(places & {place, moughataa, moughataa[:4]})
