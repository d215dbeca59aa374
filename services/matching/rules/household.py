"""The attributes of one household as of a day, out of the facts of its members."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from services.matching.rules.ages import AGES, WOMEN, Years, births_of


def attributes_on(facts: Mapping[str, Any], wilaya: str | None, moughataa: str | None, day: date) -> dict[str, Any]:
    """By the names of shared/household_attributes; None where it cannot be told. `facts`: as the registry gives them,
    without names."""
    members: Sequence[Mapping[str, Any]] = facts["members"]
    births = [date.fromisoformat(born) if (born := one["birth_date"]) else None for one in members]
    women = [_both(_is_of(born, day, WOMEN), _is(one["sex"], "F")) for born, one in zip(births, members, strict=True)]
    return {
        "wilaya": wilaya,
        "moughataa": moughataa,
        "commune": facts["commune_code"],
        "category": facts["vulnerability_category"],
        "score": Decimal(facts["score"]) if facts["score"] is not None else None,
        "size": len(members),
        "head_sex": next((one["sex"] for one in members if one["relationship"] == "head"), None),
        "disabled": _count(one["disability"] for one in members),
        **{name: _count(_is_of(born, day, years) for born in births) for name, years in AGES.items()},
        "women_15_49": _count(women),
    }


def _is_of(born: date | None, day: date, years: Years) -> bool | None:
    after, upto = births_of(day, years)
    return None if born is None else after < born <= upto


def _is(known: str | None, wanted: str) -> bool | None:
    return None if known is None else known == wanted


def _both(one: bool | None, other: bool | None) -> bool | None:
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def _count(those: Iterable[bool | None]) -> int | None:
    """How many, or None where somebody may be one of them."""
    said = list(those)
    return None if any(one is None for one in said) else sum(one is True for one in said)
