"""What is said over HTTP of projections read anew."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Part = Literal["places", "programs", "schools", "households", "merges", "enrollments", "refusals", "deliveries"]


class ProjectionRebuildIn(BaseModel):
    """Which parts to read anew; none: all."""

    model_config = ConfigDict(extra="forbid")

    what: Annotated[list[Part], Field(max_length=8)] = []


class PartCounts(BaseModel):
    """Of a part: rows `read`, of these `put` in the place of what was held otherwise or not at all, and rows `dropped` of which
    no owner knows."""

    part: Part
    read: int
    put: int
    dropped: int


class ProjectionRebuildOut(BaseModel):
    """A rebuild of projections: `step` of `steps`, each one part of one process; now at `part` of `process`."""

    id: UUID
    status: Literal["running", "done", "cancelled"]
    steps: int
    step: int
    part: Part | None
    process: str | None
    parts: list[PartCounts]
    asked_by: str
    asked_at: datetime
    ended_at: datetime | None
