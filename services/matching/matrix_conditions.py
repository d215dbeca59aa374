"""The class of a pair of programs for a household, in SQL: what the rules matrix says of whoever meets its conditions."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, case, false, literal, null, true
from sqlalchemy.sql.selectable import Subquery

from services.matching.rules.eligibility import Criterion
from services.matching.rules.matrix import PairRule

COMPARE: dict[str, Callable[[Any, Any], ColumnElement[bool]]] = {
    "eq": lambda known, value: known == value,
    "ne": lambda known, value: known != value,
    "lt": lambda known, value: known < value,
    "le": lambda known, value: known <= value,
    "gt": lambda known, value: known > value,
    "ge": lambda known, value: known >= value,
    "in": lambda known, value: known.in_(value),
    "not_in": lambda known, value: known.not_in(value),
}
"""What is not known is null, and stays so: neither met nor missed."""


def class_of(rule: PairRule | None, known: Subquery) -> ColumnElement[str]:
    """The class of a pair for a row of `household_facts.households_on`; `undecided` where nobody has decided the pair."""
    if rule is None:
        return literal("undecided")
    if not rule.exemptions:
        return literal(rule.overlap_class)
    whens = [(_all_of(one.conditions, known), literal(one.overlap_class)) for one in rule.exemptions]
    return case(*whens, else_=literal(rule.overlap_class))


def cannot_tell(rule: PairRule | None, known: Subquery) -> ColumnElement[bool]:
    """Whether an exemption that comes before the one that holds asks about what is not known."""
    if rule is None or not rule.exemptions:
        return false()
    whens: list[tuple[ColumnElement[bool], ColumnElement[bool]]] = []
    for one in rule.exemptions:
        met = _all_of(one.conditions, known)
        whens += [(met.is_(null()), true()), (met, false())]
    return case(*whens, else_=false())


def _all_of(conditions: Sequence[Criterion], known: Subquery) -> ColumnElement[bool]:
    return and_(*(COMPARE[one.operator](known.c[one.attribute], one.value) for one in conditions))
