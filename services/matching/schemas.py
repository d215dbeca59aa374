"""What matching says on the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.matching.rules.matrix import OverlapClass
from services.matching.rules.referring import (
    HandOverOutcome,
    ReferralReason,
    ReferralRefusal,
    ReferralStatus,
    ServiceKind,
    Standing,
)
from shared.money import Mru

CellClass = OverlapClass | Literal["undecided"]


class LinkOut(BaseModel):
    """A beneficiary of a program and the individual and household of the registry it was found to be."""

    enrollment_id: UUID
    program: str
    unit: str
    import_id: UUID | None
    source_line: int | None
    status: str
    link_version: int
    individual_id: UUID | None
    individual_number: str | None
    household_id: UUID | None
    household_number: str | None
    probability: float | None


class EvidenceOut(BaseModel):
    """What one field said for (weight above 0, in bits) or against the link, in the caller's language."""

    field: str
    level: str
    weight: float
    reason: str


class LinkExplained(LinkOut):
    """A link with the evidence for it, field by field."""

    model_version: str | None
    evidence: list[EvidenceOut]
    history: list[dict[str, Any]]


class DecidedOut(BaseModel):
    """What an institution pulls: the outcome for one of its enrollments."""

    enrollment_id: UUID
    link_version: int
    status: str
    individual_id: UUID | None
    household_id: UUID | None
    probability: float | None


class EnrolledHouseholdOut(BaseModel):
    """What the registry pulls: whether a household is enrolled in a program. Versions only grow."""

    household_id: UUID
    program: str
    enrolled: bool
    version: int


class LinkageOut(BaseModel):
    """Of a program's active enrollments: how many are linked, left to a human, or not in the registry."""

    program: str
    institution: str
    names: dict[str, str]
    enrolled: int
    linked: int
    to_adjudicate: int
    unmatched: int
    pending: int


class Cell(BaseModel):
    """Households that receive from both programs; `count` is absent where it is 1 to 4 people's matter.

    `overlap_class` is what the rules matrix says of the pair today, null on the diagonal.
    """

    program_a: str
    program_b: str
    count: int | None
    overlap_class: CellClass | None


class OverlapsOut(BaseModel):
    """Program by program: households of the registry that receive, by certain links alone.

    On the diagonal (program_a = program_b) the households of one program. Cells of 1 to 4 are suppressed.
    A forbidden overlap is a case to review; nobody is excluded by it.
    """

    programs: list[str]
    cells: list[Cell]
    suppressed_below: int


GapWhy = Literal["never_enrolled", "waiting", "suspended", "exited"]


class GapOut(BaseModel):
    """Registry households a program is meant for in a wilaya, and those of them that no link shows it, or a substitute of
    it, reaches."""

    program: str
    wilaya_code: str
    wilaya_fr: str
    wilaya_ar: str | None
    eligible: int
    unserved: int | None
    """Null, with its share, where all but 1 to 4 are unserved: those who are served would follow."""
    share: float | None
    reasons: dict[GapWhy, int] | None = None
    """The unserved by reason; null where that would tell of 1 to 4."""
    cannot_tell: int | None = None
    """Households of which it is not known whether they are meant; no gaps. Null where they are 1 to 4."""


class SchoolPupils(BaseModel):
    """Pupils of a program in one school: how many, how many of them are surely of a registry household, and of a poor one.

    Counts of 1 to 4 are absent, and with `linked` its `share`. `canteen` today; null where the school is not listed.
    """

    key: str
    school: str
    commune: str | None
    canteen: bool | None
    pupils: int | None
    linked: int | None
    share: float | None
    poor: int | None


class ProgramValue(BaseModel):
    """What a program gives a household in a month, in MRU."""

    program: str
    monthly_value_mru: Mru


class HouseholdValue(BaseModel):
    """What a household receives in a month from all programs by certain links, in MRU."""

    household_id: UUID
    number: str
    wilaya_fr: str | None
    wilaya_ar: str | None
    vulnerability_category: str
    size: int
    programs: list[ProgramValue]
    monthly_value_mru: Mru


class WithoutOut(BaseModel):
    """An enrollment of the caller's program and whether its household is in another one.

    `standing` is `cannot_tell` where the registry's household is not surely known (`because` `not_linked`), or where the
    other program has sent no list (`no_list`): unknown is not `not_in`.
    """

    enrollment_id: UUID
    household_number: str | None
    """As the caller's own list has it."""
    link_status: Literal["pending", "linked", "to_adjudicate", "unmatched"]
    standing: Standing
    because: Literal["not_linked", "no_list"] | None
    referral: ReferralStatus | None
    """Of the last referral of this enrollment to the other program."""


class WithoutSummary(BaseModel):
    """Of the `enrolled` of the caller's program: how many are in the other one, are not, and of how many it cannot be told.

    `households_not_in` counts a household once that stands on the list twice. `others_not_linked` are active enrollments of
    the other program that could be anybody's, so that `not_in` may be fewer; absent where they are 1 to 4.
    """

    program: str
    other: str
    enrolled: int
    in_other: int
    not_in: int
    households_not_in: int
    not_linked: int
    no_list: int
    others_not_linked: int | None


Outcome = Literal["referred", "unchanged", "in_program", "not_linked", "outside_area", "not_found"]
MOST_NAMED = 500


class ReferralsIn(BaseModel):
    """Which enrollments of one's own program are referred to another, or to a service (`GET /v1/services`), and why.

    `all`: everyone surely not in it, without those who are referred to it already, or whom it refused when they were
    referred from here before.
    """

    model_config = ConfigDict(extra="forbid")

    from_program: Annotated[str, StringConstraints(max_length=64)]
    to_program: Annotated[str, StringConstraints(max_length=64)]
    reason: Literal[ReferralReason.NOT_IN_PROGRAM, ReferralReason.HOUSEHOLD_ASKED, ReferralReason.SITUATION_CHANGED]
    enrollments: Annotated[list[UUID], Field(min_length=1, max_length=MOST_NAMED)] | Literal["all"]


class ReferralRow(BaseModel):
    """What became of one enrollment: `unchanged` where its household has an open referral to the program, whoever sent it."""

    enrollment_id: UUID
    outcome: Outcome
    referral_id: UUID | None


class ReferralsSent(BaseModel):
    """Enrollments by outcome; `rows` for those that were named. `more`: ask again, there are more than are sent at once."""

    batch_id: UUID | None
    counts: dict[Outcome, int]
    more: bool
    rows: list[ReferralRow]


class ReferralRefused(BaseModel):
    """Why a referral is refused."""

    model_config = ConfigDict(extra="forbid")

    reason: ReferralRefusal


class ReferralOut(BaseModel):
    """A referral, as much of it as its reader needs.

    Whoever sent it sees its own enrollment and the household's number as its own list has it. Whoever received it sees the
    registry's number of the household, where it lives, and `sent_by`, whom to contact; `from_program` only where its
    agreement covers that program, because being in it is sensitive.
    """

    id: UUID
    version: int
    direction: Literal["received", "sent"]
    from_program: str | None
    sent_by: str
    to_program: str
    enrollment_id: UUID | None
    household_number: str | None
    moughataa_code: str | None
    commune_code: str | None
    commune_fr: str | None
    commune_ar: str | None
    reason: ReferralReason
    status: ReferralStatus
    refusal: ReferralRefusal | None
    due_at: datetime | None
    """Until when the receiver takes the next step; null where none is left to it."""
    overdue: bool
    sent_at: datetime
    seen_at: datetime | None
    accepted_at: datetime | None
    refused_at: datetime | None
    served_at: datetime | None
    closed_at: datetime | None


class ReferralTurn(BaseModel):
    """A version of a referral: who made it (`matching` where an enrollment served it), when, and why where refused."""

    version: int
    at: datetime
    by: str
    status: ReferralStatus
    reason: str | None


class ReferralDetail(ReferralOut):
    """A referral with its history, oldest first."""

    history: list[ReferralTurn]


class HandOverOut(BaseModel):
    """What became of a proposal with which one of the caller's enrollments ended: `referral_id` once it was sent.

    `because`: why it waits, `not_linked` where it is not surely known which household it is, `not_published` where the
    other program is not known here yet.
    """

    id: UUID
    enrollment_id: UUID
    from_program: str
    to_program: str
    handed_over_at: datetime
    outcome: HandOverOutcome
    because: Literal["not_linked", "not_published"] | None
    referral_id: UUID | None


class ReferralSummary(BaseModel):
    """Referrals from one program to another: how many were sent in the period, and how many of them came to each step.

    `uptake` is served / sent. Days are medians, from sent to accepted or refused, and from sent to served. Counts of 1 to 4
    are absent, and what would tell them.
    """

    from_program: str
    to_program: str
    sent: int | None
    seen: int | None
    accepted: int | None
    refused: int | None
    served: int | None
    closed: int | None
    overdue: int | None
    uptake: float | None
    median_days_to_answer: float | None
    median_days_to_served: float | None


class ServiceOut(BaseModel):
    """A service that is no program and takes referrals: which partner takes them, and from which wilayas (null: all)."""

    code: str
    kind: ServiceKind
    names: dict[str, str]
    wilayas: list[str] | None
    partner: str


Days = Annotated[int, Field(ge=1, le=366)]


class DeadlinesIn(BaseModel):
    """Within how many days the receiver looks at a referral, answers it once seen, and serves it once accepted."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    days_to_see: Days
    days_to_answer: Days
    days_to_serve: Days


class DeadlinesOut(DeadlinesIn):
    """The deadlines of referrals to a program or service; version 0: the ones that hold where a receiver has set nothing."""

    model_config = ConfigDict(extra="ignore", from_attributes=True)

    receiver: str
    version: int
