"""A beneficiary beside an individual: the level each field reaches, what it weighs, and why, in words.

`compare` tells everything of one pair; `judge` gives the same score without words, and stops as soon as the names
cannot make the pair worth anyone's look any more.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from math import exp2, inf, log2

from services.matching.rules import model
from services.matching.rules.facts import BeneficiaryFacts, IndividualFacts, Precision, Unit
from services.matching.rules.identifiers import nearness
from services.matching.rules.model import MODEL
from services.matching.rules.prepared import Listed, Registered, prepare_person, prepare_row
from services.matching.rules.wording import explain
from shared.names import Name, in_given_order, similarity
from shared.text import Text

__all__ = ["Comparison", "Evidence", "compare", "judge"]


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

_FIELDS = (
    "nni", "household_number", "name", "common_name", "father_name", "birth", "sex", "phone", "place", "role", "school",
)  # fmt: skip
"""In the order in which a person reads the evidence."""
_FATHER_MOST = max(MODEL.weights["father_name"].values())
_NAME_MOST = max(MODEL.weights["name"].values())
# The least similarity at which a name still weighs so much, the dearest first.
_NAME_STEPS = (
    (MODEL.weight("name", "alike"), model.NAME_SAME),
    (MODEL.weight("name", "near"), model.NAME_ALIKE),
    (max(MODEL.weight("name", "doubtful"), MODEL.weight("name", "part")), model.NAME_NEAR),
    (max(MODEL.weight("name", "different"), MODEL.weight("name", "missing")), model.NAME_DOUBTFUL),
)
_ROUNDING = 1e-9


def compare(b: BeneficiaryFacts, i: IndividualFacts) -> Comparison:
    """Weigh a beneficiary against an individual. Only fields both sides have count, for or against."""
    row, person = prepare_row(b), prepare_person(i)
    told, named = list(_told(row, person)), list(_named(row, person, -inf))
    levels = sorted(told + named, key=lambda level: _FIELDS.index(level[0]))
    evidence = tuple(Evidence(field, level, weight, explain(field, level)) for field, level, weight in levels)
    return _comparison(row, person, told, named, evidence)


def judge(row: Listed, person: Registered, least: float) -> Comparison | None:
    """What `compare` gives, without the evidence; None where the score is below `least`.

    Numbers, dates and places come first: comparing names takes most of the time, and only as much of it is spent as
    can still lift the pair to `least`.
    """
    told = list(_told(row, person))
    missing = least - sum(weight for _, _, weight in told) - _ROUNDING
    if missing > _NAME_MOST + (_FATHER_MOST if row.father is not None else 0.0):
        return None
    named = list(_named(row, person, missing))
    comparison = _comparison(row, person, told, named, ())
    return comparison if comparison.score >= least else None


def _comparison(
    row: Listed, person: Registered, told: list[_Level], named: list[_Level], evidence: tuple[Evidence, ...]
) -> Comparison:
    score = sum(weight for _, _, weight in told) + sum(weight for _, _, weight in named)
    forbidden = _forbidden(row.facts, person.facts, {field: level for field, level, _ in (*told, *named)})
    return Comparison(score, probability_of(score, row.facts.unit), evidence, forbidden)


def probability_of(score: float, unit: Unit) -> float:
    """The probability that a pair of this score is one person, by the model's prior for the unit; within
    0..1.
    """
    bits = max(-60.0, min(60.0, MODEL.priors[unit] + score))
    return 1.0 / (1.0 + exp2(-bits))


def score_of(probability: float, unit: Unit) -> float:
    """The score from which a pair has this probability: the inverse of `probability_of`."""
    return log2(probability / (1.0 - probability)) - MODEL.priors[unit]


def _forbidden(b: BeneficiaryFacts, i: IndividualFacts, levels: dict[str, str]) -> bool:
    if levels["nni"] != "equal" or b.birth_date is None or i.birth_date is None:
        return False
    return b.birth_date.year != i.birth_date.year and levels["name"] in ("doubtful", "different")


def _told(row: Listed, person: Registered) -> Iterator[_Level]:
    """Everything but the names."""
    b, i = row.facts, person.facts
    yield _weighed("nni", _number(row.nni, person.nni))
    yield _weighed("household_number", _number(row.household, person.household))
    yield _weighed("birth", _birth(b.birth_date, b.birth_precision, i.birth_date, i.birth_precision))
    yield _weighed("sex", _sex(b, row.name, i))
    yield _phone(row, person)
    yield _weighed("place", _place(b, i))
    if b.unit == "household":
        yield _weighed("role", i.relationship if i.relationship in ("head", "spouse") else "member")
    if b.unit == "pupil":
        yield _weighed("school", _school(row, i))


def _named(row: Listed, person: Registered, missing: float) -> Iterator[_Level]:
    """The names; below `missing` bits in all, the levels told may be too low, and the father's is left out."""
    name = row.name
    wanted = missing - (_FATHER_MOST if row.father is not None else 0.0)
    floor = next((similar for weight, similar in _NAME_STEPS if wanted > weight), 0.0)
    best, value = _closest(name, person.names, floor)
    name_level = _name(name, best, value)
    weight = MODEL.weight("name", name_level)
    yield "name", name_level, weight
    if name_level in ("same_three", "same", "alike", "near"):
        common = _weighed("common_name", _commonness(name, best))
        weight += common[2]
        yield common
    if weight >= wanted:
        yield _weighed("father_name", _father(row, person, best))


def _weighed(field: str, level: str) -> _Level:
    return field, level, MODEL.weight(field, level)


def _number(a: str, b: str) -> str:
    return nearness(a, b) if a and b else "missing"


def _closest(name: Name, written: tuple[Name, ...], floor: float) -> tuple[Name, float]:
    """The individual's French or Arabic name, whichever is nearer to the one given, and how near (0: below `floor`)."""
    if not written or not name.tokens:
        return (written[0] if written else Name(())), 0.0
    if len(written) > 1 and written[0].tokens[:1] and written[0].tokens[0].arabic != name.tokens[0].arabic:
        # The name in the same script first: when it is the same, the other script has nothing to add.
        written = tuple(
            sorted(written, key=lambda n: n.tokens[:1] != () and n.tokens[0].arabic != name.tokens[0].arabic)
        )
    best, value = written[0], similarity(name, written[0], floor)
    for other in written[1:]:
        if value >= model.NAME_SAME:
            break
        again = similarity(name, other, max(floor, value))
        if again > value:
            best, value = other, again
    return best, value


def _name(a: Name, b: Name, value: float) -> str:
    if not a.tokens or not b.tokens:
        return "missing"
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


def _father(row: Listed, person: Registered, best: Name) -> str:
    """The father given beside the name, against the father the registry knows, else the patronymic."""
    given = row.father
    if given is None:
        return "missing"
    father = person.father
    known = [father] if father is not None else _patronymics(best)
    if not given.tokens or not known or not known[0].tokens:
        return "missing"
    closest = max(known, key=lambda father: _fathers_alike(given, father))
    value = _fathers_alike(given, closest)
    if value < model.FATHER_NEAR:
        # A patronymic may be a grandfather's or a family's name: it confirms well and refutes little.
        return "different" if father is not None else "unconfirmed"
    if value < model.FATHER_SAME:
        return "near"
    with_grandfather = len(given.tokens) > 1 and len(closest.tokens) > 1 and similarity(given, closest) >= value
    told_already = any(_fathers_alike(given, p) >= model.FATHER_SAME for p in _patronymics(row.name))
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


def _phone(row: Listed, person: Registered) -> _Level:
    if not row.phones or not person.phones:
        return _weighed("phone", "missing")
    if row.phones.isdisjoint(person.phones):
        return _weighed("phone", "different")
    households = person.facts.phone_households
    if households <= 1:
        return _weighed("phone", "equal")
    left = MODEL.weight("phone", "shared") - model.SHARED_PHONE_LOSS * log2(households)
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


def _school(row: Listed, i: IndividualFacts) -> str:
    """The registry's age on the day of the list against the class: 3AF is the third year, so eight years old
    or more.
    """
    if row.facts.listed_on is None or i.birth_date is None:
        return "missing"
    age = row.facts.listed_on.year - i.birth_date.year
    grade = row.grade
    if not grade:
        return "fits" if _FIRST_CLASS_AGE - 1 <= age <= _OLDEST_PUPIL else "unfit"
    late = age - (_FIRST_CLASS_AGE - 1 + int(grade))
    if -1 <= late <= _LATE_YEARS:
        return "fits"
    return "older" if late > _LATE_YEARS and age <= _OLDEST_PUPIL else "unfit"
