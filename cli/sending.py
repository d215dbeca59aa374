"""`tekamoul import`: one file sent through the gateway, followed to its last row, and its row errors printed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text as RichText

from cli.credentials import NoToken
from cli.main_job import Door, Loaded, MainJobFailed, send_file
from cli.printing import Printer
from shared.text import Text

MOST_ISSUES: Final = 200
"""Printed at most; a terminal is no place for more, and the API has them all."""

WORDS: Final[dict[str, Text]] = {
    "issues": Text(ar="ملاحظات على الأسطر", fr="Problèmes des lignes", en="Problems of rows"),
    "line": Text(ar="السطر", fr="Ligne", en="Line"),
    "field": Text(ar="الحقل", fr="Champ", en="Field"),
    "value": Text(ar="القيمة", fr="Valeur", en="Value"),
    "severity": Text(ar="النوع", fr="Gravité", en="Severity"),
    "reason": Text(ar="السبب", fr="Raison", en="Reason"),
    "error": Text(ar="خطأ", fr="erreur", en="error"),
    "warning": Text(ar="تنبيه", fr="avertissement", en="warning"),
    "more": Text(
        ar="وملاحظات أخرى: راجع {path} عبر البوابة.",
        fr="Et d'autres : voir {path} par la passerelle.",
        en="And more: see {path} through the gateway.",
    ),
    "refused": Text(
        ar="رفضت البوابة الملف: {reason}", fr="La passerelle refuse le fichier : {reason}", en="Refused: {reason}"
    ),
    "away": Text(
        ar="البوابة لا تجيب ({reason}). هل المنصة قيد التشغيل؟",
        fr="La passerelle ne répond pas ({reason}). La plateforme est-elle en marche ?",
        en="The gateway does not answer ({reason}). Is the platform running?",
    ),
}


async def send(
    ready: Mapping[str, Any],
    file: Path,
    partner: str,
    service: str,
    kind: str,
    currency: str,
    language: str,
    *,
    console: Console | None = None,
) -> int:
    """Send `file` as `partner`, wait until it is applied, print what became of it. Returns the exit status."""
    console = console or Console()
    door = Door(ready["gateway_url"], Path(ready["credentials_file"]), language)
    try:
        loaded = await _send_with_progress(door, file, partner, service, kind, currency, console)
        issues, more = await _issues(door, loaded)
    except MainJobFailed as failed:
        return _refuse(console, str(failed))
    except NoToken as none:
        return _refuse(console, none.text.in_(language))
    except httpx.HTTPStatusError as fault:
        return _refuse(console, WORDS["refused"].format(reason=_title(fault.response)).in_(language))
    except httpx.TransportError as fault:
        return _refuse(console, WORDS["away"].format(reason=type(fault).__name__).in_(language))
    Printer(console, language).files([loaded])
    if issues:
        console.print(_table(issues, language))
    if more:
        console.print(WORDS["more"].format(path=_issues_path(loaded)).in_(language), highlight=False)
    return 0


async def _send_with_progress(
    door: Door, file: Path, partner: str, service: str, kind: str, currency: str, console: Console
) -> Loaded:
    # How many rows a file has is known once it has been read, at the other end: the bar only shows that it moves.
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[rows]}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    with bar:
        task = bar.add_task(file.name, total=None, rows="")

        def told(_: str, done: int, __: int) -> None:
            bar.update(task, rows=str(done))

        return await send_file(door, partner, service, kind, file, currency, 0, told)


async def _issues(door: Door, loaded: Loaded) -> tuple[list[dict[str, Any]], bool]:
    """The first row problems, and whether there are more."""
    found: list[dict[str, Any]] = []
    async with door.client(loaded.partner) as client:
        async for issue in client.pages(_issues_path(loaded)):
            if len(found) == MOST_ISSUES:
                return found, True
            found.append(issue)
    return found, False


def _issues_path(loaded: Loaded) -> str:
    return f"{loaded.service}/v1/imports/{loaded.import_id}/issues"


def _table(issues: list[dict[str, Any]], language: str) -> Table:
    table = Table(title=WORDS["issues"].in_(language), title_justify="left", title_style="bold", header_style="bold")
    for column in ("line", "field", "value", "severity", "reason"):
        table.add_column(WORDS[column].in_(language), overflow="fold", justify="right" if column == "line" else "left")
    for one in issues:
        severity = WORDS[one["severity"]].in_(language)
        # A cell's content is a partner's: brackets in it are no markup of ours.
        table.add_row(str(one["line"]), one["field"], RichText(one["value"]), severity, RichText(one["reason"]))
    return table


def _title(answer: httpx.Response) -> str:
    """The gateway's own words for a refusal."""
    if "json" in answer.headers.get("content-type", ""):
        return str(answer.json().get("title", answer.status_code))
    return f"HTTP {answer.status_code}"


def _refuse(console: Console, line: str) -> int:
    console.print(RichText(line, style="bold red"), soft_wrap=True)
    return 1
