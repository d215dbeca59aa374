"""The queue of questions to persons, kept current with every decision of the linker."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as insert_once
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.decision_models import Adjudication, ClusterMember, ClusterQueue, PersonStep
from services.matching.holding import person_version
from services.matching.models import Beneficiary
from services.matching.rules.adjudicating import ASKED, AdjudicationStatus, Outcome
from services.matching.rules.deciding import Decision, OpenedFor
from services.matching.rules.facts import BeneficiaryFacts
from services.matching.rules.persons import Said
from shared.clock import now
from shared.contracts.matching import AdjudicationsOpened
from shared.database import any_of
from shared.ids import new_id
from shared.outbox import record

ITSELF = "matching"
"""Who takes a step that no person takes."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A beneficiary, what its list says of it, and the decision on it."""

    beneficiary: Beneficiary
    facts: BeneficiaryFacts
    decision: Decision


async def put_questions(tx: AsyncSession, judged: Sequence[Judged]) -> None:
    """Open a question where the machine leaves a beneficiary to a person, settle it where it no longer does, and announce
    how many were opened, per institution. A question is opened again only for what is new."""
    ids = [one.beneficiary.id for one in judged]
    rows = await tx.scalars(
        select(Adjudication)
        .where(Adjudication.enrollment_id == any_of(ids))
        .order_by(Adjudication.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    held = {one.enrollment_id: one for one in rows}
    opened = Counter[str]()
    new, voided, at = list[dict[str, Any]](), list[UUID](), now()
    for one in judged:
        beneficiary, question = one.beneficiary, held.get(one.beneficiary.id)
        if question is None and one.decision.kind == "adjudicate":
            new.append(_new_question(one, at))
            opened[beneficiary.institution] += 1
        elif question is not None:
            before = question.status
            if _bring_up_to_date(question, one, at):
                voided.append(beneficiary.id)
            opened[beneficiary.institution] += before not in ASKED and question.status in ASKED
    if new:
        await tx.execute(insert(Adjudication), new)
    await _void(tx, voided, at)
    await tx.flush()
    for institution, count in opened.items():
        if count:
            record(tx, AdjudicationsOpened(institution=institution, batch_id=new_id(), opened=count))


def candidates_of(decision: Decision) -> list[dict[str, Any]]:
    """The best few, as a question keeps them."""
    return [
        {
            "individual_id": str(one.individual.individual_id),
            "household_id": str(one.individual.household_id),
            "probability": round(one.comparison.probability, 6),
        }
        for one in decision.ranked
    ]


def cost_of(beneficiary: Beneficiary) -> Decimal:
    """What a wrong answer costs in a month."""
    return (beneficiary.monthly_value_mru or Decimal(0)) if beneficiary.active else Decimal(0)


def _new_question(one: Judged, at: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "enrollment_id": one.beneficiary.id,
        "program": one.beneficiary.program,
        "version": 1,
        "status": AdjudicationStatus.OPEN,
        "opened_for": one.decision.opened_for,
        "outcome": None,
        "disputed": False,
        "skips": 0,
        "candidates": candidates_of(one.decision),
        "opened_at": at,
        "decided_at": None,
    } | _worth(one)


def _worth(one: Judged) -> dict[str, Any]:
    """What the queue is ordered and asked by."""
    return {
        "person_version": person_version(one.beneficiary),
        "cost_mru": cost_of(one.beneficiary),
        "wilaya_code": one.facts.wilaya_code,
        "moughataa_code": one.facts.moughataa_code,
        "commune_code": one.facts.commune_code,
    }


def _bring_up_to_date(question: Adjudication, one: Judged, at: datetime) -> bool:
    """Whether a first person's decision is void, because what it was made on has changed."""
    another = question.person_version != person_version(one.beneficiary)
    for name, value in _worth(one).items():
        setattr(question, name, value)
    if question.opened_for == OpenedFor.BY_HAND and question.status in ASKED and not another:
        return False  # not the machine's doubt: what one person said, and another one is to confirm
    if one.decision.kind != "adjudicate":
        if question.status in ASKED:
            waited = question.status == AdjudicationStatus.AWAITING_SECOND
            question.status, question.version = AdjudicationStatus.SETTLED, question.version + 1
            return waited
        return False
    candidates, opened_for = candidates_of(one.decision), one.decision.opened_for
    changed = another or candidates != question.candidates
    if question.status in ASKED:
        if not changed and opened_for in (question.opened_for, OpenedFor.DOUBTFUL):
            return False
        waited = question.status == AdjudicationStatus.AWAITING_SECOND
        _open(question, candidates, OpenedFor.EVIDENCE_CHANGED if waited else opened_for, question.opened_at)
        return waited
    if question.outcome == Outcome.CANNOT_TELL and question.status == AdjudicationStatus.DECIDED:
        if changed:
            _open(question, candidates, OpenedFor.EVIDENCE_CHANGED, at)
        return False
    _open(question, candidates, opened_for, at)
    return False


def _open(question: Adjudication, candidates: list[dict[str, Any]], opened_for: OpenedFor, at: datetime) -> None:
    question.status, question.opened_for, question.opened_at = AdjudicationStatus.OPEN, opened_for, at
    question.candidates, question.outcome, question.decided_at = candidates, None, None
    question.version += 1


async def _void(tx: AsyncSession, enrollment_ids: Sequence[UUID], at: datetime) -> None:
    """Note that what a first person decided waits no more."""
    if not enrollment_ids:
        return
    last = await tx.execute(
        select(PersonStep.enrollment_id, PersonStep.number, PersonStep.person_version)
        .where(PersonStep.enrollment_id == any_of(enrollment_ids))
        .ext(distinct_on(PersonStep.enrollment_id))
        .order_by(PersonStep.enrollment_id, PersonStep.number.desc())
    )
    tx.add_all(
        PersonStep(
            id=new_id(),
            enrollment_id=enrollment_id,
            number=number + 1,
            person_version=receiving,
            said=Said.RESET,
            needs_second=False,
            decided_by=ITSELF,
            official=ITSELF,
            decided_at=at,
            levels={},
        )
        for enrollment_id, number, receiving in last
    )


async def ask_for_clusters(tx: AsyncSession, numbered: set[UUID], others: set[UUID]) -> None:
    """Have the clusters of these rows found anew; of `others`, which name no number by now, where they are in one."""
    if others:
        members = select(ClusterMember.enrollment_id).where(ClusterMember.enrollment_id == any_of(others))
        numbered = numbered | set(await tx.scalars(members))
    if numbered:
        rows = [{"enrollment_id": id_} for id_ in sorted(numbered)]
        await tx.execute(insert_once(ClusterQueue).on_conflict_do_nothing(), rows)
