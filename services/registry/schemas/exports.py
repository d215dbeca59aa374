"""Exports on the wire."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from services.registry.schemas.quality import InThreeLanguages
from shared.exporting.schemas import MOST_COLUMNS, Format

What = Literal["households", "individuals", "memberships", "quality"]


class ExportIn(BaseModel):
    """What to write: of which place, category and status, on which day, as it was known when, and which columns."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"what": "households", "format": "parquet", "place": "MR01", "as_of": "2024-06-01"},
                {
                    "what": "individuals",
                    "format": "xlsx",
                    "place": "MR011",
                    "category": "extreme_poor",
                    "columns": ["individual_number", "name_fr", "name_ar", "birth_date"],
                },
            ]
        },
    )

    what: What
    format: Format
    place: str | None = Field(default=None, max_length=40, description="A wilaya, moughataa, commune or village.")
    category: Literal["extreme_poor", "poor", "vulnerable", "not_poor"] | None = Field(
        default=None, description="The vulnerability category, of the household."
    )
    status: Literal["active", "left", "merged", "deceased"] | None = None
    as_of: date | None = Field(default=None, description="The day on which the facts held; today without it.")
    known_at: datetime | None = Field(default=None, description="What was known at this moment; now without it.")
    columns: list[str] | None = Field(default=None, min_length=1, max_length=MOST_COLUMNS, description="None: all.")


class ColumnOut(BaseModel):
    """A column of an export: its name in the file, its type, and what it holds."""

    name: str
    type: Literal["text", "integer", "decimal", "date", "boolean", "list", "json"]
    label: InThreeLanguages
