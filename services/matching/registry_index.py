"""The registry's members in the engine's index: who may be behind a row, without asking the database for candidates.

The index is a cache of the table `members` and follows it: members have rising ids and are never changed in place, those that
were deleted leave a line in `member_removals`, and whoever writes either holds the linking lock. So under that lock all
that is committed is all there is, and the ids and lines past those that were read are what is new.
"""

import asyncio
import io
import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import polars as pl
from asyncpg import Connection
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from services.matching.engine.index import Candidate, Index
from services.matching.engine.keys import number_keys, row_keys
from services.matching.engine.models import REGISTRY, Models
from services.matching.engine.packing import Vocabulary, pack
from services.matching.engine.snapshots import load, view_of, write
from services.matching.errors import IndexBuilding
from services.matching.rules.facts import BeneficiaryFacts
from services.matching.rules.identifiers import phone_of
from services.matching.weighing import packed, row_values
from shared.copying import driver_of
from shared.database import Database

AT_ONCE: Final = 20_000
"""Members taken in within a transaction that waits for them; where more are missing they are taken in beside it first."""
LOOSE: Final = 50_000
"""Rows beside the largest segment from which it is worth making one of all."""
MOST_LISTED: Final = 32
"""Candidates of a row that are read from the table: the best few are decided among."""

NEW = (
    "SELECT id, nni, household_number, phones[1], phones[2],"
    " CASE birth_precision WHEN 'year' THEN to_char(birth_date, 'YYYY') ELSE birth_date::text END, sex,"
    " wilaya_code, moughataa_code, commune_code, relationship, NULL, NULL, father_name, name_fr, name_ar"
    " FROM members WHERE id > {after} ORDER BY id LIMIT {most}"
)
"""A column for each that the fields of REGISTRY are read from, in their order."""
IDS = "SELECT id FROM members WHERE id <= {through} ORDER BY id"
_CSV: Final = ["id", *(f"{field.name} {at}" for field in REGISTRY.fields for at in range(field.columns))]


@dataclass(frozen=True, slots=True)
class Found:
    """Under which keys a row is sought, which of them are numbers, and who was found, by the id of the member."""

    keys: list[int]
    numbers: list[int]
    candidates: list[tuple[int, Candidate]]


class RegistryIndex:
    """The index of one database, kept by one process. Its methods that take no transaction may run in any thread."""

    def __init__(self) -> None:
        self._held, self._following = threading.Lock(), asyncio.Lock()
        self.ready = False
        """Whether it was ever level with the table."""
        self._beginning = False
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._begin(Index(Vocabulary(REGISTRY), np.zeros((0, REGISTRY.width), np.uint32), np.zeros(0, bool)))
        self.through, self.removed_through = 0, 0
        """The last member, and the last line of `member_removals`, that were read."""

    def _begin(self, index: Index, ids: npt.NDArray[np.int64] | None = None) -> None:
        self._index, self._looking = index, index.looking()
        self._ids = np.zeros(0, np.int64) if ids is None else ids  # [rows] rising, with room behind

    def __len__(self) -> int:
        return len(self._index)

    @property
    def followed(self) -> tuple[int, int]:
        """The last member and the last removal that were read: a snapshot of the same is the same."""
        return self.through, self.removed_through

    # ---- following the table -----------------------------------------------------------------------------

    async def follow(self, tx: AsyncSession) -> None:
        """Be level with the table, under the linking lock. Raises IndexBuilding where too much is missing for that, or a
        snapshot is being read: what were taken in meanwhile would be there twice."""
        if self._beginning:
            raise IndexBuilding
        driver = await driver_of(tx, begun=True)
        if await self.take_in(driver, AT_ONCE + 1) > AT_ONCE:
            raise IndexBuilding
        self.ready = True

    async def take_in(self, driver: "Connection[Any]", most: int) -> int:
        """Take in what was removed, and the next `most` members that are new; how many these were."""
        async with self._following:
            return await self._follow(driver, most)

    async def _follow(self, driver: "Connection[Any]", most: int) -> int:
        removed = await driver.fetch(
            "SELECT id, member_id, phones FROM member_removals WHERE id > $1 ORDER BY id", self.removed_through
        )
        buffer = io.BytesIO()
        await driver.copy_from_query(NEW.format(after=self.through, most=most), output=_into(buffer), format="csv")
        phones = {phone for _, _, own in removed for phone in own}
        frame = await asyncio.to_thread(_frame, buffer)
        if frame is not None:
            phones |= set(frame.get_column("phone 0").drop_nulls()) | set(frame.get_column("phone 1").drop_nulls())
        elif not removed:
            return 0
        counted = await driver.fetch(
            "SELECT phone, count(*) FROM household_phones WHERE phone = ANY($1) GROUP BY phone", sorted(phones)
        )
        await asyncio.to_thread(self._take_in, frame, [one[1] for one in removed], phones, dict(counted))
        if removed:
            self.removed_through = removed[-1][0]
        return 0 if frame is None else frame.height

    def _take_in(
        self, frame: pl.DataFrame | None, removed: Sequence[int], phones: set[str], counted: dict[str, int]
    ) -> None:
        with self._held:
            if frame is not None:
                ids = frame.get_column("id").cast(pl.Int64).to_numpy()
                columns = {
                    field.name: [frame.get_column(f"{field.name} {at}") for at in range(field.columns)]
                    for field in REGISTRY.fields
                }
                first = self._index.extend(pack(columns, self._index.vocabulary))
                self._put_ids(first, ids)
                self.through = int(ids[-1])
            self._index.remove(self._rows_of(np.array(sorted(removed), np.int64)))
            self._share(phones, counted)

    def _put_ids(self, first: int, ids: npt.NDArray[np.int64]) -> None:
        end = first + len(ids)
        if end > len(self._ids):
            grown = np.full(max(end, len(self._ids) + len(self._ids) // 4 + 1024), np.iinfo(np.int64).max)
            grown[:first] = self._ids[:first]
            self._ids = grown
        self._ids[first:end] = ids

    def _rows_of(self, ids: npt.NDArray[np.int64]) -> list[int]:
        known = self._ids[: self._index.rows]
        at = np.searchsorted(known, ids)
        found = at < len(known)
        found[found] = known[at[found]] == ids[found]
        rows: list[int] = at[found].tolist()
        return rows

    def _share(self, phones: set[str], counted: dict[str, int]) -> None:
        households = defaultdict[int, int](int)
        for phone in phones:
            if digits := phone_of(phone):
                households[int(digits)] += counted.get(phone, 0)
        self._index.share_phones(
            np.fromiter(households.keys(), np.uint32, len(households)),
            np.fromiter(households.values(), np.int64, len(households)),
        )

    async def behind(self, tx: AsyncSession) -> int:
        """How many members it does not hold yet; at most a hundred thousand are counted."""
        driver = await driver_of(tx)
        count: int = await driver.fetchval(
            "SELECT count(*) FROM (SELECT 1 FROM members WHERE id > $1 LIMIT 100000) AS missing", self.through
        )
        return count

    # ---- looking up --------------------------------------------------------------------------------------

    def find(self, rows: Sequence[BeneficiaryFacts], models: Models) -> list[Found]:
        """Who may be behind each row: everybody likely enough to be kept, the likeliest first."""
        with self._held, self._index.asked(self._looking):
            self._index.weigh_names(models.rarity)
            records = packed([row_values(one) for one in rows], self._index.vocabulary)
            every = self._index.keys_of(records)
            return [
                Found(
                    row_keys(keys, self._index.plan).tolist(),
                    number_keys(keys, self._index.plan).tolist(),
                    [
                        (int(self._ids[found.row]), found)
                        for found in self._index.find_packed(
                            models.for_unit(one.unit), records[at : at + 1], self._looking, MOST_LISTED, keys
                        )
                    ],
                )
                for at, (one, keys) in enumerate(zip(rows, every, strict=True))
            ]

    # ---- segments and snapshots --------------------------------------------------------------------------

    def join(self) -> None:
        """Where many rows lie beside the largest segment, make one of all while others look up."""
        if self._index.loose_rows > LOOSE:
            index = self._index
            joined = index.joined()
            with self._held:
                index.put_joined(joined)

    def save(self, folder: Path) -> None:
        """Write a snapshot of now, while others look up. Raises OSError."""
        with self._held:
            noted = {"through": self.through, "removed_through": self.removed_through}
            view = view_of(self._index, noted, {"ids": self._ids[: self._index.rows]})
        write(view, folder)

    def load(self, folder: Path) -> None:
        """Begin with a snapshot. Raises OSError, ValueError (of another release, or damaged)."""
        index, noted, own = load(folder, REGISTRY)
        with self._held:
            self._begin(index, own["ids"])
            self.through, self.removed_through = noted["through"], noted["removed_through"]

    async def begin_with(self, folder: Path, database: Database) -> None:
        """Begin with a snapshot, without whoever is no longer in the table; nobody takes anything in meanwhile. Where the
        table is another's, begin with nothing. Raises as `load` does."""
        async with self._following:
            self._beginning = True
            try:
                await asyncio.to_thread(self.load, folder)
                async with database.transaction() as tx:
                    await self._compare_with(await driver_of(tx, begun=True))
            finally:
                self._beginning = False

    async def _compare_with(self, driver: "Connection[Any]") -> None:
        buffer = io.BytesIO()
        removed_through = await driver.fetchval("SELECT coalesce(max(id), 0) FROM member_removals")
        await driver.copy_from_query(IDS.format(through=self.through), output=_into(buffer), format="binary")
        await asyncio.to_thread(self._compare_ids, buffer.getvalue())
        self.removed_through = max(self.removed_through, removed_through)

    def _compare_ids(self, copied: bytes) -> None:
        # A header of 19 bytes; of each row 2 for how many columns, 4 for how long one is, and 8 for the id; an end of 2.
        told = np.frombuffer(copied[19:-2], np.dtype([("columns", ">i2"), ("size", ">i4"), ("id", ">i8")]))
        ids = told["id"].astype(np.int64)
        with self._held:
            known = self._ids[: self._index.rows]
            if np.array_equal(ids, known[self._index.alive[: self._index.rows]]):
                return
            if not np.isin(ids, known, assume_unique=True).all():
                self._begin_anew()
                return
            self._index.remove(np.flatnonzero(~np.isin(known, ids, assume_unique=True)).tolist())


def _into(buffer: io.BytesIO) -> Any:
    async def write(data: bytes) -> None:
        buffer.write(data)

    return write


def _frame(buffer: io.BytesIO) -> pl.DataFrame | None:
    if not buffer.tell():
        return None
    return pl.read_csv(buffer.getvalue(), has_header=False, new_columns=_CSV, infer_schema=False)


_INDEXES: WeakKeyDictionary[Any, RegistryIndex] = WeakKeyDictionary()


def registry_index(database: AsyncSession | AsyncEngine) -> RegistryIndex:
    """The index of a database: a cache belongs to what it is a cache of."""
    engine = database.sync_engine if isinstance(database, AsyncEngine) else database.get_bind()
    if (index := _INDEXES.get(engine)) is None:
        index = _INDEXES[engine] = RegistryIndex()
    return index
