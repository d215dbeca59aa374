"""Files the registry takes: households, one line per individual or head, and a program's remarks on its list."""

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.commands.quotas import over_quota
from services.registry.commands.registering import register_households
from services.registry.commands.remarking import propose_remark
from services.registry.errors import UnknownKindOfFile
from services.registry.queries.place_table import PlaceTable, place_table
from services.registry.reader import Listing, household_layout, read_chunks
from services.registry.rules.households import COMMUNE_NOT_FOUND, UNKNOWN_COMMUNE, HouseholdFile, Problem, refused_with
from services.registry.rules.reading import Read
from shared import remarks
from shared.contracts.registry import ImportCompleted
from shared.copying import flush_rows
from shared.errors import NotPermitted
from shared.headers import Layout
from shared.identity import Caller
from shared.importing.importer import Chunk, Issue, Outcome, chunks_of
from shared.importing.models import Import
from shared.outbox import record

PERMISSIONS = {"households": "households:write", "remarks": "changes:propose"}
REMARKS_AT_ONCE = 200
"""Each is tried in a savepoint: more would hold the locks of its records too long."""


class Kind(Protocol):
    """One kind of file: an Importer's part of the work; see there."""

    def layout(self, kind: str) -> Layout | None: ...

    def chunks(self, import_: Import, file: Path) -> Iterator[Chunk]: ...

    def keys(self, import_: Import, chunk: Chunk) -> Iterable[tuple[int, str]]: ...

    async def apply(self, tx: AsyncSession, import_: Import, chunk: Chunk) -> Outcome: ...


class RegistryImporter:
    """Reads each kind of file in its own way."""

    def __init__(self) -> None:
        self._by_kind: dict[str, Kind] = {"households": HouseholdsImporter(), "remarks": RemarksImporter()}

    def refuse(self, caller: Caller, kind: str) -> None:
        if kind not in PERMISSIONS:
            raise UnknownKindOfFile(pointer="/query/kind")
        if not caller.may(PERMISSIONS[kind]):
            raise NotPermitted(permission=PERMISSIONS[kind])

    def layout(self, kind: str) -> Layout | None:
        return self._by_kind[kind].layout(kind) if kind in self._by_kind else None

    def chunks(self, import_: Import, file: Path) -> Iterator[Chunk]:
        return self._by_kind[import_.kind].chunks(import_, file)

    def keys(self, import_: Import, chunk: Chunk) -> Iterable[tuple[int, str]]:
        return self._by_kind[import_.kind].keys(import_, chunk)

    async def apply(self, tx: AsyncSession, import_: Import, chunk: Chunk) -> Outcome:
        return await self._by_kind[import_.kind].apply(tx, import_, chunk)

    async def completed(self, tx: AsyncSession, import_: Import) -> None:
        counted = {name: getattr(import_, name) for name in ("kind", "accepted", "unchanged", "rejected")}
        record(tx, ImportCompleted(import_id=import_.id, **counted))


class HouseholdsImporter:
    """Reads files of households and registers what they hold."""

    def __init__(self) -> None:
        self._places: PlaceTable
        self._placed_for: UUID | None = None
        """The import for which the places were read: each file is read against the places as they are when it begins."""

    def layout(self, kind: str) -> Layout | None:
        return household_layout()

    def chunks(self, import_: Import, file: Path) -> Iterator[Chunk]:
        return read_chunks(Listing(file, import_.filename, import_.created_at.date(), import_.mapping))

    def keys(self, import_: Import, chunk: Chunk) -> Iterable[tuple[int, str]]:
        reads: list[Read] = list(chunk.rows)
        return ((read.household.line, read.household.number) for read in reads if read.household is not None)

    async def apply(self, tx: AsyncSession, import_: Import, chunk: Chunk) -> Outcome:
        if self._placed_for != import_.id:
            self._places, self._placed_for = await place_table(tx), import_.id
        reads: list[Read] = list(chunk.rows)
        problems, rejected = list(chain.from_iterable(read.problems for read in reads)), sum(r.refused for r in reads)
        households = []
        for household in (read.household for read in reads if read.household is not None):
            placed = _placed(household, self._places)
            if isinstance(placed, Problem):
                problems += [placed, *refused_with(household.number, placed.line, (m.line for m in household.members))]
                rejected += len(household.members)
            else:
                households.append(placed)
        done = await register_households(tx, households, by=import_.partner, import_id=import_.id)
        await flush_rows(tx)
        return Outcome(
            accepted=done.accepted,
            unchanged=done.unchanged,
            rejected=rejected + done.refused,
            issues=[
                *(Issue(*one) for one in sorted(problems + done.problems, key=lambda problem: problem.line)),
                *await over_quota(tx, done.changed, chunk.last_line),
            ],
        )


class RemarksImporter:
    """Reads what a program's list came back with, and proposes what it says."""

    def layout(self, kind: str) -> Layout | None:
        return remarks.LAYOUT

    def chunks(self, import_: Import, file: Path) -> Iterator[Chunk]:
        day = import_.created_at.date()
        return chunks_of(
            file,
            import_,
            remarks.LAYOUT,
            lambda row: remarks.read_remark(row.line, row.cells, day),
            REMARKS_AT_ONCE,
        )

    def keys(self, import_: Import, chunk: Chunk) -> Iterable[tuple[int, str]]:
        return ((one.line, one.household_number) for one in chunk.rows if isinstance(one, remarks.Remark))

    async def apply(self, tx: AsyncSession, import_: Import, chunk: Chunk) -> Outcome:
        outcome, places = Outcome(), (await place_table(tx)).index
        for one in chunk.rows:
            done = one
            if isinstance(one, remarks.Remark):
                done = await propose_remark(tx, one, places, by=import_.partner)
            if isinstance(done, remarks.Unread):
                outcome.issues.append(Issue(done.line, done.field, done.value, done.severity, done.code, done.reason))
                outcome.rejected += done.severity == "error"
                outcome.unchanged += done.severity != "error"
            else:
                outcome.accepted += done.new
                outcome.unchanged += not done.new
        return outcome


def _placed(household: HouseholdFile, places: PlaceTable) -> HouseholdFile | Problem:
    """The household with its commune, by the code it gives, otherwise by the names, parent first; and its village."""
    code, wilaya, moughataa, commune = household.written
    found = places.index.resolve(wilaya, moughataa, code or commune).commune_code
    if found is not None:
        return places.told_village(household._replace(commune_code=found))
    if code:
        return Problem(household.line, "commune_code", code, "error", "commune_unknown", UNKNOWN_COMMUNE)
    return Problem(household.line, "commune", commune, "error", "commune_not_found", COMMUNE_NOT_FOUND)
