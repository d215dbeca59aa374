"""How alike two tokens of names sound, over encoded tokens: the numbers of `shared.sounds`, compiled.

Tokens are ids in the arrays of a `NameTable`; a workspace belongs to one thread.

A kernel is handed few arrays, and records rather than many columns: numba spreads every array over a dozen machine
words at each call, which took nine tenths of the time when each column was an array of its own.
"""

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.compiling import kernel
from shared.names import MAX_SOUNDS, MAX_TOKENS

__all__ = [
    "SKELETON_FACTOR",
    "TOKEN",
    "Costs",
    "NameArrays",
    "Tokens",
    "Work",
    "glued_skeleton",
    "mixed",
    "most_of_glued",
    "most_of_tokens",
    "name_work",
    "similarity_of_glued",
    "token_similarity",
    "token_skeleton",
]

Tokens: TypeAlias = NDArray[Any]
"""[token] records of `TOKEN`; token 0 is no token."""
Costs: TypeAlias = Any
"""A record of `name_costs.COSTS`."""
Work: TypeAlias = Any
"""A record of `_WORK`."""

TOKEN = np.dtype(
    [
        ("once", np.uint64),  # the firm consonants it has, as bits; without a first l
        ("twice", np.uint64),  # those it has more than once
        ("covered", np.uint64),  # the firm consonants that pass for a sound it has
        ("skeleton_sum", np.uint64),  # the skeleton's polynomial: 0 for none, see `skeleton_hash`
        ("weight", np.float32),  # what all its sounds weigh
        ("length", np.uint8),  # sounds
        ("skeleton_length", np.uint8),  # characters of its skeleton
        ("firm", np.uint8),  # firm consonants, without a first l
        ("facing", np.uint8),  # sounds that a firm consonant may face
        ("arabic", np.uint8),  # 1 in Arabic script
        ("clan", np.uint8),  # 1 for a clan name, which may stand first or last
        ("sounds", np.uint8, MAX_SOUNDS),  # codes of sounds, then zeros
    ],
    align=True,
)
"""One token: 64 bytes, a line of the processor's cache."""
SKELETON_FACTOR = 0x9E3779B97F4A7C15
_GLUED_SOUNDS = 2 * MAX_SOUNDS
_OPEN_STATES = 64
"""An alignment of 8 tokens with 8 has at most 16 steps, each of which leaves three more states open."""
_REMEMBERED = 1 << 15
_ID_BITS = 21
"""Pairs of tokens numbered below two million are remembered; a country's names have a few hundred thousand."""
_WORK = np.dtype(
    [
        ("keys", np.uint64, _REMEMBERED),  # the pair of tokens remembered there
        ("values", np.float64, _REMEMBERED),  # how alike they are
        ("row", np.float64, _GLUED_SOUNDS + 1),  # one row of an alignment of sounds
        ("left_out", np.float64, _GLUED_SOUNDS),  # what each sound across the row costs where it faces nothing
        ("a", np.uint32, MAX_TOKENS),  # the tokens of the one name, as written
        ("a_turned", np.uint32, MAX_TOKENS),  # with the first put last
        ("b", np.uint32, MAX_TOKENS),
        ("b_turned", np.uint32, MAX_TOKENS),
        ("states", np.float64, (_OPEN_STATES, 3)),  # worst, total, penalty
        ("places", np.int64, (_OPEN_STATES, 3)),  # next of the first name, next of the second, pairs
        ("glued", np.uint8, _GLUED_SOUNDS),  # two tokens' sounds as one
    ],
    align=True,
)
_FIRST, _WITHIN, _LAST = range(3)


class NameArrays(NamedTuple):
    """The names and tokens of a `NameTable`. Token 0 is no token, name 0 has none."""

    names: NDArray[np.uint32]  # [name, 8] tokens in the order written, then zeros
    tokens: Tokens
    costs: Costs


def name_work() -> Work:
    """One thread's workspace: how alike the pairs of tokens met lately are (512 kB), and room for an alignment."""
    return np.zeros(1, _WORK)[0]


@kernel
def mixed(value: np.uint64) -> np.uint64:
    """The finalizer of splitmix64: every bit of `value` reaches every bit of the result; 0 stays 0."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@kernel
def token_skeleton(tokens: Tokens, token: int) -> np.uint64:
    """The hash of a token's skeleton, `name_table.skeleton_hash`; 0 for none."""
    return mixed(tokens[token].skeleton_sum)


@kernel
def glued_skeleton(tokens: Tokens, first: int, second: int) -> np.uint64:
    """The skeleton hash of two tokens written as one word: that of Sidahmed for Sid and Ahmed."""
    total = tokens[first].skeleton_sum
    for _ in range(tokens[second].skeleton_length):
        total *= np.uint64(SKELETON_FACTOR)
    return mixed(total + tokens[second].skeleton_sum)


@kernel
def _omitted(costs: Costs, sound: int, at: int, length: int, other_arabic: int) -> float:
    if at == 0 and length > 2:
        return float(costs.omission[other_arabic, _FIRST, sound])
    return float(costs.omission[other_arabic, _LAST if at == length - 1 else _WITHIN, sound])


@kernel
def _distance(
    costs: Costs,
    work: Work,
    a: NDArray[np.uint8],
    a_length: int,
    a_arabic: int,
    b: NDArray[np.uint8],
    b_length: int,
    b_arabic: int,
) -> float:
    """The cheapest alignment of two strings of sounds."""
    row, b_left_out = work.row, work.left_out
    value = 0.0
    row[0] = 0.0
    for j in range(b_length):
        b_left_out[j] = _omitted(costs, b[j], j, b_length, a_arabic)
        value += b_left_out[j]
        row[j + 1] = value
    for i in range(a_length):
        sound = a[i]
        left_out = _omitted(costs, sound, i, a_length, b_arabic)
        diagonal = row[0]
        value = diagonal + left_out
        row[0] = value
        for j in range(b_length):
            above = row[j + 1]
            value = min(value + b_left_out[j], diagonal + costs.substitution[sound, b[j]], above + left_out)
            diagonal = above
            row[j + 1] = value
    return float(row[b_length])


@kernel
def _comes_first(
    a: NDArray[np.uint8], a_length: int, a_arabic: int, b: NDArray[np.uint8], b_length: int, b_arabic: int
) -> bool:
    """The order in which two words are aligned, so that both orders give one number to the last bit."""
    if a_arabic != b_arabic:
        return a_arabic < b_arabic
    for at in range(min(a_length, b_length)):
        if a[at] != b[at]:
            return bool(a[at] < b[at])
    return a_length <= b_length


@kernel
def _alike(
    costs: Costs,
    work: Work,
    a: NDArray[np.uint8],
    a_length: int,
    a_arabic: int,
    b: NDArray[np.uint8],
    b_length: int,
    b_arabic: int,
    weight: float,
) -> float:
    if _comes_first(a, a_length, a_arabic, b, b_length, b_arabic):
        distance = _distance(costs, work, a, a_length, a_arabic, b, b_length, b_arabic)
    else:
        distance = _distance(costs, work, b, b_length, b_arabic, a, a_length, a_arabic)
    return max(0.0, 1.0 - float(costs.steepness) * distance / max(1.0, weight / 2))


@kernel
def token_similarity(tokens: Tokens, costs: Costs, work: Work, a: int, b: int) -> float:
    """0..1 for two tokens, see `shared.sounds.sound_similarity`."""
    if a == b:
        return 1.0
    if a > b:
        a, b = b, a
    key = (np.uint64(a) << np.uint64(_ID_BITS)) | np.uint64(b)
    slot = np.int64(mixed(key) & np.uint64(len(work.keys) - 1))
    if work.keys[slot] == key:
        return float(work.values[slot])
    value = _alike(
        costs,
        work,
        tokens[a].sounds,
        tokens[a].length,
        tokens[a].arabic,
        tokens[b].sounds,
        tokens[b].length,
        tokens[b].arabic,
        float(tokens[a].weight) + float(tokens[b].weight),
    )
    if b < 1 << _ID_BITS:
        work.keys[slot] = key
        work.values[slot] = value
    return value


@kernel
def _glued_weight(tokens: Tokens, costs: Costs, first: int, second: int) -> float:
    weight = float(tokens[first].weight) + float(tokens[second].weight)
    if tokens[second].sounds[0] == costs.silent_alef:
        weight -= costs.silent_alef_weight
    return float(weight)


@kernel
def similarity_of_glued(tokens: Tokens, costs: Costs, work: Work, first: int, second: int, other: int) -> float:
    """0..1 for two tokens written as one word, beside one token."""
    key = (np.uint64(first) << np.uint64(2 * _ID_BITS)) | (np.uint64(second) << np.uint64(_ID_BITS)) | np.uint64(other)
    slot = np.int64(mixed(key) & np.uint64(len(work.keys) - 1))
    if work.keys[slot] == key:
        return float(work.values[slot])
    length = int(np.int64(tokens[first].length))
    for at in range(length):
        work.glued[at] = tokens[first].sounds[at]
    skipped = 1 if tokens[second].sounds[0] == costs.silent_alef else 0
    for at in range(skipped, tokens[second].length):
        work.glued[length] = tokens[second].sounds[at]
        length += 1
    value = _alike(
        costs,
        work,
        work.glued,
        length,
        tokens[first].arabic,
        tokens[other].sounds,
        int(np.int64(tokens[other].length)),
        tokens[other].arabic,
        _glued_weight(tokens, costs, first, second) + tokens[other].weight,
    )
    if max(first, second, other) < 1 << _ID_BITS:
        work.keys[slot] = key
        work.values[slot] = value
    return value


@kernel
def _count(bits: np.uint64) -> int:
    """How many bits are set. The compiler knows this loop and has an instruction for it."""
    count = 0
    while bits != 0:
        bits &= bits - np.uint64(1)
        count += 1
    return count


@kernel
def _unfaced(tokens: Tokens, token: int, covered: np.uint64) -> int:
    """Firm consonants of a token that pass for nothing on the other side; a third of one kind is not counted."""
    return _count(tokens[token].once & ~covered) + _count(tokens[token].twice & ~covered)


@kernel
def most_of_tokens(tokens: Tokens, costs: Costs, a: int, b: int) -> float:
    """What `token_similarity` cannot exceed, compare `shared.sounds.most_similarity`."""
    if a == b:
        return 1.0
    unfaced = max(
        int(np.int64(tokens[a].firm)) - int(np.int64(tokens[b].facing)),
        int(np.int64(tokens[b].firm)) - int(np.int64(tokens[a].facing)),
        _unfaced(tokens, a, tokens[b].covered),
        _unfaced(tokens, b, tokens[a].covered),
    )
    if unfaced <= 0:
        return 1.0
    length = max(1.0, float(tokens[a].weight + tokens[b].weight) / 2)
    return max(0.0, 1.0 - float(costs.steepness) * unfaced / length)


@kernel
def most_of_glued(tokens: Tokens, costs: Costs, first: int, second: int, other: int) -> float:
    """What `similarity_of_glued` cannot exceed. A first l may be left out, so that of the second is not counted."""
    firm = int(np.int64(tokens[first].firm)) + int(np.int64(tokens[second].firm))
    facing = int(np.int64(tokens[first].facing)) + int(np.int64(tokens[second].facing))
    unfaced = max(
        firm - int(np.int64(tokens[other].facing)),
        int(np.int64(tokens[other].firm)) - facing,
        _unfaced(tokens, first, tokens[other].covered) + _unfaced(tokens, second, tokens[other].covered),
        _unfaced(tokens, other, tokens[first].covered | tokens[second].covered),
    )
    if unfaced <= 0:
        return 1.0
    length = max(1.0, (_glued_weight(tokens, costs, first, second) + float(tokens[other].weight)) / 2)
    return max(0.0, 1.0 - float(costs.steepness) * unfaced / length)
