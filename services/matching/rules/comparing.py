"""A beneficiary beside an individual: the level each field reaches, what it weighs, and why, in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from math import exp2, log2

from services.matching.rules import model
from services.matching.rules.facts import BeneficiaryFacts, IndividualFacts, Precision, Unit
from services.matching.rules.identifiers import digits_of, household_code, national_id, nearness, phone_of
from services.matching.rules.model import MODEL
from services.matching.rules.names import Name, in_given_order, parse_name, similarity
from services.matching.rules.wording import explain
from shared.text import Text

__all__ = ["Comparison", "Evidence", "compare"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one field says: its level, its weight in bits (above 0 for the same person) and the sentence."""

    field: str
    level: str
    weight: float
    text: Text


@dataclass(frozen=True, slots=True)
class Comparison:
    """One pair judged. `score` is the sum of the weights in bits, without the prior; `probability` is with
    it.

    `forbidden`: the pair must never be linked without a human, whatever its score (the same national id on
    another name born in another year).
    """

    score: float
    probability: float
    evidence: tuple[Evidence, ...]
    forbidden: bool = False
    model_version: str = MODEL.version

    def level(self, field: str) -> str:
        """The level `field` reached; "missing" for a field nobody looked at."""
        return next((e.level for e in self.evidence if e.field == field), "missing")


_Level = tuple[str, str, float]


def compare(b: BeneficiaryFacts, i: IndividualFacts) -> Comparison:
    """Weigh a beneficiary against an individual. Only fields both sides have count, for or against."""
    levels = list(_levels(b, i))
    score = sum(weight for _, _, weight in levels)
    found = {field: level for field, level, _ in levels}
    evidence = tuple(Evidence(field, level, weight, explain(field, level)) for field, level, weight in levels)
    return Comparison(score, probability_of(score, b.unit), evidence, _forbidden(b, i, found))


def probability_of(score: float, unit: Unit) -> float:
    """The probability that a pair of this score is one person, by the model's prior for the unit; within
    0..1.
    """
    bits = max(-60.0, min(60.0, MODEL.priors[unit] + score))
    return 1.0 / (1.0 + exp2(-bits))


def _forbidden(b: BeneficiaryFacts, i: IndividualFacts, levels: dict[str, str]) -> bool:
    if levels["nni"] != "equal" or b.birth_date is None or i.birth_date is None:
        return False
    return b.birth_date.year != i.birth_date.year and levels["name"] in ("doubtful", "different")


def _levels(b: BeneficiaryFacts, i: IndividualFacts) -> Iterator[_Level]:
    name = parse_name(b.name) if b.name else Name(())
    best = _closest(name, i)
    yield _weighed("nni", _number(national_id(b.nni), national_id(i.nni)))
    yield _weighed("household_number", _number(household_code(b.household_number), household_code(i.household_number)))
    name_level = _name(name, best)
    yield _weighed("name", name_level)
    if name_level in ("same_three", "same", "alike", "near"):
        yield _weighed("common_name", _commonness(name, best))
    father_level = _father(b, name, i, best)
    yield _weighed("father_name", father_level)
    yield _weighed("birth", _birth(b.birth_date, b.birth_precision, i.birth_date, i.birth_precision))
    yield _weighed("sex", _sex(b, name, i))
    yield _phone(b, i)
    yield _weighed("place", _place(b, i))
    if b.unit == "household":
        yield _weighed("role", i.relationship if i.relationship in ("head", "spouse") else "member")
    if b.unit == "pupil":
        yield _weighed("school", _school(b, i))


def _weighed(field: str, level: str) -> _Level:
    return field, level, MODEL.weight(field, level)


def _number(a: str, b: str) -> str:
    return nearness(a, b) if a and b else "missing"


def _closest(name: Name, i: IndividualFacts) -> Name:
    """The individual's French or Arabic name, whichever is nearer to the one given."""
    written = [parse_name(text) for text in (i.name_fr, i.name_ar) if text]
    if not written or not name.tokens:
        return written[0] if written else Name(())
    # The name in the same script first: when it is the same, the other script has nothing to add.
    written.sort(key=lambda other: other.tokens[:1] != () and other.tokens[0].arabic != name.tokens[0].arabic)
    if similarity(name, written[0]) >= model.NAME_SAME:
        return written[0]
    return max(written, key=lambda other: similarity(name, other))


def _name(a: Name, b: Name) -> str:
    if not a.tokens or not b.tokens:
        return "missing"
    value = similarity(a, b)
    if min(len(a.tokens), len(b.tokens)) == 1 and value >= model.NAME_DOUBTFUL:
        return "part"  # a given name alone is shared by thousands
    if value >= model.NAME_SAME:
        return "same_three" if min(len(a.tokens), len(b.tokens)) >= 3 else "same"
    if value >= model.NAME_ALIKE:
        return "alike"
    if value >= model.NAME_NEAR:
        return "near"
    return "doubtful" if value >= model.NAME_DOUBTFUL else "different"


def _commonness(a: Name, b: Name) -> str:
    shorter = min((a, b), key=lambda name: len(name.tokens))
    common = sum(token.clan or token.skeleton in model.COMMON_NAMES for token in shorter.tokens)
    if common == len(shorter.tokens):
        return "all"
    return ("none", "one", "two")[min(common, 2)]


def _father(b: BeneficiaryFacts, name: Name, i: IndividualFacts, best: Name) -> str:
    """The father given beside the name, against the father the registry knows, else the patronymic."""
    if not b.father_name:
        return "missing"
    given = in_given_order(parse_name(b.father_name))
    known = [in_given_order(parse_name(i.father_name))] if i.father_name else _patronymics(best)
    if not given.tokens or not known or not known[0].tokens:
        return "missing"
    closest = max(known, key=lambda father: _fathers_alike(given, father))
    value = _fathers_alike(given, closest)
    if value < model.FATHER_NEAR:
        # A patronymic may be a grandfather's or a family's name: it confirms well and refutes little.
        return "different" if i.father_name else "unconfirmed"
    if value < model.FATHER_SAME:
        return "near"
    with_grandfather = len(given.tokens) > 1 and len(closest.tokens) > 1 and similarity(given, closest) >= value
    told_already = any(_fathers_alike(given, p) >= model.FATHER_SAME for p in _patronymics(name))
    return "repeated" if told_already and not with_grandfather else "same"


def _patronymics(name: Name) -> list[Name]:
    """Where a father's name may begin inside a person's own name; a clan name is nobody's father."""
    return [part for part in in_given_order(name).patronymics if not part.tokens[0].clan]


def _fathers_alike(a: Name, b: Name) -> float:
    """As alike as the whole names, or a little less than the fathers' own given names: the rest is the
    grandfather.
    """
    own = similarity(Name(a.tokens[:1]), Name(b.tokens[:1]))
    return max(similarity(a, b), own - 0.06)


def _year_only(day: date, precision: Precision) -> bool:
    """31 December and 1 January are how a year alone is written, whatever the list believes."""
    return precision == "year" or (day.month, day.day) in ((12, 31), (1, 1))


def _birth(a: date | None, a_precision: Precision, b: date | None, b_precision: Precision) -> str:
    if a is None or b is None:
        return "missing"
    by_year = _year_only(a, a_precision) or _year_only(b, b_precision)
    apart = abs(a.year - b.year)
    if apart == 0:
        if by_year:
            return "same_year"
        if a == b:
            return "same_day"
        return "swapped" if (a.month, a.day) == (b.day, b.month) else "other_day"
    if apart == 10 and (by_year or (a.month, a.day) == (b.month, b.day)):
        return "ten_years"
    if apart == 1:
        return "next_year"
    return "near_year" if apart == 2 else "different"


def _sex(b: BeneficiaryFacts, name: Name, i: IndividualFacts) -> str:
    if i.sex is None:
        return "missing"
    if b.sex is not None:
        return "same" if b.sex == i.sex else "different"
    if name.sex_hint is not None:
        return "hinted" if name.sex_hint == i.sex else "against_hint"
    return "missing"


def _phone(b: BeneficiaryFacts, i: IndividualFacts) -> _Level:
    ours = {phone for phone in map(phone_of, b.phones) if phone}
    theirs = {phone for phone in map(phone_of, i.phones) if phone}
    if not ours or not theirs:
        return _weighed("phone", "missing")
    if not ours & theirs:
        return _weighed("phone", "different")
    if i.phone_households <= 1:
        return _weighed("phone", "equal")
    left = MODEL.weight("phone", "shared") - model.SHARED_PHONE_LOSS * log2(i.phone_households)
    return "phone", "shared", max(model.SHARED_PHONE_FLOOR, left)


def _place(b: BeneficiaryFacts, i: IndividualFacts) -> str:
    """The deepest level both sides name: agreement there, or the highest level at which they part."""
    for theirs, ours, parted in (
        (i.wilaya_code, b.wilaya_code, "other_wilaya"),
        (i.moughataa_code, b.moughataa_code, "other_moughataa"),
        (i.commune_code, b.commune_code, "other_commune"),
    ):
        if theirs and ours and theirs != ours:
            return parted
    if b.commune_code and i.commune_code:
        return "commune"
    if b.moughataa_code and i.moughataa_code:
        return "moughataa"
    return "wilaya" if b.wilaya_code and i.wilaya_code else "missing"


_FIRST_CLASS_AGE = 6
_LATE_YEARS = 3  # entering late and repeating a class are ordinary
_OLDEST_PUPIL = 20


def _school(b: BeneficiaryFacts, i: IndividualFacts) -> str:
    """The registry's age on the day of the list against the class: 3AF is the third year, so eight years old
    or more.
    """
    if b.listed_on is None or i.birth_date is None:
        return "missing"
    age = b.listed_on.year - i.birth_date.year
    grade = digits_of(b.school_class)[:1]
    if not grade:
        return "fits" if _FIRST_CLASS_AGE - 1 <= age <= _OLDEST_PUPIL else "unfit"
    late = age - (_FIRST_CLASS_AGE - 1 + int(grade))
    if -1 <= late <= _LATE_YEARS:
        return "fits"
    return "older" if late > _LATE_YEARS and age <= _OLDEST_PUPIL else "unfit"
