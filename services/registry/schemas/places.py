"""Places on the wire."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.registry.rules.places import PlaceKind
from shared.place_names import How, place_key
from shared.text import clean_text

LONGEST_NAME = 100
MOST_NAMES = 20
"""Spellings added at once; a place has about five."""
MOST_SUCCESSORS = 10
MOST_LOOKED_UP = 200
"""Rows in one look-up: what is answered in well under a second."""


def _a_name(text: str) -> str:
    name = clean_text(text)
    if not place_key(name):
        raise ValueError("a name has letters")
    return name


PlaceName = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME), AfterValidator(_a_name)]
PlaceCode = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
"""Of a place that exists. As long as a name, because names are written where a code is asked for: the answer says which."""
Reason = Annotated[str, Field(min_length=1, max_length=500)]


class SuccessorOut(BaseModel):
    """The place that took over from another, or a part of it, from a day on."""

    code: str
    from_on: date


class PlaceOut(BaseModel):
    """A wilaya, moughataa, commune or village, as it was on the day asked for.

    `code` is the registry's key and never changes; `pcode` is the official code where there is one. `names` holds every
    spelling in both scripts. `valid_from` without a value: before anybody wrote it down; with precision `year` only its
    year is known. `parent_code` without a value below a wilaya: on that day not known.
    """

    id: UUID
    version: int
    code: str
    pcode: str | None = None
    kind: str
    parent_code: str | None = None
    name_fr: str
    name_ar: str | None = None
    names: list[str]
    valid_from: date | None = None
    valid_from_precision: Literal["day", "year"]
    valid_until: date | None = None
    successors: list[SuccessorOut]


class PlaceVersionOut(BaseModel):
    """One version of a place: when, by whom and why, and `{field: [before, after]}`."""

    version: int
    kind: str
    changed_at: datetime
    changed_by: str
    reason: str | None
    fields: dict[str, Any]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Change(_Asked):
    reason: Reason | None = None


class NewPlace(_Change):
    """A place that the table does not have. `carved_from`: the place of its kind that it was a part of."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "village",
                    "parent_code": "MR011-C02",
                    "name_fr": "Oum Essafya",
                    "name_ar": "أم الصافية",
                    "other_names": ["Oumou Safia", "ام صافيه"],
                    "reason": "Recensement des localités, note du hakem n° 12",
                }
            ]
        }
    )

    kind: Literal["moughataa", "commune", "village"]
    parent_code: PlaceCode
    name_fr: PlaceName
    name_ar: PlaceName | None = None
    other_names: list[PlaceName] = Field(default=[], max_length=MOST_NAMES)
    valid_from: date | None = None
    carved_from: PlaceCode | None = None


class PlaceRenaming(_Change):
    """The official names. The ones before stay as spellings under which the place is found."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name_fr": "Oum Es-Safya", "name_ar": "أم الصافية", "reason": "orthographe"}]}
    )

    name_fr: PlaceName | None = None
    name_ar: PlaceName | None = None


class PlaceNamesAdded(_Change):
    """Further spellings, in either script."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"names": ["Oumou Safia", "ام صافيه"]}]})

    names: list[PlaceName] = Field(min_length=1, max_length=MOST_NAMES)


class PlaceMove(_Change):
    """The place lies in another one from a day on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"parent_code": "MR018", "from_on": "2026-01-01", "reason": "décret n° 2025-001"}]
        }
    )

    parent_code: PlaceCode
    from_on: date


class PlaceEnd(_Change):
    """The place is no more from a day on; its successors are of its kind."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"on": "2026-01-01", "successors": ["MR011-C02-V002"], "reason": "regroupement"}]
        }
    )

    on: date
    successors: list[PlaceCode] = Field(default=[], max_length=MOST_SUCCESSORS)


class PlaceWritten(_Asked):
    """A place as somebody wrote it, in either script; a code may stand for a name."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"wilaya": "Hodh Chargui", "moughataa": "Amorj", "commune": "BOUGADOUM"},
                {"wilaya": "الحوض الشرقي", "commune": "بوكادوم", "village": "أم الصافيه"},
            ]
        },
    )

    wilaya: str | None = Field(default=None, max_length=LONGEST_NAME)
    moughataa: str | None = Field(default=None, max_length=LONGEST_NAME)
    commune: str | None = Field(default=None, max_length=LONGEST_NAME)
    village: str | None = Field(default=None, max_length=LONGEST_NAME)


class PlacesWritten(_Asked):
    """Rows of a list, to be looked up together."""

    rows: list[PlaceWritten] = Field(min_length=1, max_length=MOST_LOOKED_UP)


class CandidateOut(BaseModel):
    """A place that may have been meant; `score` says how alike, 0 to 1."""

    code: str
    name_fr: str
    name_ar: str | None
    parent_code: str | None
    score: float


class LevelOut(BaseModel):
    """One level of a place looked up: how it was told and why, or who may have been meant.

    `how`: `code`, `exact` (one of its names), `only_one` (only one place there has that name), `spelling` (a misspelling),
    `sound` (a like sound, also across scripts), `below` (told by the place found below it, whatever was written).
    """

    kind: PlaceKind
    written: str
    code: str | None
    how: How | None
    score: float | None
    reason: str
    candidates: list[CandidateOut]


class LookUpOut(BaseModel):
    """The codes found, as deep as they can be told without guessing, and level by level why."""

    wilaya_code: str | None
    moughataa_code: str | None
    commune_code: str | None
    village_code: str | None
    levels: list[LevelOut]


class LookUpsOut(BaseModel):
    """Answers in the order of the rows."""

    rows: list[LookUpOut]


class HouseholdsSettled(BaseModel):
    """Households that now belong to a village, and how many still wait for the next call."""

    settled: int
    waiting: int
