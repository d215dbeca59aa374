"""The addresses of the partners' pages: for people who look after the platform, and for the viewers of one partner."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.dashboard.routes import InLanguage
from gateway.directory.asking import Seen, any_partner, told_of, viewed_by
from gateway.directory.operations import open_to, shown
from gateway.directory.page_tables import address_of
from gateway.directory.pages import PartnerPages
from gateway.directory.routes import Described, Hours
from gateway.directory.schemas import Access
from gateway.operators.pages import HEADERS
from gateway.operators.sign_routes import answered
from gateway.partners.schemas import PartnerId
from gateway.traffic import counting
from shared.clock import now
from shared.database import Tx
from shared.errors import NotFound, NotPermitted
from shared.identity import Caller, only_own, permitted
from shared.platform import Platform

router = APIRouter(prefix="/dashboard", include_in_schema=False)
pages = PartnerPages()
WATCHING, TRYING = "traffic:read", "sandbox:try"
Person = Annotated[Caller, only_own]
Watcher = Annotated[Caller, permitted(WATCHING)]
NOT_CHOSEN = ""
"""A form sends every field, also those where nothing was chosen."""
Chosen = Annotated[str, Query(pattern=r"^([a-z][a-z0-9-]{1,40})?$")]


@router.get("/partners", response_class=HTMLResponse)
async def own_page(tx: Tx, by: Person) -> Response:
    """To the page of a viewer's partner; whoever looks after the platform begins with who called what."""
    partner = await viewed_by(tx, by)
    return RedirectResponse(address_of(partner) if partner is not None else "/dashboard/traffic", 303, HEADERS)


@router.get("/partners/{partner_id}", response_class=HTMLResponse)
async def overview_page(request: Request, by: Person, partner_id: PartnerId, language: InLanguage) -> HTMLResponse:
    """How a partner stands, as far as this person may know it."""
    platform: Platform = request.app.state.platform
    async with platform.database.transaction() as tx:
        seen, watches = await seen_by(request, tx, by, partner_id)
    told = await told_of(request, seen, request.app.state.seeds.get(partner_id))
    return answered(request, pages.overview(told, language, watches=watches), language)


@router.get("/partners/{partner_id}/directory", response_class=HTMLResponse)
async def directory_page(
    request: Request,
    by: Person,
    document: Described,
    tx: Tx,
    partner_id: PartnerId,
    language: InLanguage,
    service: Chosen = NOT_CHOSEN,
    access: Access | Literal[""] = "",
) -> HTMLResponse:
    """The operations that are open to a partner, of one service."""
    seen, watches = await seen_by(request, tx, by, partner_id)
    if not seen.sections.credentials:
        raise NotPermitted(permission="partners:read")
    state = request.app.state
    own = list(open_to(seen.permissions, state.operations))
    processes = sorted({one.process for one in own})
    process = service if service in processes else processes[0]
    found = [
        shown(one, seen.partner, seen.permissions, state.admission, document) for one in own if one.process == process
    ]
    page = pages.directory(
        partner_id,
        seen.partner.names.model_dump()[language],
        language,
        [one for one in found if access in (NOT_CHOSEN, one.access)],
        processes,
        process,
        access,
        watches=watches,
        sandbox=state.sandbox,
        tries=state.sandbox and by.may(TRYING),
    )
    return answered(request, page, language)


@router.get("/traffic", response_class=HTMLResponse)
async def traffic_page(
    request: Request,
    tx: Tx,
    by: Watcher,
    language: InLanguage,
    partner: Chosen = NOT_CHOSEN,
    service: Chosen = NOT_CHOSEN,
    hours: Hours = 24,
) -> HTMLResponse:
    """Who called what, how fast, and how many requests failed."""
    at, state = now(), request.app.state
    since, lines = await counting.of_all(tx, at, hours, partner=partner or None, service=service or None)
    page = pages.traffic(
        language,
        at,
        since,
        lines,
        state.partners,
        sorted(state.platform.settings.service_urls),
        partner=partner,
        service=service,
        hours=hours,
    )
    return answered(request, page, language)


async def seen_by(request: Request, tx: AsyncSession, by: Caller, partner_id: str) -> tuple[Seen, bool]:
    """A partner as a person may see it, and whether she looks after the platform.

    NotFound for another partner than a viewer's own, as for one that there is not; NotPermitted for whoever is neither.
    """
    own = await viewed_by(tx, by)
    if own is None and not by.may(WATCHING):
        raise NotPermitted(permission=WATCHING)
    if own not in (None, partner_id):
        raise NotFound
    return await any_partner(request, tx, partner_id, by if own is None else None), own is None
