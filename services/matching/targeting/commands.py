"""Steps of a targeting list, from the request to its end."""

import secrets
from typing import Any
from uuid import UUID

from sqlalchemy import Text, and_, cast, delete, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.models import Household, Member
from services.matching.rules.targeting import STATUS_WORDS, ListStatus, may_become, next_words
from services.matching.targeting import errors
from services.matching.targeting.models import TargetedHousehold, TargetingList
from services.matching.targeting.schemas import ListIn, NarrowIn
from services.matching.targeting.terms import (
    agreement_of,
    refuse_areas,
    refuse_out_of_force,
    refuse_quotas,
    refuse_request,
    refuse_wider,
)
from shared.agreements import Agreement
from shared.clock import now
from shared.contracts.matching import ListsChanged
from shared.errors import NotFound
from shared.etags import refuse_stale
from shared.history import History
from shared.identity import Caller
from shared.ids import new_id
from shared.outbox import record

ITSELF = "matching"
SEED_BYTES = 32
NARROWED = ("areas", "number", "quotas", "fields")


async def ask(tx: AsyncSession, asked: ListIn, *, by: Caller) -> TargetingList:
    """Ask for a list under the agreement named; it is counted in the background. Raises what terms.refuse_request does."""
    agreement = agreement_of(by)
    await refuse_request(tx, asked, agreement, by, now().date())
    terms = asked.model_dump(mode="json", exclude={"official"})
    made = TargetingList(
        id=new_id(),
        version=0,
        status=ListStatus.REQUESTED,
        partner=by.name,
        official=asked.official,
        program=asked.program,
        provider=agreement.provider,
        agreement=agreement.told(),
        purpose=by.purpose,
        asked=terms,
        terms=terms,
        seed=secrets.token_bytes(SEED_BYTES),
        asked_at=now(),
    )
    tx.add(made)
    turn(tx, made, ListStatus.REQUESTED, by=by.name, official=asked.official)
    await tx.flush()
    return made


async def narrow(tx: AsyncSession, list_id: UUID, asked: NarrowIn, *, by: Caller, if_match: str) -> TargetingList:
    """Take away from what was asked; it is counted anew. NotNarrower, QuotasNeeded, and what quotas and steps refuse."""
    found = await reviewed(tx, list_id, by, if_match)
    _refuse_step(found, ListStatus.REQUESTED)
    given = asked.model_dump(mode="json", include=set(NARROWED), exclude_none=True)
    numbered = isinstance(found.terms["quotas"], list)
    if numbered and "quotas" not in given and {"areas", "number"} & set(given):
        raise errors.QuotasNeeded(pointer="/quotas")
    narrowed = found.terms | given
    await refuse_wider(tx, found.terms, narrowed)
    await refuse_areas(tx, narrowed["areas"], (), found.agreement["id"])
    if "quotas" in given:
        await refuse_quotas(tx, narrowed)
    found.terms, found.counts, found.counted_at = narrowed, None, None
    await tx.execute(delete(TargetedHousehold).where(TargetedHousehold.list_id == list_id))
    turn(tx, found, ListStatus.REQUESTED, by=by.name, official=asked.official, reason=asked.reason)
    return found


async def approve(tx: AsyncSession, list_id: UUID, official: str, *, by: Caller, if_match: str) -> TargetingList:
    """Approve what was counted. OwnList where it is the requester herself, AgreementOver."""
    found = await reviewed(tx, list_id, by, if_match)
    _refuse_requester(found, official, by)
    _refuse_step(found, ListStatus.APPROVED)
    refuse_out_of_force(Agreement.read(found.agreement), now().date())
    found.approved_by, found.approving_official, found.approved_at = by.name, official, now()
    turn(tx, found, ListStatus.APPROVED, by=by.name, official=official)
    return found


async def reject(
    tx: AsyncSession, list_id: UUID, official: str, reason: str, *, by: Caller, if_match: str
) -> TargetingList:
    found = await reviewed(tx, list_id, by, if_match)
    _refuse_requester(found, official, by)
    _refuse_step(found, ListStatus.REJECTED)
    turn(tx, found, ListStatus.REJECTED, by=by.name, official=official, reason=reason)
    return found


async def withdraw(
    tx: AsyncSession, list_id: UUID, official: str, reason: str, *, by: Caller, if_match: str
) -> TargetingList:
    """The recipient no longer wants it."""
    found = await _own(tx, list_id, by, if_match)
    _refuse_step(found, ListStatus.WITHDRAWN)
    turn(tx, found, ListStatus.WITHDRAWN, by=by.name, official=official, reason=reason)
    return found


async def release(tx: AsyncSession, list_id: UUID, official: str, *, by: Caller, if_match: str) -> TargetingList:
    """Freeze what is told of each household, and let the recipient read it. OwnList, AgreementOver."""
    found = await reviewed(tx, list_id, by, if_match)
    _refuse_requester(found, official, by)
    _refuse_step(found, ListStatus.RELEASED)
    refuse_out_of_force(Agreement.read(found.agreement), now().date())
    await _freeze(tx, found)
    found.released_at = now()
    turn(tx, found, ListStatus.RELEASED, by=by.name, official=official)
    return found


async def _freeze(tx: AsyncSession, found: TargetingList) -> None:
    """What the agreement lets be told of each, as it is today. Who has left the registry since the count is off the list."""
    fields = set(found.terms["fields"])
    head = (
        select(Member.household_id, Member.name_fr, Member.name_ar)
        .where(Member.relationship == "head")
        .ext(distinct_on(Member.household_id))
        .order_by(Member.household_id, Member.id)
        .subquery()
    )
    named = "head_name" in fields
    nothing = cast(None, Text)
    told = (
        select(
            Household.id,
            Household.number,
            (head.c.name_fr if named else nothing).label("name_fr"),
            (head.c.name_ar if named else nothing).label("name_ar"),
            Household.commune_code,
            (Household.village if "village" in fields else nothing).label("village"),
            Household.size,
        )
        .outerjoin(head, head.c.household_id == Household.id)
        .subquery()
    )
    of_list = TargetedHousehold.list_id == found.id
    await tx.execute(
        update(TargetedHousehold)
        .where(and_(of_list, told.c.id == TargetedHousehold.household_id))
        .values(
            household_number=told.c.number,
            head_name_fr=told.c.name_fr,
            head_name_ar=told.c.name_ar,
            commune_code=told.c.commune_code,
            village=told.c.village,
            size=told.c.size,
        )
        .execution_options(synchronize_session=False)
    )
    await tx.execute(delete(TargetedHousehold).where(of_list, TargetedHousehold.household_number.is_(None)))


async def close(tx: AsyncSession, list_id: UUID, official: str, *, by: Caller, if_match: str) -> TargetingList:
    """Nothing is left to do: the recipient reads it no more, and the names kept for it are gone."""
    found = await _own(tx, list_id, by, if_match)
    _refuse_step(found, ListStatus.CLOSED)
    turn(tx, found, ListStatus.CLOSED, by=by.name, official=official)
    await _forget_names(tx, list_id)
    return found


async def revoke(
    tx: AsyncSession, list_id: UUID, official: str, reason: str, *, by: Caller, if_match: str
) -> TargetingList:
    """Take a list back: from the commit on it is told to nobody, and the names kept for it are gone."""
    found = await reviewed(tx, list_id, by, if_match)
    _refuse_step(found, ListStatus.REVOKED)
    found.revoked_at = now()
    turn(tx, found, ListStatus.REVOKED, by=by.name, official=official, reason=reason)
    await _forget_names(tx, list_id)
    return found


async def _forget_names(tx: AsyncSession, list_id: UUID) -> None:
    await tx.execute(
        update(TargetedHousehold)
        .where(TargetedHousehold.list_id == list_id)
        .values(head_name_fr=None, head_name_ar=None, village=None)
        .execution_options(synchronize_session=False)
    )


async def reviewed(tx: AsyncSession, list_id: UUID, by: Caller, if_match: str) -> TargetingList:
    """The list, for its provider. NotFound where it is neither the caller's data nor its list, NotYoursToReview where it is
    the recipient's."""
    found = await tx.get(TargetingList, list_id, with_for_update=True)
    if found is None or by.name not in (found.provider, found.partner):
        raise NotFound
    if by.name != found.provider:
        raise errors.NotYoursToReview(provider=found.provider)
    refuse_stale(if_match, found.version)
    return found


async def _own(tx: AsyncSession, list_id: UUID, by: Caller, if_match: str) -> TargetingList:
    found = await tx.get(TargetingList, list_id, with_for_update=True)
    if found is None or by.name != found.partner:
        raise NotFound
    refuse_stale(if_match, found.version)
    return found


def _refuse_requester(found: TargetingList, official: str, by: Caller) -> None:
    if (found.partner, found.official) == (by.name, official):
        raise errors.OwnList(pointer="/official")


def _refuse_step(found: TargetingList, wanted: ListStatus) -> None:
    if not may_become(found.status, wanted):
        raise errors.ListStepRefused(
            status=STATUS_WORDS[found.status], wanted=STATUS_WORDS[wanted], following=next_words(found.status)
        )


def turn(
    tx: AsyncSession,
    found: TargetingList,
    to: ListStatus,
    *,
    by: str,
    official: str | None = None,
    reason: str | None = None,
) -> None:
    """Move a list on, with its history and its event."""
    change: dict[str, Any] = {"to": to.value, "official": official, "reason": reason}
    found.status, found.version = to, found.version + 1
    tx.add(History(aggregate_id=found.id, version=found.version, batch_id=new_id(), changed_by=by, change=change))
    record(
        tx,
        ListsChanged(
            list_id=found.id,
            version=found.version,
            status=to.value,
            partner=found.partner,
            provider=found.provider,
            program=found.program,
        ),
    )
