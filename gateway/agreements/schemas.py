"""Agreements on the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from gateway.agreements.rules.lifecycle import State
from gateway.agreements.terms import Terms

Official = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9._-]{2,40}$", description="The official's staff number in the partner's own system."),
]
Reason = Annotated[str, Field(min_length=1, max_length=500)]


class DraftIn(BaseModel):
    """An agreement written, or a new version of one. An emergency needs its reason."""

    model_config = ConfigDict(extra="forbid")

    terms: Terms
    official: Official
    reason: Reason | None = None


class StepIn(BaseModel):
    """One official takes a step with a version. To suspend and to terminate need a reason."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[int, Field(ge=1)]
    official: Official
    reason: Reason | None = None


class AgreementOut(BaseModel):
    """An agreement by the version that speaks for it: the one in force, else the newest. `revision` is its ETag.

    `proposed_version`: a newer one that is not in force yet. `used_today`: people whose data were given today (UTC), or may be at once:
    each gateway process takes up to a hundredth of the day ahead.
    """

    id: str
    kind: str
    provider: str
    recipient: str
    revision: int
    version: int
    state: State
    terms: Terms
    fingerprint: str
    review_until: datetime | None
    ends_soon: bool
    proposed_version: int | None
    used_today: int


class SignatureOut(BaseModel):
    """Who signed for a party."""

    party: str
    official: str
    signed_at: datetime


class VersionOut(BaseModel):
    """One version. `fingerprint` is the SHA-256 of the terms, which is what was signed."""

    agreement_id: str
    version: int
    state: State
    terms: Terms
    fingerprint: str
    review_until: datetime | None
    signatures: list[SignatureOut]


class StepOut(BaseModel):
    """Who did what with which version, when and why, and the state it led to."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    version: int
    step: str
    state: State
    partner: str
    official: str
    reason: str | None
    at: datetime


class DifferenceOut(BaseModel):
    """What a version changes, in sentences of one language; none where it changes nothing."""

    agreement_id: str
    from_version: int
    to_version: int
    language: str
    sentences: list[str]
