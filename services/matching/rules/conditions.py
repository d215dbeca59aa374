"""Conditions on a household: criteria of eligibility, and whether several of them can hold of one household."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

from services.matching.errors import ConditionUnsound
from services.matching.rules.eligibility import Criterion, meets
from shared.household_attributes import ATTRIBUTES, CriterionUnsound, compared_value
from shared.text import Text

OPPOSITE = {
    "eq": "ne", "ne": "eq", "lt": "ge", "ge": "lt", "gt": "le", "le": "gt", "in": "not_in", "not_in": "in",
}  # fmt: skip
"""What holds where an operator does not, of an attribute that is known."""
MAY_BE_A_FRACTION = frozenset({"score"})
"""Other numbers count people: whole, and not below zero."""
Clause = Sequence[Criterion]
"""Conditions of which at least one holds."""


def read_condition(one: Mapping[str, Any], pointer: str) -> Criterion:
    """A condition as a committee writes it. ConditionUnsound where it cannot be compared with anything."""
    if one["operator"] not in OPPOSITE:
        raise ConditionUnsound(pointer=f"{pointer}/operator", accepted=", ".join(OPPOSITE))
    try:
        value = compared_value(one["attribute"], one["operator"], one["value"])
    except CriterionUnsound as fault:
        raise ConditionUnsound(pointer=f"{pointer}/{fault.what}", accepted=fault.accepted) from fault
    return Criterion(one["attribute"], one["attribute"], one["operator"], value, Text(**one["label"]))


def opposite(condition: Criterion) -> Criterion:
    return replace(condition, operator=OPPOSITE[condition.operator])


def can_hold(clauses: Sequence[Clause], given: tuple[Criterion, ...] = ()) -> bool:
    """Whether some household can meet every clause: depth first, and given up as soon as an attribute has no value left.

    Attributes are taken one by one: that nobody has more disabled members than members is not thought of, which errs
    towards yes.
    """
    if not clauses:
        return True
    for one in clauses[0]:
        taken = (*given, one)
        if _has_value([each for each in taken if each.attribute == one.attribute]) and can_hold(clauses[1:], taken):
            return True
    return False


def _has_value(of_one: Sequence[Criterion]) -> bool:
    """Whether one attribute has a value that meets all these conditions on it.

    Where one has, one of these has: what is named, what is just beside it, and anything else.
    """
    attribute = ATTRIBUTES[of_one[0].attribute]
    named = {value for one in of_one for value in (one.value if isinstance(one.value, tuple) else (one.value,))}
    if not attribute.is_number:
        closed = attribute.form is not None and "[" not in attribute.form and "(" not in attribute.form
        tried = set(str(attribute.form).split("|")) if closed else {*named, "any other"}
    elif of_one[0].attribute in MAY_BE_A_FRACTION:
        points = sorted(named)
        between = {(one + other) / 2 for one, other in pairwise(points)}
        tried = {*points, *between, points[0] - 1, points[-1] + 1}
    else:
        whole = {value.to_integral_value() + step for value in named for step in (-1, 0, 1)} | {Decimal(0)}
        tried = {value for value in whole if value >= 0}
    return any(all(meets(one, value) for one in of_one) for value in tried)
