"""From compared candidates to one decision: link, let a human adjudicate, or leave unmatched."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal
from uuid import UUID

from services.matching.rules.comparing import Comparison
from services.matching.rules.facts import IndividualFacts, Unit

Kind = Literal["link", "adjudicate", "unmatched"]

# Probability from which a pair is linked without a human: of a thousand such links about ten may be wrong,
# and every link can be undone; below ADJUDICATE a human would only say no, and there are more such pairs than
# anyone can read.
LINK = 0.97
ADJUDICATE = 0.30
# Bits by which the best must lead the best different person: eight to one. Two brothers on one phone stay a
# question.
MARGIN = 3.0
MOST_SHOWN = 5
"""People worth showing to whoever decides: the best and those after it; beyond, a person reads and does not choose."""


class OpenedFor(StrEnum):
    """Why a person is asked."""

    DOUBTFUL = "doubtful"
    """The model cannot tell."""
    INDIVIDUAL_LEFT = "individual_left"
    """A person had decided who it is, and the registry has that individual no more."""
    CONTRADICTED = "contradicted"
    """Persons disagree: who was decided on was refused elsewhere, or merged with somebody refused."""
    EVIDENCE_CHANGED = "evidence_changed"
    """What an earlier decision was made on is no longer what is known."""
    BY_HAND = "by_hand"
    """A person links what nobody asked about, and a second must confirm it."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate and what comparing it gave."""

    individual: IndividualFacts
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class Refused:
    """Whom an institution has said a beneficiary is not: these individuals, and everybody in these households."""

    individuals: frozenset[UUID] = frozenset()
    households: frozenset[UUID] = frozenset()

    def holds_for(self, individual: IndividualFacts) -> bool:
        return individual.individual_id in self.individuals or individual.household_id in self.households


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows for one beneficiary.

    link: both ids are set, and what the program pays is certain: the person, or for a unit of households the
    household (`person_certain` is False when another of its members is as likely: the spouse for the head;
    `household_certain` is False when the person heads two households and nothing says which).
    adjudicate: both name the best candidate, for the human to start from (None where a decision has been left without
    its individual and nobody else is worth a look); `opened_for` says why. unmatched: both are None, and so is the
    probability 0. `runner_up` is the best candidate who is another person, if any is worth a look.
    """

    kind: Kind
    individual_id: UUID | None = None
    household_id: UUID | None = None
    probability: float = 0.0
    comparison: Comparison | None = None
    runner_up: Scored | None = None
    person_certain: bool = True
    household_certain: bool = True
    ranked: tuple[Scored, ...] = ()
    opened_for: OpenedFor = OpenedFor.DOUBTFUL
    held: bool = False


def decide(candidates: Sequence[Scored], *, unit: Unit = "individual") -> Decision:
    """The decision over all candidates of one beneficiary. Independent of their order and of repetitions."""
    ranked = sorted(candidates, key=rank_of)
    if not ranked or ranked[0].comparison.probability < ADJUDICATE:
        return Decision("unmatched")
    best = ranked[0]
    other = next((c for c in ranked if c.individual.individual_id != best.individual.individual_id), None)
    close = [c for c in ranked if best.comparison.score - c.comparison.score < MARGIN]
    person_certain = all(c.individual.individual_id == best.individual.individual_id for c in close)
    household_certain = all(c.individual.household_id == best.individual.household_id for c in close)
    certain = household_certain if unit == "household" else person_certain
    linked = best.comparison.probability >= LINK and certain and not best.comparison.forbidden
    return Decision(
        "link" if linked else "adjudicate",
        best.individual.individual_id,
        best.individual.household_id,
        best.comparison.probability,
        best.comparison,
        other,
        person_certain,
        household_certain,
        _persons(ranked),
    )


def _persons(ranked: Sequence[Scored]) -> tuple[Scored, ...]:
    """The best few different persons, each with the household that speaks most for it."""
    best: dict[UUID, Scored] = {}
    for one in ranked:
        best.setdefault(one.individual.individual_id, one)
    return tuple(best.values())[:MOST_SHOWN]


def rank_of(candidate: Scored) -> tuple[float, str, str]:
    """Best first; numbers, which never change, part equals, so that the order of arrival decides nothing."""
    individual = candidate.individual
    return -candidate.comparison.score, individual.individual_number, individual.household_number
