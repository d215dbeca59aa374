"""Files of households: the registry's interchange csv, or a list of any shape, one line per individual or head."""

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.commands.quotas import over_quota
from services.registry.commands.registering import register_households
from services.registry.errors import UnknownKindOfFile
from services.registry.queries.place_table import place_table
from services.registry.reader import Listing, household_layout, read_chunks
from services.registry.rules.households import COMMUNE_NOT_FOUND, UNKNOWN_COMMUNE, HouseholdFile, Problem
from services.registry.rules.reading import Read
from shared.contracts.registry import ImportCompleted
from shared.errors import NotPermitted
from shared.headers import Layout
from shared.identity import Caller
from shared.importing.importer import Chunk, Issue, Outcome
from shared.importing.models import Import
from shared.outbox import record
from shared.place_names import PlaceIndex

KIND = "households"


class HouseholdsImporter:
    """Reads files of households and registers what they hold."""

    def __init__(self) -> None:
        self._places = PlaceIndex([])
        self._placed_for: UUID | None = None
        """The import for which the places were read: each file is read against the places as they are when it begins."""

    def refuse(self, caller: Caller, kind: str) -> None:
        if not caller.may("households:write"):
            raise NotPermitted(permission="households:write")
        if kind != KIND:
            raise UnknownKindOfFile(pointer="/query/kind")

    def layout(self, kind: str) -> Layout | None:
        return household_layout() if kind == KIND else None

    def chunks(self, import_: Import, file: Path) -> Iterator[Chunk]:
        return read_chunks(Listing(file, import_.filename, import_.created_at.date(), import_.mapping))

    def keys(self, import_: Import, chunk: Chunk) -> Iterable[tuple[int, str]]:
        reads: list[Read] = list(chunk.rows)
        return ((read.household.line, read.household.number) for read in reads if read.household is not None)

    async def apply(self, tx: AsyncSession, import_: Import, chunk: Chunk) -> Outcome:
        if self._placed_for != import_.id:
            self._places, self._placed_for = (await place_table(tx)).index, import_.id
        reads: list[Read] = list(chunk.rows)
        problems, rejected = list(chain.from_iterable(read.problems for read in reads)), sum(r.refused for r in reads)
        households = []
        for household in (read.household for read in reads if read.household is not None):
            placed = _placed(household, self._places)
            if isinstance(placed, Problem):
                problems.append(placed)
                rejected += len(household.members)
            else:
                households.append(placed)
        done = await register_households(tx, households, by=import_.partner, import_id=import_.id)
        return Outcome(
            accepted=done.accepted,
            unchanged=done.unchanged,
            rejected=rejected + done.refused,
            issues=[
                *(Issue(*one) for one in sorted(problems + done.problems, key=lambda problem: problem.line)),
                *await over_quota(tx, done.changed, chunk.last_line),
            ],
        )

    async def completed(self, tx: AsyncSession, import_: Import) -> None:
        counted = {name: getattr(import_, name) for name in ("kind", "accepted", "unchanged", "rejected")}
        record(tx, ImportCompleted(import_id=import_.id, **counted))


def _placed(household: HouseholdFile, places: PlaceIndex) -> HouseholdFile | Problem:
    """The household with its commune: by the code it gives, otherwise by the names, parent first."""
    code, wilaya, moughataa, commune = household.written
    found = places.resolve(wilaya, moughataa, code or commune).commune_code
    if found is not None:
        return household._replace(commune_code=found)
    if code:
        return Problem(household.line, "commune_code", code, "error", "commune_unknown", UNKNOWN_COMMUNE)
    return Problem(household.line, "commune", commune, "error", "commune_not_found", COMMUNE_NOT_FOUND)
