"""Routes by which the log is watched over: alerts, erasures by two persons, break-glass."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.disclosures import alerting, breaking_glass, erasing
from gateway.disclosures.acts import Person
from gateway.disclosures.errors import NobodyOfThatName
from gateway.disclosures.file_members import files_of, forget_files_of
from gateway.disclosures.models import DisclosureParty
from gateway.disclosures.oversight_models import BreakGlass, Erasure, ReadingAlert
from gateway.disclosures.oversight_schemas import (
    AlertOut,
    AlertReview,
    BreakGlassIn,
    BreakGlassOut,
    BreakGlassReview,
    ErasureIn,
    ErasureOut,
)
from shared.database import Tx
from shared.identity import Caller, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page, decode_cursor, encode_cursor

router = APIRouter(prefix="/v1", tags=["disclosures"])
Watching = permitted("disclosures:read")
Deciding = Annotated[Caller, permitted("disclosures:decide")]
Opening = Annotated[Caller, permitted("break-glass:open")]


def _person(request: Request, by: Caller) -> Person:
    """Who answers for an act."""
    return Person.of(by, dict(request.scope)).answering()


@router.get("/reading-alerts", dependencies=[Watching])
async def list_reading_alerts(
    tx: Tx, reviewed: bool | None = None, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Page[AlertOut]:
    """Partners and officials who read of more people than their bound, or asked for many ids that are not there; newest first."""
    rows = await _page(tx, ReadingAlert, ReadingAlert.reviewed_at, reviewed, limit, cursor)
    return _paged([await _alert(tx, one) for one in rows[:limit]], len(rows) > limit)


@router.post("/reading-alerts/{alert_id}/review")
async def review_reading_alert(alert_id: UUID, body: AlertReview, tx: Tx, by: Deciding, request: Request) -> AlertOut:
    """Say that it has been looked into, and what was found. It is raised again the next day if it goes on."""
    return await _alert(tx, await alerting.review(tx, alert_id, _person(request, by), body.remark))


@router.get("/erasures", dependencies=[Watching])
async def list_erasures(
    tx: Tx, decided: bool | None = None, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Page[ErasureOut]:
    """Erasures asked for and decided, newest first."""
    rows = await _page(tx, Erasure, Erasure.decided_at, decided, limit, cursor)
    return _paged([ErasureOut.model_validate(one) for one in rows[:limit]], len(rows) > limit)


@router.post("/erasures", status_code=201)
async def ask_erasure(body: ErasureIn, tx: Tx, by: Deciding, request: Request) -> ErasureOut:
    """Ask that the log no longer name a subject, nor a service say in which files they stood. Another person decides; the rows stay,
    and the chain holds without the name."""
    person = _person(request, by)
    if not await erasing.is_named(tx, body.subject):
        members = await files_of(request.app.state.platform, [body.subject])
        if not members.files:
            raise NobodyOfThatName(pointer="/subject")
    return ErasureOut.model_validate(await erasing.ask(tx, body.subject, body.reason, person))


@router.post("/erasures/{erasure_id}/approve")
async def approve_erasure(erasure_id: UUID, tx: Tx, by: Deciding, request: Request) -> ErasureOut:
    """Erase the name, in the same moment and for good. Who asked for it may not.

    The services first forget in which files she stood; where one does not answer nothing is erased, and it is to be asked again.
    """
    person = _person(request, by)
    found, subject = await erasing.undecided(tx, erasure_id, person)
    await forget_files_of(request.app.state.platform, [subject])
    return ErasureOut.model_validate(await erasing.decide(tx, found, subject, person, erase=True))


@router.post("/erasures/{erasure_id}/refuse")
async def refuse_erasure(erasure_id: UUID, tx: Tx, by: Deciding, request: Request) -> ErasureOut:
    """Leave the name in the log."""
    person = _person(request, by)
    found, subject = await erasing.undecided(tx, erasure_id, person)
    return ErasureOut.model_validate(await erasing.decide(tx, found, subject, person, erase=False))


@router.get("/break-glass", dependencies=[Watching])
async def list_break_glass(
    tx: Tx, reviewed: bool | None = None, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Page[BreakGlassOut]:
    """Break-glass opened, newest first. What was read under one: `GET /v1/disclosures?break_glass=`."""
    rows = await _page(tx, BreakGlass, BreakGlass.reviewed_at, reviewed, limit, cursor)
    return _paged([_glass(one) for one in rows[:limit]], len(rows) > limit)


@router.post("/break-glass", status_code=201)
async def open_break_glass(body: BreakGlassIn, tx: Tx, by: Opening, request: Request) -> BreakGlassOut:
    """Read for 60 minutes what no agreement covers, because somebody's life or living hangs on it.

    Requests name it in the header `Tekamoul-Break-Glass`; every row they leave in the log is marked with it. A second person
    reviews it within 24 hours, and until then it is shown to all who watch.
    """
    return _glass(await breaking_glass.open_it(tx, body.reason, body.subject, _person(request, by)))


@router.post("/break-glass/{break_glass_id}/review")
async def review_break_glass(
    break_glass_id: UUID, body: BreakGlassReview, tx: Tx, by: Deciding, request: Request
) -> BreakGlassOut:
    """Say whether it was an emergency; it ends with that. Who opened it may not."""
    person = _person(request, by)
    reviewed = await breaking_glass.review(tx, break_glass_id, person, justified=body.justified, remark=body.remark)
    return _glass(reviewed)


async def _page(
    tx: AsyncSession, table: Any, done_at: Any, done: bool | None, limit: int, cursor: str | None
) -> Sequence[Any]:
    """Newest first, by ids, which grow with time; one more than `limit` where there are more."""
    wanted = select(table).order_by(table.id.desc()).limit(limit + 1)
    if done is not None:
        wanted = wanted.where(done_at.is_not(None) if done else done_at.is_(None))
    if cursor is not None:
        wanted = wanted.where(table.id < decode_cursor(cursor, UUID)[0])
    return (await tx.scalars(wanted)).all()


def _paged(items: list[Any], more: bool) -> Page[Any]:
    return Page(items=items, next_cursor=encode_cursor(items[-1].id) if more else None)


def _glass(one: BreakGlass) -> BreakGlassOut:
    due = one.opened_at + breaking_glass.REVIEWED_WITHIN
    return BreakGlassOut.model_validate({**{name: getattr(one, name) for name in _GLASS}, "review_by": due})


_GLASS = frozenset(BreakGlassOut.model_fields) - {"review_by"}


async def _alert(tx: AsyncSession, one: ReadingAlert) -> AlertOut:
    named = select(DisclosureParty.reference).where(DisclosureParty.commitment == one.official)
    reference = await tx.scalar(named) if one.official else None
    told = {name: getattr(one, name) for name in AlertOut.model_fields}
    return AlertOut.model_validate(told | {"official": reference.partition("/")[2] if reference else None})
