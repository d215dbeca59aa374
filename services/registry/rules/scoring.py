"""The score of a household: a published formula over what the registry holds of it, recomputable years later.

A formula is data (`data/formulas/<version>.json`). Each input has a source (an answer, a weighted sum of answers, the
composition of the household on a day, its place) and a transform; the score is the constant and what each input adds,
held within 0 to 100, a lower score being poorer. Numbers are decimals throughout, so that any machine gives the same.
A missing input is never taken for a zero: it is named, and there is no score.
"""

import hashlib
import json
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.registry.rules.households import CATEGORIES
from shared.text import Text

LOWEST, HIGHEST = Decimal(0), Decimal(100)
EXACT = Context(prec=28, rounding=ROUND_HALF_EVEN)
"""Of every calculation, whatever the process's own setting."""
POINT = Decimal("0.0001")
"""To which each contribution is rounded, half to even: what is shown adds up to the score."""
SCORE_POINT = Decimal("0.01")
WILAYA_CHARACTERS = 4
"""A commune's code begins with its wilaya's: MR011-C01 lies in MR01."""
CHILD_AGE, ADULT_AGE, OLD_AGE = 5, 15, 65
"""Under 5; dependants are under 15 or 65 and older, as the United Nations count them."""


class Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Weights(Data):
    """A weight for each choice; an answer without one is missing."""

    kind: Literal["weights"]
    weights: Mapping[str, Decimal]

    def contribution(self, value: str) -> Decimal | None:
        return self.weights.get(value)


class Linear(Data):
    """`weight` for each unit above `least`, up to `most`."""

    kind: Literal["linear"]
    weight: Decimal
    least: Decimal
    most: Decimal

    def contribution(self, value: str) -> Decimal | None:
        return self.weight * (min(max(Decimal(value), self.least), self.most) - self.least)


class Log(Data):
    """`weight` times the natural logarithm of one more than the value, held within 0 and `most`."""

    kind: Literal["log"]
    weight: Decimal
    most: Decimal

    def contribution(self, value: str) -> Decimal | None:
        return self.weight * (1 + min(max(Decimal(value), Decimal(0)), self.most)).ln()


class Label(Data):
    ar: str
    fr: str
    en: str

    @property
    def text(self) -> Text:
        return Text(self.ar, self.fr, self.en)


class Input(Data):
    """One input. `source` is `answer.<question>`, `composition.<name>`, `place.wilaya`, or the weights of a sum of answers."""

    name: str
    source: str | Mapping[str, Decimal]
    label: Label
    transform: Annotated[Weights | Linear | Log, Field(discriminator="kind")]


class Cutoff(Data):
    """Scores below `below`, and not below the cut-off before, are of this category; None for the last."""

    category: Literal["extreme_poor", "poor", "vulnerable", "not_poor"]
    below: Decimal | None


class Formula(Data):
    """One published version of the formula. `valid_months` is how long a score of it holds."""

    version: str
    since: date
    title: Label
    origin: Label
    legal_reference: Label
    constant: Decimal
    valid_months: int = Field(gt=0, le=120)
    inputs: tuple[Input, ...] = Field(min_length=1)
    cutoffs: tuple[Cutoff, ...]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """Every category once, poorest first, with rising bounds; every input once."""
        bounds = [one.below for one in self.cutoffs[:-1]]
        rising = None not in bounds and bounds == sorted(set(bounds), key=lambda one: one or LOWEST)
        if (
            tuple(one.category for one in self.cutoffs) != CATEGORIES
            or not rising
            or self.cutoffs[-1].below is not None
        ):
            raise ValueError("the cut-offs must name every category, poorest first, with rising bounds")
        if len({one.name for one in self.inputs}) != len(self.inputs):
            raise ValueError("an input is named twice")
        return self

    def category_of(self, score: Decimal) -> str:
        return next(one.category for one in self.cutoffs if one.below is None or score < one.below)

    def valid_until(self, scored_on: date) -> date:
        """The first day on which a score of `scored_on` holds no more."""
        months = scored_on.month - 1 + self.valid_months
        year, month = scored_on.year + months // 12, months % 12 + 1
        return date(year, month, min(scored_on.day, monthrange(year, month)[1]))


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """What a formula may know of a member."""

    relationship: str
    sex: str
    birth_date: date
    birth_precision: str
    disability: bool

    def age_on(self, day: date) -> int:
        """Of a birth known by its year alone, the age reached in that year."""
        years = day.year - self.birth_date.year
        if self.birth_precision == "year":
            return years
        return years - ((day.month, day.day) < (self.birth_date.month, self.birth_date.day))


@dataclass(frozen=True, slots=True)
class HouseholdFacts:
    """What a formula may know of a household; `members` are those who live in it."""

    commune_code: str
    answers: Mapping[str, Any]
    members: Sequence[MemberFacts]


class Inputs(NamedTuple):
    """What a formula is given: a text for each input. `missing` names those that nobody knows."""

    given: Mapping[str, str]
    missing: tuple[Input, ...]

    def hash(self) -> bytes:
        """SHA-256 of the canonical JSON (sorted keys, no spaces, UTF-8) of what is given."""
        canonical = json.dumps(dict(self.given), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).digest()


class Line(NamedTuple):
    """What one input adds to the score."""

    input: Input
    value: str
    contribution: Decimal


class Scored(NamedTuple):
    """A score, its category, and the lines that, with the constant, add up to it (before it is held within 0 and 100)."""

    score: Decimal
    category: str
    lines: tuple[Line, ...]


def inputs_of(formula: Formula, household: HouseholdFacts, day: date) -> Inputs:
    """What the formula is given of a household on a day."""
    given: dict[str, str] = {}
    missing: list[Input] = []
    with localcontext(EXACT):
        composition = _composition_on(household.members, day)
        for one in formula.inputs:
            value = _value(one, household, composition)
            if value is None or _contribution(one, value) is None:
                missing.append(one)
            else:
                given[one.name] = value
    return Inputs(given, tuple(missing))


def _composition_on(members: Sequence[MemberFacts], day: date) -> dict[str, str]:
    """Size, dependency ratio and the like; without a head there is neither his sex nor his age."""
    ages = [(one, one.age_on(day)) for one in members if one.birth_date <= day]
    dependants = sum(age < ADULT_AGE or age >= OLD_AGE for _, age in ages)
    of_working_age = max(len(ages) - dependants, 1)
    composition = {
        "size": str(len(ages)),
        "dependency_ratio": _plain((Decimal(dependants) / of_working_age).quantize(POINT)),
        "disabled_members": str(sum(one.disability for one, _ in ages)),
        "children_under_5": str(sum(age < CHILD_AGE for _, age in ages)),
    }
    heads = [(one, age) for one, age in ages if one.relationship == "head"]
    if heads:
        composition |= {"head_sex": heads[0][0].sex, "head_age": str(heads[0][1])}
    return composition


def _value(one: Input, household: HouseholdFacts, composition: Mapping[str, str]) -> str | None:
    if not isinstance(one.source, str):
        amounts = [(weight, household.answers.get(name)) for name, weight in one.source.items()]
        if any(amount is None for _, amount in amounts):
            return None
        return _plain(sum((weight * Decimal(str(amount)) for weight, amount in amounts), Decimal(0)))
    kind, _, name = one.source.partition(".")
    if kind == "composition":
        return composition.get(name)
    if kind == "place":
        return household.commune_code[:WILAYA_CHARACTERS]
    answer = household.answers.get(name)
    if isinstance(answer, bool):
        return "true" if answer else "false"
    return _plain(Decimal(str(answer))) if isinstance(answer, int | float) else answer


def _plain(value: Decimal) -> str:
    """A number as everybody writes it: 41.5, 3, 0."""
    return format(value.normalize(), "f") if value else "0"


def _contribution(one: Input, value: str) -> Decimal | None:
    added = one.transform.contribution(value)
    return None if added is None else added.quantize(POINT) + 0  # never minus zero


def score(formula: Formula, inputs: Inputs) -> Scored:
    """The score that a formula gives to complete inputs. Raises ValueError where one is missing."""
    lines = []
    with localcontext(EXACT):
        for one in formula.inputs:
            value = inputs.given.get(one.name)
            added = None if value is None else _contribution(one, value)
            if value is None or added is None:
                raise ValueError(f"{one.name} is missing")
            lines.append(Line(one, value, added))
        total = formula.constant + sum((line.contribution for line in lines), Decimal(0))
        held = min(max(total, LOWEST), HIGHEST).quantize(SCORE_POINT)
    return Scored(held, formula.category_of(held), tuple(lines))
