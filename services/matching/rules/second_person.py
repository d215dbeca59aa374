"""Where a decision costs much, a second person confirms it: which those are, is data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from services.matching.rules.persons import Said
from shared.text import Text


@dataclass(frozen=True, slots=True)
class SecondPerson:
    """A rule: for these outcomes, from this value a month on, unless one of these fields is equal on both sides."""

    outcomes: frozenset[Said]
    monthly_value_from: Decimal
    unless_equal: frozenset[str]
    because: Text


def read_rules(data: Mapping[str, Any]) -> tuple[SecondPerson, ...]:
    """The rules in a file; KeyError or ValueError where it is not one."""
    return tuple(
        SecondPerson(
            frozenset(Said(one) for one in rule["outcomes"]),
            Decimal(rule["monthly_value_from_mru"]),
            frozenset(rule["unless_equal"]),
            Text(**rule["because"]),
        )
        for rule in data["rules"]
    )


def needs_second(
    rules: Sequence[SecondPerson], said: Said, monthly_value: Decimal | None, levels: Mapping[str, str]
) -> SecondPerson | None:
    """The first rule that asks for a second person, if any. `levels`: what each field of the comparison reached.

    A link by hand is held to what a decision `same` is.
    """
    outcome = Said.SAME if said is Said.LINKED else said
    for rule in rules:
        if outcome not in rule.outcomes or (monthly_value or Decimal(0)) < rule.monthly_value_from:
            continue
        if not any(levels.get(field) == "equal" for field in rule.unless_equal):
            return rule
    return None
