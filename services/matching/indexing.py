"""The index beside the requests: read at the start, kept level with the table, written to disk now and then. A worker."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from services.matching.engine.warming import compile_kernels
from services.matching.registry_index import RegistryIndex, registry_index
from services.matching.settings import MatchingSettings
from shared.copying import driver_of
from shared.logs import log
from shared.platform import Platform

READ_AT_ONCE: Final = 50_000
"""Members read in one go: about a second's work beside the requests."""
LOOK_SECONDS: Final = 0.5
SAVE_SECONDS: Final = 600
"""A snapshot is a start saved and nothing else: what it lacks is read from the table."""
SAVE_FROM: Final = 20_000
"""Members below which reading the table is as fast as a snapshot."""
UNSAVED_SHARE: Final = 0.1
"""Of the members of a snapshot, so many more are worth another."""


async def have_kernels(_: Platform) -> None:
    """Before the process is ready: who asked while the engine is compiled, half a minute of a core, would not be answered."""
    if await asyncio.to_thread(compile_kernels):
        log.info("kernels_compiled")


async def keep_index(platform: Platform) -> None:
    """The worker: follows the table, for ever; a snapshot where there is a folder for it."""
    index, folder = registry_index(platform.database.engine), _folder(platform)
    if folder is not None and not index.ready:
        await _begin_with(index, folder, platform)
    saved, held = asyncio.get_running_loop().time(), index.followed
    try:
        while not platform.stopping.is_set():
            level = await _take_in(index, platform) < READ_AT_ONCE
            await asyncio.to_thread(index.join)
            if level:
                index.ready = True
                with suppress(TimeoutError):
                    await asyncio.wait_for(platform.stopping.wait(), LOOK_SECONDS)
            # A stop leaves too few seconds to write millions, and a death none: what a start would wait for is written before.
            many = index.through - held[0] > max(SAVE_FROM, held[0] * UNSAVED_SHARE)
            long = asyncio.get_running_loop().time() - saved > SAVE_SECONDS
            if folder is not None and level and (many or (long and index.followed != held)):
                saved, held = asyncio.get_running_loop().time(), index.followed
                await _save(index, folder)
        await asyncio.Event().wait()  # the end comes from outside
    finally:
        if folder is not None and index.followed != held:
            await _save(index, folder)
        log.info("index_left", members=len(index))


def _folder(platform: Platform) -> Path | None:
    settings: Any = platform.settings
    folder = settings.data_folder if isinstance(settings, MatchingSettings) else None
    return folder / "registry-index" if folder else None


async def _begin_with(index: RegistryIndex, folder: Path, platform: Platform) -> None:
    try:
        await index.begin_with(folder, platform.database)
    except FileNotFoundError:
        return
    except (OSError, ValueError, KeyError) as fault:
        log.warning("index_snapshot_passed_over", reason=f"{type(fault).__name__}: {fault}")
        return
    log.info("index_read_from_snapshot", members=len(index))


async def _take_in(index: RegistryIndex, platform: Platform) -> int:
    async with platform.database.transaction() as tx:
        return await index.take_in(await driver_of(tx, begun=True), READ_AT_ONCE)


async def _save(index: RegistryIndex, folder: Path) -> None:
    """A stop that comes meanwhile waits until it is written: the platform gives it some seconds."""
    if len(index) < SAVE_FROM:
        return
    writing, stopped = asyncio.ensure_future(asyncio.to_thread(index.save, folder)), False
    while not writing.done():
        try:
            await asyncio.wait([writing])
        except asyncio.CancelledError:
            stopped = True
    try:
        writing.result()
    except OSError as fault:
        log.warning("index_snapshot_not_written", reason=str(fault))
    if stopped:
        raise asyncio.CancelledError


async def members_to_index(platform: Platform) -> dict[str, int]:
    """For the health page: members whom nobody can be linked to yet."""
    async with platform.database.transaction() as tx:
        return {"members_to_index": await registry_index(platform.database.engine).behind(tx)}
