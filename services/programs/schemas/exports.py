"""Exports of a programs service on the wire."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.exporting.schemas import MOST_COLUMNS, Format
from shared.text import Language

What = Literal["enrollments", "entitlements", "deliveries", "reconciliation"]


class ExportIn(BaseModel):
    """What to write. Enrollments and deliveries are a program's, entitlements and reconciliation a cycle's."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"what": "enrollments", "format": "xlsx", "program": "EL_MAOUNA", "language": "ar"},
                {"what": "entitlements", "format": "csv", "cycle_id": "01890000-0000-7000-8000-000000000000"},
            ]
        },
    )

    what: What
    format: Format
    program: str | None = Field(default=None, max_length=64)
    cycle_id: UUID | None = None
    status: Literal["applied", "enrolled", "suspended", "exited", "due", "held", "cancelled"] | None = Field(
        default=None,
        description="Of enrollments; without it, all that have not ended. Of entitlements; without it, what is due.",
    )
    language: Language = Field(default="fr", description="Of the headers; parquet has names instead.")
    columns: list[str] | None = Field(default=None, min_length=1, max_length=MOST_COLUMNS, description="None: all.")
