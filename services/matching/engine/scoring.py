"""The kernels that judge a pair: the level each field reaches, and the sum of what the levels weigh.

Cheap fields come first; the names, which cost most, are compared only where even equal ones could still lift the pair to
the least score that matters.
"""

from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from services.matching.engine.compiling import kernel
from services.matching.engine.fields import MOST_LEVELS, Kind, Layout
from services.matching.engine.levels import (
    date_level,
    dice,
    levels_of,
    number_level,
    phone_slip,
    place_level,
    role_level,
    school_level,
    sex_level,
)
from services.matching.engine.name_kernels import name_similarity
from services.matching.engine.name_sounding import NameArrays, name_work, token_similarity
from services.matching.engine.name_sounding import Work as NameWork
from services.matching.engine.packing import PHONE_BITS, Vocabulary, Words
from services.matching.engine.texts import Places, Texts, alike

Levels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


NUMBER, PHONE, DATE, SEX, PLACE, ROLE, SCHOOL, ENCODED, TEXT, PART, FATHER, NAME = map(int, Kind)
_NAME, _FATHER, _PART = map(levels_of, (Kind.NAME, Kind.FATHER, Kind.PART))
NAME_SAME, NAME_ALIKE, NAME_NEAR, NAME_PART, NAME_DOUBTFUL, NAME_DIFFERENT = (
    _NAME[one] for one in ("same", "alike", "near", "part", "doubtful", "different")
)
FATHER_SAME, FATHER_NEAR, FATHER_UNCONFIRMED, FATHER_DIFFERENT, FATHER_REPEATED = (
    _FATHER[one] for one in ("same", "near", "unconfirmed", "different", "repeated")
)
PART_DIFFERENT, PART_SWAPPED = _PART["different"], _PART["swapped"]

# Similarity from which a name, a father's name, a part of a name or a text reaches a level.
SAME_NAME, ALIKE_NAME, NEAR_NAME, DOUBTFUL_NAME = 0.94, 0.86, 0.76, 0.60
SAME_FATHER, NEAR_FATHER = 0.88, 0.74
GRANDFATHER: Final = 0.06
"""What it costs that two fathers are known by their given names alone: the rest is the grandfather."""
ALIKE_PART, NEAR_PART = 0.80, 0.60
ALIKE_TEXT, NEAR_TEXT = 0.80, 0.60
DICE_TOP, DICE_STEP, DICE_STEPS = 0.90, 0.05, 8
PRUNED: Final = -1e9


FIELD = np.dtype(
    [
        ("bits", np.float32, MOST_LEVELS),  # what each level weighs, above 0 for the same person
        ("rare", np.float32, MOST_LEVELS),  # how much of a value's rarity above the average a level adds
        ("average", np.float32),  # the average rarity of a value that two rows share by chance, in bits
        ("most", np.float32),  # the most that this field and those after it may still add
        ("kind", np.int32),
        ("offset", np.int32),  # its first word in a record
        ("words", np.int32),
        ("beside", np.int32),  # of a father's name, the field of the whole name; of a school, that of the birth; or -1
    ],
    align=True,
)
"""One field of a layout as a model weighs it."""
LEAST_RARE: Final = -9.0
MOST_RARE: Final = 9.0
"""Bounds of what rarity adds."""
Fields: TypeAlias = npt.NDArray[Any]  # [field] records of FIELD


class Tables(NamedTuple):
    """What the kernels read of a vocabulary. Records, for a kernel is handed few arrays sooner than many."""

    names: NameArrays
    facts: npt.NDArray[Any]  # [name] records of NAME_FACTS
    texts: Texts


NAME_FACTS = np.dtype([("bits", np.float32), ("count", np.int32)], align=True)
"""How rare a name is, in bits; of how many tokens."""


class Work(NamedTuple):
    """One thread's workspace."""

    names: NameWork
    places: Places


def work_of() -> Work:
    return Work(name_work(), np.zeros(256, np.uint64))


@kernel
def _name_level(tables: Tables, a: np.uint32, b: np.uint32, similarity: float) -> int:
    fewest = min(tables.facts[a].count, tables.facts[b].count)
    if fewest == 0:
        return 0
    if fewest == 1 and similarity >= DOUBTFUL_NAME:
        return NAME_PART
    if similarity >= SAME_NAME:
        return NAME_SAME
    if similarity >= ALIKE_NAME:
        return NAME_ALIKE
    if similarity >= NEAR_NAME:
        return NAME_NEAR
    return NAME_DOUBTFUL if similarity >= DOUBTFUL_NAME else NAME_DIFFERENT


@kernel
def _step(similarity: float, alike_from: float, near_from: float) -> int:
    if similarity >= 0.999:
        return 1
    if similarity >= alike_from:
        return 2
    return 3 if similarity >= near_from else 4


@kernel
def _part_similarity(tables: Tables, work: Work, name_a: int, text_a: int, name_b: int, text_b: int) -> float:
    """Two parts of a name, by letters or by sound, whichever is nearer; text 0 compares by sound alone."""
    by_letters = 0.0
    if text_a != 0:
        if text_a == text_b:
            return 1.0
        by_letters = alike(tables.texts, text_a, text_b, work.places)
        if by_letters >= ALIKE_PART:
            return by_letters
    return max(by_letters, name_similarity(tables.names, work.names, name_a, name_b, 0.0))


@kernel
def _tells(whole: Any, tables: Tables, work: Work, record: Words, father: np.uint32) -> float:
    """How near a name behind the first of a record's whole name comes to a father's; -1 where it has no other."""
    names, best = tables.names, -1.0
    given = names.names[father, _given(tables, father)]
    for word in range(whole.offset, whole.offset + whole.words):
        name = record[word]
        for token in range(1 + _given(tables, name), min(tables.facts[name].count, 4)):
            other = names.names[name, token]
            if names.tokens[other].clan == 0:  # a clan is nobody's father
                best = max(best, token_similarity(names.tokens, names.costs, work.names, given, other))
    return best


@kernel
def _given(tables: Tables, name: np.uint32) -> int:
    """Where the given name stands: behind a clan name that stands first."""
    tokens = tables.names.names[name]
    return 1 if tables.facts[name].count > 1 and tables.names.tokens[tokens[0]].clan != 0 else 0


@kernel
def _father_level(fields: Fields, tables: Tables, work: Work, a: Words, b: Words, field: int) -> int:
    """A father's name beside the other's father; where that is missing, beside the second name of the other.

    `repeated` where both whole names tell the father already, so that he adds little.
    """
    at, whole = fields[field].offset, fields[field].beside
    father_a, father_b = a[at], b[at]
    names = tables.names
    if father_a != 0 and father_b != 0:
        fathers = name_similarity(names, work.names, father_a, father_b, 0.0)
        given_a, given_b = (
            names.names[father_a, _given(tables, father_a)],
            names.names[father_b, _given(tables, father_b)],
        )
        given = token_similarity(names.tokens, names.costs, work.names, given_a, given_b) - GRANDFATHER
        if max(fathers, given) < SAME_FATHER:
            return FATHER_NEAR if max(fathers, given) >= NEAR_FATHER else FATHER_DIFFERENT
        if fathers >= given and min(tables.facts[father_a].count, tables.facts[father_b].count) > 1:
            return FATHER_SAME  # with a grandfather, whom no second name tells
        told = whole >= 0 and _tells(fields[whole], tables, work, a, father_a) >= SAME_FATHER
        told = told and _tells(fields[whole], tables, work, b, father_b) >= SAME_FATHER
        return FATHER_REPEATED if told else FATHER_SAME
    if (father_a == 0 and father_b == 0) or whole < 0:
        return 0
    father, other = (father_a, b) if father_a != 0 else (father_b, a)
    own = a if father_a != 0 else b
    best = _tells(fields[whole], tables, work, other, father)
    if best < 0.0:
        return 0
    if best >= SAME_FATHER:
        return FATHER_REPEATED if _tells(fields[whole], tables, work, own, father) >= SAME_FATHER else FATHER_SAME
    return FATHER_NEAR if best >= NEAR_FATHER else FATHER_UNCONFIRMED


@kernel
def _least_alike(field: Any, tables: Tables, b: Words, missing: float) -> float:
    """How alike two names must be for the field to weigh `missing` bits; 2 where even equal ones do not.

    A pair is no rarer than the name of `b`, so the rarest spelling of it bounds what rarity adds.
    """
    rarest, fewest = np.float32(0.0), 99
    for word in range(field.offset, field.offset + field.words):
        if b[word] != 0:
            rarest = max(rarest, tables.facts[b[word]].bits)
            fewest = min(fewest, tables.facts[b[word]].count)
    rare = min(max(rarest - field.average, LEAST_RARE), MOST_RARE)
    if field.bits[0] >= missing or field.bits[NAME_DIFFERENT] >= missing:
        return 0.0
    if field.bits[NAME_DOUBTFUL] >= missing or field.bits[NAME_PART] + field.rare[NAME_PART] * rare >= missing:
        return DOUBTFUL_NAME
    if field.bits[NAME_NEAR] + field.rare[NAME_NEAR] * rare >= missing:
        return NEAR_NAME
    if field.bits[NAME_ALIKE] + field.rare[NAME_ALIKE] * rare >= missing:
        return ALIKE_NAME
    return SAME_NAME if field.bits[NAME_SAME] + field.rare[NAME_SAME] * rare >= missing else 2.0


@kernel
def _best_names(
    tables: Tables, work: Work, a: Words, b: Words, at: int, words: int, least: float
) -> tuple[float, np.uint32, np.uint32]:
    """How alike the nearest two spellings of two names are, and which; -1 where one has no name. Below `least` it may be
    anything below."""
    best, best_a, best_b = -1.0, np.uint32(0), np.uint32(0)
    for i in range(at, at + words):
        for j in range(at, at + words):
            if a[i] != 0 and b[j] != 0 and best < SAME_NAME:
                similarity = name_similarity(tables.names, work.names, a[i], b[j], max(best, least))
                if similarity > best:
                    best, best_a, best_b = similarity, a[i], b[j]
    return best, best_a, best_b


@kernel
def judge(
    fields: Fields, tables: Tables, work: Work, a: Words, b: Words, least: float, levels: Levels, parts: Floats
) -> float:
    """The score of two records, in bits; PRUNED as soon as it cannot reach `least` any more.

    Writes the level of each field into `levels`, and what it weighs into `parts`; both are whole where the pair is not
    pruned.
    """
    score = 0.0
    for number in range(len(fields)):
        field = fields[number]
        kind, at, words = field.kind, field.offset, field.words
        level, rarity = 0, 0.0
        if kind >= TEXT and score + field.most < least:
            return PRUNED
        if kind == NUMBER:
            level = number_level(
                np.uint64(a[at]) | np.uint64(a[at + 1]) << np.uint64(32),
                np.uint64(b[at]) | np.uint64(b[at + 1]) << np.uint64(32),
            )
        elif kind == PHONE:
            level, rarity = _phones(a, b, at, words)
        elif kind == DATE:
            level = date_level(a[at], b[at])
        elif kind == SEX:
            level = sex_level(a[at], b[at])
        elif kind == PLACE:
            level = place_level(a, b, at)
        elif kind == ROLE:
            level = role_level(a[at], b[at])
        elif kind == SCHOOL:
            if field.beside >= 0:
                birth = fields[field.beside].offset
                level = max(school_level(a[at], b[birth]), school_level(b[at], a[birth]))
        elif kind == ENCODED:
            level, rarity = encoded_level(dice(a, b, at, words))
        elif kind == TEXT:
            x, y = a[at], b[at]
            if x != 0 and y != 0:
                level = 1 if x == y else _step(alike(tables.texts, x, y, work.places), ALIKE_TEXT, NEAR_TEXT)
                rarity = min(tables.texts[x].bits, tables.texts[y].bits)
        elif kind == PART:
            x, y = a[at + 1], b[at + 1]
            if x != 0 and y != 0:
                level = _step(_part_similarity(tables, work, a[at], x, b[at], y), ALIKE_PART, NEAR_PART)
                rarity = min(tables.texts[x].bits, tables.texts[y].bits)
                if number > 0 and fields[number - 1].kind == PART and (level == 4 or levels[number - 1] == 4):
                    other = fields[number - 1].offset
                    crossed = _part_similarity(tables, work, a[at], 0, b[other], 0)
                    if crossed >= ALIKE_PART and _part_similarity(tables, work, a[other], 0, b[at], 0) >= ALIKE_PART:
                        score -= parts[number - 1]
                        levels[number - 1] = level = PART_SWAPPED
                        parts[number - 1] = fields[number - 1].bits[PART_SWAPPED]
                        score += parts[number - 1]
        elif kind == FATHER:
            level = _father_level(fields, tables, work, a, b, number)
        else:
            # The name is the last field: what is missing now it must bring.
            alike_from = _least_alike(field, tables, b, least - score)
            if alike_from > 1.0:
                return PRUNED
            best, x, y = _best_names(tables, work, a, b, at, words, max(alike_from, DOUBTFUL_NAME))
            if best >= 0.0:
                level = _name_level(tables, x, y, best)
                rarity = min(tables.facts[x].bits, tables.facts[y].bits)
        weight = field.bits[level]
        if level != 0 and field.rare[level] > 0.0:
            weight += field.rare[level] * min(max(rarity - field.average, LEAST_RARE), MOST_RARE)
        levels[number] = level
        parts[number] = weight
        score += weight
    return score if score >= least else PRUNED


@kernel
def encoded_level(alike: float) -> tuple[int, float]:
    """The level that a Dice coefficient reaches, in steps of 0.05 from 0.90 down; and, 0..1, how far above its step it lies,
    which orders pairs of one level."""
    if alike < 0.0:
        return 0, 0.0
    below = min(max(int(np.ceil((DICE_TOP - alike) / DICE_STEP - 1e-9)), 0), DICE_STEPS)
    if below == DICE_STEPS:
        return below + 1, alike / (DICE_TOP - DICE_STEP * (DICE_STEPS - 1))
    step = DICE_STEP if below > 0 else 1.0 - DICE_TOP
    return below + 1, max((alike - DICE_TOP + DICE_STEP * below) / step, 0.0)


@kernel
def _phones(a: Words, b: Words, at: int, words: int) -> tuple[int, float]:
    """The best of the phones of both; its rarity falls by a bit each time twice as many records share it."""
    mask = np.uint32((1 << PHONE_BITS) - 1)
    level, rarity = 0, -99.0
    for i in range(at, at + words):
        for j in range(at, at + words):
            x, y = a[i] & mask, b[j] & mask
            if x == 0 or y == 0:
                continue
            if x == y:
                shared = max(a[i] >> np.uint32(PHONE_BITS), b[j] >> np.uint32(PHONE_BITS))
                level, rarity = 1, max(rarity, -np.float64(shared))
            elif level == 0 or level == 3:
                level = 2 if phone_slip(x, y) else 3
    return level, rarity if level == 1 else 0.0


def tables_of(vocabulary: Vocabulary, name_bits: Floats) -> Tables:
    names = vocabulary.names.arrays
    facts = np.zeros(len(names.names), NAME_FACTS)
    facts["bits"] = name_bits
    facts["count"] = np.count_nonzero(names.names, axis=1)
    return Tables(names, facts, vocabulary.texts.records)


def fields_of(
    layout: Layout, bits: npt.NDArray[np.float64], rare: npt.NDArray[np.float64], average: npt.NDArray[np.float64]
) -> Fields:
    """A layout as the kernels read it, with what its levels weigh: `bits` and `rare` [fields, MOST_LEVELS]."""
    fields = np.zeros(len(layout.fields), FIELD)
    beside = {Kind.FATHER: (*layout.of_kind(Kind.NAME), -1)[0], Kind.SCHOOL: (*layout.of_kind(Kind.DATE), -1)[0]}
    fields["bits"], fields["rare"], fields["average"] = bits, rare, average
    fields["most"] = np.cumsum((bits + rare * MOST_RARE).max(axis=1)[::-1])[::-1]
    fields["kind"] = [int(one.kind) for one in layout.fields]
    fields["offset"], fields["words"] = layout.offsets, [one.words for one in layout.fields]
    fields["beside"] = [beside.get(one.kind, -1) for one in layout.fields]
    return fields
