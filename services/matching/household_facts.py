"""The facts of households without names: as rows, and as of a day in columns that eligibility and figures read."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Date, Integer, Select, Text, and_, case, cast, column, func, select, true
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.sql.elements import ColumnElement

from services.matching.models import Beneficiary, Household, HouseholdFacts
from services.matching.rules.ages import AGES, WOMEN, Years, births_of


def facts_rows(households: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The facts of households as the registry gives them; members in the order of their numbers."""
    return [
        _facts_row(one, sorted(one["members"], key=lambda person: person["individual_number"])) for one in households
    ]


def _facts_row(household: Mapping[str, Any], members: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    births = [date.fromisoformat(day) if (day := one["birth_date"]) else None for one in members]
    return {
        "household_id": UUID(household["id"]),
        "version": household["version"],
        "score": household.get("score"),
        "head_sex": next((one["sex"] for one in members if one["relationship"] == "head"), None),
        "births": births,
        "sexes": [one["sex"] for one in members],
        "disabilities": [one["disability"] for one in members],
        "relationships": [one["relationship"] for one in members],
    }


def spans_of(listed: Mapping[str, Any]) -> list[Range[date]] | None:
    """The days on which an enrollment is enrolled, as a programs service tells them; None where it tells none."""
    spans = listed.get("spans")
    if spans is None:
        return None
    return [Range(_day(one["from_on"]), _day(one["until_on"])) for one in spans]


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def households_on(day: date) -> Select[Any]:
    """Every household with its attributes as of a day, by the names of shared/household_attributes.

    An attribute that cannot be told is null: a number of people by age where the birth of somebody is not known.
    A member born after the day is nobody yet; everything but ages is as it is now.
    """
    members = _members_on(day)
    facts = HouseholdFacts
    return (
        select(
            Household.id.label("household_id"),
            Household.wilaya_code.label("wilaya"),
            Household.moughataa_code.label("moughataa"),
            Household.commune_code.label("commune"),
            Household.vulnerability_category.label("category"),
            facts.score.label("score"),
            Household.size.label("size"),
            facts.head_sex.label("head_sex"),
            *(members.c[name] for name in ("disabled", *AGES, "women_15_49")),
        )
        .outerjoin(facts, and_(facts.household_id == Household.id, facts.version == Household.version))
        .join(members, true())
    )


def _members_on(day: date) -> Any:
    """The members of a household counted as of a day: a row beside each household."""
    arrays = (HouseholdFacts.births, HouseholdFacts.sexes, HouseholdFacts.disabilities)
    member = (
        func.unnest(*arrays)
        .table_valued(column("born", Date), column("sex", Text), column("disabled", Boolean), name="member")
        .render_derived()
    )
    counted = [_counted(_is_of(member.c.born, day, years)).label(name) for name, years in AGES.items()]
    counted.append(_counted(_is_of(member.c.born, day, WOMEN) & (member.c.sex == "F")).label("women_15_49"))
    counted.append(_counted(member.c.disabled).label("disabled"))
    return select(*counted).select_from(member).lateral("counted")


def _is_of(born: ColumnElement[date], day: date, years: Years) -> ColumnElement[bool]:
    after, upto = births_of(day, years)
    return and_(born > after, born <= upto)


def _counted(those: ColumnElement[bool]) -> ColumnElement[int]:
    """How many members, or null where somebody may be one: SQL's null is neither true nor false, and stays so in an AND."""
    known = and_(HouseholdFacts.births.is_not(None), func.count().filter(those.is_(None)) == 0)
    return cast(case((known, func.count().filter(those))), Integer)


def spans_held() -> ColumnElement[Any]:
    """The days on which an enrollment is enrolled; of one that tells none: since it was listed, while it is active."""
    since = cast(Beneficiary.listed["enrolled_on"].astext, Date)
    while_active = case(
        (Beneficiary.active, func.datemultirange(func.daterange(since, None))), else_=func.datemultirange()
    )
    return func.coalesce(Beneficiary.spans, while_active)
