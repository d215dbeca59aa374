"""Names out of texts, many at once: the compiled half of `NameTable`, which gives what `shared.names.parse_name` gives.

A text is cut into words; each written word has gone through Python once and is known by what it came to (its parts);
particles, articles and عبد ال are then a matter of a few ids.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.compiling import kernel, maker
from services.matching.engine.name_sounding import mixed
from shared.names import MAX_TOKENS

__all__ = [
    "ABDOU",
    "ARABIC_SERVANT",
    "ARTICLE",
    "DAUGHTER",
    "DAUGHTER_UNLESS_FIRST",
    "FOLLOWS_ABDOU",
    "LATIN_SERVANT",
    "PENDING",
    "PLAIN",
    "SON",
    "arrange",
    "drop_hashes",
    "drop_names",
    "flatten",
    "intern_names",
    "put_hashes",
    "put_names",
    "split_words",
]

PLAIN, SON, DAUGHTER, DAUGHTER_UNLESS_FIRST, ARTICLE, FOLLOWS_ABDOU, ABDOU, ARABIC_SERVANT, LATIN_SERVANT = range(9)
"""What a part of a written word can be."""
PENDING = np.uint32(0xFFFFFFFF)
"""The token of two parts that were never joined before: Python must say what they are."""

U32: TypeAlias = NDArray[np.uint32]
U64: TypeAlias = NDArray[np.uint64]


@kernel
def _is_space(char: int) -> bool:
    """What `str.split` splits at."""
    if char < 128:
        return char == 32 or 9 <= char <= 13 or 28 <= char <= 31
    if char in (0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000):
        return True
    return 0x2000 <= char <= 0x200A


@kernel
def _slot_of(hashed: np.uint64, slots: U32) -> int:
    return int(np.int64(hashed & np.uint64(len(slots) - 1)))


@kernel
def put_hashes(slots: U32, hashes: U64, count: int) -> None:
    """Fill empty slots with `count` entries, numbered from 1, by their hashes."""
    for entry in range(count):
        at = _slot_of(hashes[entry], slots)
        while slots[at] != 0:
            at = (at + 1) & (len(slots) - 1)
        slots[at] = entry + 1


@kernel
def drop_hashes(slots: U32, hashes: U64, first: int, count: int) -> None:
    """Empty the slots of the entries put in last, those after the first `first` of `count`.

    The newest goes first: whatever was put in before it was found without passing its slot.
    """
    for entry in range(count - 1, first - 1, -1):
        at = _slot_of(hashes[entry], slots)
        while slots[at] != entry + 1:
            at = (at + 1) & (len(slots) - 1)
        slots[at] = 0


@kernel
def _is_word(chars: U32, start: int, end: int, pool: U32, pool_start: int, pool_end: int) -> bool:
    length = end - start
    if length != pool_end - pool_start:
        return False
    at = 0
    while at < length and chars[start + at] == pool[pool_start + at]:
        at += 1
    return at == length


@maker
def split_words(
    chars: U32, texts: int, slots: U32, hashes: U64, starts: NDArray[np.int64], pool: U32, known: int
) -> tuple[U32, NDArray[np.int64], int]:
    """The words of texts that end in a zero each, new ones numbered on from `known` and put into the pool.

    Returns the words of all texts, where each text's begin (and the last's end), and how many words are now known.
    There must be room for as many new words as there are characters and texts.
    """
    words = np.empty(len(chars) // 2 + texts + 1, np.uint32)
    begins = np.zeros(texts + 1, np.int64)
    found, text, start = 0, 0, 0
    hashed = np.uint64(0)
    for at in range(len(chars)):
        char = chars[at]
        if char != 0 and not _is_space(char):
            hashed = (hashed ^ np.uint64(char)) * np.uint64(0x100000001B3) + np.uint64(1)
            continue
        if at > start:
            key = mixed(hashed)
            slot = _slot_of(key, slots)
            word = 0
            while slots[slot] != 0:
                entry = slots[slot] - 1
                if hashes[entry] == key and _is_word(chars, start, at, pool, starts[entry], starts[entry + 1]):
                    word = entry + 1
                    break
                slot = (slot + 1) & (len(slots) - 1)
            if word == 0:
                hashes[known] = key
                pool_at = starts[known]
                for char_at in range(start, at):
                    pool[pool_at] = chars[char_at]
                    pool_at += 1
                known += 1
                starts[known] = pool_at
                slots[slot] = known
                word = known
            words[found] = word - 1
            found += 1
        start, hashed = at + 1, np.uint64(0)
        if char == 0:
            text += 1
            begins[text] = found
    return words[:found], begins, known


@maker
def flatten(
    words: U32, begins: NDArray[np.int64], part_starts: NDArray[np.int64], parts: U32
) -> tuple[U32, NDArray[np.int64]]:
    """The parts of the words of each text, and where each text's begin."""
    total = 0
    for word in words:
        total += part_starts[word + 1] - part_starts[word]
    flat = np.empty(total, np.uint32)
    ends = np.zeros(len(begins), np.int64)
    found = 0
    for text in range(len(begins) - 1):
        for at in range(begins[text], begins[text + 1]):
            for part in range(part_starts[words[at]], part_starts[words[at] + 1]):
                flat[found] = parts[part]
                found += 1
        ends[text + 1] = found
    return flat, ends


@kernel
def _joined(first: int, second: int, slots: U32, keys: U64, tokens: U32, known: NDArray[np.int64]) -> np.uint32:
    """The token of two parts joined; those never joined before are numbered on and stay pending."""
    key = (np.uint64(first) << np.uint64(32)) | np.uint64(second)
    slot = _slot_of(mixed(key), slots)
    while slots[slot] != 0:
        if keys[slots[slot] - 1] == key:
            return np.uint32(tokens[slots[slot] - 1])
        slot = (slot + 1) & (len(slots) - 1)
    keys[known[0]] = key
    tokens[known[0]] = PENDING
    known[0] += 1
    slots[slot] = known[0]
    return PENDING


@maker
def arrange(
    flat: U32,
    begins: NDArray[np.int64],
    kinds: NDArray[np.uint8],
    part_tokens: U32,
    slots: U32,
    keys: U64,
    tokens: U32,
    known: NDArray[np.int64],
) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
    """The tokens of each name, zeros behind them, and the sex that its first particle told.

    Where `known` has grown, the new pairs of parts must be given their tokens first, and this be done again.
    """
    texts = len(begins) - 1
    rows, sexes = np.zeros((texts, MAX_TOKENS), np.uint32), np.zeros(texts, np.uint8)
    for text in range(texts):
        at, end, position, count = begins[text], begins[text + 1], 0, 0
        while at < end:
            part = flat[at]
            kind = kinds[part]
            token = part_tokens[part]
            at += 1
            if kind == ARABIC_SERVANT and at < end:
                token = _joined(part, flat[at], slots, keys, tokens, known)
                at += 1
            elif at < end and (kind == LATIN_SERVANT or (kind == ABDOU and kinds[flat[at]] == FOLLOWS_ABDOU)):
                if kinds[flat[at]] == ARTICLE and at + 1 < end:
                    at += 1
                token = _joined(part, flat[at], slots, keys, tokens, known)
                at += 1
            elif kind in (SON, DAUGHTER) or (kind == DAUGHTER_UNLESS_FIRST and position > 0):
                if sexes[text] == 0:
                    sexes[text] = 2 if kind == SON else 1
                token = np.uint32(0)
            elif kind == ARTICLE:
                token = np.uint32(0)
            position += 1
            if token != 0 and count < MAX_TOKENS:
                rows[text, count] = token
                count += 1
    return rows, sexes


@kernel
def _name_hash(rows: NDArray[np.uint32], at: int, sex: int) -> np.uint64:
    hashed = np.uint64(sex + 1)
    for token in range(MAX_TOKENS):
        hashed = mixed(hashed ^ np.uint64(rows[at, token])) + np.uint64(token)
    return hashed


@kernel
def _same_row(a: NDArray[np.uint32], at: int, b: NDArray[np.uint32], other: int) -> bool:
    token = 0
    while token < MAX_TOKENS and a[at, token] == b[other, token]:
        token += 1
    return token == MAX_TOKENS


@kernel
def put_names(slots: U32, names: NDArray[np.uint32], sexes: NDArray[np.uint8], count: int) -> None:
    """Fill empty slots with the first `count` names; name 0, which has no token, is not looked for."""
    for name in range(1, count):
        at = _slot_of(_name_hash(names, name, sexes[name]), slots)
        while slots[at] != 0:
            at = (at + 1) & (len(slots) - 1)
        slots[at] = name


@kernel
def drop_names(slots: U32, names: NDArray[np.uint32], sexes: NDArray[np.uint8], first: int, count: int) -> None:
    """Empty the slots of the names put in last, from the one numbered `first` on."""
    for name in range(count - 1, first - 1, -1):
        at = _slot_of(_name_hash(names, name, sexes[name]), slots)
        while slots[at] != name:
            at = (at + 1) & (len(slots) - 1)
        slots[at] = 0


@maker
def intern_names(
    rows: NDArray[np.uint32],
    row_sexes: NDArray[np.uint8],
    slots: U32,
    names: NDArray[np.uint32],
    sexes: NDArray[np.uint8],
    count: int,
) -> tuple[U32, int]:
    """The id of each row, new names numbered on from `count`, and how many names there are now.

    There must be room for as many new names as there are rows.
    """
    ids = np.zeros(len(rows), np.uint32)
    for row in range(len(rows)):
        if rows[row, 0] == 0:
            continue
        slot = _slot_of(_name_hash(rows, row, row_sexes[row]), slots)
        while slots[slot] != 0:
            name = slots[slot]
            if sexes[name] == row_sexes[row] and _same_row(rows, row, names, name):
                ids[row] = name
                break
            slot = (slot + 1) & (len(slots) - 1)
        if ids[row] == 0:
            for token in range(MAX_TOKENS):
                names[count, token] = rows[row, token]
            sexes[count] = row_sexes[row]
            slots[slot] = count
            ids[row] = count
            count += 1
    return ids, count
