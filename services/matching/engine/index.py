"""The registry in memory, for one record at a time: found by its keys, judged by the same kernels as whole lists.

The index is a cache: it is built from records, kept on disk as a snapshot, and can be thrown away. Its rows lie by their
keys in segments, the largest first; rows that come make another, and small ones are made one. A segment is never changed,
so that it can be kept on disk while others look up (`snapshots.py`). A row neither: what
changes is put anew and the row before it no longer counts. What is found depends on the rows that count and not on how they
came. Who looks up brings the model: the index depends on none, but on how rare names are. One thread at a time.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from services.matching.engine.blocks import blocks_of
from services.matching.engine.fields import Kind, Layout
from services.matching.engine.keys import Keys, Plan, keys_of, phone_keys, plan_of
from services.matching.engine.looking import MOST_FOUND, count_bearing, look_up, rows_bearing
from services.matching.engine.model import Model
from services.matching.engine.packing import PHONE_BITS, SHARED_MOST, Vocabulary, Words, pack
from services.matching.engine.packing_one import Values, pack_one
from services.matching.engine.rarity import Rarity, counted_rarity
from services.matching.engine.scoring import NAME_FACTS, Tables, Work, tables_of, work_of

JOINED_AT_ONCE: Final = 50_000
"""Rows of segments that are made one on the way; larger ones are left to `joined`, beside who looks up."""
_PHONE: Final = np.uint32((1 << PHONE_BITS) - 1)


class Segment(NamedTuple):
    """Rows `first` to `end` by their keys: the blocks of every column one after another."""

    first: int
    end: int
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

    def forget_names(self) -> None:
        """Their numbers are given to other names: what was remembered of them no longer holds."""
        self.work.names["keys"] = 0


class Index:
    """Rows by number, in the order in which they came. Built by `build`, or from a snapshot (`snapshots.py`)."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        records: Words,
        alive: npt.NDArray[np.bool_],
        rarity: Rarity | None = None,
        segments: Sequence[Segment] | None = None,
    ) -> None:
        """`rarity`: that of the models to come; without it, as these records tell it. `segments`: these records by their
        keys, where they were sorted before."""
        self.vocabulary, self.layout = vocabulary, vocabulary.layout
        self.plan: Plan = plan_of(self.layout, wide=True)
        self._rules = np.array([(rule.left, rule.right, rule.largest) for rule in self.plan.rules], np.int64)
        self.records, self.alive, self.rows = records, alive, len(records)
        self.dead = self.rows - int(np.count_nonzero(alive))
        """Rows that are held and do not count."""
        self.rarity = rarity or counted_rarity(vocabulary, (records,))
        self._tables = tables_of(vocabulary, self.rarity.of_names(vocabulary.names.arrays))
        self._facts = self._tables.facts
        self._segments = list(segments or ([self._segment(0, self.rows)] if self.rows else []))

    @classmethod
    def build(cls, layout: Layout, columns: Mapping[str, Sequence[pl.Series]], rarity: Rarity | None = None) -> "Index":
        """An index of all records of a list, one row each."""
        vocabulary = Vocabulary(layout)
        records = pack(columns, vocabulary)
        return cls(vocabulary, records, np.ones(len(records), bool), rarity)

    def __len__(self) -> int:
        """Rows that count."""
        return self.rows - self.dead

    @property
    def nbytes(self) -> int:
        """Bytes of its large arrays; the texts of names that Python keeps are not counted."""
        tables = self._tables
        arrays = [self.records, self.alive, tables.facts, tables.names.names, tables.names.tokens]
        arrays += [array for one in self._segments for array in (one.starts, one.rows, one.tags)]
        return sum(array.nbytes for array in arrays)

    @property
    def segments(self) -> tuple[Segment, ...]:
        """All rows by their keys, the largest segment first."""
        return tuple(self._segments)

    @property
    def loose_rows(self) -> int:
        """Rows that came since the largest segment was made: many of them make looking up slower, see `joined`."""
        return self.rows - self._segments[0].end if self._segments else 0

    def add(self, values: Values) -> int:
        """Take one more record in; the number of its row."""
        return self.extend(pack_one(values, self.vocabulary))

    def extend(self, records: Words) -> int:
        """Take packed records in, whose names the vocabulary knows; the number of the first of their rows."""
        self._know_names()
        first, end = self.rows, self.rows + len(records)
        if end > len(self.records):
            room = max(1024, len(self.records) // 4, end - len(self.records))
            self.records = np.concatenate((self.records, np.zeros((room, records.shape[1]), np.uint32)))
            self.alive = np.concatenate((self.alive, np.zeros(room, bool)))
        self.records[first:end], self.alive[first:end], self.rows = records, True, end
        begins = first
        # Segments double from the last to the first, so that they stay few and a row is moved few times.
        while self._segments:
            last = self._segments[-1]
            if last.end - last.first > 2 * (end - begins) or end - last.first > JOINED_AT_ONCE:
                break
            begins = self._segments.pop().first
        self._segments.append(self._segment(begins, end))
        return first

    def remove(self, rows: Iterable[int]) -> None:
        """These rows are no longer found."""
        for row in rows:
            self.dead += bool(self.alive[row])
            self.alive[row] = False

    def joined(self) -> Segment:
        """All rows of now as one segment, to be put in with `put_joined`; made while others look up and rows come."""
        return self._segment(0, self.rows)

    def put_joined(self, whole: Segment) -> None:
        """Take a segment in for those whose rows it holds; rows that came since stay beside it."""
        self._segments = [whole, *self._not_in(whole)]

    def _not_in(self, whole: Segment) -> list[Segment]:
        later = [one for one in self._segments if one.first >= whole.end]
        within = [one for one in self._segments if one.first < whole.end < one.end]
        return [*(self._segment(whole.end, one.end) for one in within), *later]

    def weigh_names(self, rarity: Rarity) -> None:
        """Have names as rare as a set of models has them."""
        if rarity is not self.rarity:
            before, self.rarity = self.rarity, rarity
            if before == rarity:
                return
            self._know_names()
            count = len(self._tables.facts)
            self._facts["bits"][:count] = rarity.of_names(self._tables.names)

    def keys_of(self, records: Words) -> Keys:
        """[rows, columns] the keys of records whose names the vocabulary knows."""
        self._know_names()
        return self._keys_of(records)

    def _keys_of(self, records: Words) -> Keys:
        return keys_of(records, self.layout, self.plan, self._tables.names, self.vocabulary.place_hashes())

    def share_phones(self, phones: npt.NDArray[np.uint32], counts: npt.NDArray[np.int64]) -> None:
        """Write beside these phones on how many households each stands, wherever they are held."""
        shared = np.minimum(np.log2(np.maximum(counts, 1)).astype(np.uint32), SHARED_MOST) << np.uint32(PHONE_BITS)
        columns = [at for at, atoms in enumerate(self.plan.columns) if atoms[0][0] == "phone"]
        for phone, key, bits in zip(phones.tolist(), phone_keys(phones).tolist(), shared.tolist(), strict=True):
            for one in self._segments:
                for column in columns:
                    self._write_shared(rows_bearing(one, column, key), phone, bits)

    def _write_shared(self, rows: npt.NDArray[np.uint32], phone: int, bits: int) -> None:
        for at in self.layout.of_kind(Kind.PHONE):
            for word in range(self.layout.offsets[at], self.layout.offsets[at] + self.layout.fields[at].words):
                same = rows[(self.records[rows, word] & _PHONE) == phone]
                self.records[same, word] = phone | bits

    def looking(self) -> Looking:
        return Looking(np.zeros(len(self.records) + 1024, np.uint32), len(self.layout.fields))

    @contextmanager
    def asked(self, looking: Looking) -> Iterator[None]:
        """Records packed within are questions: their names are forgotten afterwards."""
        try:
            with self.vocabulary.names.lent():
                yield
        finally:
            looking.forget_names()
            self._know_names()

    def find(self, model: Model, values: Values, looking: Looking, most: int = 5) -> list[Candidate]:
        """Who may be the person of this record by a model of the index's fields, the likeliest first; at most `most`."""
        with self.asked(looking):
            return self.find_packed(model, pack_one(values, self.vocabulary), looking, most)

    def find_packed(
        self, model: Model, record: Words, looking: Looking, most: int = 5, keys: Keys | None = None
    ) -> list[Candidate]:
        """The same for a packed record, whose names the vocabulary knows; `keys`: its own, where they are known."""
        if len(looking.seen) < len(self.records):
            looking.seen = np.zeros(len(self.records) + 1024, np.uint32)
            looking.number = 0
        self._know_names()
        keys = self.keys_of(record)[0] if keys is None else keys
        looking.number += 1
        bearing = np.zeros(len(self._rules), np.int64)
        for one in self._segments:
            count_bearing(self._rules, keys, one.starts, one.rows, one.tags, one.shift, self.alive, self.dead, bearing)
        count = 0
        for one in self._segments:
            count = look_up(
                self._rules, keys, bearing, one.starts, one.rows, one.tags, one.shift, self.records, self.alive,
                looking.seen, looking.number, model.fields(), self._tables, looking.work, record[0],
                model.least_score(), count, looking.rows, looking.scores, looking.levels, looking.bits,
            )  # fmt: skip
        return _candidates(model, looking, count, most)

    def _segment(self, first: int, end: int) -> Segment:
        records = self.records[first:end]
        keys = self._keys_of(records)
        keys[~self.alive[first:end]] = 0
        starts, rows, tags, shift, before = [], [], [], 0, 0
        for column in range(keys.shape[1]):
            one = blocks_of(keys[:, column], spread=4)
            starts.append(one.starts + np.uint32(before))
            rows.append(one.rows + np.uint32(first))
            tags.append(one.tags)
            shift, before = one.shift, before + len(one.rows)
        return Segment(first, end, np.stack(starts), np.concatenate(rows), np.concatenate(tags), shift)

    def _know_names(self) -> None:
        """The facts of names as of now: those that came, without those that were lent."""
        names = self.vocabulary.names.arrays
        known, count = len(self._tables.facts), len(names.names)
        if count == known and len(names.tokens) == len(self._tables.names.tokens):
            return
        if count > len(self._facts):
            facts = np.zeros(count + count // 2 + 1024, NAME_FACTS)
            facts[:known] = self._tables.facts
            self._facts = facts
        if count > known:
            self._facts["bits"][known:count] = self.rarity.of_names(names, known)
            self._facts["count"][known:count] = np.count_nonzero(names.names[known:], axis=1)
        self._tables = Tables(names, self._facts[:count], self.vocabulary.texts.records)


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
