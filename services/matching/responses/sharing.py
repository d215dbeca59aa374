"""Who may read the list of a response: granted for a purpose and a time, checked on every read, and every read written down."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.responses.plan_errors import ListNotThere, SharingEnded, SharingEndRefused
from services.matching.responses.plan_models import Response, ResponseHousehold, ResponseReading, ResponseSharing
from services.matching.responses.plan_schemas import ByOfficialIn, ListedOut, ReadingOut, SharingIn, SharingOut
from services.matching.responses.planning import own_response, remember
from services.matching.responses.showing import mru
from services.matching.rules.responding import ResponseStatus
from shared.clock import now
from shared.disclosing import Grant
from shared.errors import NotFound
from shared.identity import Caller
from shared.ids import new_id
from shared.pagination import Page, decode_cursor, encode_cursor

LONGEST_DAYS = 366
SHARED = (ResponseStatus.LISTED, ResponseStatus.PAYING, ResponseStatus.CLOSED)


def grant(tx: AsyncSession, response: Response, said: SharingIn, by: Caller) -> ResponseSharing:
    """SharingEndRefused where the end is past, too far off, or without its zone."""
    moment = now()
    longest = moment + timedelta(days=LONGEST_DAYS)
    if said.ends_at.tzinfo is None or not moment < said.ends_at <= longest:
        raise SharingEndRefused(pointer="/ends_at", days=LONGEST_DAYS)
    granted = ResponseSharing(
        id=new_id(),
        response_id=response.id,
        granted_by=by.name,
        granted_at=moment,
        **said.model_dump(include={"recipient", "purpose", "legal_basis", "official", "ends_at"}),
    )
    tx.add(granted)
    return granted


async def share(tx: AsyncSession, response_id: UUID, said: SharingIn, *, by: Caller, if_match: str) -> ResponseSharing:
    """Let another recipient read a released list, or the same one longer. NotFound, ResponseNotYours, PreconditionFailed,
    ListNotThere, SharingEndRefused."""
    found = await own_response(tx, response_id, by, if_match)
    if found.status not in SHARED:
        raise ListNotThere
    granted = grant(tx, found, said, by)
    remember(tx, found, found.status, said.official, by, shared_with=said.recipient)
    await tx.flush()
    return granted


async def end(
    tx: AsyncSession, response_id: UUID, sharing_id: UUID, said: ByOfficialIn, *, by: Caller, if_match: str
) -> None:
    """End a sharing before its time. NotFound, ResponseNotYours, PreconditionFailed, SharingEnded."""
    found = await own_response(tx, response_id, by, if_match)
    sharing = await tx.get(ResponseSharing, sharing_id, with_for_update=True)
    if sharing is None or sharing.response_id != found.id:
        raise NotFound
    _refuse_ended(sharing)
    sharing.ended_at, sharing.ended_official = now(), said.official
    remember(tx, found, found.status, said.official, by, ended_for=sharing.recipient)
    await tx.flush()


def _refuse_ended(sharing: ResponseSharing) -> None:
    ended = sharing.ended_at or sharing.ends_at
    if sharing.ended_at is not None or ended <= now():
        raise SharingEnded(ended=f"{ended:%Y-%m-%d %H:%M} UTC")


async def sharings(tx: AsyncSession, response_id: UUID, limit: int, cursor: str | None) -> Page[SharingOut]:
    """Who may read a list, or might, and how many pages of it they read; oldest first."""
    if await tx.get(Response, response_id) is None:
        raise NotFound
    read = select(func.count()).where(ResponseReading.sharing_id == ResponseSharing.id).scalar_subquery()
    rows = (
        select(ResponseSharing, read.label("readings"))
        .where(ResponseSharing.response_id == response_id)
        .order_by(ResponseSharing.id)
        .limit(limit + 1)
    )
    if cursor:
        rows = rows.where(ResponseSharing.id > decode_cursor(cursor, UUID)[0])
    found = (await tx.execute(rows)).all()
    moment = now()
    own = [name for name in SharingOut.model_fields if name not in ("in_force", "readings")]
    items = [
        SharingOut(
            **{name: getattr(one.ResponseSharing, name) for name in own},
            in_force=one.ResponseSharing.ended_at is None and moment < one.ResponseSharing.ends_at,
            readings=one.readings,
        )
        for one in found[:limit]
    ]
    return Page(items=items, next_cursor=encode_cursor(items[-1].id) if len(found) > limit else None)


async def read_list(
    tx: AsyncSession, response_id: UUID, limit: int, cursor: str | None, *, by: Caller
) -> tuple[Page[ListedOut], Grant]:
    """A page of a list, to whom it is shared with now, and by which right. NotFound to whom it never was; SharingEnded to whom it
    was."""
    sharing = await _sharing_with(tx, response_id, by)
    _refuse_ended(sharing)
    rows = (
        select(ResponseHousehold)
        .where(ResponseHousehold.response_id == response_id)
        .order_by(ResponseHousehold.position)
        .limit(limit + 1)
    )
    if cursor:
        rows = rows.where(ResponseHousehold.position > decode_cursor(cursor, int)[0])
    found = list(await tx.scalars(rows))
    page = found[:limit]
    if page:
        first, at = page[0].position, now()
        reading = {"read_by": by.name, "read_at": at, "first_position": first, "households": len(page)}
        tx.add(ResponseReading(sharing_id=sharing.id, **reading))
    told: Page[ListedOut] = Page(
        items=[_listed(one) for one in page],
        next_cursor=encode_cursor(page[-1].position) if len(found) > limit else None,
    )
    return told, Grant(f"SHARING-{sharing.id}".upper(), sharing.purpose, sharing.legal_basis)


async def _sharing_with(tx: AsyncSession, response_id: UUID, by: Caller) -> ResponseSharing:
    """The caller's sharing that lasts longest; of several, the one that was not ended."""
    mine = and_(ResponseSharing.response_id == response_id, ResponseSharing.recipient == by.name)
    rows = select(ResponseSharing).where(mine)
    order = (ResponseSharing.ended_at.is_not(None), ResponseSharing.ends_at.desc(), ResponseSharing.id)
    found: ResponseSharing | None = await tx.scalar(rows.order_by(*order).limit(1))
    if found is None:
        raise NotFound
    return found


async def readings_of(tx: AsyncSession, household_id: UUID, limit: int, cursor: str | None) -> Page[ReadingOut]:
    """Who was told of a household by lists of responses, the first first: what its people may ask."""
    inside = ResponseHousehold.position.between(
        ResponseReading.first_position, ResponseReading.first_position + ResponseReading.households - 1
    )
    rows = (
        select(ResponseReading, ResponseSharing, Response.title)
        .join(ResponseSharing, ResponseSharing.id == ResponseReading.sharing_id)
        .join(Response, Response.id == ResponseSharing.response_id)
        .join(ResponseHousehold, and_(ResponseHousehold.response_id == Response.id, inside))
        .where(ResponseHousehold.household_id == household_id)
        .order_by(ResponseReading.id)
        .limit(limit + 1)
    )
    if cursor:
        rows = rows.where(ResponseReading.id > decode_cursor(cursor, int)[0])
    found = (await tx.execute(rows)).all()
    items = [
        ReadingOut(
            response_id=one.ResponseSharing.response_id,
            title=one.title,
            household_id=household_id,
            read_by=one.ResponseReading.read_by,
            read_at=one.ResponseReading.read_at,
            purpose=one.ResponseSharing.purpose,
            legal_basis=one.ResponseSharing.legal_basis,
        )
        for one in found[:limit]
    ]
    more = encode_cursor(found[limit - 1].ResponseReading.id) if len(found) > limit else None
    return Page(items=items, next_cursor=more)


def _listed(one: ResponseHousehold) -> ListedOut:
    own = ("position", "household_number", "commune_code", "size", "part", "apart")
    money = {f"{name}_mru": mru(getattr(one, name)) for name in ("monthly", "amount")}
    return ListedOut(**{name: getattr(one, name) for name in own}, **money)
