"""Signing in to the dashboard and out of it, as pages."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from gateway.dashboard.routes import InLanguage, remember
from gateway.operators import signing_in
from gateway.operators.errors import CodeWrong, FormForeign, IssuerAway, PasswordWeak, SignInRefused, TooManySignIns
from gateway.operators.forms import read_form
from gateway.operators.oidc import ATTEMPT_SECONDS, BACK, Attempt, Issuer
from gateway.operators.pages import HEADERS, pages
from gateway.operators.proving import Offer
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
from gateway.operators.signing_in import Browser, Entry, Halfway, Step
from shared.database import Tx
from shared.errors import NotFound, Refusal
from shared.identity import open_to_all
from shared.platform import Platform
from shared.text import Language

LARGEST_FORM_BYTES = 4 << 10
MOST_FIELDS = 5

signing = APIRouter(dependencies=[open_to_all], include_in_schema=False)


@signing.get(SIGN_IN, response_class=HTMLResponse)
async def sign_in_page(request: Request, language: InLanguage) -> HTMLResponse:
    """The form."""
    return answered(request, pages.sign_in(language, by_account=request.app.state.issuer is not None), language)


@signing.post(SIGN_IN, response_class=HTMLResponse)
async def sign_in(request: Request, language: InLanguage) -> Response:
    """Name and password for a session, or for the step before it; the same page again, saying why, where there is neither."""
    refuse_from_elsewhere(dict(request.scope))
    form = await read(request)
    platform: Platform = request.app.state.platform
    try:
        entry = await signing_in.sign_in(platform, form.get("name", ""), form.get("password", ""), browser_of(request))
    except (SignInRefused, TooManySignIns) as refusal:
        return _again(request, refusal, language)
    return await entered(request, entry)


@signing.post(f"{SIGN_IN}/code", response_class=HTMLResponse)
async def show_code(request: Request, language: InLanguage) -> Response:
    """A code of the authenticator, or a recovery code."""
    token, form = await _halfway_form(request)
    state = request.app.state
    try:
        said = form.get("code", "")
        entry = await signing_in.show_code(state.platform, state.factor_key, token, said, browser_of(request))
    except (CodeWrong, TooManySignIns) as refusal:
        return answered(request, pages.code(language, csrf_of(token), refusal.detail.in_(language)), language, refusal)
    return await entered(request, entry)


@signing.post(f"{SIGN_IN}/password", response_class=HTMLResponse)
async def choose_password(request: Request, language: InLanguage) -> Response:
    """The person's own password in the place of the first one."""
    token, form = await _halfway_form(request)
    platform: Platform = request.app.state.platform
    try:
        entry = await signing_in.choose_password(platform, token, form.get("password", ""), browser_of(request))
    except PasswordWeak as refusal:
        page = pages.first_password(language, csrf_of(token), refusal.detail.in_(language))
        return answered(request, page, language, refusal)
    return await entered(request, entry)


@signing.post(f"{SIGN_IN}/factor", response_class=HTMLResponse)
async def take_up_factor(request: Request, language: InLanguage) -> Response:
    """A second factor for whose role needs one: a code shows that the authenticator has it. Tells the recovery codes."""
    token, form = await _halfway_form(request)
    state, sealed, said = request.app.state, form.get("offer", ""), form.get("code", "")
    try:
        async with state.platform.database.transaction() as tx:
            entry, codes = await signing_in.take_up_factor(
                tx, state.factor_key, token, sealed, said, browser_of(request)
            )
    except CodeWrong as refusal:
        async with state.platform.database.transaction() as tx:
            found = await signing_in.at_step(tx, token, "factor")
        offer = Offer.read(state.factor_key, found.operator.name, token, sealed)
        page = pages.first_factor(language, found.operator.name, csrf_of(token), offer, refusal.detail.in_(language))
        return answered(request, page, language, refusal)
    led = await entered(request, entry)
    answer = answered(request, pages.recovery_codes(language, codes, led.headers["location"]), language)
    for cookie in led.headers.getlist("set-cookie"):
        answer.headers.append("Set-Cookie", cookie)
    return answer


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
        return _again(request, refusal, language)
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
        proof = await issuer.finish(request.app.state.http, attempt, dict(request.query_params))
        async with platform.database.transaction() as tx:
            entry = await signing_in.sign_in_by_account(
                tx, proof.account, browser_of(request), factor_shown=proof.two_factors
            )
    except (SignInRefused, IssuerAway) as refusal:
        return _again(request, refusal, language)
    answer = await entered(request, entry)
    answer.headers.append("Set-Cookie", sessions.attempt_cookie("", 0))
    return answer


@signing.get(f"{SIGN_IN}/{{step}}", response_class=HTMLResponse)
async def step_page(request: Request, tx: Tx, step: Step, language: InLanguage) -> Response:
    """The page of the step that is left of signing in."""
    token = request.app.state.sessions.halfway(dict(request.scope))
    try:
        found = await signing_in.at_step(tx, token, step)
    except FormForeign:
        return RedirectResponse(SIGN_IN, 303, HEADERS)
    return answered(request, _step_page(request, found, token, language), language)


@signing.get(SIGN_OUT, response_class=HTMLResponse)
async def sign_out_page(request: Request, language: InLanguage) -> Response:
    """Who is signed in here, and the form that ends it."""
    sessions: Sessions = request.app.state.sessions
    token = sessions.token(dict(request.scope))
    operator = await sessions.operator(request.app.state.platform, token) if token else None
    if token is None or operator is None:
        return RedirectResponse(SIGN_IN, 303, HEADERS)
    return answered(request, pages.sign_out(language, operator.name, operator.role, csrf_of(token)), language)


@signing.post(SIGN_OUT)
async def sign_out(request: Request, tx: Tx) -> Response:
    """End the session of this browser."""
    sessions: Sessions = request.app.state.sessions
    token = sessions.token(dict(request.scope))
    if token is not None:
        refuse_foreign(token, (await read(request)).get("csrf"))
        await signing_in.sign_out(tx, token)
    return RedirectResponse(SIGN_IN, 303, HEADERS | {"Set-Cookie": sessions.set_cookie("")})


def browser_of(request: Request) -> Browser:
    sessions: Sessions = request.app.state.sessions
    return Browser(request.client.host if request.client else "unknown", sessions.token(dict(request.scope)))


async def entered(request: Request, entry: Entry) -> Response:
    """To the page of the step that is left; else to where this person begins: the viewer of a partner with its page, everybody
    else with the screen."""
    sessions: Sessions = request.app.state.sessions
    if entry.step is not None:
        cookie = {"Set-Cookie": sessions.halfway_cookie(entry.token)}
        return RedirectResponse(f"{SIGN_IN}/{entry.step}", 303, HEADERS | cookie)
    operator = await sessions.operator(request.app.state.platform, entry.token)
    home = PARTNER_PAGES if operator is not None and operator.partner is not None else HOME
    answer = RedirectResponse(home, 303, HEADERS | {"Set-Cookie": sessions.set_cookie(entry.token)})
    if sessions.halfway(dict(request.scope)) is not None:
        answer.headers.append("Set-Cookie", sessions.halfway_cookie(""))
    return answer


def answered(request: Request, page: str, language: Language, refusal: Refusal | None = None) -> HTMLResponse:
    """A page, with the status of what it says was refused; the language that was asked for is remembered."""
    headers = HEADERS | (refusal.headers if refusal is not None else {}) | {"Content-Language": language}
    answer = HTMLResponse(page, refusal.status if refusal is not None else 200, headers)
    if request.query_params.get("lang") == language:
        remember(answer, language)
    return answer


async def read(request: Request) -> dict[str, str]:
    """The fields of a form."""
    return await read_form(request, largest=LARGEST_FORM_BYTES, most_fields=MOST_FIELDS)


def _step_page(request: Request, found: Halfway, token: str, language: Language) -> str:
    name, csrf = found.operator.name, csrf_of(token)
    if found.step == "code":
        return pages.code(language, csrf)
    if found.step == "password":
        return pages.first_password(language, csrf)
    return pages.first_factor(language, name, csrf, Offer.new(request.app.state.factor_key, name, token))


async def _halfway_form(request: Request) -> tuple[str, dict[str, str]]:
    """The token and the fields of a step's form; FormForeign where it is not from our page."""
    token = request.app.state.sessions.halfway(dict(request.scope))
    form = await read(request)
    if token is None:
        raise FormForeign
    refuse_foreign(token, form.get("csrf"))
    return token, form


def _again(request: Request, refusal: Refusal, language: Language) -> Response:
    """The page for signing in, saying why nobody did."""
    by_account = request.app.state.issuer is not None
    page = pages.sign_in(language, refusal.detail.in_(language), by_account=by_account)
    return answered(request, page, language, refusal)
