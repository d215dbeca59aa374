"""Signing in and out of the dashboard, and the security officer's list of who may."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import select

from gateway.dashboard.routes import InLanguage, remember
from gateway.operators import commands
from gateway.operators.errors import IssuerAway, SignInRefused, TooManySignIns
from gateway.operators.forms import read_form
from gateway.operators.models import Operator
from gateway.operators.oidc import ATTEMPT_SECONDS, BACK, Attempt, Issuer
from gateway.operators.pages import SignPages
from gateway.operators.roles import NAME, Role
from gateway.operators.sessions import (
    ATTEMPT,
    HOME,
    PARTNER_PAGES,
    SIGN_IN,
    SIGN_OUT,
    Sessions,
    csrf_of,
    refuse_foreign,
    refuse_from_elsewhere,
)
from gateway.partners.file import ONE_LINE
from gateway.partners.schemas import PartnerId
from gateway.security import PAGE_POLICY
from shared.database import Tx
from shared.errors import NotFound, Refusal
from shared.identity import Caller, open_to_all, permitted
from shared.platform import Platform
from shared.text import Language

LARGEST_FORM_BYTES = 4 << 10
MOST_FIELDS = 5
HEADERS = {
    "Cache-Control": "no-store",
    "Vary": "Accept-Language, Cookie",
    "Content-Security-Policy": PAGE_POLICY.decode(),
    "Referrer-Policy": "same-origin",  # with none at all a browser hides from our own form where it comes from
}
Name = Annotated[str, StringConstraints(pattern=rf"^{NAME.pattern}$")]

pages = SignPages()
signing = APIRouter(dependencies=[open_to_all], include_in_schema=False)
router = APIRouter(prefix="/v1/operators", tags=["operators"])
Officer = Annotated[Caller, permitted("operators:write")]


class OperatorIn(BaseModel):
    """Somebody who may sign in, with a password or an account (its `sub` at the institution's issuer).

    `partner`: for a partner viewer, whose pages.
    """

    model_config = ConfigDict(extra="forbid")

    name: Name
    role: Role
    password: str | None = Field(default=None, max_length=400)
    account: str | None = Field(default=None, min_length=1, max_length=255, pattern=ONE_LINE)
    partner: PartnerId | None = None


class PasswordIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    password: str = Field(max_length=400)


class OperatorOut(BaseModel):
    name: str
    role: str
    partner: str | None
    account: str | None
    added_at: datetime
    added_by: str
    disabled_at: datetime | None

    @classmethod
    def of(cls, row: Operator) -> Self:
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


@signing.get(SIGN_IN, response_class=HTMLResponse)
async def sign_in_page(request: Request, language: InLanguage) -> HTMLResponse:
    """The form."""
    answer = HTMLResponse(
        pages.sign_in(language, by_account=request.app.state.issuer is not None),
        headers=HEADERS | {"Content-Language": language},
    )
    if request.query_params.get("lang") == language:
        remember(answer, language)
    return answer


@signing.post(SIGN_IN, response_class=HTMLResponse)
async def sign_in(request: Request, language: InLanguage) -> Response:
    """Name and password for a session of twelve hours; the same page again, saying why, where there is none."""
    refuse_from_elsewhere(dict(request.scope))
    form = await _form(request)
    address = request.client.host if request.client else "unknown"
    platform: Platform = request.app.state.platform
    sessions: Sessions = request.app.state.sessions
    try:
        token = await commands.sign_in(platform, form.get("name", ""), form.get("password", ""), address)
    except (SignInRefused, TooManySignIns) as refusal:
        return _again(refusal, language, request.app.state.issuer)
    home = await _home_of(sessions, platform, token)
    return RedirectResponse(home, 303, HEADERS | {"Set-Cookie": sessions.set_cookie(token)})


@signing.get(f"{SIGN_IN}/account")
async def to_issuer(request: Request, language: InLanguage) -> Response:
    """To the institution's own issuer, which asks who it is and sends the browser back."""
    issuer: Issuer | None = request.app.state.issuer
    if issuer is None:
        raise NotFound
    attempt, sessions = Attempt.new(), request.app.state.sessions
    try:
        address = await issuer.begin(request.app.state.http, attempt)
    except IssuerAway as refusal:
        return _again(refusal, language, issuer)
    cookie = sessions.attempt_cookie(attempt.cookie(), ATTEMPT_SECONDS)
    return RedirectResponse(address, 303, HEADERS | {"Set-Cookie": cookie})


@signing.get(BACK)
async def back_from_issuer(request: Request, language: InLanguage) -> Response:
    """Back from the issuer: a session for whom it has proven, if somebody here has that account."""
    issuer: Issuer | None = request.app.state.issuer
    if issuer is None:
        raise NotFound
    platform: Platform = request.app.state.platform
    sessions: Sessions = request.app.state.sessions
    try:
        attempt = Attempt.read(request.cookies.get(ATTEMPT))
        account = await issuer.finish(request.app.state.http, attempt, dict(request.query_params))
        async with platform.database.transaction() as tx:
            token = await commands.sign_in_by_account(tx, account)
    except (SignInRefused, IssuerAway) as refusal:
        return _again(refusal, language, issuer)
    answer = RedirectResponse(await _home_of(sessions, platform, token), 303, HEADERS)
    answer.headers.append("Set-Cookie", sessions.set_cookie(token))
    answer.headers.append("Set-Cookie", sessions.attempt_cookie("", 0))
    return answer


@signing.get(SIGN_OUT, response_class=HTMLResponse)
async def sign_out_page(request: Request, language: InLanguage) -> Response:
    """Who is signed in here, and the form that ends it."""
    sessions: Sessions = request.app.state.sessions
    token = sessions.token(dict(request.scope))
    operator = await sessions.operator(request.app.state.platform, token) if token else None
    if token is None or operator is None:
        return RedirectResponse(SIGN_IN, 303, HEADERS)
    page = pages.sign_out(language, operator.name, operator.role, csrf_of(token))
    return HTMLResponse(page, headers=HEADERS | {"Content-Language": language})


@signing.post(SIGN_OUT)
async def sign_out(request: Request, tx: Tx) -> Response:
    """End the session of this browser."""
    sessions: Sessions = request.app.state.sessions
    token = sessions.token(dict(request.scope))
    if token is not None:
        refuse_foreign(token, (await _form(request)).get("csrf"))
        await commands.sign_out(tx, token)
    return RedirectResponse(SIGN_IN, 303, HEADERS | {"Set-Cookie": sessions.set_cookie("")})


@router.get("")
async def list_operators(tx: Tx, by: Officer) -> list[OperatorOut]:
    """Who may sign in, and who may no longer."""
    return [OperatorOut.of(row) for row in await tx.scalars(select(Operator).order_by(Operator.name).limit(1000))]


@router.post("", status_code=201)
async def add_operator(tx: Tx, body: OperatorIn, by: Officer) -> OperatorOut:
    """Let somebody sign in."""
    return OperatorOut.of(await commands.add_operator(tx, **body.model_dump(), by=by.name))


@router.post("/{name}/disable")
async def disable_operator(tx: Tx, name: Name, by: Officer) -> OperatorOut:
    """End somebody's sessions and let none begin."""
    return OperatorOut.of(await commands.disable_operator(tx, name, by.name))


@router.post("/{name}/set-password", status_code=204, response_class=Response)
async def set_password(tx: Tx, name: Name, body: PasswordIn, by: Officer) -> None:
    """Give somebody another password; their sessions end."""
    await commands.set_password(tx, name, body.password, by.name)


async def _home_of(sessions: Sessions, platform: Platform, token: str) -> str:
    """Where a person begins: the viewer of a partner with its page, everybody else with the screen."""
    operator = await sessions.operator(platform, token)
    return PARTNER_PAGES if operator is not None and operator.partner is not None else HOME


def _again(refusal: Refusal, language: Language, issuer: Issuer | None) -> Response:
    """The page for signing in, saying why nobody did."""
    page = pages.sign_in(language, refusal.detail.in_(language), by_account=issuer is not None)
    return HTMLResponse(page, refusal.status, HEADERS | refusal.headers | {"Content-Language": language})


async def _form(request: Request) -> dict[str, str]:
    return await read_form(request, largest=LARGEST_FORM_BYTES, most_fields=MOST_FIELDS)
