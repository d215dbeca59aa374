"""Analyses in force, and the triggers in them: proposed by the rule, decided by persons."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.models import Place
from services.matching.responses.announcing import announce
from services.matching.responses.errors import (
    AnalysisReplaced,
    AreaNotAnalyzed,
    OverrideWithoutReason,
    TriggerDecided,
    TriggerThere,
    WilayaUnknown,
)
from services.matching.responses.models import Analysis, AnalysisArea, Trigger, TriggerRule, analysis_of
from services.matching.responses.schemas import RuleIn, TriggerIn, TriggerRejected, TriggerValidated
from services.matching.rules.triggering import Rule, TriggerStatus, calls, phase_of
from shared.clock import now
from shared.errors import NotFound
from shared.etags import refuse_stale
from shared.history import History
from shared.identity import Caller
from shared.ids import new_id

STANDARD = 0
"""The version of the rule that holds before anybody has decided one."""
BY_RULE = "rule"


async def take_over_analyses(tx: AsyncSession, areas: Sequence[AnalysisArea], loaded_by: str) -> None:
    """Make a version of each analysis in these areas, and propose its triggers. What was proposed from the version before
    and not decided is superseded; what a person decided stays."""
    by_analysis = sorted(areas, key=lambda one: (one.round, one.period, one.line))
    for _, some in groupby(by_analysis, key=lambda one: (one.round, one.period)):
        told = list(some)
        await _supersede(tx, told[0])
        analysis = analysis_of(
            told[0],
            id=new_id(),
            version=await _last_version(tx, told[0]) + 1,
            areas=len(told),
            loaded_by=loaded_by,
            loaded_at=now(),
        )
        tx.add(analysis)
        await tx.flush()
        await _propose(tx, analysis, told)


async def _last_version(tx: AsyncSession, area: AnalysisArea) -> int:
    last = select(func.max(Analysis.version)).filter_by(round=area.round, period=area.period)
    return await tx.scalar(last) or 0


async def _supersede(tx: AsyncSession, area: AnalysisArea) -> None:
    rows = select(Trigger).filter_by(round=area.round, period=area.period, status=TriggerStatus.PROPOSED)
    for one in await tx.scalars(rows.with_for_update()):
        _turn(tx, one, TriggerStatus.SUPERSEDED, BY_RULE)


async def _propose(tx: AsyncSession, analysis: Analysis, areas: Sequence[AnalysisArea]) -> None:
    version, rule = await rule_in_force(tx)
    wilayas = await wilayas_of(tx, [one.area_code for one in areas])
    for area in areas:
        proposed = trigger_of(analysis, area, wilayas.get(area.area_code), rule, version)
        if calls(rule, proposed.rule_phase):
            tx.add(proposed)
            _remember(tx, proposed, None, BY_RULE)
    await tx.flush()


def trigger_of(analysis: Analysis, area: AnalysisArea, wilaya: str | None, rule: Rule, version: int) -> Trigger:
    """What the rule says of an area, as a trigger that nobody has decided."""
    percent = rule.percent_in(wilaya)
    phase = phase_of(area.people, area.total, percent)
    return Trigger(
        id=new_id(),
        version=1,
        analysis_id=analysis.id,
        import_id=area.import_id,
        round=area.round,
        period=area.period,
        area_code=area.area_code,
        wilaya_code=wilaya,
        phase=phase,
        rule_phase=phase,
        rule_version=version,
        percent=percent,
        status=TriggerStatus.PROPOSED,
        proposed_at=now(),
    )


async def wilayas_of(tx: AsyncSession, moughataas: Sequence[str]) -> dict[str, str | None]:
    rows = await tx.execute(select(Place.code, Place.parent_code).where(Place.code.in_(moughataas)))
    return {one.code: one.parent_code for one in rows}


# ---- what persons decide ---------------------------------------------------------------------------------


async def validate(tx: AsyncSession, trigger_id: UUID, said: TriggerValidated, *, by: Caller, if_match: str) -> Trigger:
    """Validate a trigger, at the rule's phase or at another one with its reason. NotFound, PreconditionFailed,
    TriggerDecided, OverrideWithoutReason."""
    found = await _to_decide(tx, trigger_id, if_match)
    phase = said.phase or found.rule_phase
    if phase != found.rule_phase and said.reason is None:
        raise OverrideWithoutReason(pointer="/reason", phase=phase, rule_phase=found.rule_phase)
    found.phase = phase
    _decide(tx, found, TriggerStatus.VALIDATED, said.reason, said.official, by)
    announce(tx, found.id, found.version, "triggered", areas=1)
    return found


async def reject(tx: AsyncSession, trigger_id: UUID, said: TriggerRejected, *, by: Caller, if_match: str) -> Trigger:
    """Reject a trigger, with the reason. NotFound, PreconditionFailed, TriggerDecided."""
    found = await _to_decide(tx, trigger_id, if_match)
    _decide(tx, found, TriggerStatus.REJECTED, said.reason, said.official, by)
    return found


async def raise_trigger(tx: AsyncSession, said: TriggerIn, *, by: Caller) -> Trigger:
    """Validate a trigger for an area that the rule did not propose: a person's word, with its reason. NotFound,
    AnalysisReplaced, AreaNotAnalyzed, TriggerThere."""
    analysis = await tx.get(Analysis, said.analysis_id)
    if analysis is None:
        raise NotFound(pointer="/analysis_id")
    last = select(func.max(Analysis.version)).filter_by(round=analysis.round, period=analysis.period)
    if analysis.version != await tx.scalar(last):
        raise AnalysisReplaced(pointer="/analysis_id")
    place = (analysis.import_id, analysis.round, analysis.period, said.area_code)
    area = await tx.get(AnalysisArea, place)
    if area is None:
        raise AreaNotAnalyzed(pointer="/area_code", area=said.area_code)
    version, rule = await rule_in_force(tx)
    wilaya = (await wilayas_of(tx, [area.area_code])).get(area.area_code)
    made = trigger_of(analysis, area, wilaya, rule, version)
    made.phase, made.version = said.phase, 0
    _decide(tx, made, TriggerStatus.VALIDATED, said.reason, said.official, by)
    try:
        async with tx.begin_nested():
            tx.add(made)
    except IntegrityError as there:
        raise TriggerThere(pointer="/area_code") from there
    announce(tx, made.id, made.version, "triggered", areas=1)
    return made


async def _to_decide(tx: AsyncSession, trigger_id: UUID, if_match: str) -> Trigger:
    found = await tx.get(Trigger, trigger_id, with_for_update=True)
    if found is None:
        raise NotFound
    refuse_stale(if_match, found.version)
    if found.status != TriggerStatus.PROPOSED:
        raise TriggerDecided(status=found.status)
    return found


def _decide(
    tx: AsyncSession, trigger: Trigger, status: TriggerStatus, reason: str | None, official: str, by: Caller
) -> None:
    trigger.reason, trigger.official = reason, official
    trigger.decided_by, trigger.decided_at = by.name, now()
    _turn(tx, trigger, status, by.name)


def _turn(tx: AsyncSession, trigger: Trigger, status: TriggerStatus, by: str) -> None:
    before = trigger.status
    trigger.status, trigger.version = status, trigger.version + 1
    _remember(tx, trigger, before, by)


def _remember(tx: AsyncSession, trigger: Trigger, before: TriggerStatus | None, by: str) -> None:
    change = {
        "from": before,
        "to": trigger.status,
        "phase": trigger.phase,
        "reason": trigger.reason,
        "official": trigger.official,
    }
    row = History(aggregate_id=trigger.id, version=trigger.version, batch_id=new_id(), changed_by=by, change=change)
    tx.add(row)


# ---- the rule --------------------------------------------------------------------------------------------


async def rule_in_force(tx: AsyncSession) -> tuple[int, Rule]:
    """The version that was decided last, and what it says; the standard's where nobody has decided one."""
    last = await tx.scalar(select(TriggerRule).order_by(TriggerRule.version.desc()).limit(1))
    if last is None:
        return STANDARD, Rule()
    by_wilaya = {code: Decimal(percent) for code, percent in last.by_wilaya.items()}
    return last.version, Rule(last.percent, by_wilaya, last.least_phase)


async def decide_rule(tx: AsyncSession, said: RuleIn, *, by: Caller, if_match: str) -> TriggerRule:
    """Decide another rule: it proposes from the next file on, and leaves what was proposed as it is. PreconditionFailed,
    WilayaUnknown."""
    await tx.execute(text("SELECT pg_advisory_xact_lock(hashtext('trigger_rules'))"))  # one decision after the other
    version, _ = await rule_in_force(tx)
    refuse_stale(if_match, version)
    known = set(await tx.scalars(select(Place.code).where(Place.kind == "wilaya", Place.code.in_(said.by_wilaya))))
    for wilaya in sorted(set(said.by_wilaya) - known):
        raise WilayaUnknown(pointer=f"/by_wilaya/{wilaya}", wilaya=wilaya)
    decided = TriggerRule(
        version=version + 1,
        percent=said.percent,
        by_wilaya={code: str(percent) for code, percent in said.by_wilaya.items()},
        least_phase=said.least_phase,
        reason=said.reason,
        decided_by=by.name,
        official=said.official,
        decided_at=now(),
    )
    tx.add(decided)
    await tx.flush()
    return decided
