"""What matching says, and hears, of plans of shock response, their lists and their after-action reports."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from services.matching.decision_schemas import Official
from services.matching.figures.paid import PaidBy
from services.matching.responses.schemas import Body, PlaceCode, PlaceName, Words
from services.matching.rules.responding import ResponseStatus

Money = Annotated[Decimal, Field(max_digits=14, decimal_places=2, description="In MRU.")]
ProgramCode = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{1,39}$")]
Partner = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,31}$", description="A partner's id.")]
MOST_TRIGGERS = 63
MOST_COMMUNES = 300
MOST_PROGRAMS = 20
MOST_AT_ALL = 1_000_000


def _first_of_month(day: date) -> date:
    if day.day != 1:
        raise ValueError("the first day of a month")
    return day


class MembershipIn(Body):
    """Whom a program has: who is enrolled today, or whom it paid in this calendar quarter, as its institution reports of its
    deliveries; where the program reports none: who was enrolled in a month of the quarter in which it gives."""

    program: ProgramCode
    how: Literal["enrolled", "paid_this_quarter"] = "enrolled"


class AmountIn(Body):
    """What a household gets in a month: an amount per household or person, or as much as a program gives (`aligned_with`)."""

    amount_mru: Money | None = None
    per: Literal["household", "person"] = "household"
    most_people: int | None = Field(default=None, ge=1, le=50, description="People that count at the most.")
    aligned_with: ProgramCode | None = None


class VerticalIn(Body):
    """A top-up for households of the area that are in any of these programs."""

    programs: list[MembershipIn] = Field(min_length=1, max_length=MOST_PROGRAMS)
    amount: AmountIn


class HorizontalIn(Body):
    """Registry households of the area that are not enrolled, poorest first."""

    amount: AmountIn


class DesignIn(Body):
    """What a response plans. `excluding`: whose households are left out. `budget_mru`: never exceeded; none: no cap."""

    title: Words
    program: ProgramCode = Field(description="That delivers; the caller keeps it.")
    trigger_ids: list[UUID] = Field(min_length=1, max_length=MOST_TRIGGERS)
    communes: list[PlaceCode] = Field(default_factory=list, max_length=MOST_COMMUNES)
    first_month: Annotated[date, AfterValidator(_first_of_month)]
    months: int = Field(ge=1, le=12)
    vertical: VerticalIn | None = None
    horizontal: HorizontalIn | None = None
    excluding: list[MembershipIn] = Field(default_factory=list, max_length=MOST_PROGRAMS)
    budget_mru: Money | None = None
    most_households: int | None = Field(default=None, ge=1, le=MOST_AT_ALL)
    official: Official


class ByOfficialIn(Body):
    official: Official


class ReasonIn(Body):
    official: Official
    reason: Words


class SharingIn(Body):
    """Who may read the list, for what, on which text, until when."""

    official: Official
    recipient: Partner
    purpose: Words
    legal_basis: Words
    ends_at: datetime


class PaidIn(Body):
    """The day on which the first household of the list was paid."""

    official: Official
    first_paid_on: date


class ClosedIn(Body):
    """What was paid in all, as the institution counts it."""

    official: Official
    households_paid: int = Field(ge=0, le=MOST_AT_ALL)
    amount_paid_mru: Money = Field(ge=0)


class PartOut(Body):
    """A part of a plan; None: 1 to 4, or what would tell them."""

    part: Literal["vertical", "horizontal"]
    households: int | None
    people: int | None
    amount_mru: Decimal | None
    left_out: int | None


class PlanCommune(Body):
    """What a plan does in a commune; None: 1 to 4, or what would tell them. `left_out`: by the budget or the number."""

    commune: PlaceName
    households_there: int | None
    people_there: int | None
    vertical: int | None
    horizontal: int | None
    people: int | None
    amount_mru: Decimal | None
    left_out: int | None


class PlanCategory(Body):
    category: str
    households_there: int | None
    people_there: int | None
    vertical: int | None
    horizontal: int | None
    people: int | None
    amount_mru: Decimal | None
    left_out: int | None


class ExclusionOut(Body):
    """Households of the area that a program leaves out, of them the poor; `doubtful`: a link still to decide, left out by none.
    `paid_by`: whether deliveries told whom the program paid, or its calendar."""

    program: str
    how: Literal["enrolled", "paid"]
    paid_by: PaidBy | None = None
    households: int | None
    people: int | None
    poor: int | None
    doubtful: int | None


class OverlapOut(Body):
    """Of the households planned for, how many are in another program, and what the rules matrix says of the two."""

    program: str
    households: int | None
    doubtful: int | None
    overlap_class: Literal["required", "intended", "tolerated", "forbidden", "undecided"]


class ReachOut(Body):
    """Households that nothing reaches: before the plan, and with it. `eligible`: those the program's rule is for."""

    unreached_before: int | None
    unreached_after: int | None
    poor_unreached_before: int | None
    poor_unreached_after: int | None
    eligible: int | None
    eligible_unreached_before: int | None
    eligible_unreached_after: int | None


class BoundaryOut(Body):
    """The list ends among households of one score and category: how many they are, and how many of them the lot took."""

    score: float | None
    category: str
    alike: int
    taken: int


class FiguresOut(Body):
    """What a plan does, over the country as it was on `day`. `next_amount_mru`: of the first household that is left out, which
    would exceed the budget; `remainder_mru`: what is left of it."""

    day: date
    households_in_area: int | None
    people_in_area: int | None
    candidates: int | None
    households: int | None
    people: int | None
    months: int
    budget_mru: Decimal | None
    spent_mru: Decimal | None
    remainder_mru: Decimal | None
    wanted_mru: Decimal | None
    next_amount_mru: Decimal | None
    stopped_by: Literal["budget", "most_households"] | None
    already_in_program: int | None
    parts: list[PartOut]
    by_commune: list[PlanCommune]
    by_category: list[PlanCategory]
    exclusions: list[ExclusionOut]
    overlaps: list[OverlapOut]
    reach: ReachOut
    boundary: BoundaryOut | None


PaymentsFrom = Literal["deliveries", "institution"]


class TimelinessOut(Body):
    """Days from the first validated trigger to the list, and to the first payment; None while that has not come.

    `first_payment_from`: what the program reports of its deliveries to households of the list, where it has reported one
    since the list came out; else what the institution told.
    """

    triggered_at: datetime
    days_to_list: int | None
    first_paid_on: date | None
    first_payment_from: PaymentsFrom | None
    days_to_first_payment: int | None


class ResponseOut(Body):
    """A shock response and how far it is. `planning`: whether its plan has been computed."""

    id: UUID
    version: int
    title: str
    status: ResponseStatus
    program: str
    planning: Literal["waiting", "ready", "failed"]
    requested_by: str
    authors: list[str]
    created_at: datetime
    planned_at: datetime | None
    reason: str | None
    approved_by: str | None
    approved_official: str | None
    approved_at: datetime | None
    listed_at: datetime | None
    first_paid_on: date | None
    households_paid: int | None
    amount_paid_mru: Decimal | None
    closed_at: datetime | None


class ResponseDetail(ResponseOut):
    """With what was asked, what that does, and how long it took. `failure`: why no plan was computed, in three languages."""

    design: dict[str, Any]
    lot: str | None = Field(
        description="Once the list is out: the seed by which households equally poor stand in order (HMAC-SHA-256)."
    )
    areas: list[PlaceName]
    failure: dict[str, Any] | None
    figures: FiguresOut | None
    in_other_responses: int | None = Field(
        description="Households planned for that stand in another response too, which is proposed or further; None: 1 to 4."
    )
    timeliness: TimelinessOut


class SharingOut(Body):
    id: UUID
    recipient: str
    purpose: str
    legal_basis: str
    granted_by: str
    official: str
    granted_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    in_force: bool
    readings: int


class ReadingOut(Body):
    """A household of a list of which a recipient was told: when, for what, by what right."""

    response_id: UUID
    title: str
    household_id: UUID
    read_by: str
    read_at: datetime
    purpose: str
    legal_basis: str


class ListedOut(Body):
    """A household of the list. `apart`: what sets it apart from the one before it: its score, its category, or, of two equally
    poor, the lot drawn for the plan."""

    position: int
    household_number: str
    commune_code: str
    size: int
    part: Literal["vertical", "horizontal"]
    monthly_mru: Decimal
    amount_mru: Decimal
    apart: Literal["first", "score", "category", "lot"]


class ReportCommune(Body):
    commune: PlaceName
    listed: int | None
    enrolled: int | None


class AfterAction(Body):
    """What a response reached. `enrolled`: of the households listed, those in the program today; `paid`: those to whom the
    program's deliveries say that something was handed over since the list came out; where they say nothing, as the institution
    told: `paid_from` says which. `overlaps`: of those listed, in other programs today; `exclusions`, `remainder_mru`: of the plan."""

    response_id: UUID
    title: str
    status: ResponseStatus
    program: str
    areas: list[PlaceName]
    planned: int | None
    listed: int | None
    enrolled: int | None
    paid: int | None
    paid_from: PaymentsFrom | None
    planned_mru: Decimal | None
    paid_mru: Decimal | None
    budget_mru: Decimal | None
    remainder_mru: Decimal | None
    unpaid_mru: Decimal | None
    timeliness: TimelinessOut
    overlaps: list[OverlapOut]
    exclusions: list[ExclusionOut]
    by_commune: list[ReportCommune]
