"""What a process asks of others: a consumer of the owner of a record, the gateway of how everybody stands. No service calls
another while it answers a request."""

import ssl
from collections.abc import AsyncIterator
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx

from shared.identity import INTERNAL, Caller, InternalKey
from shared.pagination import LARGEST_PAGE
from shared.settings import ServiceSettings
from shared.tracing import current_traceparent

TIMEOUT = httpx.Timeout(20, connect=3)


@cache
def _trusted() -> ssl.SSLContext:
    """Whom TLS trusts here. A client that makes its own reads 150 certificates again: 20 ms."""
    return ssl.create_default_context()


def new_client() -> httpx.AsyncClient:
    """Asks straight, whatever proxies the environment names; follows nobody elsewhere, and keeps no cookie."""
    nobody = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    return httpx.AsyncClient(timeout=TIMEOUT, trust_env=False, verify=_trusted(), cookies=nobody)


class OwnerUnavailable(Exception):
    """The record behind an event cannot be fetched now; its owner is away. Never a reason to give an event up."""


class Owners:
    """The other processes' `/internal` routes, called in this process's name."""

    def __init__(self, settings: ServiceSettings, key: InternalKey) -> None:
        self._urls = settings.service_urls
        self._key = key
        self._caller = Caller(settings.name, frozenset({INTERNAL}))
        self._client = new_client()

    async def get(self, process: str, path: str, **params: Any) -> Any:
        """The JSON answer of `process`. OwnerUnavailable where it cannot answer now, httpx.HTTPStatusError where it refuses."""
        known = {name: value for name, value in params.items() if value is not None}
        return await self._ask("GET", process, path, params=known)

    async def post(self, process: str, path: str, body: Any) -> Any:
        """The JSON answer of `process` to a question too long for a query string. Raises as `get` does."""
        return await self._ask("POST", process, path, json=body)

    async def _ask(self, method: str, process: str, path: str, **content: Any) -> Any:
        headers = {
            "Authorization": f"Bearer {self._key.token(self._caller)}",
            "traceparent": current_traceparent(),
        }
        try:
            answer = await self._client.request(method, self._urls[process] + path, headers=headers, **content)
        except httpx.TransportError as fault:
            raise OwnerUnavailable(f"{process}: {type(fault).__name__}") from fault
        if answer.status_code >= 500 or answer.status_code == 429:
            raise OwnerUnavailable(f"{process} answered {answer.status_code}")
        answer.raise_for_status()
        return answer.json()

    async def items(self, process: str, path: str, **params: Any) -> AsyncIterator[dict[str, Any]]:
        """Every row of a cursor-paged list of `process`."""
        async for page in self.pages(process, path, **params):
            for item in page:
                yield item

    async def pages(self, process: str, path: str, **params: Any) -> AsyncIterator[list[dict[str, Any]]]:
        """The same page by page: of a long list each can be put away before the next one is asked for."""
        cursor = None
        while True:
            page = await self.get(process, path, cursor=cursor, limit=LARGEST_PAGE, **params)
            yield page["items"]
            cursor = page.get("next_cursor")
            if cursor is None:
                return

    async def close(self) -> None:
        await self._client.aclose()
