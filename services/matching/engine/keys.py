"""Blocking keys: a pair is compared only where both records share one of them.

No single key survives what a clerk does to a record, so each record has several of different kinds. A rule joins a key of
the left file to a key of the right; rules are tried from the surest to the widest, and a pair met by several is compared
once. A key of 32 bits is a hash of its atoms; 0 where one of them is missing. Two keys that differ fall together one time
in four thousand million: a pair more to look at, and nothing else.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any, Final

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


def plan_of(layout: Layout) -> Plan:
    """The rules for the fields there are, the surest first."""
    columns: list[tuple[Atom, ...]] = []
    rules: list[Rule] = []
    made_of: list[frozenset[int]] = []
    spellings: list[tuple[int, ...]] = []

    phones = {layout.fields[at].name for at in layout.of_kind(Kind.PHONE)}

    def column(atoms: tuple[Atom, ...]) -> int:
        if atoms not in columns:
            columns.append(atoms)
        return columns.index(atoms)

    for name, *groups in _shapes(layout):
        known = [tuple(column(atoms) for atoms in group) for group in groups]
        spellings += known
        for left, right in _joined_columns(known, turned=bool(layout.of_kind(Kind.PART)) and name not in phones):
            rules.append(Rule(name, left, right, LARGEST.get(name, LARGEST_BLOCK)))
            made_of.append(frozenset(field for _, field, _ in (*columns[left], *columns[right])))
    return Plan(tuple(columns), tuple(rules[:MOST_RULES]), tuple(made_of[:MOST_RULES]), tuple(spellings))


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


def keys_of(records: Words, layout: Layout, plan: Plan, names: NameArrays) -> Keys:
    """[rows, columns] the keys of every record."""
    out = np.zeros((len(records), len(plan.columns)), np.uint32)

    def fill(start: int) -> None:
        rows, own = records[start : start + _CHUNK], out[start : start + _CHUNK]
        atoms: dict[Atom, npt.NDArray[np.uint64]] = {}
        for at, column in enumerate(plan.columns):
            for atom in column:
                if atom not in atoms:
                    atoms[atom] = _atom(atom, rows, layout, names)
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


def _atom(atom: Atom, rows: Words, layout: Layout, names: NameArrays) -> npt.NDArray[np.uint64]:
    kind, field, which = atom
    offset = layout.offsets[field]
    word = rows[:, offset]
    if kind == "number":
        return np.ascontiguousarray(rows[:, offset : offset + 2]).view(np.uint64)[:, 0]
    if kind == "phone":
        return (rows[:, offset + which] & np.uint32((1 << PHONE_BITS) - 1)).astype(np.uint64)
    if kind == "year":
        return (word >> np.uint32(9)).astype(np.uint64)
    if kind == "day":
        return np.where(word & np.uint32(0x1FF), word, 0).astype(np.uint64)
    if kind == "place":
        return np.ascontiguousarray(rows[:, offset : offset + 2]).view(np.uint16)[:, which].astype(np.uint64)
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
