"""What a targeting list may ask for, where it may go from each state, and how its households are put in order."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import Literal
from uuid import UUID

from shared import household_attributes
from shared.text import Text

Operator = Literal["eq", "ne", "lt", "le", "gt", "ge", "in", "not_in"]
Value = int | float | str | tuple[int | float | str, ...]
PLACES = ("wilaya", "moughataa", "commune")
"""A list says where by its areas, not by criteria."""
ASKED = {name: one for name, one in household_attributes.ATTRIBUTES.items() if name not in PLACES}
WORDS: Mapping[str, tuple[str, ...]] = {name: one.words for name, one in ASKED.items() if one.words}
"""Attributes of a household that are words, with all the words there are."""
COUNTS: Mapping[str, int] = {name: one.least for name, one in ASKED.items() if one.least is not None}
"""Those that count members, with the least a household can have."""
ATTRIBUTES = tuple(ASKED)


class ListStatus(StrEnum):
    """Where a list stands."""

    REQUESTED = "requested"
    COUNTED = "counted"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    RELEASED = "released"
    RETURNED = "returned"
    CLOSED = "closed"
    REVOKED = "revoked"


STATUS_WORDS: Mapping[ListStatus, Text] = {
    ListStatus.REQUESTED: Text(ar="مطلوبة", fr="demandée", en="requested"),
    ListStatus.COUNTED: Text(ar="محسوبة", fr="comptée", en="counted"),
    ListStatus.APPROVED: Text(ar="مصادق عليها", fr="approuvée", en="approved"),
    ListStatus.REJECTED: Text(ar="مرفوضة", fr="rejetée", en="rejected"),
    ListStatus.WITHDRAWN: Text(ar="مسحوبة", fr="retirée", en="withdrawn"),
    ListStatus.RELEASED: Text(ar="متاحة", fr="mise à disposition", en="released"),
    ListStatus.RETURNED: Text(ar="مُعادة بملاحظات", fr="revenue avec remarques", en="returned"),
    ListStatus.CLOSED: Text(ar="مغلقة", fr="close", en="closed"),
    ListStatus.REVOKED: Text(ar="ملغاة", fr="révoquée", en="revoked"),
}
NEXT: Mapping[ListStatus, frozenset[ListStatus]] = {
    ListStatus.REQUESTED: frozenset({ListStatus.COUNTED, ListStatus.WITHDRAWN, ListStatus.REJECTED}),
    ListStatus.COUNTED: frozenset(
        {ListStatus.REQUESTED, ListStatus.APPROVED, ListStatus.REJECTED, ListStatus.WITHDRAWN}
    ),
    ListStatus.APPROVED: frozenset({ListStatus.RELEASED, ListStatus.WITHDRAWN, ListStatus.REVOKED}),
    ListStatus.RELEASED: frozenset({ListStatus.RETURNED, ListStatus.CLOSED, ListStatus.REVOKED}),
    ListStatus.RETURNED: frozenset({ListStatus.RETURNED, ListStatus.CLOSED, ListStatus.REVOKED}),
    ListStatus.CLOSED: frozenset({ListStatus.REVOKED}),
}
"""From a state to those that may follow. Who narrows a counted list has it counted anew: it is requested again."""
READABLE = frozenset({ListStatus.RELEASED, ListStatus.RETURNED})


def may_become(status: ListStatus, wanted: ListStatus) -> bool:
    return wanted in NEXT.get(status, frozenset())


def next_words(status: ListStatus) -> Text:
    """The states that may follow, in words; a dash where none does."""
    following = [STATUS_WORDS[one] for one in ListStatus if may_become(status, one)]
    return Text(
        ar="، ".join(one.ar for one in following) or "—",
        fr=", ".join(one.fr for one in following) or "—",
        en=", ".join(one.en for one in following) or "—",
    )


@dataclass(frozen=True, slots=True)
class Criterion:
    """What a household must be: `attribute` is one of ATTRIBUTES, `value` a tuple for `in` and `not_in`."""

    attribute: str
    operator: Operator
    value: Value


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Households of a program that are left out, or kept with a mark for a top-up.

    `enrolled`: enrolled in it on the country's day. `paid`: enrolled there in a month of the period in which it gives, the
    period being the months from `first` to `last`.
    """

    program: str
    how: Literal["enrolled", "paid"]
    instead: Literal["exclude", "top_up"]
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list asks for. `areas`: p-codes of wilayas, moughataas or communes.

    `quotas`: households by commune, in all `number`; `by_poor` shares the number out by the poor households of each.
    """

    areas: tuple[str, ...]
    number: int
    criteria: tuple[Criterion, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    quotas: Mapping[str, int] | Literal["by_poor"] | None = None
    program: str | None = None


def wrong_value(one: Criterion) -> bool:
    """Whether a criterion compares its attribute with something it can never be: a word with a number, a count below 0."""
    values = one.value if isinstance(one.value, tuple) else (one.value,)
    if (one.operator in ("in", "not_in")) != isinstance(one.value, tuple) or not values:
        return True
    if one.attribute in WORDS:
        return one.operator in ("lt", "le", "gt", "ge") or any(value not in WORDS[one.attribute] for value in values)
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) < len(values):
        return True
    return one.attribute in COUNTS and any(value < 0 or value != int(value) for value in numbers)


def holds(one: Criterion, found: int | float | str) -> bool:
    """Whether what a household is meets a criterion."""
    value = one.value
    if isinstance(value, tuple):
        return (found in value) == (one.operator == "in")
    if one.operator in ("eq", "ne"):
        return (found == value) == (one.operator == "eq")
    assert not isinstance(found, str) and not isinstance(value, str)
    return {"lt": found < value, "le": found <= value, "gt": found > value, "ge": found >= value}[one.operator]


def contradiction(criteria: Sequence[Criterion]) -> str | None:
    """The first attribute of which no household can meet all criteria; None where each can be met.

    Between two values that criteria name nothing changes, so a point on each and between each is enough to try.
    """
    by_attribute: dict[str, list[Criterion]] = {}
    for one in criteria:
        by_attribute.setdefault(one.attribute, []).append(one)
    for attribute, some in by_attribute.items():
        if not any(all(holds(one, point) for one in some) for point in _points(attribute, some)):
            return attribute
    return None


def _points(attribute: str, criteria: Sequence[Criterion]) -> Sequence[int | float | str]:
    if attribute in WORDS:
        return WORDS[attribute]
    named = {value for one in criteria for value in (one.value if isinstance(one.value, tuple) else (one.value,))}
    values = sorted(value for value in named if not isinstance(value, str))
    if attribute in COUNTS:
        return sorted(
            {int(value) + step for value in values for step in (-1, 0, 1)} - set(range(-1, COUNTS[attribute]))
        )
    between = [(one + other) / 2 for one, other in pairwise(values)]
    return [values[0] - 1, *values, *between, values[-1] + 1]


def tie_seed(secret: bytes) -> bytes:
    """The seed of the order of ties, from the list's secret: it may be shown, and tells nothing of the secret by which rows
    are marked."""
    return hmac.digest(secret, b"ties", "sha256")


def tie_key(seed: bytes, list_id: UUID, household_id: UUID) -> int:
    """Where a household stands among those equally poor: the first 8 bytes of HMAC-SHA-256 (RFC 2104), with the list's seed
    as key, of the list's id and the household's.

    The seed is drawn by the platform when the request is stored and shown only later: nobody can ask in such a way that a
    household comes first, and everybody can compute the order again.
    """
    return int.from_bytes(hmac.digest(seed, list_id.bytes + household_id.bytes, "sha256")[:8], "big")


def mark_of(secret: bytes, list_id: UUID, household_id: UUID) -> str:
    """The mark of a household's row in a file of this list: another list has another one for the same household."""
    return hmac.digest(secret, b"mark" + list_id.bytes + household_id.bytes, "sha256")[:5].hex()


def shared_out(number: int, weights: Mapping[str, int]) -> dict[str, int]:
    """`number` seats by weight, by largest remainder (Hamilton); equal remainders go by code. All 0 where nobody weighs."""
    total = sum(weights.values())
    if total == 0:
        return dict.fromkeys(weights, 0)
    seats = {code: number * weight // total for code, weight in weights.items()}
    left = number - sum(seats.values())
    for code in sorted(weights, key=lambda code: (-(number * weights[code] % total), code))[:left]:
        seats[code] += 1
    return seats


def quotas_by_poor(number: int, poor: Mapping[str, int], candidates: Mapping[str, int]) -> dict[str, int]:
    """Seats by commune in proportion to its poor households, never more than it has candidates.

    What a commune cannot fill is shared out among the others in the same way, so that as many are found as there can be; where
    only communes without poor households have candidates left, by these.
    """
    seats = dict.fromkeys(candidates, 0)
    while (left := min(number, sum(candidates.values())) - sum(seats.values())) > 0:
        open_ = {code: poor.get(code, 0) for code in candidates if seats[code] < candidates[code]}
        if not any(open_.values()):
            open_ = {code: candidates[code] - seats[code] for code in open_}
        for code, more in shared_out(left, open_).items():
            seats[code] = min(candidates[code], seats[code] + more)
    return seats
