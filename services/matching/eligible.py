"""Rules of eligibility in SQL: the same answers for a country as Python gives for one household."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Integer,
    Numeric,
    and_,
    case,
    cast,
    false,
    literal,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.models import Program
from services.matching.rules.eligibility import UNANSWERED, Criterion, Group, Rule, rule_on

Columns = Mapping[str, ColumnElement[Any]] | Any
"""The attributes of households (household_facts.households_on)."""
COMPARED: Mapping[str, Callable[[ColumnElement[Any], Any], ColumnElement[bool]]] = {
    "eq": lambda known, wanted: known == wanted,
    "ne": lambda known, wanted: known != wanted,
    "lt": lambda known, wanted: known < wanted,
    "le": lambda known, wanted: known <= wanted,
    "gt": lambda known, wanted: known > wanted,
    "ge": lambda known, wanted: known >= wanted,
    "in": lambda known, wanted: known.in_(wanted),
    "not_in": lambda known, wanted: known.not_in(wanted),
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """A program that chooses by household, with its rule in force on a day and the programs that stand in for it."""

    code: str
    rule: Rule
    substitutes: tuple[str, ...]


async def documents(tx: AsyncSession) -> list[Mapping[str, Any]]:
    """What is published of every program, by code; of one that the version before this one wrote, what it kept: no value, and
    its targeting."""
    return [document_of(one) for one in await tx.scalars(select(Program).order_by(Program.code))]


def document_of(program: Program) -> Mapping[str, Any]:
    kept = {name: getattr(program, name) for name in ("code", "institution", "names", "unit", "targeting")}
    return program.document or kept


def chosen_on(published: Sequence[Mapping[str, Any]], day: date) -> list[Chosen]:
    """The programs that choose by household on a day."""
    rules = ((one, rule_on(one, day)) for one in published)
    return [Chosen(one["code"], rule, tuple(one.get("substitutes") or ())) for one, rule in rules if rule is not None]


def eligible_in(group: Group, household: Columns) -> ColumnElement[bool]:
    """Whether a household is one the group means; null where that cannot be told."""
    parts = [
        *(meets_in(one, household) for one in group.criteria),
        *(eligible_in(one, household) for one in group.groups),
    ]
    if group.match == "all":
        return and_(true(), *parts)
    if group.match == "any":
        return or_(false(), *parts)
    sure, possible = (_count(parts, if_unknown=unknown) for unknown in (0, 1))
    surely, surely_not = sure >= group.needed, possible < group.needed
    return case((surely, true()), (surely_not, false()), else_=cast(null(), Boolean))


def _count(parts: Sequence[ColumnElement[bool]], *, if_unknown: int) -> ColumnElement[int]:
    counts = [case((part.is_(None), if_unknown), else_=cast(part, Integer)) for part in parts]
    return sum(counts[1:], counts[0])


def meets_in(criterion: Criterion, household: Columns) -> ColumnElement[bool]:
    """What one criterion says of a household."""
    if criterion.operator == UNANSWERED:
        return cast(null(), Boolean)
    known: ColumnElement[Any] = household[criterion.attribute]
    if criterion.operator == "exists":
        return known.is_not(None) if criterion.value else known.is_(None)
    return COMPARED[criterion.operator](known, _bound(criterion.value))


def _bound(value: Any) -> Any:
    """A number may be compared with a column of integers, and need not be whole."""
    if isinstance(value, tuple):
        return [_bound(one) for one in value]
    return literal(value, Numeric()) if isinstance(value, Decimal) else value
