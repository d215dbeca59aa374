"""What the other rows of a household in a program's list say of one row: the rules of `engine/households.py`, for single rows.

A row leads into a household where its own fields, or a person's word, say that it is one of its members; a lift by others
counts for nobody else. So who lifts whom hangs on no order.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

from services.matching.rules.deciding import LINK, Scored
from services.matching.rules.facts import BeneficiaryFacts, IndividualFacts
from services.matching.rules.identifiers import household_code, phone_of

Level = Literal["agrees", "agrees_told"]
FIELD = "household_agrees"
_NEARLY = 1.0 - 1e-12
_PHONE = "phone "


@dataclass(frozen=True, slots=True)
class Leads:
    """Where a row surely stands: in which household, how surely, and how much of that each of its members has."""

    household_id: UUID
    sure: float
    individuals: Mapping[UUID, float]

    def agree_on(self, individual: IndividualFacts) -> bool:
        """Whether the row is surely another member of the individual's household."""
        return individual.household_id == self.household_id and individual.individual_id not in self.may_be()

    def may_be(self) -> frozenset[UUID]:
        """The members of whom it is not sure that the row is another."""
        return frozenset(one for one, own in self.individuals.items() if self.sure - own < LINK)


def together_by(row: BeneficiaryFacts) -> str | None:
    """What rows of one household have in common in a list: its number there, else one phone at one place. A row that
    stands for a household stands alone."""
    if row.unit == "household":
        return None
    if number := by_number(row.household_number):
        return number
    place = "/".join(code or "" for code in (row.wilaya_code, row.moughataa_code, row.commune_code)).strip("/")
    phone = next(filter(None, map(phone_of, row.phones)), None)
    return f"{_PHONE}{phone} {place}" if phone and place else None


def by_phone(together: str) -> bool:
    return together.startswith(_PHONE)


def by_number(household_number: str | None) -> str | None:
    """What rows of one number have in common, however it was typed."""
    code = household_code(household_number)
    return f"number {code}" if code else None


def leads_of(candidates: Sequence[Scored], held: IndividualFacts | None = None) -> Leads | None:
    """Where what is known of a row alone surely leads; `held`: whom persons said that it is."""
    if held is not None:
        return Leads(held.household_id, 1.0, {held.individual_id: 1.0})
    every = sum(_odds(one) for one in candidates)
    homes: dict[UUID, dict[UUID, float]] = {}
    for one in candidates:
        if one.comparison.forbidden:  # whoever may not be linked without a person leads nobody
            continue
        members, whom = homes.setdefault(one.individual.household_id, {}), one.individual.individual_id
        members[whom] = members.get(whom, 0.0) + _odds(one) / (1.0 + every)
    for household, members in homes.items():
        if sum(members.values()) >= LINK:
            return Leads(household, sum(members.values()), members)
    return None


def not_lifted(others: Iterable[Leads]) -> dict[UUID, frozenset[UUID]]:
    """By household into which other rows lead, the members on whom none of them agrees: all that they say of a row."""
    out: dict[UUID, frozenset[UUID]] = {}
    for one in others:
        may_be = one.may_be()
        out[one.household_id] = out.get(one.household_id, may_be) & may_be
    return out


def level_of(candidate: Scored, by: str, others: Iterable[Leads]) -> Level | None:
    """What the other rows say of a candidate; nothing where it bears the very number or phone that they stand together `by`."""
    if not any(one.agree_on(candidate.individual) for one in others):
        return None
    phone = candidate.comparison.level("phone") in ("equal", "shared")
    again = candidate.comparison.level("household_number") == "equal" or (phone and by_phone(by))
    if again:
        return None
    return "agrees_told" if phone else "agrees"


def lifted(candidate: Scored, level: Level, bits: float) -> Scored:
    """The candidate with what the other rows add, also where that is nothing: it is told."""
    before = candidate.comparison
    odds = _odds(candidate) * 2.0**bits
    levels = (*before.levels, (FIELD, level, bits))
    added = replace(before, score=before.score + bits, probability=odds / (1.0 + odds), levels=levels)
    return replace(candidate, comparison=added)


def _odds(candidate: Scored) -> float:
    probability = min(candidate.comparison.probability, _NEARLY)
    return probability / (1.0 - probability)
