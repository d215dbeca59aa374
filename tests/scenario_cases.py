"""Twelve households whose scenarios are worked out by hand, and changes in few words."""

from typing import Any

from pydantic import TypeAdapter

from country_cases import EL_MAOUNA, TEKAVOUL, Home, country
from services.matching.figures.country import Country
from services.matching.rules.changes import Change

READER: TypeAdapter[Change] = TypeAdapter(Change)
T, M = "TEKAVOUL", "EL_MAOUNA"


def twelve(times: int = 1) -> Country:
    """Each of these households so many times. Tekavoul gives 1,200 a month and household; El Maouna 450 a month and person, June to September: four of the twelve
    months from July 2025 to June 2026.

    | no | size | category     | wilaya | score | Tekavoul | El Maouna  | eligible for Tekavoul |
    |  1 |   1  | extreme_poor |  MR01  |   1   | 1,200    |            | yes |
    |  2 |   2  | extreme_poor |  MR01  |   2   | 1,200    |            | yes |
    |  3 |   3  | extreme_poor |  MR01  |   3   | 1,200    | 1,350      | yes |
    |  4 |   4  | extreme_poor |  MR01  |   4   | 1,200    | 1,800      | yes |
    |  5 |   5  | extreme_poor |  MR03  |   5   | 1,200    |            | yes |
    |  6 |   6  | poor         |  MR03  |   6   | 1,200    | 2,700      | no  |
    |  7 |   7  | poor         |  MR03  |   7   |          | 3,150      | no  |
    |  8 |   8  | poor         |  MR03  |   8   |          |            | yes |
    |  9 |   9  | extreme_poor |  MR01  |   9   |          |            | yes |
    | 10 |   4  | vulnerable   |  MR01  |  10   |          |            | no  |
    | 11 |   5  | not_poor     |  MR03  |   -   |          |            | no  |
    | 12 |   6  | not_poor     |  MR03  |   -   | 1,200    |            | no  |

    Tekavoul: 7 households x 1,200 x 12 = 100,800. El Maouna: 20 people x 450 x 4 = 36,000. Together 136,800.
    """
    rows = (
        (1, "extreme_poor", "MR01", 1, "T", True), (2, "extreme_poor", "MR01", 2, "T", True),
        (3, "extreme_poor", "MR01", 3, "TM", True), (4, "extreme_poor", "MR01", 4, "TM", True),
        (5, "extreme_poor", "MR03", 5, "T", True), (6, "poor", "MR03", 6, "TM", False),
        (7, "poor", "MR03", 7, "M", False), (8, "poor", "MR03", 8, "", True),
        (9, "extreme_poor", "MR01", 9, "", True), (4, "vulnerable", "MR01", 10, "", False),
        (5, "not_poor", "MR03", None, "", False), (6, "not_poor", "MR03", None, "T", False),
    )  # fmt: skip
    homes = [
        Home(
            gets=({T: 1_200} if "T" in gets else {}) | ({M: 450 * size} if "M" in gets else {}),
            eligible=[T] if eligible else [],
            size=size,
            category=category,
            wilaya=wilaya,
            score=score,
        )
        for size, category, wilaya, score, gets, eligible in rows
        for _ in range(times)
    ]
    return country(homes, programs=(EL_MAOUNA, TEKAVOUL), matrix={(M, T): "intended"})


def change(kind: str, program: str = T, **said: Any) -> Change:
    return READER.validate_python({"kind": kind, "program": program, **said})


def asks(attribute: str, operator: str, value: Any = None) -> dict[str, Any]:
    return {"attribute": attribute, "operator": operator, "value": value}


def rule(*criteria: dict[str, Any], match: str = "all", at_least: int | None = None) -> dict[str, Any]:
    return {"match": match, "at_least": at_least, "criteria": list(criteria)}


PER_HEAD = change("value", formula={"person_mru": "900", "months_per_payment": 3})
NAMES = {"ar": "جديد", "fr": "Nouveau", "en": "New"}
