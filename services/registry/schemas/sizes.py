"""Household sizes on the wire, for the services that work out benefits per head."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

MOST_HOUSEHOLDS = 1_000
"""Asked for at once: a fifth of a second's work at most, so that no other reader waits long."""


class SizesAsked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    ids: Annotated[list[UUID], Field(min_length=1, max_length=MOST_HOUSEHOLDS)]
    as_of: date
    known_at: AwareDatetime


class HouseholdSizes(BaseModel):
    """Members by household id."""

    sizes: dict[UUID, int]
