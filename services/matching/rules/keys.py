"""Blocking keys: a beneficiary is compared only with individuals who share one of its keys.

Measured on names alone, the best single key loses one true pair in five; so every record has several keys of
different kinds, and a pair is met when any one survives what the clerk did:

    h household number    n national id     p phone and first consonant
    a commune (or moughataa) and two parts of the name    y birth year, place and one part of the name

No key is wider than the people of one commune who share two parts of a name, or of one moughataa born in one
year who share a given name.
"""

from collections.abc import Iterator

from services.matching.rules.facts import BeneficiaryFacts, IndividualFacts
from services.matching.rules.identifiers import household_code, national_id, phone_of
from services.matching.rules.names import Name, in_given_order, parse_name

__all__ = ["beneficiary_keys", "individual_keys"]

# Of a longer name the second and the last part are paired with the first: one of them survives an absent
# grandfather.
_YEARS_AROUND = (-1, 0, 1)
_COMPOUND = 4  # consonants from which a name may be two written as one (Sidimoctar) and is rare enough to be a key


def _skeletons(name: Name) -> list[str]:
    return [token.skeleton for token in in_given_order(name).tokens]


def _name_pairs(parts: list[str], father: list[str]) -> set[str]:
    """The given name with the second part, with the last, with the father's own; and both parts of Sid Ahmed
    in one.
    """
    if not parts:
        return set()
    others = {*parts[1:2], *parts[-1:], *father[:1]} if len(parts) > 1 else set(father[:1])
    pairs = {f"{parts[0]}+{other}" for other in others}
    return pairs | {glued for glued in (parts[0], "".join(parts[:2])) if len(glued) >= _COMPOUND}


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
        if person.birth_date is not None and parts:
            year = person.birth_date.year
            keys |= {f"y:{moughataa}:{year}:{parts[0]}"}
            keys |= {f"y:{commune}:{year}:+{part}" for part in parts[1:]}
    return frozenset(keys)


def beneficiary_keys(b: BeneficiaryFacts) -> frozenset[str]:
    """Every key under which the individual behind `b` may be found. A pupil is sought by name, father and
    school.
    """
    parts = _skeletons(parse_name(b.name)) if b.name else []
    father = _skeletons(parse_name(b.father_name)) if b.father_name else []
    keys = set(_identity_keys(b.household_number, b.nni, b.phones, [parts]))
    place = b.commune_code or b.moughataa_code
    if place:
        keys |= {f"a:{place}:{pair}" for pair in _name_pairs(parts, father)}
    if b.birth_date is not None and parts:
        year = b.birth_date.year
        if b.moughataa_code:
            keys |= {f"y:{b.moughataa_code}:{year + slip}:{parts[0]}" for slip in _YEARS_AROUND}
        if b.commune_code:
            keys |= {f"y:{b.commune_code}:{year + slip}:+{part}" for part in parts[1:] for slip in _YEARS_AROUND}
    return frozenset(keys)
