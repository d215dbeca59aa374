"""`tekamoul export`: a file asked for through the gateway, followed until it is written, and fetched."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text as RichText

from cli.credentials import NoToken
from cli.gateway_client import GatewayClient, away, title_of
from cli.printing import refused
from shared.text import Text

REGISTRY: Final = "/registry"
LOOK_SECONDS: Final = 0.5
TRIES: Final = 5
"""Times that a broken line is taken up again where it broke."""

WORDS: Final[dict[str, Text]] = {
    "writing": Text(ar="كتابة الملف", fr="Écriture du fichier", en="Writing the file"),
    "fetching": Text(ar="تنزيل الملف", fr="Téléchargement", en="Fetching it"),
    "done": Text(
        ar="{file}: {rows} سطر، {size} بايت", fr="{file} : {rows} lignes, {size} octets", en="{file}: {rows} rows, {size} bytes"
    ),
    "refused": Text(ar="رُفض التصدير: {reason}", fr="Export refusé : {reason}", en="Refused: {reason}"),
}  # fmt: skip


class _Refused(Exception):
    """The platform's own words for why there is no file."""


async def fetch_export(
    ready: Mapping[str, Any],
    wanted: Mapping[str, Any],
    out: Path,
    partner: str,
    language: str,
    *,
    service: str = REGISTRY,
    console: Console | None = None,
) -> int:
    """Have a service write what is `wanted` and fetch it into `out`. Returns the exit status."""
    console = console or Console()
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[rows]}"),
        DownloadColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    try:
        with bar:
            async with GatewayClient(
                ready["gateway_url"], Path(ready["credentials_file"]), partner, language
            ) as client:
                exports = f"{service}/v1/exports"
                made = await _written(client, exports, wanted, bar, language)
                await _fetch(client, f"{exports}/{made['id']}/file", made, out, bar, language)
    except _Refused as none:
        return refused(console, WORDS["refused"].format(reason=none).in_(language))
    except NoToken as none:
        return refused(console, none.text.in_(language))
    except httpx.HTTPStatusError as fault:
        return refused(console, WORDS["refused"].format(reason=title_of(fault.response)).in_(language))
    except httpx.TransportError as fault:
        return refused(console, away(fault, language))
    done = WORDS["done"].format(file=out, rows=made["rows_done"], size=made["size"])
    console.print(RichText(done.in_(language)), soft_wrap=True)
    return 0


async def _written(
    client: GatewayClient, exports: str, wanted: Mapping[str, Any], bar: Progress, language: str
) -> dict[str, Any]:
    """Ask for the file and follow it until it is there."""
    made: dict[str, Any] = await client.call("POST", exports, body=dict(wanted))
    # How many rows there will be is known when the last one is written: the bar only shows that it moves.
    task = bar.add_task(WORDS["writing"].in_(language), total=None, rows="")
    while made["status"] in ("waiting", "running"):
        await asyncio.sleep(LOOK_SECONDS)
        made = await client.get(f"{exports}/{made['id']}")
        bar.update(task, rows=str(made["rows_done"]))
    bar.remove_task(task)
    if made["status"] == "failed":
        raise _Refused(made["failure"])
    return made


async def _fetch(
    client: GatewayClient, path: str, made: Mapping[str, Any], out: Path, bar: Progress, language: str
) -> None:
    """Fetch the file, from where it broke where it breaks; `out` appears when it is whole."""
    partial = out.with_name(out.name + ".part")
    task = bar.add_task(WORDS["fetching"].in_(language), total=made["size"], rows=str(made["rows_done"]))
    done = 0
    with partial.open("wb") as sink:
        for tried in range(1, TRIES + 1):
            try:
                async with client.stream(path, done) as answer:
                    if answer.status_code >= 400:
                        await answer.aread()
                        answer.raise_for_status()
                    async for piece in answer.aiter_bytes():
                        sink.write(piece)
                        done += len(piece)
                        bar.update(task, completed=done)
                break
            except httpx.TransportError:
                if tried == TRIES:
                    raise
                await asyncio.sleep(LOOK_SECONDS * tried)
    partial.replace(out)
