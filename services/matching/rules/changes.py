"""What a scenario changes: each change is named, is data, and says all it needs; laid over a country by `figures/scenarios.py`.

Amounts are MRU with two places. A change refuses by itself what can never be meant; what contradicts another is told by
`contradiction`.
"""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr, model_validator

from services.matching.rules import eligibility
from shared.household_attributes import ATTRIBUTES, compared_value
from shared.invalid import not_accepted
from shared.text import Text

Money = Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=2)]
Code = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{1,39}$")]
Months = Annotated[tuple[Annotated[int, Field(ge=1, le=12)], ...], Field(min_length=1, max_length=12)]
Share = Annotated[Decimal, Field(ge=0, le=1, max_digits=7, decimal_places=6)]
People = Annotated[int, Field(ge=0, le=1_000)]
Word = Annotated[StrictStr, Field(max_length=60)]
Words = Annotated[tuple[Word | StrictInt | StrictFloat, ...], Field(min_length=1, max_length=300)]

FLOOR_ABOVE_CAP = Text(
    ar="الحد الأدنى أعلى من الحد الأقصى",
    fr="le plancher dépasse le plafond",
    en="the floor is above the cap",
)
NO_LIMIT = Text(
    ar="المطلوب most_households أو most_mru أو كلاهما",
    fr="il faut most_households, most_mru, ou les deux",
    en="most_households, most_mru or both are needed",
)
EMPTY_GROUP = Text(
    ar="مجموعة معايير فارغة، أو at_least أكبر من عدد معاييرها",
    fr="groupe de critères vide, ou at_least dépasse le nombre de ses critères",
    en="a group without criteria, or at_least beyond how many it has",
)
TOO_DEEP = Text(
    ar="مجموعات المعايير أعمق من أربع", fr="plus de quatre groupes emboîtés", en="groups are nested more than four deep"
)
DEEPEST = 4


class Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Names(Fact):
    ar: Annotated[str, Field(min_length=1, max_length=120)]
    fr: Annotated[str, Field(min_length=1, max_length=120)]
    en: Annotated[str, Field(min_length=1, max_length=120)]


class Criterion(Fact):
    """One fact of a household that is asked for; `exists` asks whether it is known at all."""

    attribute: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.]{1,59}$")]
    operator: Literal["eq", "ne", "lt", "le", "gt", "ge", "in", "not_in", "exists"]
    value: StrictBool | StrictInt | StrictFloat | Word | Words | None = None

    def compared(self) -> eligibility.Criterion:
        """The criterion as rules of eligibility have them. CriterionUnsound where its attribute, operator or value is none."""
        value = compared_value(self.attribute, self.operator, self.value)
        return eligibility.Criterion(
            self.attribute, self.attribute, self.operator, value, ATTRIBUTES[self.attribute].label
        )


class Criteria(Fact):
    """Criteria taken together: `all` of them, `any`, or `at_least` n. Groups may hold groups, four deep."""

    match: Literal["all", "any", "at_least"] = "all"
    at_least: Annotated[int, Field(ge=1)] | None = None
    criteria: Annotated[tuple[Criterion, ...], Field(max_length=50)] = ()
    groups: Annotated[tuple["Criteria", ...], Field(max_length=20)] = ()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        held = len(self.criteria) + len(self.groups)
        if not held or (self.match == "at_least") != (self.at_least is not None) or (self.at_least or 1) > held:
            raise not_accepted(EMPTY_GROUP)
        if self.depth > DEEPEST:
            raise not_accepted(TOO_DEEP)
        return self

    @property
    def depth(self) -> int:
        return 1 + max((one.depth for one in self.groups), default=0)

    def group(self) -> eligibility.Group:
        """As rules of eligibility are evaluated. CriterionUnsound."""
        criteria = tuple(one.compared() for one in self.criteria)
        return eligibility.Group(self.match, criteria, tuple(one.group() for one in self.groups), self.at_least or 1)


class Formula(Fact):
    """What one payment is worth to a household: so much for it, for each of its people, and for each who is enrolled.

    Of its people at least `min_people` and at most `max_people` count; a payment is never below `least_mru` or above
    `most_mru`. It covers `months_per_payment` months; `months` are those of the year in which the program gives (June is 6).
    """

    household_mru: Money = Decimal(0)
    person_mru: Money = Decimal(0)
    enrolled_mru: Money = Decimal(0)
    min_people: People = 0
    max_people: People | None = None
    least_mru: Money = Decimal(0)
    most_mru: Money | None = None
    months_per_payment: Annotated[int, Field(ge=1, le=12)] = 1
    months: Months | None = None

    @model_validator(mode="after")
    def _floor_below_cap(self) -> Self:
        people = self.max_people is not None and self.min_people > self.max_people
        if people or (self.most_mru is not None and self.least_mru > self.most_mru):
            raise not_accepted(FLOOR_ABOVE_CAP)
        return self


class ValueChange(Fact):
    """Another formula of a program's value, in all twelve months."""

    kind: Literal["value"]
    program: Code
    formula: Formula


class IndexChange(Fact):
    """A program's value raised, or lowered, by so many percent."""

    kind: Literal["index"]
    program: Code
    percent: Annotated[Decimal, Field(ge=-100, le=1_000, max_digits=7, decimal_places=2)]


class CriteriaChange(Fact):
    """Another rule of who is eligible. `beneficiaries`: all of them (`all_eligible`), only those enrolled today who are eligible
    (`who_stays_eligible`), or whoever is enrolled today (`unchanged`). Of whom it cannot be told, who is enrolled stays."""

    kind: Literal["criteria"]
    program: Code
    rule: Criteria
    beneficiaries: Literal["all_eligible", "who_stays_eligible", "unchanged"] = "all_eligible"


class CoverageChange(Fact):
    """A program given to so large a share of the eligible, rounded down: those enrolled first (`keep_enrolled`), then the
    poorest, or by a draw that `seed` repeats. Who is enrolled and surely not eligible leaves."""

    kind: Literal["coverage"]
    program: Code
    share: Share
    choose: Literal["poorest", "draw"] = "poorest"
    seed: Annotated[int, Field(ge=0, le=1_000_000)] = 1
    keep_enrolled: bool = True


class QuotaChange(Fact):
    """No more than so many households, and no more than so much money in the twelve months: the poorest first, up to the
    one with whom it would be more. `fill`: where there is room, those eligible follow, the poorest first."""

    kind: Literal["quota"]
    program: Code
    most_households: Annotated[int, Field(ge=0, le=10_000_000)] | None = None
    most_mru: Money | None = None
    fill: bool = False

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if self.most_households is None and self.most_mru is None:
            raise not_accepted(NO_LIMIT)
        return self


class AddedProgram(Fact):
    """A program that is not there today, given to a share of whoever its rule makes eligible."""

    kind: Literal["add_program"]
    program: Code
    names: Names
    benefit: Literal["cash", "food_subsidy", "meal", "health_insurance"] = "cash"
    unit: Literal["household", "household_card", "individual", "pupil"] = "household"
    formula: Formula
    rule: Criteria
    share: Share = Decimal(1)
    choose: Literal["poorest", "draw"] = "poorest"
    seed: Annotated[int, Field(ge=0, le=1_000_000)] = 1


class Merge(Fact):
    """A program taken over by another: its households receive what the other gives, once, though they were in both."""

    kind: Literal["merge"]
    program: Code
    into: Code


class End(Fact):
    """A program that gives nothing any more."""

    kind: Literal["end"]
    program: Code


Change = Annotated[
    ValueChange | IndexChange | CriteriaChange | CoverageChange | QuotaChange | AddedProgram | Merge | End,
    Field(discriminator="kind"),
]

SUBJECTS: dict[str, tuple[str, ...]] = {
    "value": ("value",),
    "index": ("value",),
    "criteria": ("criteria",),
    "coverage": ("coverage",),
    "quota": ("quota",),
    "add_program": ("add", "value", "criteria", "coverage"),
    "merge": ("gone",),
    "end": ("gone",),
}
"""What of its program a change decides: nothing may be decided twice, and nothing of a program that is gone."""


def contradiction(changes: Sequence[Change]) -> tuple[int, str] | None:
    """The place of the first change that contradicts one before it, and the program both are about; None where all agree."""
    decided: dict[str, set[str]] = defaultdict(set)
    for at, change in enumerate(changes):
        taken = decided[change.program]
        wanted = set(SUBJECTS[change.kind])
        if wanted & taken or "gone" in taken or ("gone" in wanted and taken):
            return at, change.program
        taken |= wanted
        if isinstance(change, Merge):
            if "gone" in decided[change.into]:
                return at, change.into
            decided[change.into].add("takes over")
    return None


def programs_named(changes: Sequence[Change]) -> list[tuple[str, str]]:
    """Each program that must be there already, with the JSON pointer of where it is named."""
    added = {one.program for one in changes if isinstance(one, AddedProgram)}
    named = [(f"/changes/{at}/program", one.program) for at, one in enumerate(changes)]
    named += [(f"/changes/{at}/into", one.into) for at, one in enumerate(changes) if isinstance(one, Merge)]
    return [(pointer, code) for pointer, code in named if code not in added]
