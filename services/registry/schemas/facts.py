"""Facts of households without names, for whoever computes over the country as it was."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel


class MemberFacts(BaseModel):
    """What is known of a member beside who it is. `birth_precision` year: only the year of `birth_date` is known."""

    relationship: str
    sex: str
    birth_date: date
    birth_precision: str
    disability: bool


class HouseholdFactsOut(BaseModel):
    """An active household at a moment: its place, category and score, and its members without names or numbers."""

    household_id: UUID
    commune_code: str
    vulnerability_category: str
    score: Decimal
    members: list[MemberFacts]
