"""Every file that a service gives in a test is looked at as the gateway would: what it holds back there, fails here."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path

import httpx

from gateway.agreements.rules.shared_answers import UNPROJECTED
from gateway.files.forms import REGISTRY_ID, FileForm, Found
from gateway.files.reading import READERS
from gateway.files.rules import first_fault
from gateway.routing import Routes
from gateway.settings import SHIPPED_ROUTES
from shared.disclosing import FILE_HEADER, FileTold
from shared.errors import Refusal


@cache
def shipped() -> Routes:
    return Routes(SHIPPED_ROUTES)


def found_in(content: bytes, media: str, form: FileForm, known: frozenset[str] = frozenset()) -> Found:
    """What the gateway's reader finds in these bytes."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        return READERS[media](Path(file.name), form, known)


def looking_at_files(process: str, *, may_have_ids: bool) -> Callable[[httpx.Response], Awaitable[None]]:
    """A hook of a client of a service."""

    async def look(answer: httpx.Response) -> None:
        path = answer.request.url.path
        if answer.status_code != 200 or not path.startswith("/v1/") or not path.endswith(("file", "printed")):
            return
        try:
            route = shipped().find(process, answer.request.method, path)
        except Refusal:
            return
        if route.file_of is None:
            return
        content, media = await answer.aread(), answer.headers["content-type"].partition(";")[0]
        told = FileTold.read(answer.headers[FILE_HEADER]) if FILE_HEADER in answer.headers else None
        known = frozenset(one.group().lower() for one in REGISTRY_ID.finditer(path))
        found = found_in(content, media, route.file, known)
        whole = UNPROJECTED.get((route.service, route.method, route.path))
        digest = FileTold.of(content, 0, ()).sha256
        fields = whole.fields if whole else {}
        assert first_fault(found, route.file, digest, told, fields, may_have_ids=may_have_ids) is None, (path, found)

    return look
