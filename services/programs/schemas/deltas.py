"""Deltas on the wire."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class DeltaOut(BaseModel):
    """A numbered list of the net changes of a program since the one before, for the caller."""

    model_config = ConfigDict(from_attributes=True)

    program: str = Field(validation_alias="program_code")
    number: int
    additions: int
    removals: int
    changes: int = Field(description="Beneficiaries who stay, and of whom something else is known now.")
    made_at: datetime
