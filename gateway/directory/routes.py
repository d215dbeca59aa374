"""The service directory and a partner's overview: each partner's own, and for the people who look after the platform."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import StringConstraints

from gateway.directory.asking import Seen, any_partner, own_partner, told_of
from gateway.directory.operations import open_to, shown
from gateway.directory.schemas import Access, OperationOut, OverviewOut, TrafficLine, TrafficOut
from gateway.documentation import Documentation
from gateway.partners import commands
from gateway.partners.schemas import PartnerId, PartnerOut
from gateway.traffic import counting
from shared.clock import now
from shared.database import Tx
from shared.identity import Caller, only_own, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page, decode_cursor, encode_cursor
from shared.platform import Platform

own = APIRouter(prefix="/v1", tags=["directory"])
partners = APIRouter(prefix="/v1/partners", tags=["partners"])
exchanges = APIRouter(prefix="/v1/traffic", tags=["traffic"])

Own = Annotated[Caller, only_own]
Watcher = Annotated[Caller, permitted("traffic:read")]
Reader = Annotated[Caller, permitted("partners:read")]
Officer = Annotated[Caller, permitted("partners:write")]
Process = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,40}$")]
LONGEST_HOURS = 168


async def _described(request: Request) -> dict[str, Any]:
    """What the services say of themselves; asked before the transaction begins, since one that is away is waited for."""
    documentation: Documentation = request.app.state.documentation
    return await documentation.merged(request.app.state.http)


Described = Annotated[dict[str, Any], Depends(_described)]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which operations of a directory are asked for, and which page of them."""

    limit: int
    cursor: str | None
    service: str | None
    institution: str | None
    access: Access | None


async def _asked(
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    service: Process | None = None,
    institution: Process | None = None,
    access: Access | None = None,
) -> Asked:
    return Asked(limit, cursor, service, institution, access)


AskedFor = Annotated[Asked, Depends(_asked)]
Hours = Annotated[int, Query(ge=1, le=LONGEST_HOURS, description="How far back.")]


@own.get("/directory")
async def list_operations(
    request: Request, by: Own, document: Described, tx: Tx, asked: AskedFor
) -> Page[OperationOut]:
    """The operations that are open to the caller, at each service that has them, and whether its agreements allow them today."""
    seen = await own_partner(request, tx, by)
    return _page(request, document, seen, asked)


@own.get("/overview")
async def read_overview(request: Request, by: Own) -> OverviewOut:
    """How the caller stands: agreements in force, quota, keys, refusals, traffic and disclosures, as far as its token may tell it."""
    platform: Platform = request.app.state.platform
    async with platform.database.transaction() as tx:
        seen = await own_partner(request, tx, by)
    return await told_of(request, seen, None)


@partners.get("/{partner_id}/directory")
async def list_operations_of_partner(
    request: Request, by: Reader, document: Described, tx: Tx, partner_id: PartnerId, asked: AskedFor
) -> Page[OperationOut]:
    """The operations that are open to a partner, and whether its agreements allow them today."""
    seen = await any_partner(request, tx, partner_id, by)
    return _page(request, document, seen, asked)


@partners.get("/{partner_id}/overview")
async def read_overview_of_partner(request: Request, by: Watcher, partner_id: PartnerId) -> OverviewOut:
    """How a partner stands, as far as the reader's role may know it."""
    platform: Platform = request.app.state.platform
    async with platform.database.transaction() as tx:
        seen = await any_partner(request, tx, partner_id, by)
    return await told_of(request, seen, request.app.state.seeds.get(partner_id))


@partners.post("/{partner_id}/take-from-file")
async def take_from_file(request: Request, tx: Tx, by: Officer, partner_id: PartnerId) -> PartnerOut:
    """Let a partner do what the partners' file of this version gives it more than it has; nothing is taken away."""
    seed = request.app.state.seeds.get(partner_id)
    return PartnerOut.of(await commands.take_from_file(tx, partner_id, seed, by.name))


@exchanges.get("/partners")
async def read_traffic_of_partners(
    tx: Tx,
    by: Watcher,
    hours: Hours = 24,
    partner: PartnerId | None = None,
    service: Process | None = None,
) -> TrafficOut:
    """Who asked which service how often, how fast it was and how many requests failed."""
    since, lines = await counting.of_all(tx, now(), hours, partner=partner, service=service)
    return TrafficOut(counted_since=since, items=[TrafficLine.model_validate(one) for one in lines])


def _page(request: Request, document: dict[str, Any], seen: Seen, asked: Asked) -> Page[OperationOut]:
    after = tuple(decode_cursor(asked.cursor, str, str)) if asked.cursor else ("", "")
    state, limit = request.app.state, asked.limit
    found: list[OperationOut] = []
    for one in open_to(seen.permissions, state.operations):
        if one.key <= after:
            continue
        if asked.service not in (None, one.route.service) or asked.institution not in (None, one.institution):
            continue
        operation = shown(one, seen.partner, seen.permissions, state.admission, document)
        if asked.access in (None, operation.access):
            found.append(operation)
        if len(found) > limit:
            break
    more = encode_cursor(found[limit - 1].path, found[limit - 1].method) if len(found) > limit else None
    return Page(items=found[:limit], next_cursor=more)
