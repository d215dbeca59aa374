"""`shared.names.similarity` over encoded names: the same numbers, a thousand times as fast.

Everything here is compiled, runs without the interpreter's lock and can be called by other kernels. Names are ids in
the arrays of a `NameTable`; a workspace belongs to one thread.
"""

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.compiling import kernel
from services.matching.engine.name_sounding import (
    Costs,
    NameArrays,
    Tokens,
    Work,
    glued_skeleton,
    most_of_glued,
    most_of_tokens,
    name_work,
    similarity_of_glued,
    token_similarity,
    token_skeleton,
)
from shared.names import MAX_TOKENS

__all__ = [
    "NameArrays",
    "Work",
    "glued_skeleton",
    "most_of_tokens",
    "name_similarity",
    "name_work",
    "similarities",
    "token_similarity",
    "token_skeleton",
]

_UNKNOWN = 0.3
"""Below that the only other way to align two tokens with two, glued, is not tried."""


@kernel
def _straight(
    tokens: Tokens, costs: Costs, work: Work, a: NDArray[np.uint32], b: NDArray[np.uint32], count: int, least: float
) -> float:
    """Every token faces its own; below `least` it may be anything below that is not under the truth."""
    share = float(costs.worst)
    worst, total = 1.0, 0.0
    for at in range(count):
        most = most_of_tokens(tokens, costs, a[at], b[at])
        worst = min(worst, most)
        total += most
    most = share * worst + (1 - share) * total / count
    if most < least:
        return most
    worst, total = 1.0, 0.0
    for at in range(count):
        value = token_similarity(tokens, costs, work, a[at], b[at])
        worst = min(worst, value)
        total += value
    return share * worst + (1 - share) * total / count


@kernel
def _aligned(
    tokens: Tokens,
    costs: Costs,
    work: Work,
    a: NDArray[np.uint32],
    a_count: int,
    b: NDArray[np.uint32],
    b_count: int,
    least: float,
) -> float:
    """The best alignment in order, see `shared.names`; 0 below `least`."""
    share = float(costs.worst)
    bar = max(0.0, least - 1e-12)
    best = bar
    work.places[0] = 0
    work.states[0, 0], work.states[0, 1], work.states[0, 2] = 1.0, 0.0, 0.0
    open_states = 1
    while open_states > 0:
        open_states -= 1
        i, j, pairs = work.places[open_states, 0], work.places[open_states, 1], work.places[open_states, 2]
        worst, total, penalty = (
            work.states[open_states, 0],
            work.states[open_states, 1],
            work.states[open_states, 2],
        )
        left_a, left_b = a_count - i, b_count - j
        most_pairs = pairs + min(left_a, left_b)
        mean = (total + most_pairs - pairs) / most_pairs if most_pairs > 0 else 0.0
        if share * worst + (1 - share) * mean - penalty <= best:
            continue
        if left_a == 0 or left_b == 0:
            if pairs > 0:
                absent = (left_a + left_b) * costs.absent_last
                alone = costs.only_given_name if pairs == 1 and absent > 0 and penalty == 0 else 0.0
                best = max(best, share * worst + (1 - share) * total / pairs - penalty - absent - alone)
            continue
        if left_a != left_b:
            skipped = penalty + (costs.absent_middle if pairs > 0 else costs.absent_first)
            work.places[open_states, 0] = i + 1 if left_a > left_b else i
            work.places[open_states, 1] = j + 1 if left_b > left_a else j
            work.places[open_states, 2] = pairs
            work.states[open_states, 0], work.states[open_states, 1] = worst, total
            work.states[open_states, 2] = skipped
            open_states += 1
        # Two glued tokens face one, then the other way about, then each its own, which is looked at first.
        for way in range(3):
            if way == 0:
                if left_a < 2:
                    continue
                most = most_of_glued(tokens, costs, a[i], a[i + 1], b[j])
            elif way == 1:
                if left_b < 2:
                    continue
                most = most_of_glued(tokens, costs, b[j], b[j + 1], a[i])
            else:
                most = most_of_tokens(tokens, costs, a[i], b[j])
            cost = penalty if way == 2 else penalty + costs.glued
            if share * min(worst, most) + (1 - share) * (mean - (1.0 - most) / most_pairs) - cost <= best:
                continue
            if way == 0:
                value = similarity_of_glued(tokens, costs, work, a[i], a[i + 1], b[j])
            elif way == 1:
                value = similarity_of_glued(tokens, costs, work, b[j], b[j + 1], a[i])
            else:
                value = token_similarity(tokens, costs, work, a[i], b[j])
            work.places[open_states, 0] = i + 2 if way == 0 else i + 1
            work.places[open_states, 1] = j + 2 if way == 1 else j + 1
            work.places[open_states, 2] = pairs + 1
            work.states[open_states, 0], work.states[open_states, 1] = min(worst, value), total + value
            work.states[open_states, 2] = cost
            open_states += 1
    return best if best > bar else 0.0


@kernel
def _in_order(
    tokens: Tokens,
    costs: Costs,
    work: Work,
    a: NDArray[np.uint32],
    a_count: int,
    b: NDArray[np.uint32],
    b_count: int,
    least: float,
) -> float:
    if a_count == b_count:
        sure = costs.sure
        # Two tokens whose likeness is below a bound of its own are not tried glued: there it must be known.
        straight = _straight(tokens, costs, work, a, b, a_count, min(least, _UNKNOWN if a_count == 2 else sure))
        if straight >= sure or a_count == 1 or (a_count == 2 and straight < _UNKNOWN):
            return straight
    return _aligned(tokens, costs, work, a, a_count, b, b_count, least)


@kernel
def _read(names: NDArray[np.uint32], name: int, written: NDArray[np.uint32]) -> int:
    """The tokens of a name as written; how many there are."""
    count = 0
    while count < MAX_TOKENS and names[name, count] != 0:
        written[count] = names[name, count]
        count += 1
    return count


@kernel
def _turn(tokens: Tokens, written: NDArray[np.uint32], count: int, turned: NDArray[np.uint32]) -> bool:
    """Put the first token last, where it is a clan name; whether it is one."""
    if count < 2 or tokens[written[0]].clan == 0:
        return False
    for at in range(1, count):
        turned[at - 1] = written[at]
    turned[count - 1] = written[0]
    return True


@kernel
def name_similarity(names: NameArrays, work: Work, name_a: int, name_b: int, least: float) -> float:
    """0..1 for two names, see `shared.names.similarity`; below `least` it may be anything below."""
    tokens, costs, a, b = names.tokens, names.costs, work.a, work.b
    a_count, b_count = _read(names.names, name_a, a), _read(names.names, name_b, b)
    if a_count == 0 or b_count == 0:
        return 0.0
    if name_a == name_b:
        return 1.0
    score = _in_order(tokens, costs, work, a, a_count, b, b_count, least)
    if score >= costs.sure:
        return score
    turns_a, turns_b = _turn(tokens, a, a_count, work.a_turned), _turn(tokens, b, b_count, work.b_turned)
    if turns_a:
        score = max(score, _in_order(tokens, costs, work, work.a_turned, a_count, b, b_count, least))
    if turns_b:
        score = max(score, _in_order(tokens, costs, work, a, a_count, work.b_turned, b_count, least))
    if turns_a and turns_b:
        score = max(score, _in_order(tokens, costs, work, work.a_turned, a_count, work.b_turned, b_count, least))
    return score


@kernel
def _similarities(
    names: NameArrays,
    work: Work,
    a: NDArray[np.uint32],
    b: NDArray[np.uint32],
    least: float,
    told: NDArray[np.float32],
) -> None:
    for at in range(len(a)):
        told[at] = name_similarity(names, work, a[at], b[at], least)


def similarities(
    names: NameArrays, work: Work, a: NDArray[np.uint32], b: NDArray[np.uint32], least: float = 0.0
) -> NDArray[np.float32]:
    """The similarity of each name of `a` with the name of `b` beside it; below `least` it may be anything below."""
    told = np.empty(len(a), np.float32)
    _similarities(names, work, a, b, least, told)
    return told
