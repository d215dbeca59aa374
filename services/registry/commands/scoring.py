"""The score of one household, computed by a published formula and stored with the hash of what it was computed from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.catalog import formulas
from services.registry.commands.acting import Acting
from services.registry.commands.changing import Changing, announce, lock_households, lock_individuals, state_facts
from services.registry.commands.checking import refuse_day, refuse_inactive_household
from services.registry.errors import NothingChanges
from services.registry.errors.scores import FormulaUnknown, ScoreInputsMissing
from services.registry.models import Household, Individual, Membership
from services.registry.queries.moments import Moment
from services.registry.queries.scores import facts_of
from services.registry.rules.scoring import Formula, HouseholdFacts, Inputs, Scored, inputs_of, score
from shared.clock import now
from shared.etags import refuse_stale


@dataclass(frozen=True, slots=True)
class Decided:
    """A score decided for a household, ready to be stated."""

    formula: Formula
    inputs: Inputs
    scored: Scored
    day: date

    def facts(self) -> dict[str, Any]:
        """As JSON holds them."""
        return {
            "vulnerability_category": self.scored.category,
            "score": str(self.scored.score),
            "formula_version": self.formula.version,
            "score_inputs_hash": self.inputs.hash().hex(),
            "scored_on": self.day.isoformat(),
            "score_valid_until": self.formula.valid_until(self.day).isoformat(),
        }

    def is_held_by(self, household: Household) -> bool:
        held = (household.formula_version, household.score_inputs_hash, household.scored_on)
        return held == (self.formula.version, self.inputs.hash(), self.day)


def formula_named(version: str, pointer: str = "/formula_version") -> Formula:
    found = formulas().get(version)
    if found is None:
        raise FormulaUnknown(pointer=pointer, versions=", ".join(sorted(formulas())))
    return found


async def score_household(
    tx: AsyncSession, household_id: UUID, *, if_match: str, version: str, day: date | None, acting: Acting
) -> Changing:
    """Compute the score of a household as of a day, today without one, and state it from that day on."""
    formula, day = formula_named(version), day or now().date()
    household = (await lock_households(tx, [household_id]))[household_id]
    refuse_stale(if_match, household.version)
    refuse_inactive_household(household)
    refuse_day(day, household, pointer="/day")
    members, moment = await lock_inputs(tx, {household.id: household}, day)
    facts = (await facts_of(tx, [household.id], moment))[household.id]
    decided = decide(formula, facts, day)
    if isinstance(decided, Inputs):
        raise ScoreInputsMissing([one.label.text for one in decided.missing])
    if decided.is_held_by(household):
        raise NothingChanges(pointer="/formula_version")

    changing = acting.begin(tx, "scoring", [household, *members], day)
    await state_facts(tx, changing, household, decided.facts(), from_on=day)
    announce(tx, changing)
    return changing


async def lock_inputs(
    tx: AsyncSession, households: Mapping[UUID, Household], day: date
) -> tuple[list[Individual], Moment]:
    """Lock the members of locked households, and the moment at which all that is known of them is known.

    A change of a member that commits after the score is thus known after it, and a recomputation does not see it.
    """
    ids = select(Membership.individual_id).where(
        Membership.household_id.in_(households), Membership.known_until.is_(None)
    )
    members = list((await lock_individuals(tx, await tx.scalars(ids))).values())
    return members, Moment(day, latest_known([*households.values(), *members]))


def latest_known(records: Iterable[Household | Individual]) -> datetime:
    return max([now(), *(one.known_from for one in records)])


def decide(formula: Formula, facts: HouseholdFacts, day: date) -> Decided | Inputs:
    """The score of a household; its inputs where some are missing."""
    inputs = inputs_of(formula, facts, day)
    return inputs if inputs.missing else Decided(formula, inputs, score(formula, inputs), day)
