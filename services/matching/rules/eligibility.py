"""Eligibility: rules of named criteria over the attributes of a household, and what they say of one.

Logic is Kleene's: true, false, or None where it cannot be told. Unknown is not false: `all` is false where one part is
false, whatever is unknown beside it; otherwise unknown where one is.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from shared.household_attributes import CriterionUnsound, compared_value
from shared.text import Text

Match = Literal["all", "any", "at_least"]
UNANSWERED = "unanswered"
"""The operator of a criterion that cannot be told of anybody."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One named criterion. `value` is read by its attribute: Decimal, str, a tuple of them, or a bool where it `exists`."""

    code: str
    attribute: str
    operator: str
    value: Any
    label: Text


@dataclass(frozen=True, slots=True)
class Group:
    """Criteria and groups taken together: all of them, any, or at least so many (`least`)."""

    match: Match
    criteria: tuple[Criterion, ...] = ()
    groups: tuple["Group", ...] = ()
    least: int = 1

    @property
    def needed(self) -> int:
        """How many parts must hold."""
        parts = len(self.criteria) + len(self.groups)
        return {"all": parts, "any": 1, "at_least": self.least}[self.match]

    def all_criteria(self) -> Iterator[Criterion]:
        yield from self.criteria
        for group in self.groups:
            yield from group.all_criteria()


@dataclass(frozen=True, slots=True)
class Rule:
    """The rule by which a program chooses from a day on; `version` 0: its published targeting, where it has no rule."""

    version: int
    from_on: date
    group: Group


@dataclass(frozen=True, slots=True)
class Outcome:
    """A criterion of a rule for one household; `holds` None: its attribute is not known."""

    criterion: Criterion
    holds: bool | None


def rule_on(program: Mapping[str, Any], day: date) -> Rule | None:
    """The rule in force on a day of a program as it was published; None where it does not choose by household.

    Before the first published rule, and where there is none, its targeting is the rule.
    """
    published = [one for one in program.get("eligibility") or () if date.fromisoformat(one["from"]) <= day]
    if not published:
        return _of_targeting(program["targeting"], program["unit"])
    newest = max(published, key=lambda one: str(one["from"]))
    return Rule(newest["version"], date.fromisoformat(newest["from"]), read_group(newest["rule"]))


def read_group(rule: Mapping[str, Any]) -> Group:
    """A group as programs publish it."""
    return Group(
        rule["match"],
        tuple(_read_criterion(one) for one in rule.get("criteria") or ()),
        tuple(read_group(one) for one in rule.get("groups") or ()),
        rule.get("at_least") or 1,
    )


def _read_criterion(one: Mapping[str, Any]) -> Criterion:
    """One that was published before attributes were held to a list may ask for what nobody knows: it stays unknown."""
    try:
        operator, value = one["operator"], compared_value(one["attribute"], one["operator"], one.get("value"))
    except CriterionUnsound:
        operator, value = UNANSWERED, None
    return Criterion(one["code"], one["attribute"], operator, value, Text(**one["label"]))


OF_CATEGORY = Text(ar="فئة الهشاشة", fr="catégorie de vulnérabilité", en="vulnerability category")
OF_SCHOOL_AGE = Text(ar="طفل في سن الدراسة", fr="enfant d'âge scolaire", en="a child of school age")
OF_WILAYA = Text(ar="الولاية", fr="wilaya", en="wilaya")
WITH_DISABILITY = Text(ar="فرد معاق", fr="membre handicapé", en="a member with a disability")


def _of_targeting(targeting: Mapping[str, Any], unit: str) -> Rule | None:
    """Whom a program without a rule says it is for. Chosen by school: a household with a child of school age may be served."""
    if targeting["categories"]:
        criteria = [Criterion("category", "category", "in", tuple(targeting["categories"]), OF_CATEGORY)]
    elif unit == "pupil":
        criteria = [_at_least_one("school_age", OF_SCHOOL_AGE)]
    else:
        return None
    if targeting["wilayas"] is not None:
        criteria.append(Criterion("wilaya", "wilaya", "in", tuple(targeting["wilayas"]), OF_WILAYA))
    if targeting["requires_disability"]:
        criteria.append(_at_least_one("disabled", WITH_DISABILITY))
    return Rule(0, date.min, Group("all", tuple(criteria)))


def _at_least_one(attribute: str, label: Text) -> Criterion:
    return Criterion(attribute, attribute, "ge", compared_value(attribute, "ge", 1), label)


def eligible(group: Group, household: Mapping[str, Any]) -> bool | None:
    """Whether a household, by its attributes (None: not known), is one the group means; None: cannot tell."""
    return holds(group.needed, _parts(group, household))


def _parts(group: Group, household: Mapping[str, Any]) -> list[bool | None]:
    criteria = [meets(one, household.get(one.attribute)) for one in group.criteria]
    return [*criteria, *(eligible(one, household) for one in group.groups)]


def holds(needed: int, parts: Sequence[bool | None]) -> bool | None:
    """Whether so many of the parts hold: surely, surely not, or it cannot be told."""
    sure, unknown = sum(one is True for one in parts), sum(one is None for one in parts)
    if sure >= needed:
        return True
    return None if sure + unknown >= needed else False


def meets(criterion: Criterion, known: Any) -> bool | None:
    """What one criterion says of an attribute's value."""
    if criterion.operator == "exists":
        return (known is not None) is criterion.value
    if known is None or criterion.operator == UNANSWERED:
        return None
    wanted = criterion.value
    match criterion.operator:
        case "eq":
            return bool(known == wanted)
        case "ne":
            return bool(known != wanted)
        case "in":
            return known in wanted
        case "not_in":
            return known not in wanted
        case "lt":
            return bool(known < wanted)
        case "le":
            return bool(known <= wanted)
        case "gt":
            return bool(known > wanted)
        case _:
            return bool(known >= wanted)


def outcomes(group: Group, household: Mapping[str, Any]) -> list[Outcome]:
    """Every criterion of a rule, in its order, with what it says of a household."""
    return [Outcome(one, meets(one, household.get(one.attribute))) for one in group.all_criteria()]


def missing(found: Iterable[Outcome]) -> list[str]:
    """The attributes without which it cannot be told, each once."""
    return list(dict.fromkeys(one.criterion.attribute for one in found if one.holds is None))
