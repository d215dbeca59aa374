"""Many records asked for at once."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

MOST_RECORDS = 200


class Asked(BaseModel):
    """One record: by the id under which the caller knows it, or a household by its registry number.

    `institution` says whose programs keep an enrollment; without it all are asked.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Literal["household", "individual", "enrollment"]
    id: UUID | None = None
    number: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9-]{1,20}$")] | None = None
    institution: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,31}$")] | None = None

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        if (self.id is None) == (self.number is None):
            raise ValueError("give an id or a number, one of them")
        if self.number is not None and self.kind != "household":
            raise ValueError("a number names a household")
        if self.institution is not None and self.kind != "enrollment":
            raise ValueError("an institution keeps enrollments")
        return self


class Question(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"records": [{"kind": "household", "number": "MR0510000001"}]}]},
    )

    records: list[Asked] = Field(min_length=1, max_length=MOST_RECORDS)


class Resolved(BaseModel):
    """What came of one question, in the order they were asked.

    `withheld`: the agreement does not cover it. `unanswered`: nobody knows yet, because the owner did not answer: ask again.
    """

    kind: str
    id: UUID | None
    number: str | None
    state: Literal["found", "unknown", "withheld", "unanswered"]
    code: str | None
    """Of the refusal, where there is one."""
    record: dict[str, Any] | None


class Missing(BaseModel):
    """An owner that did not answer, and why."""

    part: str
    code: str
    reason: str
    retry_after: int


class Answered(BaseModel):
    """`partial` where an owner did not answer: `missing` says which, and its records are `unanswered`, never left out."""

    partial: bool
    missing: list[Missing]
    items: list[Resolved]
