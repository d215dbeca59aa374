"""What a person who signed in changes about her own way in: a page, and the same as JSON."""

import re
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from gateway.dashboard.routes import InLanguage
from gateway.operators import own
from gateway.operators.errors import CodeWrong, PasswordWeak, PasswordWrong, TooManySignIns
from gateway.operators.models import Operator
from gateway.operators.pages import HEADERS, SessionOut, Shown, pages
from gateway.operators.proving import Offer, recovery_codes_left
from gateway.operators.roles import PERSON
from gateway.operators.sessions import OWN, Sessions, csrf_of, refuse_foreign
from gateway.operators.sign_routes import answered, browser_of, read
from gateway.operators.tokens import fingerprint
from shared.errors import NotFound, Refusal, Unauthenticated
from shared.identity import Caller, only_own
from shared.platform import Platform
from shared.text import Language

router = APIRouter(prefix="/v1/sign-in", tags=["operators"])
shown_pages = APIRouter(include_in_schema=False)
Person = Annotated[Caller, only_own]


SESSION_ID = re.compile("[0-9a-f]{64}")
SessionId = Annotated[str, StringConstraints(pattern=rf"^{SESSION_ID.pattern}$")]


class Proof(BaseModel):
    model_config = ConfigDict(extra="forbid")

    proof: str = Field(default="", max_length=400)


class PasswordChange(BaseModel):
    model_config = ConfigDict(extra="forbid")

    old: str = Field(max_length=400)
    new: str = Field(max_length=400)


@router.post("/password", status_code=204, response_class=Response)
async def change_password(request: Request, body: PasswordChange, by: Person) -> None:
    """Change the password of whoever signed in at this browser; every other session of hers ends."""
    operator, token = await _person(request, by)
    platform: Platform = request.app.state.platform
    await own.change_password(platform, operator.name, token, body.old, body.new, browser_of(request))


@router.get("/sessions")
async def list_sessions(request: Request, by: Person) -> list[SessionOut]:
    """Where whoever signed in at this browser is signed in."""
    operator, token = await _person(request, by)
    return (await _shown(request, operator, token)).sessions


@router.post("/sessions/{session}/end", status_code=204, response_class=Response)
async def end_session(request: Request, session: SessionId, body: Proof, by: Person) -> None:
    """End one of one's own sessions, by the password or, where there is a second factor, a code."""
    operator, _ = await _person(request, by)
    state, ended = request.app.state, bytes.fromhex(session)
    await own.end_session(state.platform, state.factor_key, operator.name, ended, body.proof, browser_of(request))


@shown_pages.get(OWN, response_class=HTMLResponse)
async def own_page(request: Request, by: Person, language: InLanguage) -> Response:
    """Who is signed in here, and what she may change about it."""
    operator, token = await _person(request, by)
    shown = await _shown(request, operator, token)
    page = pages.own(language, shown, csrf_of(token), done=request.query_params.get("done", ""))
    return answered(request, page, language)


@shown_pages.post(f"{OWN}/password", response_class=HTMLResponse)
async def change_password_here(request: Request, by: Person, language: InLanguage) -> Response:
    """The form's twin of `change_password`."""
    operator, token = await _person(request, by)
    form = await read(request)
    refuse_foreign(token, form.get("csrf"))
    platform: Platform = request.app.state.platform
    old, new = form.get("old", ""), form.get("new", "")
    try:
        await own.change_password(platform, operator.name, token, old, new, browser_of(request))
    except (PasswordWrong, PasswordWeak, TooManySignIns) as refusal:
        return await _again(request, operator, token, refusal, language)
    return RedirectResponse(f"{OWN}?done=password", 303, HEADERS)


@shown_pages.get(f"{OWN}/factor", response_class=HTMLResponse)
async def factor_page(request: Request, by: Person, language: InLanguage) -> Response:
    """Where another second factor is taken up."""
    operator, token = await _person(request, by)
    offer = Offer.new(request.app.state.factor_key, operator.name, token)
    return answered(request, pages.own_factor(language, operator, csrf_of(token), offer), language)


@shown_pages.post(f"{OWN}/factor", response_class=HTMLResponse)
async def take_up_factor(request: Request, by: Person, language: InLanguage) -> Response:
    """Another second factor: a code shows that the authenticator has it. Tells the recovery codes."""
    operator, token = await _person(request, by)
    form = await read(request)
    refuse_foreign(token, form.get("csrf"))
    sealed, code, proof = (form.get(one, "") for one in ("offer", "code", "proof"))
    state = request.app.state
    try:
        codes = await own.take_up_factor(
            state.platform, state.factor_key, operator.name, token, sealed, code, proof, browser_of(request)
        )
    except (CodeWrong, PasswordWrong, TooManySignIns) as refusal:
        offer = Offer.read(state.factor_key, operator.name, token, sealed)
        page = pages.own_factor(language, operator, csrf_of(token), offer, refusal.detail.in_(language))
        return answered(request, page, language, refusal)
    return answered(request, pages.recovery_codes(language, codes, OWN), language)


@shown_pages.post(f"{OWN}/sessions", response_class=HTMLResponse)
async def end_session_here(request: Request, by: Person, language: InLanguage) -> Response:
    """The form's twin of `end_session`."""
    operator, token = await _person(request, by)
    form, state = await read(request), request.app.state
    refuse_foreign(token, form.get("csrf"))
    session = form.get("session", "")
    if not SESSION_ID.fullmatch(session):
        raise NotFound
    ended, proof = bytes.fromhex(session), form.get("proof", "")
    try:
        await own.end_session(state.platform, state.factor_key, operator.name, ended, proof, browser_of(request))
    except (CodeWrong, PasswordWrong, TooManySignIns) as refusal:
        return await _again(request, operator, token, refusal, language)
    return RedirectResponse(f"{OWN}?done=session", 303, HEADERS)


async def _again(request: Request, operator: Operator, token: str, refusal: Refusal, language: Language) -> Response:
    """The person's page, saying why nothing was changed."""
    shown = await _shown(request, operator, token)
    page = pages.own(language, shown, csrf_of(token), refused=refusal.detail.in_(language))
    return answered(request, page, language, refusal)


async def _shown(request: Request, operator: Operator, token: str) -> Shown:
    platform: Platform = request.app.state.platform
    sessions: Sessions = request.app.state.sessions
    here = fingerprint(token)
    async with platform.database.transaction() as tx:
        rows = await sessions.of(tx, operator.name)
        left = await recovery_codes_left(tx, operator.name)
    told = [SessionOut.of(row, here=row.token_sha256 == here) for row in rows]
    return Shown(operator, left, told)


async def _person(request: Request, by: Caller) -> tuple[Operator, str]:
    """Who signed in at this browser, and the token of her session; NotFound for a partner's system."""
    sessions: Sessions = request.app.state.sessions
    token = sessions.token(dict(request.scope))
    if token is None or not by.name.startswith(PERSON):
        raise NotFound
    operator = await sessions.operator(request.app.state.platform, token)
    if operator is None:  # it has ended in the moment since the door asked
        raise Unauthenticated
    return operator, token
