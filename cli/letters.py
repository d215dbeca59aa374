"""Dead letters of every process, read and redriven through their `/internal` routes in the operator's name."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Final

import httpx
from rich.console import Console
from rich.table import Table

from cli.gateway_client import title_of
from cli.main import language as terminal_language
from shared.identity import INTERNAL, Caller, InternalKey
from shared.text import Text

OPERATOR: Final = Caller("operator", frozenset({INTERNAL}))
PAGE: Final = 200
TIMEOUT: Final = httpx.Timeout(60, connect=3)
ROUTE: Final = "/internal/dead-letters"

WORDS: Final[dict[str, Text]] = {
    "none": Text(ar="لا توجد أحداث فاشلة.", fr="Aucun événement en échec.", en="No dead letters."),
    "away": Text(
        ar="{process}: لا تجيب ({reason}).",
        fr="{process} : ne répond pas ({reason}).",
        en="{process}: no answer ({reason}).",
    ),
    "redriven": Text(ar="أعيد تنفيذه", fr="rejoué", en="redriven"),
    "process": Text(ar="العملية", fr="Processus", en="Process"),
    "event": Text(ar="الحدث", fr="Événement", en="Event"),
    "place": Text(ar="الموضع", fr="Place", en="Place"),
    "tries": Text(ar="المحاولات", fr="Essais", en="Tries"),
    "reason": Text(ar="السبب", fr="Raison", en="Reason"),
    "died_at": Text(ar="وقت الفشل", fr="Échec le", en="Died at"),
    "redrive": Text(ar="الإعادة", fr="Rejeu", en="Redrive"),
}


async def dead_letters(
    ready: Mapping[str, Any],
    data_dir: Path,
    *,
    redrive: bool,
    console: Console | None = None,
    language: str | None = None,
) -> int:
    """Print the dead letters of all processes, redriving each where asked. Returns the exit status.

    1 where a process could not be asked, or a letter could not be given its effect.
    """
    console, language = console or Console(), language or terminal_language()
    key = InternalKey(data_dir / "secrets" / "internal.key")
    headers = {"Authorization": f"Bearer {key.token(OPERATOR)}", "Accept-Language": language}
    rows: list[tuple[str, ...]] = []
    failed = False
    for process, url in ready["services"].items():
        async with httpx.AsyncClient(base_url=url, timeout=TIMEOUT, trust_env=False, headers=headers) as client:
            try:
                for letter in [one async for one in _letters(client)]:
                    outcome = await _redrive(client, letter, language) if redrive else ""
                    failed = failed or bool(outcome and outcome != WORDS["redriven"].in_(language))
                    rows.append(_row(process, letter, outcome))
            except httpx.HTTPError as fault:
                failed = True
                line = WORDS["away"].format(process=process, reason=_said(fault)).in_(language)
                console.print(line, style="bold red", highlight=False, soft_wrap=True)
    console.print(_table(rows, language) if rows else WORDS["none"].in_(language))
    return 1 if failed else 0


async def _letters(client: httpx.AsyncClient) -> AsyncIterator[dict[str, Any]]:
    cursor: dict[str, str] = {}
    while True:
        answer = await client.get(ROUTE, params={"limit": str(PAGE), **cursor})
        answer.raise_for_status()
        page = answer.json()
        for letter in page["items"]:
            yield letter
        if not page.get("next_cursor"):
            return
        cursor = {"cursor": page["next_cursor"]}


async def _redrive(client: httpx.AsyncClient, letter: dict[str, Any], language: str) -> str:
    """The word for done, or the process's own words on why it was not."""
    answer = await client.post(f"{ROUTE}/{letter['id']}/redrive")
    if answer.is_success:
        return WORDS["redriven"].in_(language)
    return title_of(answer)


def _said(fault: httpx.HTTPError) -> str:
    return f"HTTP {fault.response.status_code}" if isinstance(fault, httpx.HTTPStatusError) else type(fault).__name__


def _row(process: str, letter: dict[str, Any], outcome: str) -> tuple[str, ...]:
    place = f"{letter['stream']} #{letter['sequence']}"
    frames = letter["trace"].splitlines()
    reason = f"{letter['reason']}: {frames[-1]}" if frames else letter["reason"]
    return process, letter["type"], place, str(letter["tries"]), reason, letter["died_at"][:19], outcome


def _table(rows: list[tuple[str, ...]], language: str) -> Table:
    table = Table(header_style="bold")
    for column in ("process", "event", "place", "tries", "reason", "died_at", "redrive"):
        table.add_column(WORDS[column].in_(language), overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table
