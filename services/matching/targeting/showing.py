"""Households of a released list, told to its recipient alone; that they were told is written with the answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Row, cast, literal, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.models import Place
from services.matching.rules.targeting import READABLE, STATUS_WORDS, ListStatus
from services.matching.targeting import errors
from services.matching.targeting.models import ListAccess, ListDisclosure, TargetedHousehold, TargetingList
from services.matching.targeting.schemas import ListedHousehold
from services.matching.targeting.terms import agreement_of, refuse_out_of_force
from shared.clock import now
from shared.errors import NotFound
from shared.identity import Caller
from shared.pagination import Page, decode_cursor, encode_cursor
from shared.tracing import current_trace_id

MOST_PRINTED = 2_000
"""Households printed at once: a hundred pages, some seconds of a processor."""
Way = Literal["page", "csv", "xlsx", "printed"]


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a list, and in which way; no official where a system asks."""

    by: Caller
    official: str | None
    way: Way


@dataclass(frozen=True, slots=True)
class Told:
    """A released list with what of each household may be told today: what was asked and is still agreed."""

    list: TargetingList
    attributes: tuple[str, ...]


async def readable(tx: AsyncSession, list_id: UUID, by: Caller) -> Told:
    """The list, where the caller may read its households now; the row is held, so that it is not revoked meanwhile.

    NotFound, ListRevoked, ListNotReleased, AgreementNeeded, NotThatAgreement, AgreementOver.
    """
    found = await tx.get(TargetingList, list_id, with_for_update={"read": True})
    if found is None or found.partner != by.name:
        raise NotFound
    if found.revoked_at is not None:
        raise errors.ListRevoked(day=found.revoked_at.date())
    if found.status not in READABLE:
        raise errors.ListNotReleased(status=STATUS_WORDS[ListStatus(found.status)])
    agreement = agreement_of(by)
    if (agreement.id, by.purpose) != (found.agreement["id"], found.purpose):
        raise errors.NotThatAgreement(agreement=found.agreement["id"], purpose=found.purpose)
    refuse_out_of_force(agreement, now().date())
    return Told(found, tuple(name for name in found.terms["fields"] if name in agreement.attributes))


async def page(
    tx: AsyncSession, list_id: UUID, reader: Reader, limit: int, cursor: str | None
) -> Page[ListedHousehold]:
    """Households in the order of the list."""
    told = await readable(tx, list_id, reader.by)
    after = decode_cursor(cursor, int)[0] if cursor else 0
    rows = await rows_of(tx, list_id, TargetedHousehold.position > after, limit + 1)
    some = rows[:limit]
    await disclose(tx, told, some, reader)
    more = encode_cursor(some[-1].position) if len(rows) > limit else None
    return Page(items=[ListedHousehold(**shown(one, told)) for one in some], next_cursor=more)


async def rows_of(
    tx: AsyncSession, list_id: UUID, which: ColumnElement[bool] | None = None, limit: int | None = None
) -> Sequence[Row[Any]]:
    """Rows of a list with the names of their communes."""
    columns = [column for column in TargetedHousehold.__table__.columns if column.key != "list_id"]
    rows: Any = (
        select(*columns, Place.name_fr.label("commune_fr"), Place.name_ar.label("commune_ar"))
        .outerjoin(Place, Place.code == TargetedHousehold.commune_code)
        .where(TargetedHousehold.list_id == list_id, true() if which is None else which)
        .order_by(TargetedHousehold.position)
        .limit(limit)
    )
    found: Sequence[Row[Any]] = (await tx.execute(rows)).all()
    return found


def shown(row: Row[Any], told: Told) -> dict[str, Any]:
    """What of a row may be told, and nothing else."""
    allowed: dict[str, Any] = {"position": row.position}
    for attribute in told.attributes:
        allowed |= _attribute(attribute, row, told.list.terms)
    return allowed


def _attribute(attribute: str, row: Row[Any], terms: Mapping[str, Any]) -> dict[str, Any]:
    if attribute == "amount":
        return {"amount_mru": amount_of(terms, row.top_up)}
    return {name: getattr(row, name) for name in COLUMNS[attribute]}


COLUMNS: Mapping[str, tuple[str, ...]] = {
    "household_number": ("household_number",),
    "head_name": ("head_name_fr", "head_name_ar"),
    "commune": ("commune_code", "commune_fr", "commune_ar"),
    "village": ("village",),
    "size": ("size",),
    "top_up": ("top_up",),
}


def amount_of(terms: Mapping[str, Any], top_up: bool) -> Decimal | None:
    """What the request says a household is to get; a top-up where it is marked for one and the request names one."""
    told = terms["top_up_mru"] if top_up and terms["top_up_mru"] is not None else terms["amount_mru"]
    return None if told is None else Decimal(told)


async def disclose(tx: AsyncSession, told: Told, rows: Sequence[Row[Any]], reader: Reader) -> None:
    """Write that the recipient was told of these: it is there once the answer leaves, or no answer leaves."""
    found, at, request_id = told.list, now(), current_trace_id()
    which = TargetedHousehold.position.in_([row.position for row in rows]) if reader.way == "page" else true()
    if reader.way == "printed":
        which = TargetedHousehold.commune_code.in_({row.commune_code for row in rows})
    agreement = agreement_of(reader.by)
    constants: dict[str, Any] = {
        "disclosed_at": at,
        "partner": reader.by.name,
        "official": reader.official,
        "purpose": found.purpose,
        "legal_basis": agreement.legal_basis,
        "agreement_id": agreement.id,
        "agreement_version": agreement.version,
        "attributes": list(told.attributes),
        "request_id": request_id,
    }
    columns = ListDisclosure.__table__.columns
    told_of = select(
        TargetedHousehold.list_id,
        TargetedHousehold.household_id,
        *(cast(literal(value, columns[name].type), columns[name].type) for name, value in constants.items()),
    ).where(TargetedHousehold.list_id == found.id, which)
    await tx.execute(
        insert(ListDisclosure).from_select(["list_id", "household_id", *constants], told_of).on_conflict_do_nothing()
    )
    tx.add(
        ListAccess(
            list_id=found.id,
            at=at,
            partner=reader.by.name,
            official=reader.official,
            way=reader.way,
            households=len(rows),
            request_id=request_id,
        )
    )
    await tx.flush()


async def copied(
    tx: AsyncSession, list_id: UUID, reader: Reader, commune: str | None = None
) -> tuple[Told, Sequence[Row[Any]]]:
    """All rows of a list, or those of a commune, for a copy that leaves now. NothingToPrint, TooLongToPrint."""
    told = await readable(tx, list_id, reader.by)
    which = None if commune is None else TargetedHousehold.commune_code == commune
    rows = await rows_of(tx, list_id, which)
    if reader.way == "printed" and not rows:
        raise errors.NothingToPrint(pointer="/query/commune")
    if reader.way == "printed" and len(rows) > MOST_PRINTED:
        raise errors.TooLongToPrint(pointer="/query/commune", households=len(rows), most=MOST_PRINTED)
    await disclose(tx, told, rows, reader)
    return told, rows
