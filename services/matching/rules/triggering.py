"""When an area calls for a shock response: the phase it takes from the people of the Cadre Harmonisé, and the rule's thresholds.

The Cadre Harmonisé (CILSS, Manual 2.0; as the IPC) classifies an area in the highest phase for which at least 20 % of its
people are in that phase or in a worse one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

PHASES = (1, 2, 3, 4, 5)
STANDARD_PERCENT = Decimal(20)
CRISIS = 3
"""From phase 3, crisis, people need urgent action: the phase from which an area calls for a response unless decided otherwise."""


class AnalysisPeriod(StrEnum):
    """Of which time an analysis speaks: when it was made, or the coming lean season."""

    CURRENT = "current"
    PROJECTED = "projected"


class TriggerStatus(StrEnum):
    """`proposed` by the rule; `validated` or `rejected` by a person; `superseded` by a newer version of its analysis."""

    PROPOSED = "proposed"
    VALIDATED = "validated"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Rule:
    """From which share of its people (percent) an area takes a phase, in each wilaya, and from which phase it is a trigger."""

    percent: Decimal = STANDARD_PERCENT
    by_wilaya: Mapping[str, Decimal] = field(default_factory=dict)
    least_phase: int = CRISIS

    def percent_in(self, wilaya: str | None) -> Decimal:
        return self.by_wilaya.get(wilaya or "", self.percent)


def in_phase_or_worse(people: Sequence[int], phase: int) -> int:
    """How many of an area's people (phases 1 to 5) are in a phase or in a worse one."""
    return sum(people[phase - 1 :])


def phase_of(people: Sequence[int], total: int, percent: Decimal) -> int | None:
    """The highest phase that at least `percent` of the `total` people are in, or in a worse one; None where nobody lives.

    Exact: whole people against a decimal share, nothing is rounded. Who was not classified counts to the total alone.
    """
    if total <= 0:
        return None
    for phase in reversed(PHASES):
        if in_phase_or_worse(people, phase) * 100 >= percent * total:
            return phase
    return PHASES[0]


def calls(rule: Rule, phase: int | None) -> bool:
    """Whether an area in this phase is proposed as a trigger."""
    return phase is not None and phase >= rule.least_phase
