"""How alike two spellings of one name sound, within a script or across both.

A weighted alignment of the sound strings of `spelling`. The costs are set by an expert from the reference
name lists (variants of one name against different names), not estimated: the engine estimates them from
confirmed pairs.
"""

from functools import lru_cache
from typing import Literal

Place = Literal["first", "within", "last"]

_LATIN_VOWELS = frozenset("aeiouûî")
_ARABIC_VOWELS = frozenset("AIUYPv3")
_VOWELS = _LATIN_VOWELS | _ARABIC_VOWELS
_ARABIC_ONLY = frozenset("AIUYv3H")  # H is ح: Latin always writes h

_FOREIGN = 1.2  # a consonant facing a vowel: dearer than leaving one of them out
_DIFFERENT = 1.0
_SERVANT_OMITTED = 1.5  # Abdel Kader is not Kader
_SERVANT_FACING = 1.8  # nor is Abderrahim Brahim
_SERVANT_WEIGHT = 0.5  # a hundred names begin with it: it is what follows that tells them apart
# How steeply cost per sound lowers similarity: Salem/Saleck (one of three consonants) must fall near 0.5.
STEEPNESS = 1.6

_NEAR: dict[tuple[str, str], float] = {}


def _near(cost: float, *pairs: str) -> None:
    for pair in pairs:
        _NEAR[pair[0], pair[1]] = _NEAR[pair[1], pair[0]] = cost


_near(
    0.0,
    "hH",
    "iî",
    "uû",
    "iI",
    "îI",
    "uU",
    "ûU",
    "aA",
    "aP",
    "iY",
    "îY",
    "aY",
    "YI",
    "eP",
    "av",
    "ev",
    "iv",
    "ov",
    "uv",
    "îv",
    "ûv",
)
_near(0.05, "oU", "eA", "v3", "eY", "AP", "hP", "YP", "vA", "YA")
_near(
    0.1,
    "ou",
    "oû",
    "a3",
    "e3",
    "i3",
    "o3",
    "u3",
    "î3",
    "û3",
    "kq",
    "Tt",
    "ae",
    "ei",
    "eI",
    "eî",
    "vI",
    "vU",
    "HP",
)
_near(0.15, "Dd", "Gq", "Gg", "qg", "bp", "zD", "Gk")
_near(0.25, "kg", "Jg", "Xk", "Xq", "JS", "Jd")
_near(0.3, "sz", "Ts", "XH", "Xh", "Ji", "JI", "ao", "3A", "XG", "JG")
_near(0.4, "dt", "Ss", "ai", "aî", "aI", "oA", "ie", "Jz", "AY", "JD", "TD", "tP")
_near(0.45, "St", "ST", "au", "eo", "uP", "UP", "iP", "IP", "oP")
_near(0.6, "fb", "Dt", "iA", "io", "Sk", "eu", "iu")
_near(1.1, "aû", "eû", "aU", "eU")  # Mohamed is not محمود
_near(0.7, "dz", "uA", "ûA", "AU", "AI", "UI", "iU", "uI", "îû", "iû", "uî")
_near(0.8, "mn", "nl", "lr", "fp", "Hq")


def substitution(x: str, y: str) -> float:
    """What it costs that one side has the sound `x` where the other has `y`; symmetric, 0 for the same."""
    if x == y:
        return 0.0
    near = _NEAR.get((x, y))
    if near is not None:
        return near
    if "@" in (x, y):
        return _SERVANT_FACING
    if (x in _VOWELS) != (y in _VOWELS):
        return _FOREIGN
    return _DIFFERENT


# What it costs that the other side has nothing where this side has a sound.
_OMITTED_BY_LATIN = {
    **dict.fromkeys("aeo", 0.3), "i": 0.35, "u": 0.4, "î": 0.5, "û": 0.7, "P": 0.45,
    "h": 0.3, "v": 0.1, "3": 0.1, "A": 0.45, "I": 0.65, "U": 1.0, "Y": 0.35, "H": 0.6,
}  # fmt: skip
_OMITTED_BY_ARABIC = {
    **dict.fromkeys("ae", 0.02), "o": 0.04, "i": 0.05, "u": 0.1, "î": 0.25, "û": 1.0, "P": 0.4,
    "h": 0.4, "v": 0.1, "3": 0.4, "A": 0.4, "I": 0.85, "U": 1.0, "Y": 0.4, "H": 0.8,
}  # fmt: skip
# A last vowel is written in both scripts, and a or ة makes another name, a woman's (Habib, Habiba); a first vowel
# comes and goes (Brahim, Ibrahim).
_FINAL_OMITTED = {
    "e": 0.05, "a": 0.8, "o": 0.4, "u": 0.4, "i": 0.35, "h": 0.1, "P": 0.8, "Y": 0.35, "3": 0.05,
    "A": 0.5, "I": 0.45,
}  # fmt: skip
_INITIAL_OMITTED = {"e": 0.15, "i": 0.2, "l": 0.4, "h": 0.3, "a": 0.35, "u": 0.4}


def place_of(at: int, length: int) -> Place:
    """Whether a sound opens its word, closes it or stands within: the first of two sounds stands within."""
    if at == 0 and length > 2:
        return "first"
    return "last" if at == length - 1 else "within"


def omission(sound: str, place: Place, other_is_arabic: bool) -> float:
    """What it costs that the other side, of the script given, has nothing where this side has `sound`."""
    if sound == "@":
        return _SERVANT_OMITTED
    table = _OMITTED_BY_ARABIC if other_is_arabic else _OMITTED_BY_LATIN
    cost = table.get(sound, _DIFFERENT)
    if place == "within":
        return cost
    return (_INITIAL_OMITTED if place == "first" else _FINAL_OMITTED).get(sound, cost)


def weight(sound: str) -> float:
    """How much of a word one sound is: 1 for a consonant, less for a vowel."""
    if sound == "@":
        return _SERVANT_WEIGHT
    if sound in _LATIN_VOWELS or sound in "v3":
        return 0.25
    return 0.5 if sound in _ARABIC_VOWELS else 1.0


ALPHABET = "".join(
    sorted({*_VOWELS, *_ARABIC_ONLY, *"bcdfghjklmnpqrstvwxyzDGHJSTX@P", *(x for pair in _NEAR for x in pair)})
)
"""Every sound there is."""
_COST = {x: {y: substitution(x, y) for y in ALPHABET} for x in ALPHABET}


@lru_cache(maxsize=262_144)
def _omissions(sounds: str, other_is_arabic: bool) -> tuple[float, ...]:
    return tuple(omission(sound, place_of(at, len(sounds)), other_is_arabic) for at, sound in enumerate(sounds))


@lru_cache(maxsize=262_144)
def _length(sounds: str) -> float:
    return sum(map(weight, sounds))


# A consonant here that faces nothing it may pass for costs the whole of _DIFFERENT: left out, or facing another.
FIRM = frozenset("bcdfgklmnprstwxyzDGST")
FACING_FIRM = FIRM | frozenset("JXqhH@P")
"""What a firm consonant may face for less than the whole, or at all without it being left out."""
_BIT = {sound: 1 << at for at, sound in enumerate(ALPHABET)}
PASSES_FOR = {x: frozenset(y for y in ALPHABET if _COST[x][y] < _DIFFERENT) for x in FIRM}
_PASSES_FOR = {x: sum(_BIT[y] for y in passed) for x, passed in PASSES_FOR.items()}


@lru_cache(maxsize=262_144)
def _firm(sounds: str) -> tuple[tuple[int, ...], int, int]:
    """What each firm consonant may pass for, as bits; how many sounds a firm one may face; which sounds there are."""
    rest = sounds[1:] if sounds[:1] == "l" else sounds  # a first l is left out for less
    firm = tuple(_PASSES_FOR[sound] for sound in rest if sound in FIRM)
    return firm, sum(sound in FACING_FIRM for sound in sounds), sum(_BIT[sound] for sound in set(sounds))


@lru_cache(maxsize=131_072)
def most_similarity(a: str, b: str) -> float:
    """What `sound_similarity` cannot exceed, for a tenth of its cost: consonants that nothing on the other side is like."""
    firm_a, facing_a, sounds_a = _firm(a)
    firm_b, facing_b, sounds_b = _firm(b)
    unfaced = max(
        len(firm_a) - facing_b,
        len(firm_b) - facing_a,
        sum(not passes & sounds_b for passes in firm_a),
        sum(not passes & sounds_a for passes in firm_b),
    )
    if unfaced <= 0:
        return 1.0
    return max(0.0, 1.0 - STEEPNESS * _DIFFERENT * unfaced / max(1.0, (_length(a) + _length(b)) / 2))


def _distance(a: str, b: str, a_arabic: bool, b_arabic: bool) -> float:
    b_omitted = _omissions(b, a_arabic)
    row = [0.0]
    value = 0.0
    for cost in b_omitted:
        value += cost
        row.append(value)
    for x, left_out in zip(a, _omissions(a, b_arabic), strict=True):
        costs = _COST[x]
        diagonal = row[0]
        value = row[0] = diagonal + left_out
        for j, y in enumerate(b):
            above = row[j + 1]
            facing = diagonal + costs[y]
            value += b_omitted[j]
            if facing < value:
                value = facing
            if above + left_out < value:
                value = above + left_out
            diagonal = above
            row[j + 1] = value
    return row[-1]


@lru_cache(maxsize=1_048_576)
def sound_similarity(a: str, b: str, a_arabic: bool, b_arabic: bool) -> float:
    """0..1 for two sound strings; symmetric; 1.0 only for spellings that differ in nothing that is heard."""
    if (a, a_arabic) == (b, b_arabic):
        return 1.0
    if not a or not b:
        return 0.0
    if (a_arabic, a) > (b_arabic, b):
        return sound_similarity(b, a, b_arabic, a_arabic)
    length = max(1.0, (_length(a) + _length(b)) / 2)
    return max(0.0, 1.0 - STEEPNESS * _distance(a, b, a_arabic, b_arabic) / length)
