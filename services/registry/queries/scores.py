"""The score of a household as it was decided, and computed again from what was known then."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text as SqlText
from sqlalchemy import cast, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.catalog import formulas
from services.registry.models import Change, Household, PastState
from services.registry.queries.households import households_of
from services.registry.queries.moments import Moment, State, states
from services.registry.rules.scoring import HouseholdFacts, MemberFacts, Scored, inputs_of, score
from services.registry.schemas import HouseholdOut
from services.registry.schemas.scoring import LineOut, Recomputation, ScoreOut
from shared.errors import NotFound
from shared.text import Text

FROM_OUTSIDE = Text(
    ar="جاءت هذه الدرجة مع ملف ولم يحسبها السجل؛ لا يمكن حسابها من جديد.",
    fr="Ce score est venu avec un fichier ; le registre ne l'a pas calculé et ne peut le recalculer.",
    en="This score came from outside with a file; the registry did not compute it and cannot compute it again.",
)
FORMULA_GONE = Text(
    ar="صيغة هذه الدرجة غير منشورة في هذا الإصدار من المنصة؛ لا يمكن حسابها من جديد.",
    fr="La formule de ce score n'est pas publiée dans cette version de la plateforme ; il ne peut être recalculé.",
    en="The formula of this score is not published in this version of the platform; it cannot be computed again.",
)
TAKEN_OVER = Text(
    ar="أُخذت هذه الدرجة من الأسرة التي انبثقت عنها هذه الأسرة؛ لم تُحسب لها. المقبول: حساب جديد.",
    fr="Ce score vient du ménage dont celui-ci est issu ; il n'a pas été calculé pour lui. Accepté : un nouveau calcul.",
    en="This score was taken over from the household this one came from; it was not computed for it. Accepted: a new scoring.",
)
INPUTS_GONE = Text(
    ar="بعض المدخلات غير معروفة في ما كان مسجلا حينها: {inputs}.",
    fr="Des données manquent dans ce qui était connu alors : {inputs}.",
    en="Inputs are missing in what was known then: {inputs}.",
)


async def facts_of(tx: AsyncSession, ids: Iterable[UUID], moment: Moment) -> dict[UUID, HouseholdFacts]:
    """What formulas may know of these households at a moment; those not known then are left out."""
    return {one.id: _facts(one) for one in await households_of(tx, list(ids), moment)}


def _facts(one: HouseholdOut) -> HouseholdFacts:
    members = [
        MemberFacts(each.relationship, each.sex, each.birth_date, each.birth_precision, each.disability)
        for each in one.members
        if each.status == "active"
    ]
    return HouseholdFacts(one.commune_code, one.answers, members)


async def household_score(tx: AsyncSession, household_id: UUID, moment: Moment, language: str) -> ScoreOut:
    """The decision that holds at a moment, and whether it comes out again."""
    held = (await states(tx, Household, [household_id], moment)).get(household_id)
    if held is None:
        raise NotFound
    values = held.values
    until: date | None = values["score_valid_until"]
    decided = await _decision(tx, held, moment)
    return ScoreOut(
        household_id=household_id,
        household_version=held.version,
        vulnerability_category=values["vulnerability_category"],
        score=values["score"],
        formula_version=values["formula_version"],
        scored_on=values["scored_on"],
        valid_until=until,
        stale=until is not None and moment.day >= until,
        inputs_hash=values["score_inputs_hash"].hex() if values["score_inputs_hash"] else None,
        decided_at=decided,
        recomputation=await _recomputed(tx, held, decided, language),
    )


async def _decision(tx: AsyncSession, held: State, moment: Moment) -> datetime | None:
    """When the score that is held was computed for this household: by the first of the scorings whose states have it.

    None where it never was.
    """
    values = held.values
    if values["score_inputs_hash"] is None:
        return None
    wanted = {
        "score_inputs_hash": values["score_inputs_hash"].hex(),
        "formula_version": values["formula_version"],
        "scored_on": values["scored_on"].isoformat(),
    }
    now_held = select(Household.change_id).where(
        Household.id == held.id,
        Household.score_inputs_hash == values["score_inputs_hash"],
        Household.formula_version == values["formula_version"],
        Household.scored_on == values["scored_on"],
    )
    was_held = select(PastState.change_id).where(
        PastState.record_id == held.id,
        *(PastState.state[name].astext == cast(value, SqlText) for name, value in wanted.items()),
    )
    changes = union_all(now_held, was_held).subquery()
    made = select(func.min(Change.made_at)).where(
        Change.id.in_(select(changes.c.change_id)), Change.kind == "scoring", Change.made_at <= moment.known
    )
    found: datetime | None = await tx.scalar(made)
    return found


async def _recomputed(tx: AsyncSession, held: State, decided: datetime | None, language: str) -> Recomputation:
    values = held.values
    if values["score_inputs_hash"] is None:
        return _impossible("score_from_outside", FROM_OUTSIDE, language)
    formula = formulas().get(values["formula_version"])
    if formula is None:
        return _impossible("formula_not_published", FORMULA_GONE, language)
    if decided is None:
        return _impossible("score_taken_over", TAKEN_OVER, language)
    then = Moment(values["scored_on"], decided)
    facts = (await facts_of(tx, [held.id], then))[held.id]
    inputs = inputs_of(formula, facts, values["scored_on"])
    if inputs.missing:
        named = ", ".join(one.label.text.in_(language) for one in inputs.missing)
        return _impossible("score_inputs_missing", INPUTS_GONE.format(inputs=named), language)
    again = score(formula, inputs)
    return Recomputation(
        reproduces=_same(again, inputs.hash(), values),
        as_of=values["scored_on"],
        known_at=decided,
        score=again.score,
        vulnerability_category=again.category,
        inputs_hash=inputs.hash().hex(),
        constant=formula.constant,
        lines=[
            LineOut(
                input=one.input.name,
                label=one.input.label.text.in_(language),
                value=one.value,
                contribution=one.contribution,
            )
            for one in again.lines
        ],
    )


def _same(again: Scored, inputs_hash: bytes, values: Any) -> bool:
    held = (values["score"], values["vulnerability_category"], values["score_inputs_hash"])
    return (again.score, again.category, inputs_hash) == held


def _impossible(code: str, reason: Text, language: str) -> Recomputation:
    return Recomputation(reproduces=None, code=code, reason=reason.in_(language))
