"""The registry in memory, for one record at a time: found by its keys, judged by the same kernels as whole lists.

The index is a cache: it is built from records, kept on disk as a snapshot, and can be thrown away. The rows it was built
of lie by their keys in a few large arrays; rows that came since lie beside them until the next build. A row is never
changed: what changes is put anew and the row before it no longer counts. One thread writes; any number may look up, each
with a `Looking` of its own. Who looks up brings the model: the index depends on none, but on how rare names are.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from services.matching.engine.blocks import blocks_of
from services.matching.engine.compiling import kernel
from services.matching.engine.fields import Layout
from services.matching.engine.keys import Plan, keys_of, plan_of
from services.matching.engine.model import Model
from services.matching.engine.packing import Vocabulary, Words, pack
from services.matching.engine.packing_one import Values, pack_one
from services.matching.engine.rarity import Rarity, counted_rarity
from services.matching.engine.scoring import (
    NAME_FACTS,
    PRUNED,
    Fields,
    Floats,
    Levels,
    Tables,
    Work,
    judge,
    tables_of,
    work_of,
)

MOST_FOUND: Final = 256
"""Candidates kept of one look-up: the best of the rest would not be seen by anyone."""


class Blocked(NamedTuple):
    """The blocks of every column of keys one after another."""

    starts: npt.NDArray[np.uint32]  # [columns, buckets + 1] into rows and tags
    rows: npt.NDArray[np.uint32]
    tags: npt.NDArray[np.uint32]
    shift: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row that may be the person. `levels` and `bits` by field of the layout."""

    row: int
    score: float
    probability: float
    levels: tuple[int, ...]
    bits: tuple[float, ...]


@dataclass
class Looking:
    """One thread's room for looking up."""

    seen: npt.NDArray[np.uint32]  # [rows] the number of the look-up that met the row last
    fields: int
    number: int = 0
    work: Work = field(default_factory=work_of)

    def __post_init__(self) -> None:
        self.rows = np.empty(MOST_FOUND, np.uint32)
        self.scores = np.empty(MOST_FOUND, np.float32)
        self.levels = np.empty((MOST_FOUND, self.fields), np.uint8)
        self.bits = np.empty((MOST_FOUND, self.fields), np.float32)


class Index:
    """Rows by number, in the order in which they came. Built by `build`, or from a snapshot (`snapshots.py`)."""

    def __init__(
        self, vocabulary: Vocabulary, records: Words, alive: npt.NDArray[np.bool_], rarity: Rarity | None = None
    ) -> None:
        """`rarity`: that of the models to come; without it, as these records tell it."""
        self.vocabulary, self.layout = vocabulary, vocabulary.layout
        self.plan: Plan = plan_of(self.layout)
        self._rules = np.array([(rule.left, rule.right, rule.largest) for rule in self.plan.rules], np.int64)
        self.records, self.alive = records, alive
        self.rarity = rarity or counted_rarity(vocabulary, (records,))
        self._tables = tables_of(vocabulary, self.rarity.of_names(vocabulary.names.arrays))
        self.built = len(records)
        self.blocked = _blocked(records, self.layout, self.plan, self._tables)
        self._new: dict[tuple[int, int], list[int]] = defaultdict(list)
        self.rows = self.built

    @classmethod
    def build(cls, layout: Layout, columns: Mapping[str, Sequence[pl.Series]], rarity: Rarity | None = None) -> "Index":
        """An index of all records of a list, one row each."""
        vocabulary = Vocabulary(layout)
        records = pack(columns, vocabulary)
        return cls(vocabulary, records, np.ones(len(records), bool), rarity)

    def __len__(self) -> int:
        """Rows that count."""
        return int(self.alive[: self.rows].sum())

    @property
    def nbytes(self) -> int:
        """Bytes of its large arrays; the texts of names that Python keeps are not counted."""
        tables = self._tables
        arrays = (self.records, self.alive, *self.blocked[:3], tables.facts, tables.names.names, tables.names.tokens)
        return sum(array.nbytes for array in arrays)

    @property
    def new_rows(self) -> int:
        """Rows that came since it was built; past some tens of thousands building it anew makes looking up faster."""
        return self.rows - self.built

    def add(self, values: Values) -> int:
        """Take one more record in; the number of its row."""
        record = pack_one(values, self.vocabulary)
        self._know_new_names()
        if self.rows == len(self.records):
            room = max(1024, len(self.records) // 4)
            self.records = np.concatenate((self.records, np.zeros((room, self.records.shape[1]), np.uint32)))
            self.alive = np.concatenate((self.alive, np.zeros(room, bool)))
        row = self.rows
        self.records[row] = record[0]
        self.alive[row] = True
        self.rows += 1
        keys = keys_of(record, self.layout, self.plan, self._tables.names)[0]
        for column, key in enumerate(keys.tolist()):
            if key:
                self._new[column, key].append(row)
        return row

    def remove(self, rows: Iterable[int]) -> None:
        """These rows are no longer found."""
        for row in rows:
            self.alive[row] = False

    def looking(self) -> Looking:
        return Looking(np.zeros(len(self.records) + 1024, np.uint32), len(self.layout.fields))

    def find(self, model: Model, values: Values, looking: Looking, most: int = 5) -> list[Candidate]:
        """Who may be the person of this record by a model of the index's fields, the likeliest first; at most `most`."""
        record = pack_one(values, self.vocabulary)
        self._know_new_names()
        return self.find_packed(model, record, looking, most)

    def find_packed(self, model: Model, record: Words, looking: Looking, most: int = 5) -> list[Candidate]:
        """The same for a packed record, whose names the vocabulary knows."""
        if len(looking.seen) < len(self.records):
            looking.seen = np.zeros(len(self.records) + 1024, np.uint32)
            looking.number = 0
        keys = keys_of(record, self.layout, self.plan, self._tables.names)[0]
        looking.number += 1
        count = _look_up(
            self._rules, keys, self.blocked.starts, self.blocked.rows, self.blocked.tags, self.blocked.shift,
            self._new_of(keys), self.records, self.alive, looking.seen, looking.number, model.fields(), self._tables,
            looking.work, record[0], model.least_score(), looking.rows, looking.scores, looking.levels, looking.bits,
        )  # fmt: skip
        return _candidates(model, looking, count, most)

    def _new_of(self, keys: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
        if not self._new:
            return np.zeros(0, np.uint32)
        told = keys.tolist()
        found = {
            row
            for rule in self.plan.rules
            if told[rule.right]
            for row in self._new.get((rule.left, told[rule.right]), ())
        }
        return np.fromiter(found, np.uint32, len(found))

    def _know_new_names(self) -> None:
        """The facts of names that came since: rows by an array that grows by halves, so that few copies are made."""
        names = self.vocabulary.names.arrays
        known, count = len(self._tables.facts), len(names.names)
        if count > known:
            facts = np.zeros(count, NAME_FACTS)
            facts[:known] = self._tables.facts
            facts["bits"][known:] = self.rarity.of_names(names, known)
            facts["count"][known:] = np.count_nonzero(names.names[known:], axis=1)
            self._tables = Tables(names, facts, self.vocabulary.texts.records)


def _candidates(model: Model, looking: Looking, count: int, most: int) -> list[Candidate]:
    scores = looking.scores[:count]
    odds = model.odds(scores)
    likely = odds / (1.0 + odds.sum())
    best = np.lexsort((looking.rows[:count], -scores))[:most].tolist()
    return [
        Candidate(
            int(looking.rows[at]),
            float(scores[at]),
            float(likely[at]),
            tuple(looking.levels[at].tolist()),
            tuple(looking.bits[at].tolist()),
        )
        for at in best
    ]


def _blocked(records: Words, layout: Layout, plan: Plan, tables: Tables) -> Blocked:
    keys = keys_of(records, layout, plan, tables.names)
    starts, rows, tags, shift, before = [], [], [], 0, 0
    for column in range(keys.shape[1]):
        one = blocks_of(keys[:, column], spread=4)
        starts.append(one.starts + np.uint32(before))
        rows.append(one.rows)
        tags.append(one.tags)
        shift, before = one.shift, before + len(one.rows)
    return Blocked(np.stack(starts), np.concatenate(rows), np.concatenate(tags), shift)


@kernel
def _look_up(
    rules: npt.NDArray[np.int64],
    keys: npt.NDArray[np.uint32],
    starts: npt.NDArray[np.uint32],
    block_rows: npt.NDArray[np.uint32],
    tags: npt.NDArray[np.uint32],
    shift: int,
    new_rows: npt.NDArray[np.uint32],
    records: Words,
    alive: npt.NDArray[np.bool_],
    seen: npt.NDArray[np.uint32],
    number: int,
    fields: Fields,
    tables: Tables,
    work: Work,
    record: npt.NDArray[Any],
    least: float,
    out_rows: npt.NDArray[np.uint32],
    out_scores: Floats,
    out_levels: Levels,
    out_bits: Floats,
) -> int:
    """Judge every row that shares a key with the record, once; how many are kept."""
    count, bar = 0, least
    for rule in range(len(rules)):
        key = keys[rules[rule, 1]]
        if key == 0:
            continue
        column, bucket = rules[rule, 0], key >> shift
        start, end = np.int64(starts[column, bucket]), np.int64(starts[column, bucket + 1])
        bearing = 0
        for place in range(start, end):
            bearing += tags[place] == key
        if bearing > rules[rule, 2]:
            continue
        for place in range(start, end):
            row = block_rows[place]
            if tags[place] == key and alive[row] and seen[row] != number:
                seen[row] = number
                count, bar = _keep(
                    records[row],
                    row,
                    fields,
                    tables,
                    work,
                    record,
                    bar,
                    count,
                    out_rows,
                    out_scores,
                    out_levels,
                    out_bits,
                )
    for at in range(len(new_rows)):
        row = new_rows[at]
        if alive[row] and seen[row] != number:
            seen[row] = number
            count, bar = _keep(
                records[row], row, fields, tables, work, record, bar, count, out_rows, out_scores, out_levels, out_bits
            )
    return count


@kernel
def _keep(
    held: npt.NDArray[Any],
    row: int,
    fields: Fields,
    tables: Tables,
    work: Work,
    record: npt.NDArray[Any],
    bar: float,
    count: int,
    out_rows: npt.NDArray[np.uint32],
    out_scores: Floats,
    out_levels: Levels,
    out_bits: Floats,
) -> tuple[int, float]:
    """Judge one row; when the room is full the worst gives way, and nothing worse is judged to its end any more."""
    last = len(out_rows) - 1
    at = min(count, last)
    score = judge(fields, tables, work, held, record, bar, out_levels[at], out_bits[at])
    if score == PRUNED:
        return min(count, last), bar
    out_rows[at], out_scores[at] = row, score
    if count < last:
        return count + 1, bar
    worst, lowest = 0, 0.0
    for one in range(len(out_rows)):
        if out_scores[one] < out_scores[worst]:
            worst = one
    if worst != last:
        out_rows[worst], out_scores[worst] = out_rows[last], out_scores[last]
        for one in range(len(fields)):
            out_levels[worst, one] = out_levels[last, one]
            out_bits[worst, one] = out_bits[last, one]
    for one in range(last):
        if one == 0 or out_scores[one] < lowest:
            lowest = np.float64(out_scores[one])
    return last, max(bar, lowest)
