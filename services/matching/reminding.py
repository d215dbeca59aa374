"""Deadlines and reminders: what institutions owe one another is announced once when it is late, by whoever looks first."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, case, exists, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.case_models import OverlapCase, Reminder
from services.matching.errors import DeadlinesNotYours
from services.matching.models import Referral, ReferralDeadlines
from services.matching.overlap_cases import WAITING
from services.matching.referring import IS_OPEN, receives
from services.matching.rules.referring import DUE_STEPS, UNSET, ReferralStatus
from services.matching.schemas import DeadlinesIn
from shared.clock import now
from shared.contracts.event import Event
from shared.contracts.matching import OverlapCasesDue, ReferralsDue
from shared.etags import refuse_stale
from shared.identity import Caller
from shared.ids import new_id
from shared.outbox import record
from shared.platform import Platform, Worker

LOOK_SECONDS = 30.0
"""A deadline is a day: half a minute more is nothing."""
CHUNK = 5_000
DAY = timedelta(days=1)
Subject = Literal["referral", "overlap_case", "grievance"]


async def set_deadlines(
    tx: AsyncSession, receiver: str, asked: DeadlinesIn, *, by: Caller, if_match: str
) -> ReferralDeadlines:
    """Set the deadlines of what the caller receives. DeadlinesNotYours, PreconditionFailed."""
    if receiver not in receives(by):
        raise DeadlinesNotYours(pointer="/path/receiver", receiver=receiver)
    # The first to come writes the row that both then wait for.
    first = ReferralDeadlines(receiver=receiver, version=0, set_by=by.name, set_at=now(), **asked.model_dump())
    values = {
        name: getattr(first, name) for name in ("receiver", "version", "set_by", "set_at", *type(asked).model_fields)
    }
    await tx.execute(insert(ReferralDeadlines).values(values).on_conflict_do_nothing())
    found = await tx.get_one(ReferralDeadlines, receiver, with_for_update=True)
    refuse_stale(if_match, found.version)
    for name, days in asked.model_dump().items():
        setattr(found, name, days)
    found.version, found.set_by, found.set_at = found.version + 1, by.name, now()
    await tx.flush()
    return found


def due_of_referrals() -> ColumnElement[datetime | None]:
    """Until when the next step of a referral is to be taken; the query joins ReferralDeadlines. Null where it is not open."""
    since = {"see": Referral.sent_at, "answer": Referral.seen_at, "serve": Referral.accepted_at}
    days = {
        step: func.coalesce(getattr(ReferralDeadlines, f"days_to_{step}"), getattr(UNSET, f"days_to_{step}"))
        for step in since
    }
    steps = {ReferralStatus.SENT: "see", ReferralStatus.SEEN: "answer", ReferralStatus.ACCEPTED: "serve"}
    due: ColumnElement[datetime | None] = case(
        *((Referral.status == status, since[step] + days[step] * literal(DAY)) for status, step in steps.items())
    )
    return due


class Late(NamedTuple):
    """A step that is late, and to whom that is told: a pair of programs, a desk."""

    id: UUID
    step: str
    due_at: datetime
    told_to: tuple[str, str]


async def tell_once(
    tx: AsyncSession, subject: Subject, late: Iterable[Late], event: Callable[[UUID, Sequence[Late]], Event]
) -> int:
    """Announce what is late and nobody was reminded of yet, by whom it is told to; how many."""
    by_receiver: dict[tuple[str, str], list[Late]] = defaultdict(list)
    for one in late:
        by_receiver[one.told_to].append(one)
    told = 0
    for _, its in sorted(by_receiver.items()):
        batch_id = new_id()
        taken = await _claim(tx, subject, its, batch_id)
        if taken:
            record(tx, event(batch_id, taken))
        told += len(taken)
    return told


async def _claim(tx: AsyncSession, subject: Subject, late: Sequence[Late], batch_id: UUID) -> list[Late]:
    """Of what is late, that of which nobody was reminded yet: this transaction reminds of it.

    Another process that looks at the same time waits for this one to commit, and then finds it taken.
    """
    rows = [
        {
            "subject": subject,
            "subject_id": one.id,
            "step": one.step,
            "due_at": one.due_at,
            "batch_id": batch_id,
            "reminded_at": now(),
        }
        for one in sorted(late)
    ]
    statement = insert(Reminder).on_conflict_do_nothing().returning(Reminder.subject_id)
    taken = set(await tx.scalars(statement, rows))
    return [one for one in late if one.id in taken]


def not_reminded(subject: Subject, id_: Any, step: Any, due_at: Any) -> ColumnElement[bool]:
    return ~exists().where(
        Reminder.subject == subject, Reminder.subject_id == id_, Reminder.step == step, Reminder.due_at == due_at
    )


async def remind_of_referrals(tx: AsyncSession) -> int:
    """Announce the referrals whose deadline has passed, by pair; how many."""
    due = due_of_referrals()
    rows: Any = (
        select(Referral.id, Referral.status, due.label("due_at"), Referral.from_program, Referral.to_program)
        .outerjoin(ReferralDeadlines, ReferralDeadlines.receiver == Referral.to_program)
        .where(IS_OPEN, due < now(), not_reminded("referral", Referral.id, Referral.status, due))
        .limit(CHUNK)
    )
    late = [
        Late(id_, str(status), due_at, (sender, receiver))
        for id_, status, due_at, sender, receiver in await tx.execute(rows)
    ]
    return await tell_once(tx, "referral", late, _referrals_due)


def _referrals_due(batch_id: UUID, late: Sequence[Late]) -> ReferralsDue:
    from_program, to_program = late[0].told_to
    counts = Counter(DUE_STEPS[ReferralStatus(one.step)] for one in late)
    return ReferralsDue(batch_id=batch_id, from_program=from_program, to_program=to_program, **counts)


async def remind_of_cases(tx: AsyncSession) -> int:
    """Announce the cases whose deadline has passed, by pair; how many."""
    step = literal("answer")
    rows: Any = (
        select(OverlapCase.id, OverlapCase.due_at, OverlapCase.program_a, OverlapCase.program_b)
        .where(OverlapCase.status.in_(WAITING), OverlapCase.due_at < now())
        .where(not_reminded("overlap_case", OverlapCase.id, step, OverlapCase.due_at))
        .limit(CHUNK)
    )
    late = [Late(id_, "answer", due_at, (a, b)) for id_, due_at, a, b in await tx.execute(rows)]
    return await tell_once(tx, "overlap_case", late, _cases_due)


def _cases_due(batch_id: UUID, late: Sequence[Late]) -> OverlapCasesDue:
    a, b = late[0].told_to
    return OverlapCasesDue(batch_id=batch_id, program_a=a, program_b=b, due=len(late))


def reminder(*kinds: Callable[[AsyncSession], Awaitable[int]]) -> Worker:
    """The worker that reminds of what is late of each kind, for ever."""

    async def remind_worker(platform: Platform) -> None:
        while True:
            for remind in kinds:
                async with platform.database.transaction() as tx:
                    await remind(tx)
            await asyncio.sleep(LOOK_SECONDS)

    return remind_worker
