"""Bodies of hand-overs that the life of a household proposes."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.matching.rules.life_changes import Fit, LifeChange, ProposalStatus


class LifeProposalOut(BaseModel):
    """A program to which one of the caller's is proposed to hand a household over, because of what happened in its life."""

    id: UUID
    version: int
    change: LifeChange
    happened_on: date
    enrollment_id: UUID
    from_program: str
    to_program: str
    fit: Fit
    explanation: str
    """The reasons, in the caller's language."""
    status: ProposalStatus
    proposed_at: datetime
    referral_id: UUID | None
    decided_by: str | None
    official: str | None
    decided_at: datetime | None
    reason: str | None


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")

    official: str = Field(min_length=1, max_length=64, description="Who of the partner's staff decides.")


class Declined(Body):
    reason: str = Field(min_length=3, max_length=500)
