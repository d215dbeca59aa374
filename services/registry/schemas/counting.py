"""Counts of a place."""

from pydantic import BaseModel


class CommuneCounts(BaseModel):
    """Active households of one commune. Null: fewer than five, or a sum from which fewer than five could be worked out."""

    commune_code: str
    name_fr: str
    name_ar: str | None
    households: int | None
    people: int | None
    households_by_category: dict[str, int | None]


class PlaceCounts(BaseModel):
    """The communes of a place in which households live."""

    place: str
    communes: list[CommuneCounts]
