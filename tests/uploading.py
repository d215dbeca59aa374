"""Speaks tus to a service, as a partner's own program would."""

from __future__ import annotations

import base64
from typing import Any

import httpx

TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}


def metadata(**said: str) -> str:
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in said.items())


async def begin(client: httpx.AsyncClient, size: int, *, under: str = "/v1/uploads", **said: str) -> httpx.Response:
    headers = {**TUS, "Upload-Length": str(size), "Upload-Metadata": metadata(**said)}
    return await client.post(under, headers=headers)


async def send_piece(
    client: httpx.AsyncClient, where: str, offset: int, piece: bytes, **headers: str
) -> httpx.Response:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.patch(where, content=piece, headers={**PIECE, "Upload-Offset": str(offset), **given})


async def offset_of(client: httpx.AsyncClient, where: str) -> int:
    answer = await client.head(where, headers=TUS)
    assert answer.status_code == 200, answer.status_code
    return int(answer.headers["Upload-Offset"])


def located(answer: httpx.Response) -> str:
    """The upload's address, resolved against the one that was asked, as RFC 3986 says."""
    assert answer.status_code == 201, answer.text
    return str(answer.request.url.join(answer.headers["Location"]))


async def send_in_pieces(client: httpx.AsyncClient, content: bytes, piece: int, **said: Any) -> str:
    """Upload a whole file; the id of its import."""
    where = located(await begin(client, len(content), **said))
    answer = None
    for offset in range(0, len(content), piece):
        answer = await send_piece(client, where, offset, content[offset : offset + piece])
        assert answer.status_code == 204, answer.text
    assert answer is not None
    return str(answer.headers["Upload-Import"])
