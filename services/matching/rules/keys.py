"""Blocking keys: a beneficiary is compared only with individuals who share one of its keys.

Measured on names alone, the best single key loses one true pair in five; so every record has several keys of
different kinds, and a pair is met when any one survives what the clerk did:

    h household number    n national id     p phone and first consonant
    1 2 commune (or moughataa) and a given name of two parts, written in one word or in two
    a commune (or moughataa) and two parts of the name    y birth year, place and one part of the name
    t commune (or moughataa) and three parts of the name

A wide key meets more strangers the more people are registered. So each says which narrower keys of the same record
stand in for it where its block has grown too large: three parts for two, two for one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from services.matching.rules.facts import BeneficiaryFacts, IndividualFacts
from services.matching.rules.identifiers import household_code, national_id, phone_of
from shared.names import Name, in_given_order, parse_name

__all__ = ["Search", "beneficiary_keys", "individual_keys", "search_of"]

# Of a longer name the second and the last part are paired with the first: one of them survives an absent
# grandfather.
_YEARS_AROUND = (-1, 0, 1)
_PARTS = 3  # a fourth part is seldom written
_COMPOUND = 4  # consonants from which a name may be two written as one (Sidimoctar) and is rare enough to be a key


def _skeletons(name: Name) -> list[str]:
    return [token.skeleton for token in in_given_order(name).tokens]


def _name_pairs(parts: list[str], father: list[str]) -> set[str]:
    """The given name with the second part, with the last, with the father's own."""
    if not parts:
        return set()
    others = {*parts[1:2], *parts[-1:], *father[:1]} if len(parts) > 1 else set(father[:1])
    return {f"{parts[0]}+{other}" for other in others}


def _one_word(parts: list[str]) -> set[str]:
    """The given name, where it may be two written as one (Sidimoctar)."""
    return {part for part in parts[:1] if len(part) >= _COMPOUND}


def _two_words(parts: list[str]) -> set[str]:
    """The first two parts, as they would be written in one."""
    return {glued for glued in ("".join(parts[:2]),) if len(parts) > 1 and len(glued) >= _COMPOUND}


def _name_triples(parts: list[str], father: list[str]) -> set[str]:
    """The given name with two more parts of the name or of the father's, in any order."""
    others = sorted({*parts[1:_PARTS], *father[: _PARTS - 1]})
    return {f"{parts[0]}+{one}+{two}" for one, two in combinations(others, 2)} if parts else set()


def _identity_keys(
    household_number: str | None, nni: str | None, phones: tuple[str, ...], names: list[list[str]]
) -> Iterator[str]:
    household, national = household_code(household_number), national_id(nni)
    if household:
        yield f"h:{household}"
    if national:
        yield f"n:{national}"
    initials = {parts[0][0] for parts in names if parts}
    for phone in filter(None, map(phone_of, phones)):
        for initial in initials:
            yield f"p:{phone}:{initial}"


def individual_keys(person: IndividualFacts) -> frozenset[str]:
    """Every key under which `person` must be found; a dozen or so."""
    names = [_skeletons(parse_name(text)) for text in (person.name_fr, person.name_ar) if text]
    father = _skeletons(parse_name(person.father_name)) if person.father_name else []
    keys = set(_identity_keys(person.household_number, person.nni, person.phones, names))
    commune, moughataa = person.commune_code, person.moughataa_code
    for parts in names:
        for place in filter(None, (commune, moughataa)):
            keys |= {f"a:{place}:{pair}" for pair in _name_pairs(parts, father)}
            keys |= {f"t:{place}:{triple}" for triple in _name_triples(parts, father)}
            keys |= {f"1:{place}:{word}" for word in _one_word(parts)}
            keys |= {f"2:{place}:{glued}" for glued in _two_words(parts)}
        if person.birth_date is not None and parts:
            year = person.birth_date.year
            keys |= {f"y:{moughataa}:{year}:{parts[0]}"}
            keys |= {f"y:{commune}:{year}:+{part}" for part in parts[1:]}
    return frozenset(keys)


@dataclass(frozen=True, slots=True)
class Search:
    """The keys under which the individual behind a row may be found, by how they may stand in for one another.

    `ones` (one part of the name with a phone, a place or a birth year) are left out where their block is too large and
    there are `twos`; these, where their block is too large and there are `threes`. `numbers` never.
    """

    numbers: frozenset[str] = frozenset()
    ones: frozenset[str] = frozenset()
    twos: frozenset[str] = frozenset()
    threes: frozenset[str] = frozenset()

    def keys(self) -> frozenset[str]:
        return self.numbers | self.ones | self.twos | self.threes


def search_of(b: BeneficiaryFacts) -> Search:
    """Where to look for the individual behind `b`. A pupil is sought by name, father and school."""
    parts = _skeletons(parse_name(b.name)) if b.name else []
    father = _skeletons(parse_name(b.father_name)) if b.father_name else []
    identity = set(_identity_keys(b.household_number, b.nni, b.phones, [parts]))
    numbers = {key for key in identity if not key.startswith("p:")}
    ones, twos, threes = identity - numbers, set[str](), set[str]()
    place = b.commune_code or b.moughataa_code
    if place:
        twos = {f"a:{place}:{pair}" for pair in _name_pairs(parts, father)}
        # Crosswise: who is written alike has other keys, and who shares but a given name is a stranger.
        ones |= {f"2:{place}:{word}" for word in _one_word(parts)} | {
            f"1:{place}:{glued}" for glued in _two_words(parts)
        }
        threes = {f"t:{place}:{triple}" for triple in _name_triples(parts, father)}
    if b.birth_date is not None and parts:
        year = b.birth_date.year
        if b.moughataa_code:
            ones |= {f"y:{b.moughataa_code}:{year + slip}:{parts[0]}" for slip in _YEARS_AROUND}
        if b.commune_code:
            ones |= {f"y:{b.commune_code}:{year + slip}:+{part}" for part in parts[1:] for slip in _YEARS_AROUND}
    return Search(frozenset(numbers), frozenset(ones), frozenset(twos), frozenset(threes))


def beneficiary_keys(b: BeneficiaryFacts) -> frozenset[str]:
    """Every key under which the individual behind `b` may be found."""
    return search_of(b).keys()
