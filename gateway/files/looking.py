"""The second look: a process of its own reads the file that is about to leave, and says what is in it."""

import asyncio
import contextlib
import sys
from collections import OrderedDict

from gateway.files.errors import FileUnreadable
from gateway.files.forms import REGISTRY_ID, FileForm, Found
from gateway.files.reading import READERS, asked, told
from gateway.files.spooling import Spooled
from gateway.files.tables import Unreadable
from gateway.releasing import Answer
from shared.errors import Unavailable
from shared.logs import log

LOOK_SECONDS = 120.0
"""A file of 1 GB takes a processor of its own some forty."""
AT_ONCE = 2
"""Files looked into at a time: a look takes a processor and some memory, and requests come first."""
MOST_WAITING = 20
MOST_REMEMBERED = 1_000
"""Files whose bytes were looked into: where a line broke, the rest of the same file is sent without another look."""
Key = tuple[str, str, FileForm, frozenset[str]]


class Looks:
    """Looks into files, some at a time, and remembers what was in which bytes."""

    def __init__(self) -> None:
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self._remembered: OrderedDict[Key, Found] = OrderedDict()

    async def look(self, answer: Answer) -> None:
        """A step of releasing: note what is in the file that waits. FileUnreadable; Unavailable where too many wait."""
        if (file := answer.spooled) is None:
            return
        form = answer.route.file
        known = frozenset(found.group().lower() for found in REGISTRY_ID.finditer(answer.path))
        key = file.sha256, file.media, form, known
        if (found := self._remembered.get(key)) is None:
            found = await self._looked(answer, file, form, known)
            self._remembered[key] = found
            if len(self._remembered) > MOST_REMEMBERED:
                self._remembered.popitem(last=False)
        answer.found = found

    async def _looked(self, answer: Answer, file: Spooled, form: FileForm, known: frozenset[str]) -> Found:
        if self._waiting >= MOST_WAITING:
            raise Unavailable
        self._waiting += 1
        try:
            async with self._gate:
                return await _read(file, form, known)
        except Unreadable as fault:
            log.error("file_unreadable", route=answer.route.path, at=str(fault), sha256=file.sha256)
            raise FileUnreadable from None
        finally:
            self._waiting -= 1


async def _read(file: Spooled, form: FileForm, known: frozenset[str]) -> Found:
    """Unreadable, also where the reader took too long or ended."""
    if file.media not in READERS:
        raise Unreadable("content type")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway.files.reading"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            answer, _ = await process.communicate(asked(file.path, file.media, form, known))
    except TimeoutError:
        raise Unreadable("time") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode != 0:
        raise Unreadable(f"the reader ended with {process.returncode}")
    return told(answer)
