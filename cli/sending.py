"""`tekamoul import`: one file sent through the gateway in pieces, followed to its last row, and its row errors printed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text as RichText

from cli.credentials import NoToken
from cli.gateway_client import away, title_of
from cli.main_job import Door, Loaded, MainJobFailed, follow
from cli.printing import Printer, refused
from cli.processes import INSTITUTIONS
from cli.uploading import upload
from services.programs.catalog import programs_of
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
    "uploading": Text(ar="إرسال {file}", fr="Envoi de {file}", en="Sending {file}"),
    "rows": Text(ar="الأسطر", fr="Lignes", en="Rows"),
    "dry_run": Text(
        ar="فحص فقط: لم يُطبَّق شيء.",
        fr="Vérification seule : rien n'a été appliqué.",
        en="Only checked: nothing was applied.",
    ),
    "kept": Text(
        ar="الأسطر المرفوضة أو المنبه عليها في {file}.",
        fr="Lignes refusées ou signalées dans {file}.",
        en="Rows refused or warned of are in {file}.",
    ),
    "effects": Text(
        ar="الآثار: جدد {new}، نشطون {active}، عائدون {returning}، في برامج أخرى {overlaps}، غير مذكورين في اللائحة {missing}",
        fr="Effets : nouveaux {new}, déjà actifs {active}, de retour {returning}, dans d'autres programmes {overlaps},"
        " absents de la liste {missing}",
        en="Effects: new {new}, active already {active}, returning {returning}, in other programs {overlaps},"
        " not in the list {missing}",
    ),
    "unknown_kind": Text(
        ar="لا يوجد نوع ملفات باسم {kind}. المقبول: households أو رمز برنامج.",
        fr="Aucun type de fichier ne s'appelle {kind}. Accepté : households, ou le code d'un programme.",
        en="No kind of file is called {kind}. Accepted: households, or a program's code.",
    ),
    "refused": Text(
        ar="رفضت البوابة الملف: {reason}", fr="La passerelle refuse le fichier : {reason}", en="Refused: {reason}"
    ),
}


@dataclass(frozen=True, slots=True)
class Sending:
    """A file and what is said of it."""

    file: Path
    partner: str
    service: str
    kind: str
    currency: str = "MRU"
    dry_run: bool = False
    mapping: str | None = None
    """JSON: header text -> field."""
    supersedes: str | None = None
    error_file: Path | None = None
    """Where to keep the rows that were refused or warned of; its suffix says how."""

    @property
    def said(self) -> dict[str, Any]:
        given = {"kind": self.kind, "filename": self.file.name, "currency": self.currency, "dry_run": self.dry_run}
        return given | {"mapping": self.mapping, "supersedes": self.supersedes}


def kind_of(what: str, program: str) -> str:
    """The kind of a file: of a program its code, with what it reports unless it is the list itself."""
    return what if not program else program if what == "list" else f"{program}.{what}"


def service_of(kind: str) -> str | None:
    """The service that takes files of a kind; None where no program that ships with this version has that code."""
    if kind in ("households", "remarks"):
        return "/registry"
    for institution in INSTITUTIONS:
        if kind.split(".")[0] in programs_of(institution):
            return f"/programs/{institution}"
    return None


async def find_service(ready: Mapping[str, Any], kind: str, partner: str, language: str) -> str | None:
    """The same, and the further institutions of a running platform are asked, too."""
    if found := service_of(kind):
        return found
    door = Door(ready["gateway_url"], Path(ready["credentials_file"]), language)
    async with door.client(partner) as client:
        for name in ready["services"]:
            kind_of_process, _, institution = name.partition("-")
            if kind_of_process == "programs" and institution not in INSTITUTIONS:
                answer = await client.once("GET", f"/programs/{institution}/v1/programs/{kind.split('.')[0]}")
                if answer.is_success:
                    return f"/programs/{institution}"
    return None


async def send(ready: Mapping[str, Any], sending: Sending, language: str, *, console: Console | None = None) -> int:
    """Send a file, wait until it is applied or checked, print what became of it. Returns the exit status."""
    console = console or Console()
    door = Door(ready["gateway_url"], Path(ready["credentials_file"]), language)
    try:
        loaded = await _send_with_progress(door, sending, console, language)
        issues, more = await _issues(door, loaded)
        effects = await _effects(door, loaded, language)
        if sending.error_file is not None:
            await _keep_error_file(door, loaded, sending.error_file)
    except MainJobFailed as failed:
        return refused(console, str(failed))
    except NoToken as none:
        return refused(console, none.text.in_(language))
    except httpx.HTTPStatusError as fault:
        return refused(console, WORDS["refused"].format(reason=title_of(fault.response)).in_(language))
    except httpx.TransportError as fault:
        return refused(console, away(fault, language))
    if loaded.dry_run:
        console.print(WORDS["dry_run"].in_(language), highlight=False)
    Printer(console, language).files([loaded])
    if effects is not None:
        console.print(RichText(effects), soft_wrap=True)
    if issues:
        console.print(_table(issues, language))
    if more:
        console.print(WORDS["more"].format(path=_issues_path(loaded)).in_(language), highlight=False)
    if sending.error_file is not None:
        console.print(WORDS["kept"].format(file=sending.error_file).in_(language), highlight=False)
    return 0


async def _send_with_progress(door: Door, sending: Sending, console: Console, language: str) -> Loaded:
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
    with bar:
        sent = bar.add_task(WORDS["uploading"].format(file=sending.file.name).in_(language), total=None)
        rows = bar.add_task(WORDS["rows"].in_(language), total=100, visible=False)
        async with door.client(sending.partner) as client:
            import_id = await upload(
                client,
                sending.service,
                sending.file,
                sending.said,
                lambda done, of: bar.update(sent, completed=done, total=of),
            )
            bar.update(rows, visible=True)
            return await follow(
                client,
                sending.service,
                import_id,
                sending.file.name,
                lambda state: bar.update(rows, completed=state["percent"]),
            )


async def _keep_error_file(door: Door, loaded: Loaded, file: Path) -> None:
    async with door.client(loaded.partner) as client:
        form = "csv" if file.suffix.lower() == ".csv" else "xlsx"
        path = f"{loaded.service}/v1/imports/{loaded.import_id}/error-file?format={form}"
        async with client.stream(path, 0) as answer:
            if answer.is_error:
                await answer.aread()
                answer.raise_for_status()
            with file.open("wb") as sink:
                async for piece in answer.aiter_bytes():
                    sink.write(piece)


async def _issues(door: Door, loaded: Loaded) -> tuple[list[dict[str, Any]], bool]:
    """The first row problems, and whether there are more."""
    found: list[dict[str, Any]] = []
    async with door.client(loaded.partner) as client:
        async for issue in client.pages(_issues_path(loaded)):
            if len(found) == MOST_ISSUES:
                return found, True
            found.append(issue)
    return found, False


async def _effects(door: Door, loaded: Loaded, language: str) -> str | None:
    """What a list that was only checked would do, in one line; None for other files."""
    if not loaded.dry_run or not loaded.service.startswith("/programs/"):
        return None
    async with door.client(loaded.partner) as client:
        answer = await client.once("GET", f"{loaded.service}/v1/imports/{loaded.import_id}/effects")
    if answer.is_error:  # a report, or a service that has just been started again: the counts are there all the same
        return None
    found = answer.json()
    said = WORDS["effects"].format(
        new=found["new"],
        active=sum(found["active"].values()),
        returning=_listed(found["returning"]),
        overlaps=_listed(found["overlaps"]),
        missing="-" if found["missing"] is None else found["missing"],
    )
    return said.in_(language)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(counts.items())) or "0"


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
