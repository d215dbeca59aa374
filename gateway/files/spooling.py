"""A file on its way out, taken whole from its service into a private file of ours before any of it leaves."""

import asyncio
import errno
import hashlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from gateway.errors import AnswerTooLarge
from shared.logs import log

LARGEST_FILE_BYTES = 1 << 30
"""Five million people take some 900 MB of text."""
WRITTEN_AT_ONCE = 1 << 20
PIECE_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class Spooled:
    """A whole file: where it lies, its size and the SHA-256 of its bytes in hexadecimal, and the content type it was given with."""

    path: Path
    size: int
    sha256: str
    media: str


class NoRoom(Exception):
    """No file could be written here."""


@asynccontextmanager
async def spooled(pieces: AsyncIterator[bytes], media: str) -> AsyncIterator[Spooled]:
    """The file of these pieces; it is gone with the block. AnswerTooLarge, NoRoom, and whatever the pieces end with."""
    with _kept() as kept:
        digest, size, held = hashlib.sha256(), 0, bytearray()
        async for piece in pieces:
            size += len(piece)
            if size > LARGEST_FILE_BYTES:
                log.error("answer_too_large", limit=LARGEST_FILE_BYTES)
                raise AnswerTooLarge(limit=LARGEST_FILE_BYTES)
            held += piece
            if len(held) >= WRITTEN_AT_ONCE:
                await asyncio.to_thread(_put, kept, held, digest)
                held = bytearray()
        await asyncio.to_thread(_put, kept, held, digest)
        yield Spooled(Path(kept.name), size, digest.hexdigest(), media)


def _kept() -> "tempfile._TemporaryFileWrapper[bytes]":
    try:
        return tempfile.NamedTemporaryFile(prefix="tekamoul-file-")
    except OSError as fault:
        raise NoRoom from fault


def _put(kept: IO[bytes], content: bytearray, digest: "hashlib._Hash") -> None:
    digest.update(content)
    try:
        kept.write(content)
        kept.flush()
    except OSError as fault:
        log.error("file_not_spooled", reason=errno.errorcode.get(fault.errno or 0, ""))
        raise NoRoom from fault


async def part_of(file: Spooled, start: int, end: int) -> AsyncIterator[bytes]:
    """The bytes from `start` to `end`, both included."""
    with file.path.open("rb") as source:
        source.seek(start)
        left = end - start + 1
        while left > 0:
            piece = await asyncio.to_thread(source.read, min(PIECE_BYTES, left))
            left -= len(piece)
            yield piece
