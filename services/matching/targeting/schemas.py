"""What is said of targeting lists over HTTP."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.matching.decision_schemas import Note, Official
from services.matching.figures.paid import PaidBy
from services.matching.rules.matrix import OverlapClass
from services.matching.rules.targeting import ATTRIBUTES as HOUSEHOLD_ATTRIBUTES
from services.matching.rules.targeting import ListStatus, Operator
from shared.agreements import LIST_ATTRIBUTES

MOST_HOUSEHOLDS = 100_000
"""On one list: a third of the registry. More is no targeting, and its file no officer opens."""
MOST_AREAS = 300
MOST_CRITERIA = 20
MOST_EXCLUSIONS = 10

Area = Annotated[str, StringConstraints(pattern=r"^MR[0-9]{2,3}(-C[0-9]{1,4})?$")]
ProgramCode = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{1,39}$")]
Attribute = Literal[LIST_ATTRIBUTES]  # type: ignore[valid-type]
HouseholdAttribute = Literal[HOUSEHOLD_ATTRIBUTES]  # type: ignore[valid-type]
Money = Annotated[Decimal, Field(gt=0, max_digits=14, decimal_places=2)]
Number = Annotated[int, Field(ge=1, le=MOST_HOUSEHOLDS)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CriterionIn(_In):
    """What a household must be; all criteria together. `value` is a list for `in` and `not_in`."""

    attribute: HouseholdAttribute
    operator: Operator
    value: int | float | str | Annotated[list[int | float | str], Field(min_length=1, max_length=50)]


class ExclusionIn(_In):
    """Households of a program: left out (`exclude`), or kept with a mark for a top-up (`top_up`).

    `enrolled`: enrolled in it today. `paid`: paid in a month, from that of `first` to that of `last`, as its institution reports
    of its deliveries; where the program reports none: enrolled in a month in which it gives.
    """

    program: ProgramCode
    how: Literal["enrolled", "paid"] = "enrolled"
    instead: Literal["exclude", "top_up"] = "exclude"
    first: date | None = None
    last: date | None = None


class QuotaIn(_In):
    commune: Area
    number: Annotated[int, Field(ge=0, le=MOST_HOUSEHOLDS)]


Areas = Annotated[list[Area], Field(min_length=1, max_length=MOST_AREAS)]
Quotas = Annotated[list[QuotaIn], Field(min_length=1, max_length=MOST_AREAS)]
Fields = Annotated[list[Attribute], Field(min_length=1)]


class ListIn(_In):
    """A request for households, the poorest first. `quotas`: given by commune, or `by_poor`, in proportion to the poor
    households of each. `amount_mru` is what each is to get, `top_up_mru` what those get who are marked for a top-up."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "official": "CSA-017",
                    "program": "EL_MAOUNA",
                    "areas": ["MR01", "MR032"],
                    "number": 14000,
                    "quotas": "by_poor",
                    "criteria": [{"attribute": "category", "operator": "in", "value": ["extreme_poor", "poor"]}],
                    "exclusions": [{"program": "TEKAVOUL", "how": "enrolled", "instead": "top_up"}],
                    "fields": ["household_number", "head_name", "commune", "village", "size", "top_up"],
                }
            ]
        },
    )

    official: Official
    program: ProgramCode
    areas: Areas
    number: Number
    quotas: Literal["by_poor"] | Quotas | None = None
    criteria: Annotated[list[CriterionIn], Field(max_length=MOST_CRITERIA)] = []
    exclusions: Annotated[list[ExclusionIn], Field(max_length=MOST_EXCLUSIONS)] = []
    amount_mru: Money | None = None
    top_up_mru: Money | None = None
    fields: Fields


class NarrowIn(_In):
    """What a reviewer takes away, and why. What is not given stays."""

    official: Official
    reason: Note
    areas: Areas | None = None
    number: Number | None = None
    quotas: Quotas | None = None
    fields: Fields | None = None


class StepIn(_In):
    official: Official


class ReasonIn(StepIn):
    reason: Note


class AreaCount(BaseModel):
    """Households of a commune; null where there are one to four, or where these could be told by difference."""

    commune: str
    in_area: int | None
    candidates: int | None
    chosen: int | None
    people: int | None
    quota: int | None = None


class CategoryCount(BaseModel):
    category: str
    in_area: int | None
    candidates: int | None
    chosen: int | None
    people: int | None


class ExclusionCount(BaseModel):
    """How many of those who meet the criteria a program has. `doubtful`: by a link that a person is still to decide: these
    are not excluded. `paid_by`: whether deliveries told whom the program paid, or, where it reports none, its calendar."""

    program: str
    how: str
    instead: str
    paid_by: PaidBy | None = None
    households: int | None
    doubtful: int | None


class Boundary(BaseModel):
    """Where the list ends among households equally poor: `taken` of `tied`, in the order of a keyed hash."""

    commune: str | None
    score: float | None
    category: str
    tied: int | None
    taken: int | None
    explanation: str


class OverlapCount(BaseModel):
    """Chosen households that another program has, and what the rules matrix says of it and the program of the list."""

    program: str
    households: int | None
    with_doubtful: int | None
    overlap_class: OverlapClass | Literal["undecided"]


class Counts(BaseModel):
    """The counts before names. Cells of one to four households are null."""

    day: date
    in_area: int | None
    criteria_not_met: int | None
    cannot_tell: int | None
    excluded: int | None
    exclusions: list[ExclusionCount]
    candidates: int | None
    chosen: int | None
    missing: int | None = Field(description="Asked for and not found.")
    people: int | None
    top_up: int | None
    by_commune: list[AreaCount]
    by_category: list[CategoryCount]
    boundaries: list[Boundary]
    overlaps: list[OverlapCount]


class ListTurn(BaseModel):
    """One step of a list."""

    version: int
    at: datetime
    by: str
    official: str | None
    status: ListStatus
    reason: str | None


class ListOut(BaseModel):
    """A list without its households."""

    id: UUID
    version: int
    status: ListStatus
    partner: str
    official: str
    program: str
    provider: str
    agreement_id: str
    agreement_version: int
    agreement_until: date
    purpose: str
    number: int
    asked_at: datetime
    counted_at: datetime | None
    approved_at: datetime | None
    released_at: datetime | None
    revoked_at: datetime | None


class ListDetail(ListOut):
    """A list with what was asked, what a reviewer left of it, the counts, and its steps.

    `seed_commitment` is the SHA-256 of the seed by which ties are ordered; the seed itself is shown once the list is released.
    """

    legal_basis: str
    asked: dict[str, Any]
    terms: dict[str, Any]
    counts: Counts | None
    history: list[ListTurn]
    seed_commitment: str
    seed: str | None


class ListedHousehold(BaseModel):
    """A household of a released list: its place, and of the rest what list and agreement allow."""

    position: int
    household_number: str | None = None
    head_name_fr: str | None = None
    head_name_ar: str | None = None
    commune_code: str | None = None
    commune_fr: str | None = None
    commune_ar: str | None = None
    village: str | None = None
    size: int | None = None
    amount_mru: Decimal | None = None
    top_up: bool | None = None


class ReleaseOut(BaseModel):
    """A release as a data-protection officer sees it."""

    list_id: UUID
    status: ListStatus
    version: int
    partner: str
    program: str
    purpose: str
    agreement_id: str
    legal_basis: str
    fields: list[str]
    approved_by: str | None
    approving_official: str | None
    released_at: datetime
    revoked_at: datetime | None
    households: int
    disclosed: int
    accesses: int
    last_access_at: datetime | None


class DisclosureOut(BaseModel):
    """Of whom a recipient was told, when, why and what."""

    model_config = ConfigDict(from_attributes=True)

    household_id: UUID
    disclosed_at: datetime
    partner: str
    official: str | None
    purpose: str
    legal_basis: str
    agreement_id: str
    agreement_version: int
    attributes: list[str]
    request_id: str


class MarkOut(BaseModel):
    """The list from whose file a row with this mark comes."""

    list_id: UUID
    partner: str
    released_at: datetime
    position: int


class RemarkPulled(BaseModel):
    """A remark as the registry pulls it: see shared/remarks.py."""

    id: UUID
    line: int
    kind: str
    household_number: str
    individual_number: str
    nni: str | None
    name: str
    on: date | None
    place: tuple[str, str, str, str]
    successor_number: str
    told: str
    twin_number: str


RemarkOutcome = Literal["noted", "sent", "proposed", "applied", "refused", "withdrawn", "not_proposed"]


class RemarkOut(BaseModel):
    """A remark, and what became of it: `noted` changes nothing, `sent` awaits the registry, and the others are its words for
    the change request; `not_proposed` has the reason."""

    id: UUID
    import_id: UUID
    line: int
    household_number: str
    kind: str
    outcome: RemarkOutcome
    reason: str | None
    made_at: datetime
