"""“Is X enrolled in Y?” on the wire."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.programs.rules.status import Status

Number = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]


class EnrolledQuestion(BaseModel):
    """Of which program, and about whom: exactly one of the others. In the body, so that no number lands in a log."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"program": "TEKAVOUL", "household_number": "MR0510000001"}]}
    )

    program: Annotated[str, Field(max_length=64)]
    nni: Number | None = None
    household_number: Number | None = None
    card_number: Number | None = None
    household_id: UUID | None = None
    """The registry's."""
    enrollment_id: UUID | None = None


class EnrolledOut(BaseModel):
    """`enrolled` is true for that status alone: neither for one suspended nor for who waits. `since`: that status."""

    program: str
    enrolled: bool
    status: Status | None = None
    since: date | None = None
    """The day of the application, enrollment or exit; a suspended enrollment has that of its enrollment."""
    enrollment_id: UUID | None = None
