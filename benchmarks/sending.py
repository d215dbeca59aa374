"""A file on its way to a service, as a partner sends it."""

from __future__ import annotations

import base64
from pathlib import Path

import httpx

PIECE_BYTES = 8 << 20
WHOLE_BYTES = 60 << 20
"""A larger file is sent in pieces."""


async def send_file(client: httpx.AsyncClient, kind: str, file: Path) -> str:
    """The id of the import: the file as one body, or in pieces as tus has it."""
    about = {"kind": kind, "filename": file.name}
    if file.stat().st_size <= WHOLE_BYTES:
        answer = await client.post("/v1/imports", params=about, content=file.read_bytes())
        answer.raise_for_status()
        return str(answer.json()["id"])
    metadata = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in about.items())
    tus = {"Tus-Resumable": "1.0.0"}
    begun = await client.post(
        "/v1/uploads", headers={**tus, "Upload-Length": str(file.stat().st_size), "Upload-Metadata": metadata}
    )
    begun.raise_for_status()
    where, offset = str(begun.request.url.join(begun.headers["Location"])), 0
    answer = begun
    with file.open("rb") as source:
        while piece := source.read(PIECE_BYTES):
            headers = {**tus, "Content-Type": "application/offset+octet-stream", "Upload-Offset": str(offset)}
            answer = await client.patch(where, content=piece, headers=headers)
            answer.raise_for_status()
            offset += len(piece)
    return str(answer.headers["Upload-Import"])
