"""The dashboard's addresses, for operators who signed in. Nothing here is of a person or a partner; its files are open."""

import time
from collections.abc import AsyncIterator
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

from gateway.dashboard.assets import load_assets
from gateway.dashboard.observation import Observation
from gateway.dashboard.page import Pages, age_words
from shared.clock import now
from shared.errors import NotFound, Refusal
from shared.identity import open_to_all, permitted
from shared.problems import language_of
from shared.text import LANGUAGES, Language, Text

BEAT_SECONDS = 2.0
STREAM_SECONDS = 600.0
"""Then the browser connects again by itself, and is asked again who sits there."""
MOST_SCREENS = 64
"""Open streams at once: each renders its own fragments. An operator's room has fewer."""
LANGUAGE_COOKIE = "tekamoul_lang"
COOKIE_SECONDS = 365 * 24 * 3600

PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Vary": "Accept-Language, Cookie",
}
ASSET_HEADERS = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
"""Assets are asked for with their fingerprint in the address, so they may be kept for ever."""

assets = load_assets()
pages = Pages(assets)
router = APIRouter(prefix="/dashboard", dependencies=[permitted("dashboard:read")], include_in_schema=False)
files = APIRouter(prefix="/dashboard/static", dependencies=[open_to_all], include_in_schema=False)


class Source(Protocol):
    """Where observations come from: `app.state.observatory`."""

    @property
    def latest(self) -> Observation | None: ...

    async def wait(self, seconds: float) -> None: ...

    @property
    def stopping(self) -> bool:
        """The process is about to end: open screens must let it go."""
        ...


class TooManyScreens(Refusal):
    code, status = "too_many_screens", 503
    text = Text(
        ar="عدد شاشات المتابعة المفتوحة بلغ حده. أغلق واحدة ثم أعد المحاولة.",
        fr="Trop d'écrans de suivi sont ouverts. Fermez-en un, puis réessayez.",
        en="Too many dashboard screens are open. Close one, then try again.",
    )


def language_chosen(request: Request) -> Language:
    """The language asked for in the address, else the one chosen before, else the browser's."""
    for wanted in (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        for language in LANGUAGES:
            if wanted == language:
                return language
    return language_of(request.headers.get("accept-language"))


async def _language(request: Request, lang: Annotated[str | None, Query(max_length=8)] = None) -> Language:
    """`lang` is declared for its bound; see language_chosen."""
    return language_chosen(request)


InLanguage = Annotated[Language, Depends(_language)]


async def _source(request: Request) -> Source:
    source: Source = request.app.state.observatory
    return source


From = Annotated[Source, Depends(_source)]


@router.get("", response_class=HTMLResponse)
async def page(request: Request, source: From, language: InLanguage) -> HTMLResponse:
    """The operator's screen."""
    answer = HTMLResponse(
        pages.page(source.latest, now(), language), headers=PAGE_HEADERS | {"Content-Language": language}
    )
    if request.query_params.get("lang") == language:
        remember(answer, language)
    return answer


def remember(answer: Response, language: Language) -> None:
    """Have the browser say this language at its next visit."""
    answer.set_cookie(
        LANGUAGE_COOKIE, language, max_age=COOKIE_SECONDS, path="/dashboard", httponly=True, samesite="lax"
    )


@router.get("/fragment", response_class=HTMLResponse)
async def fragment(source: From, language: InLanguage) -> HTMLResponse:
    """The part of the screen that changes, as it is now."""
    return HTMLResponse(pages.fragment(source.latest, now(), language), headers=PAGE_HEADERS)


async def _one_screen(request: Request) -> AsyncIterator[None]:
    """A place among the open streams, given back when the stream ends."""
    state = request.app.state
    taken: int = getattr(state, "dashboard_screens", 0)
    if taken >= MOST_SCREENS:
        raise TooManyScreens
    state.dashboard_screens = taken + 1
    try:
        yield
    finally:
        state.dashboard_screens -= 1


@router.get("/stream", response_class=EventSourceResponse, dependencies=[Depends(_one_screen)])
async def stream(source: From, language: InLanguage) -> AsyncIterator[ServerSentEvent]:
    """`state` with the fragment whenever it differs from the last one sent; `beat` with the data's age always."""
    sent, until = "", time.monotonic() + STREAM_SECONDS
    while not source.stopping and time.monotonic() < until:
        at = now()
        rendered = pages.fragment(source.latest, at, language)
        if rendered != sent:
            yield ServerSentEvent(event="state", raw_data=rendered, retry=int(BEAT_SECONDS * 1000))
            sent = rendered
        yield ServerSentEvent(event="beat", raw_data=age_words(source.latest, at, language))
        await source.wait(BEAT_SECONDS)


@files.get("/{name:path}")
async def asset(request: Request, name: str) -> Response:
    """A stylesheet, script, font or image of the screen."""
    found = assets.get(name)
    if found is None:
        raise NotFound
    headers = ASSET_HEADERS | {"ETag": found.etag, "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == found.etag:
        return Response(status_code=304, headers=headers)
    if found.gzipped and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(found.gzipped, media_type=found.media_type, headers=headers | {"Content-Encoding": "gzip"})
    return Response(found.body, media_type=found.media_type, headers=headers)
