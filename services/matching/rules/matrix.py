"""The rules matrix: what an overlap of two programs is, for which households, and from which day a decision may hold."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import Any, Literal

from services.matching.errors import MatrixContradiction, MatrixDayTooEarly, ProgramWithItself
from services.matching.rules.conditions import Clause, can_hold, opposite, read_condition
from services.matching.rules.eligibility import Criterion

OverlapClass = Literal["required", "intended", "tolerated", "forbidden"]
"""`required`: who is in one belongs in the other · `intended`: meant to add up (layering) · `tolerated`: neither sought nor
against a rule · `forbidden`: a case for a person to review, never an exclusion by itself."""
Pair = tuple[str, str]
LONGEST_CHAIN = 4
"""Required pairs that are followed one after the other: a committee finds its own rules again in four, and in no more."""


class ProposalStatus(StrEnum):
    """What became of a proposed decision; `withdrawn`: whoever proposed it took it back."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Exemption:
    """Households that meet every condition have another class than the others of the pair."""

    overlap_class: OverlapClass
    conditions: tuple[Criterion, ...]


@dataclass(frozen=True, slots=True)
class PairRule:
    """What is decided for a pair: the class of the first exemption whose conditions a household meets, else `overlap_class`."""

    overlap_class: OverlapClass
    exemptions: tuple[Exemption, ...] = ()

    def ways_to(self, wanted: OverlapClass) -> Iterator[Sequence[Clause]]:
        """For each way in which a household can come to a class: the clauses it then meets."""
        passed: list[Clause] = []
        for one in self.exemptions:
            if one.overlap_class == wanted:
                yield [*passed, *([each] for each in one.conditions)]
            passed.append([opposite(each) for each in one.conditions])
        if self.overlap_class == wanted:
            yield passed

    def may_be(self, wanted: OverlapClass) -> bool:
        return any(can_hold(way) for way in self.ways_to(wanted))


def read_rule(overlap_class: OverlapClass, exemptions: Sequence[Mapping[str, Any]]) -> PairRule:
    """A rule as it is written. ConditionUnsound where one of its conditions cannot be evaluated."""
    return PairRule(
        overlap_class,
        tuple(
            Exemption(
                one["overlap_class"],
                tuple(
                    read_condition(each, f"/exemptions/{number}/conditions/{place}")
                    for place, each in enumerate(one["conditions"])
                ),
            )
            for number, one in enumerate(exemptions)
        ),
    )


def pair_of(one: str, other: str) -> Pair:
    """Two programs in the order in which their cell is kept. ProgramWithItself where they are one."""
    if one == other:
        raise ProgramWithItself(pointer="/path/program_b")
    return (one, other) if one < other else (other, one)


def refuse_too_early(valid_from: date, in_force_since: date | None) -> None:
    """MatrixDayTooEarly where a decision would begin before the one that is in force today (None: there is none).

    What has not begun yet binds nobody: a decision dated by mistake into a far year must not close its cell until then.
    """
    if in_force_since is not None and valid_from < in_force_since:
        raise MatrixDayTooEarly(pointer="/valid_from", day=in_force_since)


def refuse_contradiction(pair: Pair, rules: Mapping[Pair, PairRule]) -> None:
    """MatrixContradiction where, by the rules of one day, some household had to be in two programs and must not be.

    Either the pair's own exemptions say both of one household; or its rule closes a chain: A required with B, B with C, and A
    forbidden with C. Only chains that the pair is part of are looked at: the others were there before.
    """
    mine = [one for one in rules[pair].exemptions if one.overlap_class in ("required", "forbidden")]
    for number, one in enumerate(mine):
        for other in mine[number + 1 :]:
            if one.overlap_class != other.overlap_class and can_hold(
                [[each] for each in one.conditions + other.conditions]
            ):
                raise MatrixContradiction(programs=pair)
    for ends, rule in rules.items():
        for chain in _chains(ends[0], ends[1], rules) if rule.may_be("forbidden") else ():
            links = [pair_of(*two) for two in pairwise(chain)]
            if pair in (*links, ends) and _all_at_once([rules[one] for one in links], rule):
                raise MatrixContradiction(programs=chain)


def _chains(start: str, end: str, rules: Mapping[Pair, PairRule]) -> Iterator[tuple[str, ...]]:
    """Ways from one program to another over pairs that may be required, without the pair of both themselves."""
    edges = [one for one, rule in rules.items() if one != pair_of(start, end) and rule.may_be("required")]
    waiting: list[tuple[str, ...]] = [(start,)]
    while waiting:
        way = waiting.pop()
        for one in edges:
            if way[-1] not in one or len(way) > LONGEST_CHAIN:
                continue
            other = one[1] if one[0] == way[-1] else one[0]
            if other == end:
                yield (*way, other)
            elif other not in way:
                waiting.append((*way, other))


def _all_at_once(required: Sequence[PairRule], forbidden: PairRule, so_far: tuple[Clause, ...] = ()) -> bool:
    """Whether a household can meet, of each rule, one way to its class."""
    if not can_hold(so_far):
        return False
    if not required:
        return any(can_hold((*so_far, *way)) for way in forbidden.ways_to("forbidden"))
    return any(_all_at_once(required[1:], forbidden, (*so_far, *way)) for way in required[0].ways_to("required"))
