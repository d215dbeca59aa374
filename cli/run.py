"""`tekamoul run`: the platform, its sample country on first start, the main job, and what it found."""

import asyncio
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.demo.generate import generate, read_manifest
from cli.institutions import configured_platform
from cli.main_job import (
    Door,
    Loaded,
    MainJobFailed,
    Told,
    ask_for_snapshot,
    load_lists,
    load_registry,
    wait_until_quiet,
)
from cli.officer import add_demo_operator
from cli.platform import Ready, RunOptions, run_platform
from cli.printing import Printer
from cli.refusals import StartRefused
from cli.report import gather_report

LOADED = "loaded.json"
"""Marks a sample country that has gone in completely; without it the next start sends the files again, which is harmless."""


async def run(
    options: RunOptions,
    *,
    households: int,
    seed: int,
    demo: bool,
    console: Console,
    institutions: Path | None = None,
) -> int:
    """Start everything, do the main job, stay until a signal; returns the exit status."""
    try:
        platform = configured_platform(options, institutions)
    except StartRefused as refused:
        print(refused.text.in_(options.language), file=sys.stderr, flush=True)
        return 1
    printer = Printer(console, options.language)
    failed: list[Exception] = []

    async def then(ready: Ready) -> None:
        door = Door(ready.gateway_url, Path(ready.credentials_file), options.language)
        try:
            await add_demo_operator(ready.gateway_url, options.data_dir)
            if demo:
                await main_job(door, options.data_dir, households, seed, printer, console)
        except (MainJobFailed, httpx.HTTPError) as fault:
            failed.append(fault)
            console.print(str(fault), style="bold red", soft_wrap=True)
        _addresses(ready, options.data_dir, printer, console)

    return await run_platform(platform, language=options.language, then=then) or bool(failed)


def _addresses(ready: Ready, data_dir: Path, printer: Printer, console: Console) -> None:
    for name, value in (
        ("dashboard", ready.dashboard_url),
        ("docs", f"{ready.gateway_url}/docs"),
        ("credentials", ready.credentials_file),
        ("operator", data_dir / "secrets" / "operator.json"),
    ):
        console.print(f"{printer.word(name)}: {value}", soft_wrap=True, highlight=False)
    printer.say("stop")


async def main_job(door: Door, data_dir: Path, households: int, seed: int, printer: Printer, console: Console) -> None:
    """Load the sample country where it is not there yet, and print what was found."""
    folder = data_dir / "demo"
    marker = folder / LOADED
    if marker.exists():
        printer.say("known")
        loaded = [Loaded(**one) for one in json.loads(marker.read_text())["files"]]
    else:
        if not (folder / "manifest.json").exists():
            printer.say("generating", count=printer.number(households))
            await asyncio.to_thread(generate, folder, households=households, seed=seed)
        started = time.monotonic()
        with _progress(console) as progress:
            loaded = await load(door, folder, _teller(progress, printer))
        seconds = time.monotonic() - started
        marker.write_text(json.dumps({"seconds": round(seconds, 2), "files": [asdict(one) for one in loaded]}))
        printer.say("seconds", seconds=printer.number(round(seconds, 1)))
        printer.say("snapshot", id=await ask_for_snapshot(door, printer.word("first_snapshot")))
    printer.files(loaded)
    printer.report(await gather_report(door, folder, read_manifest(folder / "manifest.json")))


async def load(door: Door, folder: Path, told: Told) -> list[Loaded]:
    """The registry first, then every list at once; returns when everything is linked and every event has arrived."""
    manifest = read_manifest(folder / "manifest.json")
    registry = await load_registry(door, folder, manifest, told)
    lists = await load_lists(door, folder, manifest, told)
    await wait_until_quiet(door.gateway_url, told)
    return [registry, *lists]


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )


def _teller(progress: Progress, printer: Printer) -> Told:
    """Shows each file's progress, then how many beneficiaries and events are still on their way."""
    tasks = {}

    def told(what: str, done: int, total: int) -> None:
        if what not in tasks:
            name = printer.word("households") if what == "households" else what
            shown = printer.word("linking") if what == "waiting" else printer.word("loading", what=name)
            tasks[what] = progress.add_task(shown, total=total or done)
        if what == "waiting":
            most = max(progress.tasks[tasks[what]].total or 0, done)
            progress.update(tasks[what], total=most, completed=most - done)
        else:
            progress.update(tasks[what], completed=done)

    return told
