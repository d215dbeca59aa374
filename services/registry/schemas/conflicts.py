"""Conflicts between sources on the wire."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Decision = Literal["keep_held", "take_offered", "dismiss"]


class ConflictOut(BaseModel):
    """A field of which two sources say different things: `held` is believed, `offered` is not.

    The values are shown to whoever may read households; another source reads its own offers and nothing else. Whom `record_id`
    names stands once more in the field of their kind.
    """

    id: UUID
    record_id: UUID
    kind: Literal["household", "individual"]
    registry_individual_id: UUID | None
    registry_household_id: UUID | None
    field: str
    held_value: Any = None
    held_source: str
    held_on: date
    offered_value: Any = None
    offered_source: str
    offered_on: date
    offered_by: str
    batch_id: UUID
    found_at: datetime
    status: Literal["open", "settled"]
    decision: Decision | None = None
    settled_at: datetime | None = None
    settled_by: str | None = None
    settled_reason: str | None = None
    settled_change: UUID | None = None


class Settlement(BaseModel):
    """What a steward decides: the held value stays, the offered one is taken, or it was no conflict at all."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"decision": "take_offered", "reason": "Acte de naissance vu à la commune"},
                {"decision": "keep_held", "reason": "وثيقة الميلاد في الملف تثبت التاريخ المسجل"},
            ]
        },
    )

    decision: Decision
    reason: str = Field(min_length=3, max_length=500)
