"""A partner's own view of the platform: the gateway, its token, and nothing else."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import httpx

from cli.credentials import NoToken, fetch_token
from shared.text import Text

TOKEN_SECONDS = 480
"""Tokens live ten minutes; a fresh one is asked for a little earlier."""
TRIES = 30
WAIT_SECONDS = 0.5
AGAIN = frozenset({429, 502, 503, 504})
TIMEOUT = httpx.Timeout(120, connect=5)
AWAY: Final = Text(
    ar="البوابة لا تجيب ({reason}). هل المنصة قيد التشغيل؟",
    fr="La passerelle ne répond pas ({reason}). La plateforme est-elle en marche ?",
    en="The gateway does not answer ({reason}). Is the platform running?",
)


def title_of(answer: httpx.Response) -> str:
    """A refusal in the platform's own words."""
    if "json" in answer.headers.get("content-type", ""):
        return str(answer.json().get("title", answer.status_code))
    return f"HTTP {answer.status_code}"


def away(fault: httpx.TransportError, language: str) -> str:
    return AWAY.format(reason=type(fault).__name__).in_(language)


class GatewayClient:
    """Calls the gateway as one partner. Answers that say "not now" are asked for again, as a partner's system would."""

    def __init__(self, gateway_url: str, credentials_file: Path, partner: str, language: str = "fr") -> None:
        self._url, self._credentials, self.partner = gateway_url, credentials_file, partner
        self._language = language
        self._token, self._token_until = "", 0.0
        self._client = httpx.AsyncClient(base_url=gateway_url, timeout=TIMEOUT, trust_env=False)

    async def __aenter__(self) -> "GatewayClient":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def call(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        body: Any = None,
        if_match: str | None = None,
        **params: Any,
    ) -> Any:
        """The JSON of an answer; httpx.HTTPStatusError where the gateway refuses. `body` is sent as JSON."""
        return (await self.answer(method, path, content=content, body=body, if_match=if_match, **params)).json()

    async def answer(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        body: Any = None,
        if_match: str | None = None,
        headers: Mapping[str, str] | None = None,
        **params: Any,
    ) -> httpx.Response:
        """An answer with its headers; httpx.HTTPStatusError where the gateway refuses."""
        asked = {**(headers or {})} | ({"If-Match": if_match} if if_match else {})
        for tried in range(1, TRIES + 1):
            try:
                answer = await self.once(method, path, content=content, body=body, headers=asked, **params)
            except (httpx.TransportError, NoToken) as fault:
                refused = isinstance(fault, NoToken) and not isinstance(fault.__cause__, httpx.TransportError)
                if refused or tried == TRIES:
                    raise
                await asyncio.sleep(WAIT_SECONDS)
                continue
            if answer.status_code not in AGAIN or tried == TRIES:
                answer.raise_for_status()
                return answer
            await asyncio.sleep(min(float(answer.headers.get("Retry-After", WAIT_SECONDS)), 5))
        raise AssertionError("every try returns or raises")

    async def once(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        **params: Any,
    ) -> httpx.Response:
        """The answer to one attempt, whatever it is."""
        own = {"Accept-Language": self._language, "Authorization": f"Bearer {await self._fresh_token()}"}
        return await self._client.request(
            method, path, params=params, content=content, json=body, headers={**(headers or {}), **own}
        )

    async def get(self, path: str, **params: Any) -> Any:
        return await self.call("GET", path, **params)

    async def pages(self, path: str, **params: Any) -> AsyncIterator[dict[str, Any]]:
        """Every row of a cursor-paged list."""
        cursor: dict[str, str] = {}
        while True:
            page = await self.get(path, limit=200, **params, **cursor)
            for item in page["items"]:
                yield item
            if not page.get("next_cursor"):
                return
            cursor = {"cursor": page["next_cursor"]}

    @asynccontextmanager
    async def stream(self, path: str, start: int) -> AsyncIterator[httpx.Response]:
        """A file's answer from the byte `start` on, read as it comes."""
        headers = {"Authorization": f"Bearer {await self._fresh_token()}", "Accept-Language": self._language}
        if start:
            headers["Range"] = f"bytes={start}-"
        async with self._client.stream("GET", path, headers=headers) as answer:
            yield answer

    async def _fresh_token(self) -> str:
        if time.monotonic() > self._token_until:
            self._token = await fetch_token(self._url, self._credentials, self.partner)
            self._token_until = time.monotonic() + TOKEN_SECONDS
        return self._token
