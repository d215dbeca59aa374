"""Sends a file through the gateway in pieces, and goes on where a cut line, or another run of the command, left it."""

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import httpx

from cli.gateway_client import GatewayClient

TUS: Final = {"Tus-Resumable": "1.0.0"}
FIRST_PIECE: Final = 256 << 10
LARGEST_PIECE: Final = 8 << 20
SMALLEST_PIECE: Final = 64 << 10
QUICK_SECONDS: Final = 2.0
"""A piece that is through sooner may be followed by a larger one; one that takes longer costs too much when cut."""
CUTS: Final = 20
"""In a row, without a byte arriving; then the line is given up."""
MOST_TIMES_SENT: Final = 50
ENDED_BADLY: Final = frozenset({"failed", "cancelled", "superseded"})

RETRIED: Final = (
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)

Sent = Callable[[int, int], None]
"""Sent(bytes, of how many) as the file goes out."""


class UploadGone(Exception):
    """An upload that somebody removed while it was going on."""


async def upload(client: GatewayClient, service: str, file: Path, said: Mapping[str, Any], sent: Sent) -> str:
    """Send `file` with what is `said` of it, as in POST /v1/imports; returns the id of its import.

    The creation carries a key made of the file and what is said of it: the same command run again is answered with the
    upload it had begun, and goes on there. httpx.HTTPStatusError where the gateway refuses.
    """
    key = await asyncio.to_thread(_key, file, said, client.partner)
    size = file.stat().st_size
    for number in range(MOST_TIMES_SENT):
        headers = TUS | {"Upload-Length": str(size), "Idempotency-Key": f"{key}-{number}"}
        made = await client.answer("POST", f"{service}/v1/uploads", headers=headers, **_asked(said))
        where = str(made.url.join(made.headers["Location"]).path)
        offset, import_id = await _state(client, where)
        if import_id is not None and await _stands(client, f"{service}/v1/imports/{import_id}"):
            sent(size, size)
            return import_id
        if offset is not None and import_id is None:
            try:
                return await _send(client, where, file, offset, sent)
            except UploadGone:
                continue
        # That upload has expired, or what became of it has ended badly: begin another.
    raise AssertionError("a key for each of so many attempts has been used")


def _key(file: Path, said: Mapping[str, Any], partner: str) -> str:
    with file.open("rb") as source:
        digest = hashlib.file_digest(source, "sha256")
    digest.update(json.dumps([partner, file.name, said], sort_keys=True, default=str).encode())
    return digest.hexdigest()[:48]


def _asked(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: str(value) for name, value in said.items() if value not in (None, "", False)}


async def _stands(client: GatewayClient, path: str) -> bool:
    """Whether an import of this file is under way or done. One that was only checked is checked again."""
    state = await client.get(path)
    if state["status"] == "checked":
        await client.call("POST", f"{path}/apply", body={"dry_run": True})
    return state["status"] not in ENDED_BADLY


async def _send(client: GatewayClient, where: str, file: Path, start: int, sent: Sent) -> str:
    """The id of the import, once every byte from `start` on has arrived."""
    size, piece, cuts = file.stat().st_size, FIRST_PIECE, 0
    offset: int | None = start
    import_id: str | None = None
    with file.open("rb") as source:
        while import_id is None:
            if offset is None:
                raise UploadGone(where)
            sent(offset, size)
            source.seek(offset)
            content, started = source.read(piece), time.monotonic()
            try:
                headers = TUS | {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
                answer = await client.once("PATCH", where, content=content, headers=headers)
            except httpx.TransportError:
                cuts += 1
                if cuts == CUTS:
                    raise
                piece = max(SMALLEST_PIECE, piece // 2)
                await asyncio.sleep(min(5.0, 0.2 * cuts))
                offset, import_id = await _state(client, where)
                continue
            if answer.status_code == HTTPStatus.NO_CONTENT:
                cuts, offset = 0, int(answer.headers["Upload-Offset"])
                import_id = answer.headers.get("Upload-Import")
                if time.monotonic() - started < QUICK_SECONDS:
                    piece = min(LARGEST_PIECE, piece * 2)
            else:  # a piece that had arrived after all, or a service that is just starting again
                if answer.status_code not in (HTTPStatus.CONFLICT, *RETRIED) or cuts == CUTS:
                    answer.raise_for_status()
                cuts += 1
                await asyncio.sleep(min(5.0, 0.2 * cuts))
                offset, import_id = await _state(client, where)
    sent(size, size)
    return import_id


async def _state(client: GatewayClient, where: str) -> tuple[int | None, str | None]:
    """How many bytes have arrived, and the import they have become; (None, None) where there is no such upload."""
    try:
        answer = await client.answer("HEAD", where, headers=TUS)
    except httpx.HTTPStatusError as fault:
        if fault.response.status_code == HTTPStatus.NOT_FOUND:
            return None, None
        raise
    return int(answer.headers["Upload-Offset"]), answer.headers.get("Upload-Import")
