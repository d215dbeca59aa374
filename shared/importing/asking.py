"""What the routes of imports have in common: who asks, in which language, for which import."""

import asyncio
import hashlib
from pathlib import Path
from typing import Annotated, BinaryIO
from uuid import UUID

from fastapi import Depends, Request

from shared.database import Tx
from shared.errors import BodyTooLarge, NotFound
from shared.identity import Caller, permitted
from shared.importing.importer import Importer
from shared.importing.models import Import
from shared.platform import Platform
from shared.problems import language_of
from shared.text import Language

Importing = Annotated[Caller, permitted("imports:write")]


async def _language(request: Request) -> Language:
    return language_of(request.headers.get("accept-language"))


async def _platform(request: Request) -> Platform:
    platform: Platform = request.app.state.platform
    return platform


async def _importer(request: Request) -> Importer:
    importer: Importer = request.app.state.importer
    return importer


async def _looking(request: Request) -> asyncio.Semaphore:
    looking: asyncio.Semaphore = request.app.state.looking
    return looking


AskedLanguage = Annotated[Language, Depends(_language)]
OurPlatform = Annotated[Platform, Depends(_platform)]
OurImporter = Annotated[Importer, Depends(_importer)]
Looking = Annotated[asyncio.Semaphore, Depends(_looking)]
"""Held while a file is open for a look."""


async def own_import(tx: Tx, import_id: UUID, by: Caller, *, lock: bool = False) -> Import:
    """The caller's import; another partner's does not exist for it."""
    import_ = await tx.get(Import, import_id, with_for_update=lock)
    if import_ is None or import_.partner != by.name:
        raise NotFound
    return import_


async def spool(request: Request, file: Path, limit: int) -> bytes:
    """Write the body to disk as it comes and return its SHA-256; a slow line holds no database connection."""
    with file.open("wb") as sink:
        await take_in(request, sink, limit)
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").digest()


async def take_in(request: Request, sink: BinaryIO, limit: int) -> int:
    """Write the body into `sink` as it comes; returns its length. BodyTooLarge past `limit`."""
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > limit:
            raise BodyTooLarge(limit=limit)
        sink.write(piece)
    return size
