"""What persons decide on links: questions answered, links made and taken away by hand, steps undone.

Every step is a row; what stands of them is put where the linker reads it, and the linker decides the row anew in the same
transaction. So a decision holds against whatever comes later, and to undo it is to link without it.
"""

import hashlib
import json
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.decision_errors import (
    AdjudicationClosed,
    AdjudicationWaits,
    IndividualRefused,
    NotACandidate,
    NothingLinked,
    NothingToUndoHere,
    NotLinkedByHand,
    SamePersonAgain,
)
from services.matching.decision_models import Adjudication
from services.matching.holding import decided_about, standing, steps_of
from services.matching.linking import link_rows
from services.matching.locking import hold_linking_lock
from services.matching.models import Beneficiary, Household, LinkStatus
from services.matching.rules.adjudicating import ASKED, AdjudicationStatus
from services.matching.rules.deciding import rank_of
from services.matching.rules.persons import OPINIONS, Said, UnlinkReason
from services.matching.stepping import PLACES, Person, Saying, compared, question_about, settle, take
from shared.clock import now
from shared.errors import NotFound
from shared.etags import refuse_stale


async def decide(
    tx: AsyncSession, adjudication_id: UUID, saying: Saying, *, person: Person, if_match: str
) -> Adjudication:
    """Answer a question. NotFound, PreconditionFailed, AdjudicationClosed, NotACandidate, SamePersonAgain."""
    question, beneficiary = await _question(tx, adjudication_id, person)
    refuse_stale(if_match, await seen(tx, question, beneficiary))
    if question.status not in ASKED:
        raise AdjudicationClosed
    steps = await steps_of(tx, beneficiary)
    waiting = standing(steps).waiting
    if waiting is not None and waiting.by == person.by and saying.said in OPINIONS:
        raise SamePersonAgain(pointer="/official")
    chosen = _chosen(question, saying) if saying.said in (Said.SAME, Said.DIFFERENT) else None
    found = await compared(tx, beneficiary, UUID(chosen["individual_id"])) if chosen else []
    first = next((one for one in found if chosen and str(one.individual.household_id) == chosen["household_id"]), None)
    if chosen and first is None:
        raise NotACandidate(pointer="/individual_id")
    saying = Saying(
        saying.said,
        first.individual.individual_id if first else None,
        first.individual.household_id if first else None,
        note=saying.note,
    )
    return await take(tx, beneficiary, question, steps, saying, first.comparison if first else None, person)


async def link(tx: AsyncSession, enrollment_id: UUID, saying: Saying, *, person: Person, if_match: str) -> Beneficiary:
    """Link a beneficiary by hand; where the cost is high, a second person confirms it as a question.

    NotFound, PreconditionFailed, NotACandidate (the registry has no such individual), IndividualRefused, AdjudicationWaits.
    """
    beneficiary = await _mine(tx, enrollment_id, person)
    refuse_stale(if_match, beneficiary.link_version)
    question, steps = await question_about(tx, enrollment_id), await steps_of(tx, beneficiary)
    if standing(steps).waiting is not None:
        raise AdjudicationWaits
    assert saying.individual_id is not None
    found = await compared(tx, beneficiary, saying.individual_id)
    if not found:
        raise NotACandidate(pointer="/individual_id")
    own = {one.id for one in steps}
    refused = (await decided_about(tx, [beneficiary], but=own)).get(enrollment_id)
    allowed = [one for one in found if refused is None or not refused.refused.holds_for(one.individual)]
    if not allowed:
        raise IndividualRefused(pointer="/individual_id")
    best = min(allowed, key=rank_of)
    saying = Saying(Said.LINKED, best.individual.individual_id, best.individual.household_id, note=saying.note)
    await take(tx, beneficiary, question, steps, saying, best.comparison, person)
    return beneficiary


async def unlink(
    tx: AsyncSession, enrollment_id: UUID, saying: Saying, *, person: Person, if_match: str
) -> Beneficiary:
    """Take a link away: whom it led to is refused, unless it was a mistake of a person's, which is as if it had not been.

    NotFound, PreconditionFailed, NothingLinked, NotLinkedByHand.
    """
    beneficiary = await _mine(tx, enrollment_id, person)
    refuse_stale(if_match, beneficiary.link_version)
    if beneficiary.decided_as != LinkStatus.LINKED or beneficiary.individual_id is None:
        raise NothingLinked
    question, steps = await question_about(tx, enrollment_id), await steps_of(tx, beneficiary)
    if saying.reason == UnlinkReason.MISTAKE and standing(steps).before_link is None:
        raise NotLinkedByHand(pointer="/reason")
    saying = Saying(Said.UNLINKED, beneficiary.individual_id, beneficiary.household_id, saying.reason, saying.note)
    await take(tx, beneficiary, question, steps, saying, None, person)
    return beneficiary


async def undo(
    tx: AsyncSession, beneficiary: Beneficiary, question: Adjudication | None, *, person: Person
) -> Beneficiary:
    """Take the last step on a beneficiary back, whoever took it: what stood before stands again. NothingToUndoHere."""
    steps = await steps_of(tx, beneficiary)
    last = next((one for one in reversed(steps) if one.undone_at is None and one.said != Said.RESET), None)
    if last is None:
        raise NothingToUndoHere
    last.undone_at, (last.undone_by, last.undone_official) = now(), person.by
    await tx.flush()
    await settle(tx, beneficiary, question, steps, None, person)
    if question is not None and question.status != AdjudicationStatus.OPEN and last.candidates is not None:
        question.candidates = last.candidates  # of an open one the linker has just found them anew
        await tx.flush()
    return beneficiary


async def undo_on_question(tx: AsyncSession, adjudication_id: UUID, *, person: Person, if_match: str) -> Adjudication:
    question, beneficiary = await _question(tx, adjudication_id, person)
    refuse_stale(if_match, await seen(tx, question, beneficiary))
    await undo(tx, beneficiary, question, person=person)
    return question


async def undo_on_link(tx: AsyncSession, enrollment_id: UUID, *, person: Person, if_match: str) -> Beneficiary:
    beneficiary = await _mine(tx, enrollment_id, person)
    refuse_stale(if_match, beneficiary.link_version)
    return await undo(tx, beneficiary, await question_about(tx, enrollment_id), person=person)


async def seen(tx: AsyncSession, question: Adjudication, beneficiary: Beneficiary) -> str:
    """What whoever decides must have seen: the question, the row as listed, the candidates' households as they are now."""
    homes = [UUID(one["household_id"]) for one in question.candidates]
    rows = await tx.execute(
        select(Household.id, Household.version).where(Household.id.in_(homes)).order_by(Household.id)
    )
    told = json.dumps([[str(id_), version] for id_, version in rows]).encode()
    return f"{question.version}-{beneficiary.version}-{hashlib.blake2b(told, digest_size=6).hexdigest()}"


async def _mine(tx: AsyncSession, enrollment_id: UUID, person: Person) -> Beneficiary:
    """A beneficiary of a program the caller keeps, compared with what is held by now; under the linking lock."""
    await hold_linking_lock(tx)
    found = await tx.get(Beneficiary, enrollment_id, with_for_update=True, populate_existing=True)
    if found is None or found.program not in person.caller.programs:
        raise NotFound
    if found.link_status == LinkStatus.PENDING:
        await link_rows(tx, PLACES, [found])
        await tx.refresh(found)
    return found


async def _question(tx: AsyncSession, adjudication_id: UUID, person: Person) -> tuple[Adjudication, Beneficiary]:
    enrollment_id = await tx.scalar(select(Adjudication.enrollment_id).where(Adjudication.id == adjudication_id))
    if enrollment_id is None:
        raise NotFound
    beneficiary = await _mine(tx, enrollment_id, person)
    question = await question_about(tx, enrollment_id)
    assert question is not None
    return question, beneficiary


def _chosen(question: Adjudication, saying: Saying) -> dict[str, Any]:
    """The candidate meant: the best one where none is named."""
    wanted = str(saying.individual_id) if saying.individual_id else None
    for one in question.candidates:
        if wanted in (None, one["individual_id"]):
            return one
    raise NotACandidate(pointer="/individual_id")
