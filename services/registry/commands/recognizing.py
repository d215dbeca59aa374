"""Numbers for members whose lines have none: their own where they are recognized, new ones otherwise."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.commands.holdings import any_numbers
from services.registry.commands.numbers import new_individual_numbers
from services.registry.models import Household, Identifier, Individual, Membership
from services.registry.rules.households import HouseholdFile, Member
from services.registry.rules.recognizing import Candidate, recognized

CANDIDATE = tuple(getattr(Individual, name) for name in Candidate._fields)
NUMBERS_AT_ONCE = 100
"""Fetched from the sequence together; those not needed are lost, as a sequence's numbers may be."""


async def number_members(
    tx: AsyncSession, households: Sequence[HouseholdFile], held: Mapping[str, Household]
) -> list[HouseholdFile]:
    """The households with a number for every member.

    Whoever the household has or had is recognized, so that the same file again issues no number again.
    """
    unnumbered = [one for one in households if not all(member.number for member in one.members)]
    if not unnumbered:
        return list(households)
    numbering = _Numbering(tx)
    await numbering.learn_held([held[one.number].id for one in unnumbered if one.number in held])
    await numbering.learn_holders([member.nni for one in unnumbered for member in one.members if member.nni])
    for one in households:
        for member in one.members:
            if member.number:
                numbering.learn(one.number, member)
    return [await numbering.numbered(one) for one in households]


class _Numbering:
    """Who is known, by household number and by national id, and the numbers ready to be issued."""

    def __init__(self, tx: AsyncSession) -> None:
        self._tx = tx
        self._of_household: dict[str, list[Candidate]] = defaultdict(list)
        self._of_nni: dict[str, list[Candidate]] = defaultdict(list)
        self._ready: list[str] = []

    async def learn_held(self, household_ids: Sequence[UUID]) -> None:
        """Who belongs to these households, or once did: who comes back is the same person."""
        rows = select(Household.number, *CANDIDATE).distinct().join(Membership, Membership.household_id == Household.id)
        rows = rows.join(Individual, Individual.id == Membership.individual_id).order_by(Individual.number)
        known = Household.id.in_(household_ids) & Membership.known_until.is_(None) & (Individual.status != "merged")
        for household, *candidate in await self._tx.execute(rows.where(known)):
            self._of_household[household].append(Candidate(*candidate))

    async def learn_holders(self, nnis: Sequence[str]) -> None:
        rows = select(Identifier.value, *CANDIDATE).join(Individual, Individual.id == Identifier.individual_id)
        held = (Identifier.type == "NNI") & (Identifier.value == any_numbers(nnis)) & Identifier.known_until.is_(None)
        rows = rows.where(held, Individual.status != "merged").order_by(Individual.number)
        for nni, *candidate in await self._tx.execute(rows):
            self._of_nni[nni].append(Candidate(*candidate))

    def learn(self, household: str, member: Member) -> None:
        candidate = Candidate(*(getattr(member, name) for name in Candidate._fields))
        self._of_household[household].append(candidate)
        if member.nni:
            self._of_nni[member.nni].append(candidate)

    async def numbered(self, one: HouseholdFile) -> HouseholdFile:
        taken = {member.number for member in one.members if member.number}
        members = []
        for member in one.members:
            if not member.number:
                member = member._replace(number=self._recognize(one.number, member, taken) or await self._next())
                taken.add(member.number)
                self.learn(one.number, member)
            members.append(member)
        return one._replace(members=tuple(members))

    def _recognize(self, household: str, member: Member, taken: set[str]) -> str | None:
        """Nobody is two members of one household."""
        of_household = [one for one in self._of_household[household] if one.number not in taken]
        same_nni = [one for one in self._of_nni.get(member.nni or "", ()) if one.number not in taken]
        return recognized(member, of_household, same_nni)

    async def _next(self) -> str:
        if not self._ready:
            self._ready = await new_individual_numbers(self._tx, NUMBERS_AT_ONCE)
        return self._ready.pop(0)
