"""Eligibility and gaps on the wire."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from services.matching.schemas import GapWhy

KNOWN_ON = "The day by whose knowledge it is answered. But in a replay, all except ages and rules also is as it was on this day."
EligibilityStatus = Literal["eligible", "not_eligible", "cannot_tell"]


class CriterionOut(BaseModel):
    """A criterion of the rule: `met` true or false, or null where it is not known, of which `attribute` says what is missing.

    `label` and `attribute_label` are in the caller's language. What the registry knows is not shown.
    """

    code: str
    label: str
    attribute: str
    attribute_label: str | None
    met: bool | None


class EligibilityOut(BaseModel):
    """Whether a program's rule means a household on a day, with the reasons. Unknown is not false.

    `rule_version` 0: the program has published no rule for that day, and its targeting is the rule. `criteria` stand in the
    order of the rule; it may ask for any or some of them.
    """

    household_id: UUID
    program: str
    as_of: date
    known_on: date = Field(description=KNOWN_ON)
    status: EligibilityStatus
    rule_version: int
    rule_from: date | None
    reason: str
    """In one sentence, in the caller's language."""
    criteria: list[CriterionOut]
    missing: list[str]
    """Attributes without which it cannot be told."""


class EligibilityCount(BaseModel):
    """Households of a wilaya that a program's rule means, and of which that cannot be told; null where they are 1 to 4."""

    wilaya_code: str | None
    wilaya_fr: str | None
    wilaya_ar: str | None
    eligible: int | None
    cannot_tell: int | None


class EligibilityCounts(BaseModel):
    program: str
    as_of: date
    known_on: date = Field(description=KNOWN_ON)
    rule_version: int
    wilayas: list[EligibilityCount]
    suppressed_below: int


class HouseholdGap(BaseModel):
    """A household that the caller's program means and that is in neither it nor a substitute.

    `reason` null: it is in the program, and asked about because it cannot be told whether it is meant.
    """

    household_number: str
    commune_code: str
    commune_fr: str | None
    commune_ar: str | None
    eligible: bool | None
    reason: GapWhy | None
    since: datetime


class HandOverProposal(BaseModel):
    """An enrollment of the caller's program whose household a complement means and misses since a moment: because a child
    was born or has grown, a member has become disabled, it has moved, or the complement let it go (`reason`).

    To hand it over, refer it (`POST /v1/referrals`, reason `situation_changed`).
    """

    enrollment_id: UUID
    to_program: str
    reason: GapWhy
    since: datetime


class ReplayIn(BaseModel):
    """Whom a program's rule meant on `as_of`, by what was known and published at `known_at`; null: by what is known now."""

    model_config = ConfigDict(extra="forbid")

    program: Annotated[str, StringConstraints(max_length=64)]
    as_of: date
    known_at: AwareDatetime | None = None


class ReplayOut(BaseModel):
    """A replay. `wilayas` are complete once it is `done`; numbers of 1 to 4 are not shown. `failure` in the caller's language."""

    id: UUID
    program: str
    as_of: date
    known_at: datetime
    status: Literal["running", "done", "failed", "cancelled"]
    failure: str | None
    rule_version: int | None
    households: int
    """Looked at so far."""
    wilayas: list[EligibilityCount]
    suppressed_below: int
    asked_by: str
    asked_at: datetime
    ended_at: datetime | None
