"""What a checked list would do, on the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class MissingOut(BaseModel):
    """Somebody in the program whom the list does not name."""

    model_config = ConfigDict(from_attributes=True)

    enrollment_id: UUID = Field(validation_alias="id")
    household_number: str | None
    name: str
    status: str


class Effects(BaseModel):
    """The beneficiaries of a list, each counted once, beside the enrollments there are.

    `new` were never in the program; `active` are in it now, by status; `returning` have left it, by the reason of their
    last exit, and would be enrolled anew.
    """

    new: int
    active: dict[str, int]
    returning: dict[str, int]
    overlaps: dict[str, int] = Field(
        description="Of all in the list: also active in another program of the institution, by household number or"
        " national id."
    )
    missing: int | None = Field(description="In the program and not in the list; null for a delta.")


class EffectsOut(Effects):
    """The same with the first of those whom the list does not name. Nobody is excluded by being left out of a list."""

    counted_at: datetime
    missing_first: list[MissingOut] = Field(description="At most 200, of those who are in the program still.")
