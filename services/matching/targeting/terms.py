"""What a request may ask, checked against the agreement, the places and the programs."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.errors import ProgramUnknown
from services.matching.figures.country import twelve_months
from services.matching.models import Household, Place, Program
from services.matching.rules.targeting import (
    COUNTS,
    WORDS,
    Criterion,
    Exclusion,
    Wanted,
    contradiction,
    wrong_value,
)
from services.matching.targeting import errors
from services.matching.targeting.schemas import ListIn
from shared.agreements import Agreement
from shared.identity import Caller


def agreement_of(by: Caller) -> Agreement:
    """The agreement that the request names, with a purpose. AgreementNeeded."""
    if by.agreement is None or by.purpose is None:
        raise errors.AgreementNeeded(pointer="/header/Tekamoul-Agreement")
    return by.agreement


def refuse_out_of_force(agreement: Agreement, today: date) -> None:
    if not agreement.holds_on(today):
        raise errors.AgreementOver(agreement=agreement.id, first=agreement.not_before, last=agreement.not_after)


async def refuse_request(tx: AsyncSession, asked: ListIn, agreement: Agreement, by: Caller, today: date) -> None:
    """Raise the first reason why this may not be asked; the agreement's reasons first."""
    refuse_out_of_force(agreement, today)
    if asked.number > agreement.volume_per_query:
        raise errors.VolumeExceeded(pointer="/number", agreement=agreement.id, most=agreement.volume_per_query)
    if further := [name for name in asked.fields if name not in agreement.attributes]:
        raise errors.FieldsNotAgreed(
            pointer="/fields", agreement=agreement.id, fields=_listed(further), accepted=_listed(agreement.attributes)
        )
    await _refuse_programs(tx, asked, agreement, by)
    await refuse_areas(tx, asked.areas, agreement.places, agreement.id)
    _refuse_criteria(asked)
    _refuse_exclusions(asked, today)
    if isinstance(asked.quotas, list):
        await refuse_quotas(tx, asked.model_dump(mode="json"))


async def _refuse_programs(tx: AsyncSession, asked: ListIn, agreement: Agreement, by: Caller) -> None:
    if asked.program not in by.programs:
        raise errors.ProgramNotKept(pointer="/program", accepted=_listed(by.programs))
    known = set(await tx.scalars(select(Program.code)))
    if asked.program not in known:
        raise ProgramUnknown(pointer="/program")
    allowed = agreement.programs | by.programs
    for place, one in enumerate(asked.exclusions):
        if one.program not in allowed:
            raise errors.ProgramNotAgreed(
                pointer=f"/exclusions/{place}/program",
                program=one.program,
                agreement=agreement.id,
                accepted=_listed(allowed),
            )
        if one.program not in known:
            raise ProgramUnknown(pointer=f"/exclusions/{place}/program")


async def refuse_areas(tx: AsyncSession, areas: Sequence[str], within: Collection[str], agreement_id: str) -> None:
    """Each area is a place, lies within these (none: anywhere), and somebody lives there."""
    above = await _above(tx, areas)
    for place, area in enumerate(areas):
        pointer = f"/areas/{place}"
        if area not in above:
            raise errors.AreaUnknown(pointer=pointer, area=area)
        if within and not above[area] & set(within):
            raise errors.AreaNotAgreed(pointer=pointer, area=area, agreement=agreement_id, accepted=_listed(within))
        lives = or_(*(column == area for column in LEVELS))
        if await tx.scalar(select(Household.id).where(lives).limit(1)) is None:
            raise errors.AreaWithoutPeople(pointer=pointer, area=area)


LEVELS = (Household.wilaya_code, Household.moughataa_code, Household.commune_code)


async def _above(tx: AsyncSession, areas: Collection[str]) -> dict[str, set[str]]:
    """Of each area that there is, the places it lies in, itself among them."""
    parents = dict((await tx.execute(select(Place.code, Place.parent_code))).all())
    found: dict[str, set[str]] = {}
    for area in areas:
        code: str | None = area
        while code is not None and code in parents:
            found.setdefault(area, set()).add(code)
            code = parents[code]
    return found


def _refuse_criteria(asked: ListIn) -> None:
    criteria = wanted_of(asked.model_dump(mode="json")).criteria
    for place, one in enumerate(criteria):
        if wrong_value(one):
            accepted = _listed(WORDS[one.attribute]) if one.attribute in WORDS else "0, 1, 2 …"
            if one.attribute not in WORDS and one.attribute not in COUNTS:
                accepted = "0.5, 12 …"
            raise errors.CriterionWrong(pointer=f"/criteria/{place}/value", attribute=one.attribute, accepted=accepted)
    if (attribute := contradiction(criteria)) is not None:
        raise errors.CriteriaContradict(pointer="/criteria", attribute=attribute)


def _refuse_exclusions(asked: ListIn, today: date) -> None:
    months = twelve_months(today)
    instead: dict[str, str] = {}
    for place, one in enumerate(asked.exclusions):
        if instead.setdefault(one.program, one.instead) != one.instead:
            raise errors.ExclusionsContradict(pointer=f"/exclusions/{place}", program=one.program)
        period = [day for day in (one.first, one.last) if day is not None]
        wrong = len(period) != 2 or one.first not in months or one.last not in months or period != sorted(period)
        if wrong if one.how == "paid" else bool(period):
            raise errors.PeriodWrong(pointer=f"/exclusions/{place}", first=months[0], last=months[-1])


async def refuse_quotas(tx: AsyncSession, terms: Mapping[str, Any]) -> None:
    """Numbered quotas are of communes asked for and make the number."""
    quotas = {one["commune"]: one["number"] for one in terms["quotas"]}
    if (total := sum(one["number"] for one in terms["quotas"])) != terms["number"] or len(quotas) < len(
        terms["quotas"]
    ):
        raise errors.QuotasDoNotAddUp(pointer="/quotas", total=total, number=terms["number"])
    above = await _above(tx, quotas)
    for place, commune in enumerate(quotas):
        if not above.get(commune, set()) & set(terms["areas"]) or "-C" not in commune:
            raise errors.QuotaOutsideArea(pointer=f"/quotas/{place}/commune", commune=commune)


async def refuse_wider(tx: AsyncSession, terms: Mapping[str, Any], narrowed: Mapping[str, Any]) -> None:
    """Raise NotNarrower where a review would add to a request."""
    above = await _above(tx, narrowed["areas"])
    for place, area in enumerate(narrowed["areas"]):
        if area not in above:
            raise errors.AreaUnknown(pointer=f"/areas/{place}", area=area)
        if not above[area] & set(terms["areas"]):
            raise errors.NotNarrower(pointer=f"/areas/{place}")
    if narrowed["number"] > terms["number"]:
        raise errors.NotNarrower(pointer="/number")
    if not set(narrowed["fields"]) <= set(terms["fields"]):
        raise errors.NotNarrower(pointer="/fields")


def wanted_of(terms: Mapping[str, Any]) -> Wanted:
    """The terms as they are kept, for choosing."""
    quotas = terms["quotas"]
    return Wanted(
        areas=tuple(terms["areas"]),
        number=terms["number"],
        criteria=tuple(Criterion(one["attribute"], one["operator"], _value(one["value"])) for one in terms["criteria"]),
        exclusions=tuple(
            Exclusion(one["program"], one["how"], one["instead"], _day(one["first"]), _day(one["last"]))
            for one in terms["exclusions"]
        ),
        quotas={one["commune"]: one["number"] for one in quotas} if isinstance(quotas, list) else quotas,
        program=terms["program"],
    )


def _value(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _day(day: str | None) -> date | None:
    return None if day is None else date.fromisoformat(day)


def _listed(values: Collection[str]) -> str:
    return ", ".join(sorted(values)) or "—"
