"""Quotas on the wire."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Category = Literal["extreme_poor", "poor", "vulnerable", "not_poor"]
MOST_HOUSEHOLDS = 1_000_000
"""More than any place of the country has."""


class QuotaIn(BaseModel):
    """How many households of which categories a place may have, from a day until the day before another."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "households": 1200,
                    "categories": ["extreme_poor", "poor"],
                    "legal_reference": "Arrêté n° 0123/2026 · المقرر رقم 0123/2026",
                    "valid_from": "2026-01-01",
                    "valid_until": "2027-01-01",
                }
            ]
        },
    )

    households: int = Field(ge=0, le=MOST_HOUSEHOLDS)
    categories: list[Category] = Field(default=[], max_length=4, description="Those counted; none: every household.")
    legal_reference: str = Field(min_length=3, max_length=200)
    valid_from: date
    valid_until: date = Field(description="The first day on which it is no longer valid.")


class QuotaOut(BaseModel):
    """A quota and its use now: the active households that live there today. `over` leaves the decision to a person."""

    id: UUID
    place_code: str
    place_kind: Literal["commune", "village"]
    period: str
    version: int
    households: int
    categories: list[Category]
    legal_reference: str
    valid_from: date
    valid_until: date
    used: int
    free: int
    over: bool
    changed_at: datetime
    changed_by: str


class QuotaVersion(BaseModel):
    """One version of a quota: when, by whom, and what it said."""

    version: int
    changed_at: datetime
    changed_by: str
    households: int
    categories: list[Category]
    legal_reference: str
    valid_from: date
    valid_until: date
