"""What is held of the households and individuals a file names, locked while the file changes them."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Text, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.commands.changing import believed_past
from services.registry.models import Household, Identifier, Individual, Membership, PastState
from services.registry.rules.stays import Stay
from shared.copying import driver_of

NUMBERED = (Household, Individual)
HELD = """
SELECT ARRAY(SELECT number FROM households WHERE number = ANY($1)),
    ARRAY(SELECT number FROM individuals WHERE number = ANY($2))
"""


class Holdings:
    """Records by number, their past, and who belongs where. What a file adds is added here, too."""

    def __init__(self, tx: AsyncSession) -> None:
        self._tx = tx
        self._absent: dict[Any, set[str]] = {}
        self.households: dict[str, Household] = {}
        self.individuals: dict[str, Individual] = {}
        self.past: dict[UUID, list[PastState]] = defaultdict(list)
        self.nnis: set[tuple[UUID, str]] = set()
        self.of_household: dict[UUID, list[Stay]] = defaultdict(list)
        self.of_individual: dict[UUID, list[Stay]] = defaultdict(list)

    async def look(self, households: Iterable[str], individuals: Iterable[str]) -> None:
        """Find out which of these numbers nobody has yet: those are not sought again, to be locked."""
        sought = [set(households), set(individuals)]
        found = await (await driver_of(self._tx)).fetchrow(HELD, *map(sorted, sought))
        self._absent = {table: all_ - set(held) for table, all_, held in zip(NUMBERED, sought, found, strict=True)}

    async def lock_households(self, numbers: Iterable[str]) -> None:
        self.households = await self._locked(Household, numbers)

    async def lock_individuals(self, numbers: Iterable[str]) -> None:
        """Households are always locked before individuals."""
        self.individuals = await self._locked(Individual, numbers)

    async def _locked(self, table: Any, numbers: Iterable[str]) -> dict[str, Any]:
        sought = set(numbers) - self._absent[table]
        if not sought:
            return {}
        rows = select(table).where(table.number == any_numbers(sought)).order_by(table.id).with_for_update()
        found = await self._tx.scalars(rows.execution_options(populate_existing=True))
        return {row.number: row for row in found}

    async def read_past(self) -> None:
        """The past, the stays and the national ids of the records locked."""
        household_ids = [one.id for one in self.households.values()]
        individual_ids = [one.id for one in self.individuals.values()]
        if not household_ids and not individual_ids:
            return
        for past in await believed_past(self._tx, household_ids + individual_ids):
            self.past[past.record_id].append(past)
        for about in (Membership.household_id.in_(household_ids), Membership.individual_id.in_(individual_ids)):
            await self._read_stays(about)
        nnis = select(Identifier.individual_id, Identifier.value).where(
            Identifier.individual_id.in_(individual_ids), Identifier.type == "NNI", Identifier.known_until.is_(None)
        )
        self.nnis = {(id_, value) for id_, value in await self._tx.execute(nnis)}

    async def _read_stays(self, about: Any) -> None:
        met = select(Membership, Household.number).join(Household).where(about, Membership.known_until.is_(None))
        known = {stay.row.id for stays in self.of_household.values() for stay in stays}
        for row, number in await self._tx.execute(met):
            if row.id not in known:
                stay = Stay(
                    row.household_id, number, row.individual_id, row.relationship, row.from_on, row.until_on, row
                )
                self.keep(stay)

    def keep(self, stay: Stay) -> None:
        self.of_household[stay.household_id].append(stay)
        self.of_individual[stay.individual_id].append(stay)

    def drop(self, stay: Stay) -> None:
        self.of_household[stay.household_id].remove(stay)
        self.of_individual[stay.individual_id].remove(stay)


def any_numbers(numbers: Iterable[str]) -> Any:
    """`ANY` of an array: one parameter, and one statement for PostgreSQL to know, however many numbers there are."""
    return any_(bindparam(None, sorted(numbers), ARRAY(Text)))
