"""The addresses where an operation is tried out: those of a sandbox's gateway alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from gateway.dashboard.routes import InLanguage
from gateway.directory.asking import Seen
from gateway.directory.errors import NotASandbox
from gateway.directory.operations import Operation, description_of, open_to, shown
from gateway.directory.page_routes import pages, seen_by
from gateway.directory.routes import Described
from gateway.directory.schemas import OperationOut
from gateway.directory.trying import LONGEST_BODY, MOST_PARAMETERS, Form, form_of, send, token_for, trial_of
from gateway.operators.forms import read_form
from gateway.operators.sessions import Sessions, csrf_of, refuse_foreign
from gateway.operators.sign_routes import answered
from gateway.partners.schemas import PartnerId
from shared.database import Tx
from shared.errors import NotFound
from shared.identity import Caller, permitted
from shared.logs import log
from shared.text import Language

router = APIRouter(prefix="/dashboard/partners/{partner_id}/try", include_in_schema=False)
Trier = Annotated[Caller, permitted("sandbox:try")]
Method = Annotated[str, Query(max_length=10)]
Address = Annotated[str, Query(max_length=300)]
LARGEST_FORM_BYTES = 6 * LONGEST_BODY
"""A letter of the body is up to six as a form writes it: two bytes of three."""
FURTHER_FIELDS = 5
"""Beside the parameters: the page's word, agreement, purpose, body."""


@dataclass(frozen=True, slots=True)
class Tried:
    """An operation that is open to a partner, and what may be filled in."""

    one: Operation
    seen: Seen
    watches: bool
    told: OperationOut
    form: Form
    purposes: list[str]


@router.get("", response_class=HTMLResponse)
async def try_page(
    request: Request,
    by: Trier,
    document: Described,
    tx: Tx,
    partner_id: PartnerId,
    language: InLanguage,
    method: Method,
    path: Address,
) -> HTMLResponse:
    """The form of one operation."""
    tried = await _operation(request, document, tx, by, partner_id, method, path)
    return _page(request, tried, language, {})


@router.post("", response_class=HTMLResponse)
async def try_out(
    request: Request,
    by: Trier,
    document: Described,
    tx: Tx,
    partner_id: PartnerId,
    language: InLanguage,
    method: Method,
    path: Address,
) -> HTMLResponse:
    """Send it as the partner, and show what came back."""
    given = await read_form(request, largest=LARGEST_FORM_BYTES, most_fields=MOST_PARAMETERS + FURTHER_FIELDS)
    refuse_foreign(_session(request), given.get("csrf"))
    tried = await _operation(request, document, tx, by, partner_id, method, path)
    await tx.commit()  # nothing is held while the request is under way, which may wait
    state = request.app.state
    token = token_for(tried.seen.partner, state.books, state.tokens)
    trial = trial_of(tried.one, tried.form, given, given.get("agreement", ""), given.get("purpose", ""))
    log.info("tried_out", by=by.name, partner=partner_id, operation=f"{method} {path}")
    answer = await send(state.gateway, dict(request.scope), trial, token, language)
    url = str(state.platform.settings.public_url or request.base_url)
    return _page(request, tried, language, given, command=trial.command(url), answer=answer)


def _page(request: Request, tried: Tried, language: Language, given: Mapping[str, str], **came: Any) -> HTMLResponse:
    """The form as it was filled; `came`: as of `PartnerPages.trying`."""
    partner, csrf = tried.seen.partner, csrf_of(_session(request))
    name = partner.names.model_dump()[language]
    page = pages.trying(
        partner.id, name, language, tried.told, tried.form, tried.purposes, given, csrf, watches=tried.watches, **came
    )
    return answered(request, page, language)


async def _operation(
    request: Request, document: Described, tx: Tx, by: Caller, partner_id: str, method: str, path: str
) -> Tried:
    """NotASandbox on the real platform, before all else; NotFound for what is not open to the partner; NotToBeTried."""
    state = request.app.state
    if not state.sandbox:
        raise NotASandbox
    seen, watches = await seen_by(request, tx, by, partner_id)
    one = next((one for one in open_to(seen.permissions, state.operations) if one.key == (path, method)), None)
    if one is None:
        raise NotFound
    told = shown(one, seen.partner, seen.permissions, state.admission, document)
    purposes = state.admission.purposes(partner_id, told.agreements)
    form = form_of(description_of(one, document), document.get("components", {}).get("schemas", {}))
    return Tried(one, seen, watches, told, form, purposes)


def _session(request: Request) -> str:
    sessions: Sessions = request.app.state.sessions
    token = sessions.token(dict(request.scope))
    if token is None:  # the door let nobody in without one
        raise NotFound
    return token
