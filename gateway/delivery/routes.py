"""The feed: enrollment changes for subscribers, by cursor."""

import time
from datetime import datetime
from typing import Annotated
from uuid import UUID, uuid5

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from gateway.acting import CASE, OFFICIAL, acting
from gateway.agreements.admitting import Admission, Subscription, named_by
from gateway.aliases.queries import aliases
from gateway.delivery import queries
from gateway.delivery.bell import Bell
from gateway.delivery.models import FeedRow
from gateway.disclosures.disclosure import Disclosure
from gateway.partners.file import Partners
from gateway.releasing import REFUSED
from shared.errors import Refusal
from shared.identity import Caller, permitted
from shared.pagination import LARGEST_PAGE, Limit, decode_cursor, encode_cursor
from shared.platform import Platform
from shared.tracing import current_trace_id

router = APIRouter(prefix="/v1/events", tags=["events"])

LONGEST_WAIT_SECONDS = 30
TOLD = ("change", "program", "time", "type", "version")
"""What the feed tells of an enrollment, for the log."""
LOOK_AGAIN_SECONDS = 2.0
"""A waiting reader looks this often whether its caller is still there, and at the feed, should no bell have rung."""


class ChangeOut(BaseModel):
    """`from` is null where the enrollment is new."""

    from_: str | None = Field(serialization_alias="from")
    to: str
    reason: str | None


class EventOut(BaseModel):
    """An enrollment changed. Whoever needs more fetches it under its agreement.

    `subject` is the caller's own lasting name of the enrollment; `version` counts the enrollment's changes.
    """

    id: UUID
    type: str
    time: datetime
    program: str
    subject: UUID
    version: int
    change: ChangeOut


class Checkpoint(BaseModel):
    """`count` events of this subscription lie in the feed up to `sequence`; a subscriber who has as many missed none."""

    sequence: int
    count: int


class FeedPage(BaseModel):
    """`programs` are those the page tells of; others come under their agreements. `next_cursor`
    always leads on, also where nothing new was there for the caller."""

    programs: list[str]
    items: list[EventOut]
    next_cursor: str
    checkpoint: Checkpoint


After = Annotated[
    str | None, Query(max_length=500, description="next_cursor of the page before; absent: from the start.")
]
Wait = Annotated[int, Query(ge=0, le=LONGEST_WAIT_SECONDS, description="Seconds to wait where nothing is new.")]


@router.get("")
async def read_events(
    request: Request,
    by: Annotated[Caller, permitted("events:read")],
    after: After = None,
    limit: Limit = LARGEST_PAGE,
    wait: Wait = 0,
) -> FeedPage:
    """Enrollment changes of the programs the caller subscribes to, in order, each once per cursor: of its own programs, or of
    another institution's under the agreement and purpose that the request names.

    Replay is asking an older cursor. With `wait` the answer comes as soon as there is something to tell.
    """
    state = request.app.state
    place = decode_cursor(after, _place)[0] if after else 0
    bell: Bell = state.bell
    deadline = time.monotonic() + wait
    while True:
        heard = bell.rings
        subscription = await _subscription(
            request, by, limit
        )  # anew at each look: it may have been suspended meanwhile
        page = await _page(request, by, subscription, place)
        left = deadline - time.monotonic()
        if page.items or left <= 0 or state.platform.stopping.is_set() or await request.is_disconnected():
            return page
        # No transaction is open here: a hundred waiting readers hold no connection.
        await bell.wait(heard, min(left, LOOK_AGAIN_SECONDS))


async def _subscription(request: Request, by: Caller, limit: int) -> Subscription:
    """What the caller may be told of; a refusal is in the log before the caller hears of it."""
    state = request.app.state
    admission: Admission = state.admission
    partners: Partners = state.partners
    try:
        return admission.subscribed(partners[by.name], named_by(dict(request.scope)), limit)
    except Refusal as refusal:
        if refusal.status in REFUSED:
            refused = _reader(request, by)._replace(decision="refused", code=refusal.code, subjects=0)
            await state.recorder.record([refused])
        raise


def _reader(request: Request, by: Caller) -> Disclosure:
    """What the log says of a reader, whatever she is told of."""
    return Disclosure(
        partner=by.name,
        route="GET /v1/events",
        request=current_trace_id(),
        official=acting(dict(request.scope), OFFICIAL) or "",
        case=acting(dict(request.scope), CASE) or "",
    )


async def _page(request: Request, by: Caller, subscription: Subscription, place: int) -> FeedPage:
    """A page, once its enrollments are counted and the log says that the caller was told of them."""
    state, allowed = request.app.state, subscription.allowed
    platform: Platform = state.platform
    async with platform.database.transaction() as tx:
        reading = await queries.read(tx, subscription.programs, after=place, limit=subscription.most)
        names = await aliases(tx, by.name, {row.enrollment_id for row in reading.rows})
    told = {str(row.enrollment_id) for row in reading.rows}
    await state.admission.spend(allowed, len(told))
    reader = _reader(request, by)._replace(
        purpose=allowed.purpose,
        legal_basis=allowed.under.terms.legal_basis.reference,
        agreement=allowed.under.id,
        version=allowed.under.version,
        subject_kind="enrollment",
        attributes=TOLD,
    )
    await state.recorder.record([reader._replace(subject=one) for one in sorted(told)])
    return FeedPage(
        programs=sorted(subscription.programs),
        items=[_event(row, names[row.enrollment_id]) for row in reading.rows],
        next_cursor=encode_cursor(reading.reached),
        checkpoint=Checkpoint(sequence=reading.reached, count=reading.count),
    )


def _event(row: FeedRow, alias: UUID) -> EventOut:
    return EventOut(
        id=uuid5(alias, str(row.version)),  # lasting, and no more comparable between partners than the alias is
        type=f"enrollment.{row.to_status}",
        time=row.changed_at,
        program=row.program,
        subject=alias,
        version=row.version,
        change=ChangeOut(from_=row.from_status, to=row.to_status, reason=row.reason),
    )


def _place(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 63:
        raise ValueError
    return value
