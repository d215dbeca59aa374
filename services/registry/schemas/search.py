"""What a search asks and answers."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.disclosing import about

DEFAULT_FOUND, MOST_FOUND = 20, 50
"""A screen of finds; whoever needs more of them asks more narrowly."""
MOST_YEARS_AROUND = 10


class SearchIn(BaseModel):
    """What is searched for: `q`, or any of the fields, which narrow one another."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"q": "Mohamed Ould Ahmed, Néma"},
                {"q": "محمد ولد أحمد، النعمة"},
                {"q": "22 33 44 55"},
                {"name": "فاطمة بنت محمد", "birth_year": 1985, "place": "MR011"},
            ]
        },
    )

    q: str | None = Field(None, max_length=200, description="A number, or a name and after a comma a place.")
    name: str | None = Field(None, max_length=100)
    father_name: str | None = Field(None, max_length=100)
    nni: str | None = Field(None, max_length=30)
    identifier: str | None = Field(None, max_length=40, description="A number of any type that somebody gave a person.")
    phone: str | None = Field(None, max_length=40)
    household_number: str | None = Field(None, max_length=30)
    individual_number: str | None = Field(None, max_length=30)
    place: str | None = Field(
        None, max_length=100, description="A code or name of a wilaya, moughataa, commune or village; the largest last."
    )
    birth_year: int | None = Field(None, ge=1900, le=2100)
    birth_years_around: int = Field(2, ge=0, le=MOST_YEARS_AROUND, description="Years before and after it that count.")
    sex: Literal["F", "M"] | None = None
    limit: int = Field(DEFAULT_FOUND, ge=1, le=MOST_FOUND)


class ReasonOut(BaseModel):
    """Why it was found: the field asked, how what is held compares, and the same in the caller's language."""

    field: str
    how: str
    text: str


class FoundIndividual(BaseModel):
    model_config = ConfigDict(json_schema_extra=about(id="individual", number="individual"))

    id: UUID
    number: str
    name_fr: str | None
    name_ar: str | None
    sex: str
    birth_date: date
    birth_precision: str
    status: str
    merged_into: UUID | None


class FoundHousehold(BaseModel):
    """A household found, or that of an individual found: then `relationship` is theirs in it."""

    model_config = ConfigDict(json_schema_extra=about(id="household", number="household"))

    id: UUID
    number: str
    status: str
    merged_into: UUID | None
    commune_code: str
    commune_fr: str
    commune_ar: str | None
    village: str | None
    relationship: str | None
    head_name_fr: str | None
    head_name_ar: str | None


class FoundOut(BaseModel):
    """An individual with the households they belong to, or a household alone (`individual` is null)."""

    score: float
    reasons: list[ReasonOut]
    individual: FoundIndividual | None
    households: list[FoundHousehold]


class SearchOut(BaseModel):
    """Finds, best first. `more`: others would be found, too; `advice` says how to narrow the search.

    `catching_up`: names that came in the last seconds may not be found yet.
    """

    items: list[FoundOut]
    more: bool
    advice: str | None
    catching_up: bool


class StatusOut(BaseModel):
    """How somebody stands in the registry. Of a name only what the caller typed is readable."""

    household_number: str | None
    commune_fr: str | None
    commune_ar: str | None
    status: Literal["active", "deceased", "left", "merged"]
    name_fr: str | None
    name_ar: str | None


class StatusesOut(BaseModel):
    """At most five. `more`: others would be found, too."""

    items: list[StatusOut]
    more: bool
    advice: str | None
