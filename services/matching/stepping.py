"""A person's step on a beneficiary's link, and everything that follows from it in the same transaction."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.asking import candidates_of, cost_of
from services.matching.candidates import read_people
from services.matching.decision_models import Adjudication, PersonStep
from services.matching.holding import person_version, put_standing
from services.matching.linking import Places, Turn, facts_of, link_rows
from services.matching.modeling import models_in_force
from services.matching.models import Beneficiary, LinkStatus, Member
from services.matching.rules.adjudicating import AdjudicationStatus, outcome_of, status_after
from services.matching.rules.comparing import Comparison
from services.matching.rules.deciding import Decision, OpenedFor, Scored
from services.matching.rules.persons import Said, Stands, UnlinkReason
from services.matching.rules.second_person import SecondPerson, needs_second, read_rules
from services.matching.together import weigh_as_decided
from shared.clock import now
from shared.contracts.matching import AdjudicationDecided
from shared.identity import Caller
from shared.ids import new_id
from shared.outbox import record

PLACES = Places()
"""The places of this process: asked for with every step, and built anew only for another edition."""


@cache
def second_person_rules() -> tuple[SecondPerson, ...]:
    """The rules that ship with this version."""
    return read_rules(json.loads((files("services.matching") / "data" / "second_person.json").read_text("utf-8")))


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts: a partner that keeps programs, and its official by the partner's own staff number."""

    caller: Caller
    official: str

    @property
    def by(self) -> tuple[str, str]:
        return self.caller.name, self.official


@dataclass(frozen=True, slots=True)
class Saying:
    """What a person says, of whom, and why."""

    said: Said
    individual_id: UUID | None = None
    household_id: UUID | None = None
    reason: UnlinkReason | None = None
    note: str | None = None


async def question_about(tx: AsyncSession, enrollment_id: UUID) -> Adjudication | None:
    return await tx.scalar(
        select(Adjudication)
        .where(Adjudication.enrollment_id == enrollment_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def compared(tx: AsyncSession, beneficiary: Beneficiary, individual_id: UUID) -> list[Scored]:
    """The individual in each of its households, compared with the row."""
    facts = facts_of(beneficiary, await PLACES.index(tx))
    members = set(await tx.scalars(select(Member.id).where(Member.individual_id == individual_id)))
    people = list((await read_people(tx, members)).values())
    gave = await weigh_as_decided(tx, beneficiary, facts, people, await models_in_force(tx))
    return [Scored(one, its) for one, its in zip(people, gave, strict=True)]


async def take(
    tx: AsyncSession,
    beneficiary: Beneficiary,
    question: Adjudication | None,
    steps: list[PersonStep],
    saying: Saying,
    comparison: Comparison | None,
    person: Person,
) -> Adjudication:
    """Add the step, and let everything follow from what now stands."""
    levels = {one.field: one.level for one in comparison.evidence} if comparison else {}
    second = needs_second(second_person_rules(), saying.said, beneficiary.monthly_value_mru, levels)
    step = PersonStep(
        id=new_id(),
        enrollment_id=beneficiary.id,
        number=await _next_number(tx, beneficiary),
        person_version=person_version(beneficiary),
        said=saying.said,
        individual_id=saying.individual_id,
        household_id=saying.household_id,
        reason=saying.reason,
        note=saying.note,
        needs_second=second is not None,
        decided_by=person.caller.name,
        official=person.official,
        decided_at=now(),
        levels=levels,
        model_version=comparison.model_version if comparison else None,
        probability=comparison.probability if comparison else None,
        candidates=question.candidates if question else None,
        undone_at=None,
    )
    tx.add(step)
    await tx.flush()
    if question is None and step.needs_second and saying.said == Said.LINKED:
        question = await _ask_by_hand(tx, beneficiary)
    return await settle(tx, beneficiary, question, [*steps, step], step, person)  # type: ignore[return-value]


async def _next_number(tx: AsyncSession, beneficiary: Beneficiary) -> int:
    last = select(func.max(PersonStep.number)).where(PersonStep.enrollment_id == beneficiary.id)
    return (await tx.scalar(last) or 0) + 1


async def _ask_by_hand(tx: AsyncSession, beneficiary: Beneficiary) -> Adjudication:
    """A question nobody had: in it a second person confirms a link made by hand."""
    facts, at = facts_of(beneficiary, await PLACES.index(tx)), now()
    question = Adjudication(
        id=new_id(),
        enrollment_id=beneficiary.id,
        program=beneficiary.program,
        version=0,
        status=AdjudicationStatus.SETTLED,
        opened_for=OpenedFor.BY_HAND,
        disputed=False,
        skips=0,
        person_version=person_version(beneficiary),
        cost_mru=cost_of(beneficiary),
        wilaya_code=facts.wilaya_code,
        moughataa_code=facts.moughataa_code,
        commune_code=facts.commune_code,
        candidates=[],
        opened_at=at,
    )
    tx.add(question)
    await tx.flush()
    return question


async def settle(
    tx: AsyncSession,
    beneficiary: Beneficiary,
    question: Adjudication | None,
    steps: Sequence[PersonStep],
    step: PersonStep | None,
    person: Person,
) -> Adjudication | None:
    """Put what stands, link the row anew, bring the question up to date and announce. `step`: None for an undo."""
    opened_at, version = (question.opened_at, question.version) if question else (None, 0)
    if question is not None:
        _leave_to_linker(question)
        await tx.flush()
    stands = await put_standing(tx, beneficiary, steps)
    turns = step is None or _takes_effect(stands, step)
    await link_rows(tx, PLACES, [beneficiary], Turn(person.caller.name, _details(step, person)) if turns else None)
    await tx.refresh(beneficiary)
    if question is None:
        question = await question_about(tx, beneficiary.id)
    if question is not None:
        await _follow(tx, beneficiary, question, stands, step)
        question.opened_at = opened_at or question.opened_at
        question.version = version + 1
        record(
            tx,
            AdjudicationDecided(
                version=question.version,
                institution=beneficiary.institution,
                program=beneficiary.program,
                adjudication_id=question.id,
                outcome=_told(stands, step),
            ),
        )
        await tx.flush()
    return question


def _leave_to_linker(question: Adjudication) -> None:
    """What follows from the step is for `_follow` to say: to the linker no first person waits any more."""
    if question.opened_for == OpenedFor.BY_HAND:
        question.opened_for, question.status = OpenedFor.DOUBTFUL, AdjudicationStatus.OPEN
    if question.status == AdjudicationStatus.AWAITING_SECOND:
        question.status = AdjudicationStatus.OPEN


def _takes_effect(stands: Stands, step: PersonStep) -> bool:
    return stands.waiting is None and not stands.disputed and step.said != Said.SKIPPED


def _details(step: PersonStep | None, person: Person) -> dict[str, Any]:
    if step is None:
        return {"said": "undone", "official": person.official}
    return {
        "said": str(step.said),
        "official": person.official,
        "step_id": str(step.id),
        "reason": str(step.reason) if step.reason else None,
    }


def _told(stands: Stands, step: PersonStep | None) -> str:
    if step is None or step.reason == UnlinkReason.MISTAKE:
        return "undone"
    if stands.waiting is not None and step.said != Said.SKIPPED:
        return AdjudicationStatus.AWAITING_SECOND.value
    if stands.disputed:
        return "disputed"
    return {Said.LINKED: "same", Said.UNLINKED: "different"}.get(step.said, str(step.said))


async def _follow(
    tx: AsyncSession, beneficiary: Beneficiary, question: Adjudication, stands: Stands, step: PersonStep | None
) -> None:
    """The question as it stands after a step, whatever the linker made of its row."""
    in_doubt = beneficiary.decided_as == LinkStatus.TO_ADJUDICATE
    question.status = status_after(stands, in_doubt=in_doubt)
    question.disputed, question.skips = stands.disputed, stands.skips
    question.outcome, question.decided_at = None, None
    if question.status == AdjudicationStatus.DECIDED:
        question.outcome, question.decided_at = outcome_of(stands), step.decided_at if step else now()
    if stands.disputed and not in_doubt:
        question.opened_for = OpenedFor.BY_HAND
    waiting = stands.waiting
    if waiting is not None and waiting.said == Said.LINKED:
        question.opened_for = OpenedFor.BY_HAND
        assert waiting.individual_id is not None
        found = [
            one
            for one in await compared(tx, beneficiary, waiting.individual_id)
            if one.individual.household_id == waiting.household_id
        ]
        theirs = candidates_of(Decision("adjudicate", ranked=tuple(found)))
        others = [one for one in question.candidates if one["individual_id"] != str(waiting.individual_id)]
        question.candidates = [*theirs, *others]
