"""What goes in and out of the log's routes."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, StringConstraints

from gateway.disclosures.disclosure import Decision

Reference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9./_-]{0,119}$")]
"""An id or number of a subject, as the services have it."""


class DisclosureOut(BaseModel):
    """A row of the log. `subject` and `official` are null where there is none, or where the name was erased."""

    position: int
    at: datetime
    partner: str
    official: str | None
    case: str
    purpose: str
    legal_basis: str
    agreement: str
    version: int
    subject_kind: str
    subject: str | None
    subjects: int
    attributes: list[str]
    decision: Decision
    code: str
    break_glass: str
    request: str
    route: str


class CitizenEntry(BaseModel):
    """One time that somebody was told of her; the names are those of Estonia's Data Tracker, and ours beside them."""

    logtime: datetime
    action: str
    receiverName: str
    receiverSystem: str
    purpose: str
    legal_basis: str
    agreement: str
    attributes: list[str]
    emergency: bool


class CitizenReport(BaseModel):
    """What the platform told others of one citizen, newest first. `complete` is false where there is more than is shown, `partial` is
    true where some services did not say in which of their files she stood."""

    subjects: list[str]
    made_at: datetime
    attributes: list[str]
    receivers: list[str]
    entries: list[CitizenEntry]
    complete: bool
    partial: bool
    unanswered: list[str]
