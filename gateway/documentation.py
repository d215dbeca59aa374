"""The API's documentation: one OpenAPI description of all services, a page that shows it, and the codes of refusals."""

import asyncio
import base64
import hashlib
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
from fastapi import APIRouter, FastAPI, Request, Response
from jinja2 import Environment, FileSystemLoader, select_autoescape
from starlette.staticfiles import StaticFiles

import gateway.errors  # noqa: F401 - its refusals are listed, too
from gateway.merging import INSTITUTION, Document, Part, merge
from gateway.partners.file import Partners
from shared.errors import NotFound, known_refusals
from shared.identity import open_to_all
from shared.logs import log
from shared.problems import language_of
from shared.text import LANGUAGES, Text

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"
ASSETS_PATH = "/docs/assets"
FETCH_SECONDS = 10.0
"""A service makes its description when it is first asked: seconds of work where all are asked at once."""
CACHED_SECONDS = 30.0
INCOMPLETE_SECONDS = 1.0
"""How long a description without a service that did not answer is kept."""
REFUSALS_FIELD = "x-refusals"
"""Where a service's OpenAPI description may list its refusals: objects of code, status, ar, fr, en."""

AGAIN = Text(
    ar="ما العمل: أعيدوا الطلب نفسه بعد المدة المذكورة في Retry-After، وبنفس Idempotency-Key إن كان كتابة.",
    fr="Que faire : répétez la même requête après le délai de Retry-After, avec la même Idempotency-Key si elle écrit.",
    en="What to do: send the same request again after Retry-After, with the same Idempotency-Key where it writes.",
)
WHAT_TO_DO = {
    401: Text(
        ar="ما العمل: اطلبوا رمز دخول جديدا من ‎/oauth2/token‎ ثم أعيدوا الطلب.",
        fr="Que faire : demandez un nouveau jeton à /oauth2/token, puis répétez la requête.",
        en="What to do: ask /oauth2/token for a new token, then send the request again.",
    ),
    403: Text(
        ar="ما العمل: راجعوا اتفاقياتكم في ‎/v1/agreements‎؛ التكرار دون تغيير يعطي الجواب نفسه.",
        fr="Que faire : voyez vos accords à /v1/agreements ; répéter sans rien changer donnera la même réponse.",
        en="What to do: see your agreements at /v1/agreements; the same request again gets the same answer.",
    ),
    409: Text(
        ar="ما العمل: اقرؤوا الحالة الراهنة ثم قرروا من جديد.",
        fr="Que faire : relisez l'état actuel, puis décidez à nouveau.",
        en="What to do: read how things stand now, then decide anew.",
    ),
    429: AGAIN,
    500: Text(
        ar="ما العمل: أبلغوا المشغل بقيمة trace_id في الجواب.",
        fr="Que faire : signalez à l'exploitant le trace_id de la réponse.",
        en="What to do: tell the operator the trace_id in the answer.",
    ),
    503: AGAIN,
    504: AGAIN,
}
"""By HTTP status, where the refusal's own text is not all there is to say."""
CORRECT = Text(
    ar="ما العمل: صححوا ما يشير إليه pointer في الجواب ثم أعيدوا الإرسال.",
    fr="Que faire : corrigez ce que désigne pointer dans la réponse, puis renvoyez.",
    en="What to do: correct what pointer in the answer names, then send it again.",
)

router = APIRouter(dependencies=[open_to_all], include_in_schema=False)


def assets() -> StaticFiles:
    """The page's files, from our own disk: nothing is fetched from elsewhere."""
    return StaticFiles(directory=STATIC)


def integrity(path: str) -> str:
    """Subresource integrity of a file under static/."""
    return "sha384-" + base64.b64encode(hashlib.sha384((STATIC / path).read_bytes()).digest()).decode()


def described(routers: Sequence[APIRouter]) -> Document:
    """The OpenAPI description of these routers alone."""
    app = FastAPI()
    for one in routers:
        app.include_router(one)
    return app.openapi()


class Documentation:
    """The merged description, kept for half a minute, and the pages. `own`: the gateway's routers that others may read of."""

    def __init__(self, own: Sequence[APIRouter], service_urls: dict[str, str], partners: Partners) -> None:
        self._routers, self._urls, self._partners = own, service_urls, partners
        self._own: Document = {}
        self._merged: Document = {}
        self._refusals: dict[str, dict[str, Any]] = {}
        self._until = 0.0
        self._fetching = asyncio.Lock()
        environment = Environment(loader=FileSystemLoader(FOLDER / "templates"), autoescape=select_autoescape())
        environment.globals.update(assets=ASSETS_PATH, integrity=integrity)
        self._errors_page = environment.get_template("errors.html")
        self.page = environment.get_template("documentation.html").render()

    async def merged(self, client: httpx.AsyncClient) -> Document:
        await self._refresh(client)
        return self._merged

    async def refusals(self, client: httpx.AsyncClient) -> list[dict[str, Any]]:
        """Every code a caller may meet, with its three texts, by code."""
        await self._refresh(client)
        return [self._refusals[code] for code in sorted(self._refusals)]

    def errors_page(self, refusals: list[dict[str, Any]], language: str, advice: str | None = None) -> str:
        return self._errors_page.render(refusals=refusals, language=language, advice=advice)

    async def _refresh(self, client: httpx.AsyncClient) -> None:
        async with self._fetching:
            if time.monotonic() < self._until:
                return
            if not self._own:  # a third of a second, which no start need wait for, nor any other request now
                self._own = await asyncio.to_thread(described, self._routers)
            names = [name for name in self._urls if name != "gateway"]
            fetched = await asyncio.gather(*(_fetch(client, self._urls[name]) for name in names))
            documents = {name: document for name, document in zip(names, fetched, strict=True) if document}
            institutions = [name.removeprefix("programs-") for name in names if name.startswith("programs-")]
            self._merged = merge(
                self._own,
                _parts(documents),
                institutions=institutions,
                away=[name for name in names if name not in documents],
                partners=self._partners,
            )
            self._refusals = known_refusals()
            for document in documents.values():
                self._refusals |= {one["code"]: one for one in document.get(REFUSALS_FIELD, [])}
            complete = len(documents) == len(names)
            self._until = time.monotonic() + (CACHED_SECONDS if complete else INCOMPLETE_SECONDS)


def _parts(documents: dict[str, Document]) -> list[Part]:
    """The services as seen from outside: all programs processes are one."""
    parts = [Part(name, f"/{name}", documents[name]) for name in ("registry", "matching") if name in documents]
    programs = next((documents[name] for name in documents if name.startswith("programs-")), None)
    return [*parts, Part("programs", f"/programs/{INSTITUTION}", programs)] if programs else parts


async def _fetch(client: httpx.AsyncClient, url: str) -> Document | None:
    try:
        async with asyncio.timeout(FETCH_SECONDS):
            answer = await client.get(f"{url}/openapi.json")
        document = answer.json() if answer.status_code == 200 else None
    except (httpx.HTTPError, TimeoutError, OSError, ValueError) as fault:
        log.warning("description_unavailable", url=url, reason=type(fault).__name__)
        return None
    return document if isinstance(document, dict) and "paths" in document else None


@router.get("/openapi.json")
async def openapi(request: Request) -> dict[str, Any]:
    """The description of every service, as seen from outside."""
    documentation: Documentation = request.app.state.documentation
    return await documentation.merged(request.app.state.http)


@router.get("/docs")
async def page(request: Request) -> Response:
    documentation: Documentation = request.app.state.documentation
    return Response(documentation.page, media_type="text/html")


@router.get("/docs/errors")
async def errors(request: Request) -> Response:
    """Every code with its texts: a page, or JSON for whoever accepts only that."""
    documentation: Documentation = request.app.state.documentation
    refusals = await documentation.refusals(request.app.state.http)
    if "text/html" in request.headers.get("accept", ""):
        language = language_of(request.headers.get("accept-language"))
        return Response(documentation.errors_page(refusals, language), media_type="text/html")
    return Response(json.dumps(refusals, ensure_ascii=False), media_type="application/json")


@router.get("/docs/errors/{code}")
async def error(code: str, request: Request) -> Response:
    """What one code means and what to do: a page, or JSON. `type` of every refusal leads here."""
    documentation: Documentation = request.app.state.documentation
    known = {one["code"]: one for one in await documentation.refusals(request.app.state.http)}
    if code not in known:
        raise NotFound
    advice = WHAT_TO_DO.get(known[code]["status"], CORRECT)
    if "text/html" in request.headers.get("accept", ""):
        language = language_of(request.headers.get("accept-language"))
        page = documentation.errors_page([known[code]], language, advice.in_(language))
        return Response(page, media_type="text/html")
    told = known[code] | {"what_to_do": {language: advice.in_(language) for language in LANGUAGES}}
    return Response(json.dumps(told, ensure_ascii=False), media_type="application/json")
