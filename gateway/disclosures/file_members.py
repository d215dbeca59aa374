"""In which files somebody stood: the log knows which files left, the services that wrote them who was in them."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeVar

import httpx
from pydantic import ValidationError

from gateway.disclosures.errors import FilesNotForgotten
from shared.file_members import FILES_PATH, MOST_NAMES, NAMES_PATH, FilesWritten, FileWritten, Names
from shared.http import OwnerUnavailable
from shared.logs import log
from shared.platform import Platform

Told = TypeVar("Told", Names, FilesWritten)
REGISTRY, GATEWAY = "registry", "gateway"
ASK_SECONDS = 10.0
"""An officer waits at a desk, and a citizen before it."""


@dataclass(frozen=True, slots=True)
class Members:
    """Under which names somebody is known, in which files they stood, and which processes did not say."""

    names: Sequence[str]
    files: Sequence[FileWritten]
    unanswered: Sequence[str]
    complete: bool


async def files_of(platform: Platform, said: Sequence[str]) -> Members:
    """`said`: ids and numbers of one citizen, her household and her enrollments. Whoever does not answer is named, and the others'
    files are there."""
    known = await _ask(platform, REGISTRY, NAMES_PATH, Names, said)
    names = list(dict.fromkeys([*said, *(known.names if known is not None else ())]))[:MOST_NAMES]
    processes = _services(platform)
    answers = await asyncio.gather(*(_ask(platform, one, FILES_PATH, FilesWritten, names) for one in processes))
    unanswered = {process for process, answer in zip(processes, answers, strict=True) if answer is None}
    if known is None:
        unanswered.add(REGISTRY)
    told = [answer for answer in answers if answer is not None]
    return Members(
        names, [file for one in told for file in one.files], sorted(unanswered), all(one.complete for one in told)
    )


async def forget_files_of(platform: Platform, said: Sequence[str]) -> None:
    """No service says any longer that somebody stood in a file. FilesNotForgotten where one does not answer: ask again."""
    known = await _ask(platform, REGISTRY, NAMES_PATH, Names, said)
    if known is None:
        raise FilesNotForgotten(processes=REGISTRY)
    processes = _services(platform)
    done = await asyncio.gather(*(_forgotten(platform, one, known.names) for one in processes))
    if missing := [process for process, forgotten in zip(processes, done, strict=True) if not forgotten]:
        raise FilesNotForgotten(processes=", ".join(missing))


def _services(platform: Platform) -> list[str]:
    return sorted(name for name in platform.settings.service_urls if name != GATEWAY)


async def _forgotten(platform: Platform, process: str, names: Collection[str]) -> bool:
    return await _answer(platform, process, f"{FILES_PATH}/forget", names) is not None


async def _ask(platform: Platform, process: str, path: str, kind: type[Told], names: Collection[str]) -> Told | None:
    content = await _answer(platform, process, path, names)
    try:
        return kind.model_validate(content) if content is not None else None
    except ValidationError:
        return None


async def _answer(platform: Platform, process: str, path: str, names: Collection[str]) -> object | None:
    """What a process says; None where it does not answer in time, or is of a version that does not know the question."""
    try:
        async with asyncio.timeout(ASK_SECONDS):
            content: object = await platform.owners.post(process, path, {"names": list(names)})
            return content
    except (OwnerUnavailable, httpx.HTTPStatusError, TimeoutError, ValueError) as fault:
        log.warning("files_not_told", upstream=process, reason=type(fault).__name__)
        return None
