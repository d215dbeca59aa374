"""What a person reads where a page of the dashboard is refused: a page too. Whoever asks for anything else reads problem+json."""

from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse

from gateway.asgi import Scope, header, without
from gateway.dashboard.routes import language_chosen
from gateway.operators.pages import HEADERS, pages
from gateway.operators.words import WORDS
from gateway.traffic.exchange import EXCHANGE, Exchange
from shared.errors import NotPermitted, Refusal
from shared.problems import language_of, problem
from shared.text import Language

PAGES = "/dashboard"
ACCEPT_LANGUAGE = frozenset({b"accept-language"})


def told(refusal: Refusal, scope: Scope) -> Response:
    """The answer that tells whoever sent this request of a refusal."""
    if (language := _of_page(scope)) is None:
        return problem(refusal, language_of(header(scope, b"accept-language")))
    return _on_a_page(problem(refusal, language), language, scope)


def show_refusals(app: FastAPI) -> None:
    """Have what refuses a request of `app` be told on a page where a page was asked for."""
    for kind, handler in list(app.exception_handlers.items()):
        app.add_exception_handler(kind, _shown(handler))


def _shown(handler: Any) -> Any:
    async def answer(request: Request, fault: Exception) -> Response:
        if (language := _of_page(request.scope)) is None:
            plain: Response = await handler(request, fault)
            return plain
        headers = [*without(request.scope["headers"], ACCEPT_LANGUAGE), (b"accept-language", language.encode())]
        return _on_a_page(await handler(Request({**request.scope, "headers": headers}), fault), language, request.scope)

    return answer


def _of_page(scope: Any) -> Language | None:
    """The language of the page that a person asked for; None where a program asks, or for another thing."""
    if not scope["path"].startswith(PAGES) or "text/html" not in (header(scope, b"accept") or ""):
        return None
    return language_chosen(Request(scope))


def _on_a_page(answer: Response, language: Language, scope: Any) -> Response:
    said = orjson.loads(answer.body)
    exchange: Exchange = scope[EXCHANGE]
    exchange.fault = said["code"]  # of an answer in JSON it is read there
    # A partner's permissions are its agreement's, a person's those of her role.
    reason = WORDS[said["code"]].in_(language) if said["code"] == NotPermitted.code else said["title"]
    page = pages.refused(language, reason, said["code"], said["trace_id"])
    kept = {name: value for name, value in answer.headers.items() if name == "retry-after"}
    return HTMLResponse(page, answer.status_code, HEADERS | kept | {"Content-Language": language})
