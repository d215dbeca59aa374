"""The table of names: every distinct name and token once, as arrays that the kernels read.

A country of five million has a few hundred thousand tokens and some million names. A written word goes through Python
once, however often it comes; a text whose words are known costs a fraction of a microsecond.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from hashlib import blake2b
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from services.matching.engine import name_reading as reading
from services.matching.engine.name_costs import CODES, costs
from services.matching.engine.name_sounding import SKELETON_FACTOR, TOKEN, NameArrays, mixed
from shared import names as names_module
from shared import spelling
from shared.names import (
    ABDOU,
    ARABIC_SERVANT,
    MAX_TOKENS,
    Name,
    Sex,
    Token,
    folded_words,
    follows_abdou,
    joined_servants,
    particle_of,
    takes_next_in_latin,
    token_of,
)
from shared.sounds import ALPHABET, FACING_FIRM, FIRM, PASSES_FOR, weight
from shared.spelling import skeleton

__all__ = ["NameTable", "NamesOutdated", "skeleton_hash", "skeleton_sum"]

TEXTS_AT_ONCE = 1 << 16
"""Texts read in one go: they take some 10 MB meanwhile."""
_LEAST_ROOM = 1024
_64_BITS = (1 << 64) - 1
_KINDS = {
    None: reading.PLAIN,
    "M": reading.SON,
    "F": reading.DAUGHTER,
    "F unless first": reading.DAUGHTER_UNLESS_FIRST,
    "article": reading.ARTICLE,
}
_SEXES: tuple[Sex | None, ...] = (None, "F", "M")
_Array = TypeVar("_Array", bound=NDArray[Any])


class NamesOutdated(ValueError):
    """These arrays were written when names were spelled into sounds by other rules: build the table anew."""


def skeleton_hash(consonants: str) -> int:
    """64 bits for a skeleton, the same in every run and on every machine; 0 for "-", which is none.

    The polynomial of its characters' code points in 0x9E3779B97F4A7C15, modulo 2 to the 64, through the finalizer of
    splitmix64. The polynomial of two joined is made of the two, so a kernel can also have that of Sidahmed.
    """
    return 0 if consonants == "-" else int(mixed(np.uint64(skeleton_sum(consonants))))


def skeleton_sum(consonants: str) -> int:
    """The polynomial by which tokens know their skeleton; 0 for "", which is none."""
    value = 0
    for char in consonants:
        value = (value * SKELETON_FACTOR + ord(char)) & _64_BITS
    return value


def _kind_of(part: str) -> int:
    if part == ARABIC_SERVANT:
        return reading.ARABIC_SERVANT
    if part == ABDOU:
        return reading.ABDOU
    if takes_next_in_latin(part):
        return reading.LATIN_SERVANT
    return reading.FOLLOWS_ABDOU if follows_abdou(part) else _KINDS[particle_of(part)]


def _bits(sounds: set[str]) -> int:
    return sum(1 << CODES[sound] for sound in sounds)


@lru_cache(maxsize=1)
def _rules() -> NDArray[np.uint64]:
    """What the stored sounds depend on, as one number."""
    digest = blake2b(ALPHABET.encode(), digest_size=8)
    for module in (names_module, spelling):
        digest.update(Path(cast(str, module.__file__)).read_bytes())
    return np.frombuffer(digest.digest(), np.uint64)


def _with_room(array: _Array, room: int) -> _Array:
    """`array`, or a copy at least twice as long, with zeros behind, where it has fewer than `room` rows."""
    if len(array) >= room:
        return array
    grown = np.zeros((max(room, 2 * len(array)), *array.shape[1:]), array.dtype)
    grown[: len(array)] = array
    return cast(_Array, grown)


def _slots_for(entries: int) -> int:
    return 1 << max(10, (2 * entries - 1).bit_length())


class NameTable:
    """Names as ids: `add` gives the id of each text, `arrays` what the kernels read. Grows; forgets nothing.

    Not for two threads at once. Arrays taken before an `add` stay as they were and know the names of then.
    """

    def __init__(self) -> None:
        self._names = np.zeros((_LEAST_ROOM, MAX_TOKENS), np.uint32)
        self._sexes = np.zeros(_LEAST_ROOM, np.uint8)
        self._name_count = 1
        self._name_slots = np.zeros(_slots_for(_LEAST_ROOM), np.uint32)
        self._tokens: dict[tuple[str, bool, bool], int] = {}
        self._token_records = np.zeros(_LEAST_ROOM, TOKEN)
        self._skeletons = np.zeros(_LEAST_ROOM, np.uint64)
        self._pool = np.zeros(_LEAST_ROOM, np.uint32)
        self._word_starts = np.zeros(_LEAST_ROOM + 1, np.int64)
        self._word_hashes = np.zeros(_LEAST_ROOM, np.uint64)
        self._word_slots = np.zeros(_slots_for(_LEAST_ROOM), np.uint32)
        self._word_count = 0
        self._word_parts = np.zeros(_LEAST_ROOM, np.uint32)
        self._part_starts = np.zeros(_LEAST_ROOM + 1, np.int64)
        self._parts: dict[str, int] = {}
        self._part_texts: list[str] = []
        self._part_kinds = np.zeros(_LEAST_ROOM, np.uint8)
        self._part_tokens = np.zeros(_LEAST_ROOM, np.uint32)
        self._pair_keys = np.zeros(_LEAST_ROOM, np.uint64)
        self._pair_tokens = np.zeros(_LEAST_ROOM, np.uint32)
        self._pair_slots = np.zeros(_slots_for(_LEAST_ROOM), np.uint32)
        self._pair_count = 0

    def __len__(self) -> int:
        """Names, with the empty one."""
        return self._name_count

    def add(self, texts: Iterable[str | None]) -> NDArray[np.uint32]:
        """The id of the name in each text, as `parse_name` reads it; 0 where there is none. Equal names have one id."""
        found: list[NDArray[np.uint32]] = []
        waiting = iter(texts)
        while chunk := [text or "" for text in islice(waiting, TEXTS_AT_ONCE)]:
            found.append(self._add(chunk))
        return np.concatenate(found) if found else np.zeros(0, np.uint32)

    @contextmanager
    def lent(self) -> Iterator[None]:
        """What is added within is forgotten afterwards, and its ids are given to others: a question leaves no trace."""
        names, words, pairs = self._name_count, self._word_count, self._pair_count
        tokens, parts = len(self._tokens), len(self._part_texts)
        try:
            yield
        finally:
            reading.drop_names(self._name_slots, self._names, self._sexes, names, self._name_count)
            reading.drop_hashes(self._word_slots, self._word_hashes, words, self._word_count)
            hashes = np.zeros(self._pair_count, np.uint64)
            hashes[pairs:] = [mixed(key) for key in self._pair_keys[pairs : self._pair_count]]
            reading.drop_hashes(self._pair_slots, hashes, pairs, self._pair_count)
            self._name_count, self._word_count, self._pair_count = names, words, pairs
            while len(self._part_texts) > parts:
                del self._parts[self._part_texts.pop()]
            while len(self._tokens) > tokens:
                self._tokens.popitem()

    @property
    def words(self) -> int:
        """Written words that it has met."""
        return self._word_count

    @property
    def arrays(self) -> NameArrays:
        """What the kernels read, as of now."""
        tokens = self._token_records[: len(self._tokens) + 1]
        return NameArrays(self._names[: self._name_count], tokens, costs())

    @property
    def skeletons(self) -> NDArray[np.uint64]:
        """[token] The `skeleton_hash` of each token; 0 for one without consonants."""
        return self._skeletons[: len(self._tokens) + 1]

    def consonants(self, tokens: Iterable[int]) -> list[str]:
        """The skeleton of each token; "" for one without consonants."""
        known = list(self._tokens)
        return [skeleton(known[token - 1][0]).removeprefix("-") for token in tokens]

    @property
    def sex_hints(self) -> NDArray[np.uint8]:
        """[name] The sex its first particle told: 0 untold, 1 F, 2 M."""
        return self._sexes[: self._name_count]

    def name(self, at: int) -> Name:
        """The name of an id as `shared.names` has it. The sounds are its tokens' text: how it was written is not kept."""
        known = list(self._tokens)
        tokens = [known[token - 1] for token in self._names[at].tolist() if token]
        return Name(tuple(Token(sounds, sounds, *flags) for sounds, *flags in tokens), _SEXES[self._sexes[at]])

    def columns(self) -> dict[str, NDArray[Any]]:
        """All that must be stored, as plain arrays; words are read anew as they come again."""
        tokens, names = self.arrays.tokens, self.arrays.names
        stored = {f"token_{name}": np.ascontiguousarray(tokens[name]) for name in ("sounds", "arabic", "clan")}
        return {"name_rules": _rules(), "name_tokens": names, "name_sexes": self.sex_hints, **stored}

    @classmethod
    def of(cls, columns: Mapping[str, NDArray[Any]]) -> "NameTable":
        """The table whose `columns` these are. Raises `NamesOutdated` when the rules of spelling have changed."""
        if not np.array_equal(columns["name_rules"], _rules()):
            raise NamesOutdated("the rules by which names are spelled have changed since these arrays were written")
        table = cls()
        letters = "\0" + ALPHABET
        flags = zip(columns["token_arabic"].tolist(), columns["token_clan"].tolist(), strict=True)
        for sounds, (arabic, clan) in list(zip(columns["token_sounds"], flags, strict=True))[1:]:
            table._token("".join(letters[code] for code in sounds.tolist() if code), bool(arabic), bool(clan))
        table._name_count = len(columns["name_tokens"])
        table._names = np.array(columns["name_tokens"], np.uint32)
        table._sexes = np.array(columns["name_sexes"], np.uint8)
        table._make_room_for_names(0)
        return table

    def _add(self, texts: list[str]) -> NDArray[np.uint32]:
        joined = "\0".join(texts)
        if joined.count("\0") != len(texts) - 1:
            # A zero inside a text: any other control character parts its words in the same way.
            joined = "\0".join(text.replace("\0", "\x02") for text in texts)
        chars = np.frombuffer(f"{joined}\0".encode("utf-32-le", "surrogatepass"), np.uint32)
        words, begins = self._split(chars, len(texts))
        flat, begins = reading.flatten(words, begins, self._part_starts, self._word_parts)
        rows, sexes = self._arrange(flat, begins)
        self._make_room_for_names(len(rows))
        ids, self._name_count = reading.intern_names(
            rows, sexes, self._name_slots, self._names, self._sexes, self._name_count
        )
        return ids

    def _split(self, chars: NDArray[np.uint32], texts: int) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        room = self._word_count + len(chars) // 2 + texts + 1
        self._word_hashes = _with_room(self._word_hashes, room)
        self._word_starts = _with_room(self._word_starts, room + 1)
        self._pool = _with_room(self._pool, int(self._word_starts[self._word_count]) + len(chars))
        if len(self._word_slots) < _slots_for(room):
            self._word_slots = np.zeros(_slots_for(room), np.uint32)
            reading.put_hashes(self._word_slots, self._word_hashes, self._word_count)
        before = self._word_count
        words, begins, self._word_count = reading.split_words(
            chars, texts, self._word_slots, self._word_hashes, self._word_starts, self._pool, before
        )
        self._read_words(before)
        return words, begins

    def _read_words(self, before: int) -> None:
        """What each new written word comes to."""
        self._part_starts = _with_room(self._part_starts, self._word_count + 1)
        starts = self._word_starts[before : self._word_count + 1].tolist()
        written = self._pool[starts[0] : starts[-1]].tobytes().decode("utf-32-le", "surrogatepass")
        at = int(self._part_starts[before])
        for word, (start, end) in enumerate(pairwise(starts), start=before + 1):
            parts = folded_words(written[start - starts[0] : end - starts[0]])
            self._word_parts = _with_room(self._word_parts, at + len(parts))
            for part in parts:
                self._word_parts[at] = self._part(part)
                at += 1
            self._part_starts[word] = at

    def _part(self, text: str) -> int:
        at = self._parts.get(text)
        if at is None:
            at = self._parts[text] = len(self._part_texts)
            self._part_texts.append(text)
            self._part_kinds = _with_room(self._part_kinds, at + 1)
            self._part_tokens = _with_room(self._part_tokens, at + 1)
            self._part_kinds[at] = _kind_of(text)
            self._part_tokens[at] = self._token_of(text)
        return at

    def _arrange(
        self, flat: NDArray[np.uint32], begins: NDArray[np.int64]
    ) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
        servants = int(np.count_nonzero(self._part_kinds[flat] >= reading.ABDOU))
        room = self._pair_count + servants + 1
        self._pair_keys, self._pair_tokens = _with_room(self._pair_keys, room), _with_room(self._pair_tokens, room)
        if len(self._pair_slots) < _slots_for(room):
            self._pair_slots = np.zeros(_slots_for(room), np.uint32)
            hashes = np.array([mixed(key) for key in self._pair_keys[: self._pair_count]], np.uint64)
            reading.put_hashes(self._pair_slots, hashes, self._pair_count)
        while True:
            known = np.array([self._pair_count], np.int64)
            rows, sexes = reading.arrange(
                flat,
                begins,
                self._part_kinds,
                self._part_tokens,
                self._pair_slots,
                self._pair_keys,
                self._pair_tokens,
                known,
            )
            if known[0] == self._pair_count:
                return rows, sexes
            for pair in range(self._pair_count, int(known[0])):
                first, second = divmod(int(self._pair_keys[pair]), 1 << 32)
                (word,) = joined_servants([self._part_texts[first], self._part_texts[second]])
                self._pair_tokens[pair] = self._token_of(word)
            self._pair_count = int(known[0])

    def _token_of(self, word: str) -> int:
        token = token_of(word)
        return self._token(token.sounds, token.arabic, token.clan) if token.sounds else 0

    def _token(self, sounds: str, arabic: bool, clan: bool) -> int:
        at = self._tokens.get((sounds, arabic, clan))
        if at is not None:
            return at
        at = self._tokens[sounds, arabic, clan] = len(self._tokens) + 1
        self._token_records = _with_room(self._token_records, at + 1)
        self._skeletons = _with_room(self._skeletons, at + 1)
        consonants = skeleton(sounds).removeprefix("-")
        self._skeletons[at] = skeleton_hash(consonants or "-")
        token = self._token_records[at]
        token["sounds"] = 0  # of one that was lent
        token["sounds"][: len(sounds)] = [CODES[sound] for sound in sounds]
        token["length"], token["arabic"], token["clan"] = len(sounds), arabic, clan
        token["weight"] = sum(map(weight, sounds))
        firm = [sound for sound in sounds.removeprefix("l") if sound in FIRM]
        token["once"] = _bits(set(firm))
        token["twice"] = _bits({sound for sound in firm if firm.count(sound) > 1})
        token["covered"] = _bits({sound for sound, passes in PASSES_FOR.items() if not passes.isdisjoint(sounds)})
        token["firm"], token["facing"] = len(firm), sum(sound in FACING_FIRM for sound in sounds)
        token["skeleton_sum"], token["skeleton_length"] = skeleton_sum(consonants), len(consonants)
        return at

    def _make_room_for_names(self, more: int) -> None:
        room = self._name_count + more
        self._names, self._sexes = _with_room(self._names, room), _with_room(self._sexes, room)
        if len(self._name_slots) < _slots_for(room) or not self._name_slots.any():
            self._name_slots = np.zeros(_slots_for(room), np.uint32)
            reading.put_names(self._name_slots, self._names, self._sexes, self._name_count)
