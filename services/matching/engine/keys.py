"""Blocking keys: a pair is compared only where both records share one of them.

No single key survives what a clerk does to a record, so each record has several of different kinds. A rule joins a key of
the left file to a key of the right; rules are tried from the surest to the widest, and a pair met by several is compared
once. A key of 32 bits is a hash of its atoms; 0 where one of them is missing. Two keys that differ fall together one time
in four thousand million: a pair more to look at, and nothing else.

One record at a time can afford `wide` keys that whole lists cannot: by the father, in the wider place, a year aside.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any, Final
from zlib import crc32

import numpy as np
import numpy.typing as npt

from services.matching.engine.compiling import kernel
from services.matching.engine.fields import ENCODED_BITS, Kind, Layout
from services.matching.engine.hashing import mixed_all
from services.matching.engine.name_sounding import NameArrays, glued_skeleton
from services.matching.engine.packing import PHONE_BITS, Words

Keys = npt.NDArray[np.uint32]
Atom = tuple[str, int, int]
"""What a key is made of: its kind, the field, and which of the field's words, spellings or levels."""

MOST_RULES: Final = 64
"""One bit each."""
LARGEST_BLOCK: Final = 512
LARGEST: Final = {"three names": 64, "two names": 32, "every record": 5_000, "sampled bits": 128}
"""Names alone, without place or year of birth: what many bear is nobody's (three names on 65 to 512 records brought a sixth of
all pairs at a million by 200,000, and three of 100,000 links). Every record: short lists of filters are compared wholly, and in longer
ones wide blocks bring many pairs and hardly a link."""
SAMPLES: Final = tuple(
    np.random.default_rng(number).choice(ENCODED_BITS, bits, replace=False)
    for number, bits in enumerate((0, *[8] * 14, *[12] * 22, *[16] * 12, *[20] * 12))
)
"""Bits of a filter that make a key (locality-sensitive hashing; Karapiperis and Verykios 2015). Short keys meet what is less
alike, and are passed over in long lists, where too many share them."""
_CHUNK: Final = 65_536
THREADS: Final = 2
_TOKENS: Final = 3


@dataclass(frozen=True, slots=True)
class Rule:
    """A column of the left file's keys joined to one of the right's. `name` says of what."""

    name: str
    left: int
    right: int
    largest: int
    """Rows of a block from which the key says nothing that narrower ones of the same record do not say better."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The columns of keys every record has, and the rules that join them."""

    columns: tuple[tuple[Atom, ...], ...]
    rules: tuple[Rule, ...]
    fields: tuple[frozenset[int], ...]
    """By rule: the fields its key is made of, which a training on pairs met by it learns nothing of."""
    spellings: tuple[tuple[int, ...], ...]
    """Columns that hold one key by several spellings or phones: a second one that says the same is left out."""
    tags: tuple[int, ...]
    """By column: a number of 31 bits for what it holds, the same for its spellings, in every release and process."""


def plan_of(layout: Layout, *, wide: bool = False) -> Plan:
    """The rules for the fields there are, the surest first; `wide` rules are more than lists have bits for."""
    columns: list[tuple[Atom, ...]] = []
    rules: list[Rule] = []
    made_of: list[frozenset[int]] = []
    spellings: list[tuple[int, ...]] = []

    phones = {layout.fields[at].name for at in layout.of_kind(Kind.PHONE)}

    def column(atoms: tuple[Atom, ...]) -> int:
        if atoms not in columns:
            columns.append(atoms)
        return columns.index(atoms)

    for name, *groups in (*_shapes(layout), *(_wide_shapes(layout) if wide else ())):
        if wide and name == "two names" and layout.of_kind(Kind.PLACE):
            continue  # with every newcomer all of a common name would have to be looked up again
        known = [tuple(column(atoms) for atoms in group) for group in groups]
        spellings += known
        for left, right in _joined_columns(known, turned=bool(layout.of_kind(Kind.PART)) and name not in phones):
            rules.append(Rule(name, left, right, LARGEST.get(name, LARGEST_BLOCK)))
            made_of.append(frozenset(field for _, field, _ in (*columns[left], *columns[right])))
    most = len(rules) if wide else MOST_RULES
    tags = tuple(_tag(atoms, layout) for atoms in columns)
    return Plan(tuple(columns), tuple(rules[:most]), tuple(made_of[:most]), tuple(spellings), tags)


def _tag(atoms: Sequence[Atom], layout: Layout) -> int:
    told = [f"{kind} {layout.fields[field].name} {which if kind == 'place' else ''}" for kind, field, which in atoms]
    return crc32(", ".join(told).encode()) & 0x7FFFFFFF


def _joined_columns(known: Sequence[tuple[int, ...]], turned: bool) -> Iterator[tuple[int, int]]:
    """Every column of the one group with every column of the other; of a single group with one another."""
    if len(known) == 2:
        yield from product(*known)
        yield from product(*reversed(known))
    elif turned and len(known[0]) > 1:
        # A given name in the place of the family's is met by turning the one side; turning both meets nobody new.
        yield from product(known[0][:1], known[0])
    else:
        yield from product(known[0], repeat=2)


_Shape = tuple[Any, ...]
"""The name of a key, and its group of columns, by spelling; two groups where a key of the one kind meets one of the other."""


def _shapes(layout: Layout) -> Iterator[_Shape]:
    """Each kind of key with the columns that hold it."""
    names = _spellings(layout)
    for at in layout.of_kind(Kind.NUMBER):
        yield layout.fields[at].name, [(("number", at, 0),)]
    for at in layout.of_kind(Kind.PHONE):
        yield layout.fields[at].name, [(("phone", at, one),) for one in range(layout.fields[at].words)]
    day = [("day", at, 0) for at in layout.of_kind(Kind.DATE)][:1]
    year = [("year", at, 0) for at in layout.of_kind(Kind.DATE)][:1]
    place = [("place", at, level) for at in layout.of_kind(Kind.PLACE) for level in (layout.fields[at].columns - 1,)][
        :1
    ]
    for label, tokens, others in (
        ("given name, date", (0,), day),
        ("second name, date", (1,), day),
        ("three names", (0, 1, 2), []),
        ("two names, year", (0, 1), year),
        ("two names, place", (0, 1), place),
        ("first and last name, place", (0, -1), place),
        ("given name, year, place", (0,), [*year, *place]),
        ("second name, year, place", (1,), [*year, *place]),
        ("two names", (0, 1), []),
    ):
        if names and (others or label in ("three names", "two names")):
            yield label, [(*(_token(spelling, one) for one in tokens), *others) for spelling in names]
    if place and layout.of_kind(Kind.NAME):
        # Two names of the one written as one word in the other: Sidi Moctar, Sidimoctar.
        words, glued = ([(part(one), *place) for one in names] for part in (lambda one: _token(one, 0), _glued))
        yield "two names in one word, place", words, glued
    if day and place:
        yield "date, place", [(*day, *place)]
    elif day:
        yield "date", [(*day,)]
    for at in layout.of_kind(Kind.ENCODED):
        for number in range(len(SAMPLES)):
            yield "sampled bits" if len(SAMPLES[number]) else "every record", [(("sample", at, number),)]
    texts: list[Atom] = [("text", at, 0) for at in layout.of_kind(Kind.TEXT)]
    for text in texts:
        label = layout.fields[text[1]].name
        if names:
            yield f"{label}, given name", [(text, _token(one, 0)) for one in names]
            yield f"{label}, second name", [(text, _token(one, 1)) for one in names]
        if year:
            yield f"{label}, year", [(text, *year)]
        if place:
            yield f"{label}, place", [(text, *place)]
    for text, other in combinations(texts, 2):
        yield f"{layout.fields[text[1]].name}, {layout.fields[other[1]].name}", [(text, other)]


def _wide_shapes(layout: Layout) -> Iterator[_Shape]:
    """Keys that whole lists do without: they meet few whom no other key meets, among many strangers."""
    names = _spellings(layout)
    places = [("place", at, layout.fields[at].columns - 1) for at in layout.of_kind(Kind.PLACE)][:1]
    wider = [("place", at, level - 1) for _, at, level in places if level > 0]
    fathers = [("token0", at, 0) for at in layout.of_kind(Kind.FATHER)][:1]
    years, next_years = ([(kind, at, 0) for at in layout.of_kind(Kind.DATE)][:1] for kind in ("year", "next_year"))

    def group(which: Sequence[int], *others: Atom) -> list[tuple[Atom, ...]]:
        return [(*(_token(spelling, one) for one in which), *others) for spelling in names]

    for place, father in product(places, fathers):
        yield "given name and father, place", group((0,), father, place)
        yield "given name and father, place", group((0,), father, place), group((0, 1), place)
    for wide_place in wider:
        yield "two names, wider place", group((0, 1), wide_place)
        for year, next_year in zip(years, next_years, strict=True):
            yield "given name, year, wider place", group((0,), year, wide_place)
            yield "given name, year aside", group((0,), year, wide_place), group((0,), next_year, wide_place)
    for place, year, next_year in product(places, years, next_years):
        yield "second name, year aside", group((1,), year, place), group((1,), next_year, place)


_Spelling = Sequence[tuple[int, int]]


def _spellings(layout: Layout) -> list[_Spelling]:
    """Where the parts of a name stand: one field with all of them, by spelling, or one field for each part."""
    whole: list[_Spelling] = [
        ((at, one),) for at in layout.of_kind(Kind.NAME) for one in range(layout.fields[at].words)
    ]
    parts = layout.of_kind(Kind.PART)
    own: _Spelling = tuple((at, 0) for at in parts)
    return whole or ([own, own[::-1]] if len(own) > 1 else [own] if own else [])


def _token(spelling: _Spelling, which: int) -> Atom:
    if len(spelling) == 1:
        field, word = spelling[0]
        return (f"token{which}", field, word)
    return ("token0", spelling[which if which < len(spelling) else -1][0], 0)


def _glued(spelling: _Spelling) -> Atom:
    return ("glued", *spelling[0])


Hashes = Sequence[npt.NDArray[np.uint64]]


def keys_of(records: Words, layout: Layout, plan: Plan, names: NameArrays, places: Hashes | None = None) -> Keys:
    """[rows, columns] the keys of every record. With `places`, a hash of each place by level and code, keys without a
    text are the same in every process."""
    out = np.zeros((len(records), len(plan.columns)), np.uint32)

    def fill(start: int) -> None:
        rows, own = records[start : start + _CHUNK], out[start : start + _CHUNK]
        atoms: dict[Atom, npt.NDArray[np.uint64]] = {}
        for at, column in enumerate(plan.columns):
            for atom in column:
                if atom not in atoms:
                    atoms[atom] = _atom(atom, rows, layout, names, places)
            own[:, at] = _joined([atoms[atom] for atom in column])
        for first, *others in plan.spellings:
            for other in others:
                own[own[:, other] == own[:, first], other] = 0

    if len(records) <= _CHUNK:  # a thread costs more than the keys of one record
        fill(0)
        return out
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(fill, range(0, len(records), _CHUNK)))
    return out


def row_keys(keys: Keys, plan: Plan) -> npt.NDArray[np.int64]:
    """What one record, by its keys, is looked up by: each a tag and a key in one number, without repetitions."""
    tags = np.array([plan.tags[rule.left] for rule in plan.rules], np.int64)
    own = keys[[rule.right for rule in plan.rules]].astype(np.int64)
    return np.unique((tags << 32 | own)[own != 0])


def held_keys(keys: Keys, plan: Plan) -> npt.NDArray[np.int64]:
    """The same of what records that are held are found by, all together."""
    tagged = np.array(plan.tags, np.int64) << 32 | keys.astype(np.int64)
    return np.unique(tagged[keys != 0])


def number_keys(keys: Keys, plan: Plan) -> npt.NDArray[np.int64]:
    """Of `row_keys` those of numbers alone."""
    columns = [at for at, atoms in enumerate(plan.columns) if all(kind == "number" for kind, _, _ in atoms)]
    own = keys[columns].astype(np.int64)
    tagged: npt.NDArray[np.int64] = np.array([plan.tags[at] for at in columns], np.int64) << 32 | own
    found: npt.NDArray[np.int64] = tagged[own != 0]
    return found


def phone_keys(phones: npt.NDArray[np.uint32]) -> Keys:
    """The key of each phone, as every column of phones has it."""
    return _joined([phones.astype(np.uint64)])


def _joined(atoms: Sequence[npt.NDArray[np.uint64]]) -> Keys:
    value = np.full(len(atoms[0]), len(atoms) + 1, np.uint64)
    missing = np.zeros(len(atoms[0]), bool)
    for atom in atoms:
        value = mixed_all(value * np.uint64(31) + atom)
        missing |= atom == 0
    key = (value >> np.uint64(32)).astype(np.uint32)
    key[key == 0] = 1
    key[missing] = 0
    return key


def _atom(atom: Atom, rows: Words, layout: Layout, names: NameArrays, places: Hashes | None) -> npt.NDArray[np.uint64]:
    kind, field, which = atom
    offset = layout.offsets[field]
    word = rows[:, offset]
    if kind == "number":
        return np.ascontiguousarray(rows[:, offset : offset + 2]).view(np.uint64)[:, 0]
    if kind == "phone":
        return (rows[:, offset + which] & np.uint32((1 << PHONE_BITS) - 1)).astype(np.uint64)
    if kind == "year":
        return (word >> np.uint32(9)).astype(np.uint64)
    if kind == "next_year":
        return np.where(word > 0, (word >> np.uint32(9)) + np.uint32(1), 0).astype(np.uint64)
    if kind == "day":
        return np.where(word & np.uint32(0x1FF), word, 0).astype(np.uint64)
    if kind == "place":
        codes = np.ascontiguousarray(rows[:, offset : offset + 2]).view(np.uint16)[:, which]
        return codes.astype(np.uint64) if places is None else places[which][codes]
    if kind == "text":
        return word.astype(np.uint64)
    if kind == "sample":
        return _sampled(rows[:, offset + 1 : offset + layout.fields[field].words], SAMPLES[which])
    if kind == "glued":
        return _glued_atom(rows[:, offset + which], names)
    return _token_atom(rows[:, offset + which], int(kind.removeprefix("token")), names)


def _sampled(filters: Words, places: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """Some bits of each filter, as a number above 0; 0 where it has none set."""
    bits = filters[:, places >> 5] >> (places & 31).astype(np.uint32) & np.uint32(1)
    sampled = bits.astype(np.uint64) @ (np.uint64(1) << np.arange(len(places), dtype=np.uint64))
    return np.where(filters.any(axis=1), sampled + np.uint64(1), np.uint64(0)).astype(np.uint64)


def _token_atom(ids: npt.NDArray[np.uint32], which: int, names: NameArrays) -> npt.NDArray[np.uint64]:
    """The consonants of one part of the name, a clan name that stood first put last; the last of three or more for -1."""
    tokens = names.names[ids]
    counts = np.count_nonzero(tokens, axis=1)
    turned = (names.tokens["clan"][tokens[:, 0]] != 0) & (counts > 1)
    at = np.where(turned, which + 1, which) if which >= 0 else np.where(turned, 0, counts - 1)
    enough = counts > which if which >= 0 else counts >= _TOKENS
    at = np.where(turned & (at == counts), 0, at)  # past the last one stands the clan name
    found = tokens[np.arange(len(ids)), np.clip(at, 0, tokens.shape[1] - 1)]
    return mixed_all(np.where(enough, names.tokens["skeleton_sum"][found], 0).astype(np.uint64))


def _glued_atom(ids: npt.NDArray[np.uint32], names: NameArrays) -> npt.NDArray[np.uint64]:
    """The consonants of the first two parts of the name, as those of one word."""
    out = np.zeros(len(ids), np.uint64)
    _glue(names, np.ascontiguousarray(ids), out)
    return out


@kernel
def _glue(names: NameArrays, ids: npt.NDArray[np.uint32], out: npt.NDArray[np.uint64]) -> None:
    for at in range(len(ids)):
        first, second = names.names[ids[at], 0], names.names[ids[at], 1]
        if second != 0 and names.tokens[first].skeleton_sum != 0 and names.tokens[second].skeleton_sum != 0:
            out[at] = glued_skeleton(names.tokens, first, second)
