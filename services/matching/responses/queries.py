"""Reads of analyses, their areas with what the registry has there, triggers, and the rule."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.matching.models import Beneficiary, Household, Place
from services.matching.referring import is_linked
from services.matching.responses.models import Analysis, AnalysisArea, Trigger, TriggerRule
from services.matching.responses.schemas import (
    AnalysisOut,
    AreaOut,
    CommuneOut,
    PhasesOut,
    PlaceName,
    RegistryOut,
    RuleOut,
    TriggerOut,
)
from services.matching.responses.triggers import rule_in_force, wilayas_of
from services.matching.rules.area_counts import Counts, told
from services.matching.rules.triggering import AnalysisPeriod, Rule, TriggerStatus, in_phase_or_worse, phase_of
from shared.errors import NotFound
from shared.pagination import Page, decode_cursor, encode_cursor

MOST_COMMUNES = 100
"""Of an area; the largest moughataa has 17."""
TWO_PLACES = Decimal("0.01")


async def rule(tx: AsyncSession) -> RuleOut:
    version, now_in_force = await rule_in_force(tx)
    decided = await tx.get(TriggerRule, version)
    return RuleOut(
        version=version,
        percent=now_in_force.percent,
        by_wilaya=dict(now_in_force.by_wilaya),
        least_phase=now_in_force.least_phase,
        **{name: getattr(decided, name, None) for name in ("reason", "decided_by", "official", "decided_at")},
    )


async def rules(tx: AsyncSession, limit: int, cursor: str | None) -> Page[RuleOut]:
    """Every rule that was decided, the last first."""
    rows = select(TriggerRule).order_by(TriggerRule.version.desc()).limit(limit + 1)
    if cursor:
        rows = rows.where(TriggerRule.version < decode_cursor(cursor, int)[0])
    found = list(await tx.scalars(rows))
    items = [RuleOut.model_validate(one, from_attributes=True) for one in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(found[limit - 1].version) if len(found) > limit else None)


async def analyses(
    tx: AsyncSession, limit: int, cursor: str | None, round_: str | None, period: AnalysisPeriod | None
) -> Page[AnalysisOut]:
    """Every version of every analysis, the last loaded first."""
    rows = _analysis_rows().order_by(Analysis.id.desc()).limit(limit + 1)
    if round_ is not None:
        rows = rows.where(Analysis.round == round_)
    if period is not None:
        rows = rows.where(Analysis.period == period)
    if cursor:
        rows = rows.where(Analysis.id < decode_cursor(cursor, UUID)[0])
    found = (await tx.execute(rows)).all()
    more = encode_cursor(found[limit - 1].Analysis.id) if len(found) > limit else None
    return Page(items=[_analysis(one) for one in found[:limit]], next_cursor=more)


async def analysis(tx: AsyncSession, analysis_id: UUID) -> AnalysisOut:
    found = (await tx.execute(_analysis_rows().where(Analysis.id == analysis_id))).one_or_none()
    if found is None:
        raise NotFound
    return _analysis(found)


def _analysis_rows() -> Any:
    later = aliased(Analysis)
    newer = exists().where(
        later.round == Analysis.round, later.period == Analysis.period, later.version > Analysis.version
    )
    triggers = select(func.count()).where(Trigger.analysis_id == Analysis.id).scalar_subquery()
    return select(Analysis, (~newer).label("in_force"), triggers.label("triggers"))


def _analysis(row: Row[Any]) -> AnalysisOut:
    own = {name: getattr(row.Analysis, name) for name in AnalysisOut.model_fields if hasattr(row.Analysis, name)}
    return AnalysisOut(**own, in_force=row.in_force, triggers=row.triggers)


# ---- areas -----------------------------------------------------------------------------------------------


async def areas(
    tx: AsyncSession, analysis_id: UUID, programs: Collection[str] | None, limit: int, cursor: str | None
) -> Page[AreaOut]:
    """The areas of an analysis by code, as the rule of now sees them. `programs`: enrolled in any of these; None: in any."""
    found = await tx.get(Analysis, analysis_id)
    if found is None:
        raise NotFound
    rows = (
        select(AnalysisArea, Trigger)
        .outerjoin(Trigger, and_(Trigger.analysis_id == found.id, Trigger.area_code == AnalysisArea.area_code))
        .where(*(getattr(AnalysisArea, name) == getattr(found, name) for name in ("import_id", "round", "period")))
        .order_by(AnalysisArea.area_code)
        .limit(limit + 1)
    )
    if cursor:
        rows = rows.where(AnalysisArea.area_code > decode_cursor(cursor, str)[0])
    page = (await tx.execute(rows)).all()
    codes = [one.AnalysisArea.area_code for one in page[:limit]]
    names, wilayas = await names_of(tx, codes), await wilayas_of(tx, codes)
    registry = await _registry(tx, codes, programs)
    _, now_in_force = await rule_in_force(tx)
    items = [
        _area(one.AnalysisArea, one.Trigger, names, wilayas, registry[one.AnalysisArea.area_code], now_in_force)
        for one in page[:limit]
    ]
    return Page(items=items, next_cursor=encode_cursor(codes[-1]) if len(page) > limit else None)


def _area(
    area: AnalysisArea,
    trigger: Trigger | None,
    names: dict[str, PlaceName],
    wilayas: dict[str, str | None],
    registry: dict[str, Counts],
    rule_: Rule,
) -> AreaOut:
    wilaya = wilayas.get(area.area_code)
    percent = rule_.percent_in(wilaya)
    phase = phase_of(area.people, area.total, percent) or 1
    codes = sorted(registry)
    whole, parts = told(_sum(registry.values()), [registry[code] for code in codes])
    communes = [
        CommuneOut(**_name(names, code), registry=_registry_out(part)) for code, part in zip(codes, parts, strict=True)
    ]
    return AreaOut(
        area=PlaceName(**_name(names, area.area_code)),
        wilaya_code=wilaya,
        people=phases_out(area),
        phase=phase,
        share=_share(area, phase),
        threshold=percent,
        stated_phase=area.stated_phase,
        trigger_id=trigger.id if trigger else None,
        trigger_status=trigger.status if trigger else None,
        registry=_registry_out(whole),
        communes=communes,
    )


def _share(area: AnalysisArea, phase: int) -> Decimal:
    return (Decimal(in_phase_or_worse(area.people, phase) * 100) / area.total).quantize(TWO_PLACES)


def phases_out(area: AnalysisArea) -> PhasesOut:
    return PhasesOut(**{f"phase_{at}": count for at, count in enumerate(area.people, 1)}, total=area.total)


def _registry_out(counts: Counts) -> RegistryOut:
    return RegistryOut(
        households=counts.households,
        people=counts.people,
        enrolled=counts.enrolled,
        not_enrolled=counts.not_enrolled,
    )


async def _registry(
    tx: AsyncSession, moughataas: Sequence[str], programs: Collection[str] | None
) -> dict[str, dict[str, Counts]]:
    """By moughataa and commune, what the registry has there, as it is; communes without a household too."""
    receives = exists().where(Beneficiary.household_id == Household.id, Beneficiary.active, is_linked())
    if programs is not None:
        receives = receives.where(Beneficiary.program.in_(programs))
    wilayas = set((await wilayas_of(tx, moughataas)).values())
    enrolled = func.count().filter(receives)
    rows = await tx.execute(
        select(
            Household.moughataa_code,
            Household.commune_code,
            func.count(),
            func.coalesce(func.sum(Household.size), 0),
            enrolled,
        )
        .where(Household.wilaya_code.in_(wilayas), Household.moughataa_code.in_(moughataas))
        .group_by(Household.moughataa_code, Household.commune_code)
    )
    found: dict[str, dict[str, Counts]] = defaultdict(dict)
    for moughataa, commune in await tx.execute(
        select(Place.parent_code, Place.code).where(Place.kind == "commune", Place.parent_code.in_(moughataas))
    ):
        found[str(moughataa)][commune] = Counts(0, 0, 0, 0)
    for moughataa, commune, households, people, receiving in rows:
        found[str(moughataa)][commune] = Counts(households, people, receiving, households - receiving)
    return found


def _sum(parts: Collection[Counts]) -> Counts:
    return Counts(
        households=sum(one.households or 0 for one in parts),
        people=sum(one.people or 0 for one in parts),
        enrolled=sum(one.enrolled or 0 for one in parts),
        not_enrolled=sum(one.not_enrolled or 0 for one in parts),
    )


async def names_of(tx: AsyncSession, moughataas: Sequence[str]) -> dict[str, PlaceName]:
    """Of these moughataas and their communes."""
    rows = select(Place.code, Place.name_fr, Place.name_ar).where(
        or_(Place.code.in_(moughataas), Place.parent_code.in_(moughataas))
    )
    return {code: PlaceName(code=code, name_fr=fr, name_ar=ar) for code, fr, ar in await tx.execute(rows)}


def _name(names: dict[str, PlaceName], code: str) -> dict[str, Any]:
    return (names.get(code) or PlaceName(code=code, name_fr=None, name_ar=None)).model_dump()


# ---- triggers --------------------------------------------------------------------------------------------


async def triggers(
    tx: AsyncSession, limit: int, cursor: str | None, status: TriggerStatus | None, round_: str | None
) -> Page[TriggerOut]:
    """Triggers, oldest first."""
    rows = _trigger_rows().order_by(Trigger.id).limit(limit + 1)
    if status is not None:
        rows = rows.where(Trigger.status == status)
    if round_ is not None:
        rows = rows.where(Trigger.round == round_)
    if cursor:
        rows = rows.where(Trigger.id > decode_cursor(cursor, UUID)[0])
    found = (await tx.execute(rows)).all()
    more = encode_cursor(found[limit - 1].Trigger.id) if len(found) > limit else None
    return Page(items=[_trigger(one) for one in found[:limit]], next_cursor=more)


async def trigger(tx: AsyncSession, trigger_id: UUID) -> TriggerOut:
    found = (await tx.execute(_trigger_rows().where(Trigger.id == trigger_id))).one_or_none()
    if found is None:
        raise NotFound
    return _trigger(found)


def _trigger_rows() -> Any:
    same = and_(*(getattr(AnalysisArea, name) == getattr(Trigger, name) for name in AREA_KEY))
    return (
        select(Trigger, AnalysisArea, Place.name_fr, Place.name_ar)
        .join(AnalysisArea, same)
        .outerjoin(Place, Place.code == Trigger.area_code)
    )


AREA_KEY = ("import_id", "round", "period", "area_code")
OF_AREA = ("from_on", "to_on", "source", "validated_by")


def _trigger(row: Row[Any]) -> TriggerOut:
    own = {name: getattr(row.Trigger, name) for name in TriggerOut.model_fields if hasattr(row.Trigger, name)}
    return TriggerOut(
        **own,
        **{name: getattr(row.AnalysisArea, name) for name in OF_AREA},
        area=PlaceName(code=row.Trigger.area_code, name_fr=row.name_fr, name_ar=row.name_ar),
        threshold=row.Trigger.percent,
        people=phases_out(row.AnalysisArea),
    )
