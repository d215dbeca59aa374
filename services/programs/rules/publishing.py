"""Whether a program may be published as it is proposed: sound in itself, and true to what was issued under it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from services.programs.errors.programs import (
    UNSOUND,
    ComplementRefused,
    CriteriaTooDeep,
    CriteriaUnsound,
    EligibilityVersionsOverlap,
    ProgramUnitFixed,
    QuotaBeyondCapacity,
    QuotaTwice,
    SubstituteRefused,
    TermsOverlap,
    ValueReachesIssuedPeriod,
    ValueVersionsOverlap,
    ValueVersionUsed,
)
from services.programs.rules.program import Criteria, Criterion, Terms, Value, in_force
from shared.household_attributes import CriterionUnsound, compared_value

DEEPEST = 4
"""Groups of criteria inside one another: more than a committee can read aloud."""


@dataclass(frozen=True, slots=True)
class IssuedCycle:
    """A cycle that was not cancelled: its first day, and the value it was issued from."""

    starts_on: date
    value: Value


def refuse_unsound(terms: Terms) -> None:
    """Raise a refusal for the first thing in which the terms contradict themselves.

    A capacity below the number of the present enrollments is no contradiction: nobody is put out, new ones wait.
    """
    days = [one.from_on for one in terms.values]
    for place, day in enumerate(days):
        if day in days[:place]:
            raise ValueVersionsOverlap(pointer=f"/values/{place}/from", day=day)
    for place, code in enumerate(terms.complements):
        if code == terms.code or code in terms.complements[:place]:
            raise ComplementRefused(pointer=f"/complements/{place}", code=code)
    for place, code in enumerate(terms.substitutes):
        if code == terms.code or code in terms.substitutes[:place]:
            raise SubstituteRefused(pointer=f"/substitutes/{place}", code=code)
    _refuse_quotas(terms)
    by_start = sorted(terms.calendar.terms, key=lambda one: one.from_on)
    for first, second in pairwise(by_start):
        if second.from_on <= first.to_on:
            raise TermsOverlap(pointer="/calendar/terms", first=first.from_on, second=second.from_on)
    _refuse_eligibility(terms)


def _refuse_quotas(terms: Terms) -> None:
    places: set[str] = set()
    for number, quota in enumerate(terms.quotas):
        if quota.place in places:
            raise QuotaTwice(pointer=f"/quotas/{number}/place", place=quota.place)
        places.add(quota.place)
        if terms.capacity is not None and quota.most > terms.capacity:
            pointer = f"/quotas/{number}/most"
            raise QuotaBeyondCapacity(pointer=pointer, place=quota.place, most=quota.most, capacity=terms.capacity)


def _refuse_eligibility(terms: Terms) -> None:
    for place, one in enumerate(terms.eligibility):
        earlier = terms.eligibility[:place]
        if any(one.version == other.version or one.from_on == other.from_on for other in earlier):
            raise EligibilityVersionsOverlap(pointer=f"/eligibility/{place}", day=one.from_on)
        _refuse_criteria(one.rule, f"/eligibility/{place}/rule", 1)


def _refuse_criteria(group: Criteria, pointer: str, depth: int) -> None:
    if depth > DEEPEST:
        raise CriteriaTooDeep(pointer=pointer, most=DEEPEST)
    parts = len(group.criteria) + len(group.groups)
    counted = group.at_least is not None
    if not parts or counted != (group.match == "at_least") or (group.at_least or 0) > parts:
        raise CriteriaUnsound(pointer=pointer)
    for number, criterion in enumerate(group.criteria):
        _refuse_criterion(criterion, f"{pointer}/criteria/{number}")
    for number, inner in enumerate(group.groups):
        _refuse_criteria(inner, f"{pointer}/groups/{number}", depth + 1)


def _refuse_criterion(one: Criterion, pointer: str) -> None:
    try:
        compared_value(one.attribute, one.operator, one.value)
    except CriterionUnsound as fault:
        refusal, named = UNSOUND[fault.what], {"attribute": one.attribute, "accepted": fault.accepted}
        raise refusal(pointer=f"{pointer}/{fault.what}", **named) from None


def refuse_rewriting(before: Terms, after: Terms, issued: Iterable[IssuedCycle]) -> None:
    """Raise a refusal where `after` would make untrue what stands: the unit of enrollments, the value of issued cycles."""
    if after.unit != before.unit:
        raise ProgramUnitFixed(pointer="/unit", unit=before.unit)
    for cycle in issued:
        kept = next((one for one in after.values if one.from_on == cycle.value.from_on), None)
        if kept is None or _given(kept) != _given(cycle.value):
            raise ValueVersionUsed(pointer="/values", day=cycle.value.from_on, cycle=cycle.starts_on)
        now_in_force = in_force(after.values, cycle.starts_on)
        if now_in_force is not None and now_in_force.from_on > cycle.value.from_on:
            raise ValueReachesIssuedPeriod(pointer="/values", day=now_in_force.from_on, cycle=cycle.starts_on)


def _given(value: Value) -> Value:
    """What a value gives, without what is said about it: a note or a source may be bettered later."""
    return value.model_copy(update={"note": "", "confidence": "assumed"})


def in_order(values: Sequence[Value]) -> tuple[Value, ...]:
    """Value versions by their first day, as they are stored."""
    return tuple(sorted(values, key=lambda one: one.from_on))
