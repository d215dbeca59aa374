"""What goes in and out of the routes by which the log is watched over."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from gateway.disclosures.schemas import Reference

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=10, max_length=500)]


class Taken(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ErasureIn(Taken):
    subject: Reference
    reason: Reason


class ErasureOut(BaseModel):
    """`subject` until it is decided; `erased` counts the names that went, one for each month, null where it was refused."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    subject: str | None
    reason: str
    asked_by: str
    asked_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    erased: int | None


class BreakGlassIn(Taken):
    """With a `subject` it opens only answers about that one."""

    reason: Reason
    subject: Reference | None = None


class BreakGlassReview(Taken):
    justified: bool
    remark: str = Field(default="", max_length=500)


class BreakGlassOut(BaseModel):
    """`review_by` is the end of the day within which a second person is to review it."""

    id: UUID
    partner: str
    official: str
    reason: str
    subject: str | None
    opened_at: datetime
    ends_at: datetime
    review_by: datetime
    reviewed_by: str | None
    reviewed_at: datetime | None
    justified: bool | None
    remark: str | None


class AlertReview(Taken):
    remark: str = Field(min_length=1, max_length=500)


class AlertOut(BaseModel):
    """`official` is null where it is about a partner as a whole, or the name was erased."""

    id: UUID
    kind: Literal["mass_reading", "guessing"]
    partner: str
    official: str | None
    day: date
    count: int
    bound: int
    raised_at: datetime
    reviewed_by: str | None
    reviewed_at: datetime | None
    remark: str | None
