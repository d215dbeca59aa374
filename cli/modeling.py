"""`tekamoul match models`: the models of a running platform trained, read, promoted and rolled back, through the gateway."""

import asyncio
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.table import Table
from rich.text import Text as RichText

from cli.changes import DATA, DataDir, Official, Partner, Session
from cli.gateway_client import GatewayClient
from cli.model_page import page_of
from cli.model_words import first_line, group_name, household_lines, in_words
from shared.text import Text

MODELS: Final = "/matching/v1/models"
LOOK_SECONDS: Final = 1.0

WORDS: Final[dict[str, Text]] = {
    "version": Text(ar="النسخة", fr="Version", en="Version"),
    "status": Text(ar="الحالة", fr="Statut", en="Status"),
    "in_force": Text(ar="معمول به", fr="En vigueur", en="In force"),
    "by": Text(ar="من", fr="Par", en="By"),
    "created_at": Text(ar="في", fr="Le", en="At"),
    "training": Text(ar="قيد التعلم", fr="en apprentissage", en="training"),
    "ready": Text(ar="جاهز", fr="prêt", en="ready"),
    "failed": Text(ar="فشل", fr="échoué", en="failed"),
    "cancelled": Text(ar="أُلغي", fr="annulé", en="cancelled"),
    "yes": Text(ar="نعم", fr="oui", en="yes"),
    "now_in_force": Text(
        ar="{version} معمول به الآن؛ تُعاد مقارنة كل المستفيدين.",
        fr="{version} est en vigueur ; tous les bénéficiaires sont comparés à nouveau.",
        en="{version} is in force; all beneficiaries are compared anew.",
    ),
    "no_report": Text(ar="{version} ليس له تقرير.", fr="{version} n'a pas de rapport.", en="{version} has no report."),
    "progress": Text(ar="{version}: {percent} %", fr="{version} : {percent} %", en="{version}: {percent} %"),
    "group": Text(ar="المجموعة", fr="Groupe", en="Group"),
    "precision": Text(ar="دقة الربط", fr="Précision", en="Precision"),
    "recall": Text(ar="شمولية الربط", fr="Rappel", en="Recall"),
    "cost": Text(ar="الكلفة لكل 1000 سطر", fr="Coût pour 1 000 lignes", en="Cost per 1,000 rows"),
    "beside": Text(
        ar="على الأسطر نفسها: {first} أصاب وحده في {a}، و{other} وحده في {b} (p = {p}).",
        fr="Sur les mêmes lignes : {first} seul juste {a} fois, {other} seul juste {b} fois (p = {p}).",
        en="On the same rows: {first} alone is right {a} times, {other} alone {b} times (p = {p}).",
    ),
}


class Trainer(Session):
    """One partner's official before the models."""

    def _say(self, word: str, **values: object) -> None:
        self._console.print(RichText(WORDS[word].format(**values).in_(self._language)))

    def _word(self, word: str) -> str:
        return WORDS[word].in_(self._language)

    def _columns(self, *words: str) -> Table:
        table = Table(header_style="bold")
        for word in words:
            table.add_column(self._word(word), overflow="fold")
        return table

    async def list_all(self, client: GatewayClient) -> int:
        table = self._columns("version", "status", "in_force", "by", "created_at")
        async for one in client.pages(MODELS):
            by = " ".join(filter(None, (one["created_by"], one["official"])))
            cells = (one["version"], self._word(one["status"]), self._word("yes") if one["in_force"] else "", by)
            table.add_row(*map(RichText, (*cells, one["created_at"][:16])))
        self._console.print(table)
        return 0

    async def train(self, client: GatewayClient, official: str, wait: bool) -> int:
        made = await client.call("POST", MODELS, body={"official": official})
        told = -1
        while made["status"] == "training":
            if (percent := round(100 * made["progress"])) > told:
                self._say("progress", version=made["version"], percent=percent)
                told = percent
            if not wait:
                return 0
            await asyncio.sleep(LOOK_SECONDS)
            made = await client.get(f"{MODELS}/{made['version']}")
        if made["failure"]:
            self._console.print(RichText(made["failure"][self._language], style="bold red"))
        return self._told(made) if made["status"] == "ready" else 1

    async def report(self, client: GatewayClient, version: str, html: Path | None) -> int:
        made = await client.get(f"{MODELS}/{version}")
        if html and made["report"]:
            html.write_text(
                page_of(made["report"], self._language, (), [made["report"]["comparison"]]), encoding="utf-8"
            )
        return self._told(made)

    def _told(self, made: dict[str, Any]) -> int:
        report = made["report"]
        if report is None:
            self._say("no_report", version=made["version"])
            return 1
        self._console.print(RichText(first_line(report, self._language), style="bold"))
        for line in household_lines(report, self._language):
            self._console.print(RichText(line))
        table = self._columns("group", "precision", "recall", "cost")
        for one in _groups(report):
            shares = (in_words(one["at_link"][name]) for name in ("precision", "recall"))
            cost = str(one["costs"]["per_1000_rows"])
            table.add_row(*map(RichText, (group_name(one["by"], one["group"], self._language), *shares, cost)))
        self._console.print(table)
        self._beside(report)
        return 0

    def _beside(self, report: dict[str, Any]) -> None:
        found = report["comparison"]
        (first, other), (a, b) = found["models"], found["right_only"]
        self._say("beside", first=first, other=other, a=a, b=b, p=f"{found['p']:.3g}")

    async def compare(self, client: GatewayClient, first: str, other: str) -> int:
        """The figures of two reports beside one another; on the same rows where the one was judged beside the other."""
        made = [await client.get(f"{MODELS}/{version}") for version in (first, other)]
        for one in made:
            if one["report"] is None:
                self._say("no_report", version=one["version"])
                return 1
        table = self._columns("group", "precision", "recall", "cost")
        own, theirs = ({(g["by"], g["group"]): g for g in _groups(one["report"])} for one in made)
        for key in [*own, *(key for key in theirs if key not in own)]:
            pairs = [groups.get(key) for groups in (own, theirs)]
            cells = [
                " / ".join("—" if one is None else in_words(one["at_link"][name]) for one in pairs)
                for name in ("precision", "recall")
            ]
            cost = " / ".join("—" if one is None else str(one["costs"]["per_1000_rows"]) for one in pairs)
            table.add_row(*map(RichText, (group_name(*key, self._language), *cells, cost)))
        self._console.print(table)
        for one in made:
            if set(one["report"]["comparison"]["models"]) == {first, other}:
                self._beside(one["report"])
        return 0

    async def turn(self, client: GatewayClient, path: str, official: str) -> int:
        made = await client.call("POST", f"{MODELS}/{path}", body={"official": official})
        self._say("now_in_force", version=made["version"])
        return 0

    async def cancel(self, client: GatewayClient, version: str) -> int:
        made = await client.call("POST", f"{MODELS}/{version}/cancel")
        self._console.print(RichText(f"{made['version']}: {self._word(made['status'])}"))
        return 0

    async def export(self, client: GatewayClient, version: str, out: Path) -> int:
        out.write_bytes((await client.answer("GET", f"{MODELS}/{version}/file")).content)
        return 0


def _groups(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**report, "by": "", "group": ""}, *report["groups"]]


app = typer.Typer(
    help="The models of a running platform: train, read, compare, promote, roll back.", no_args_is_help=True
)
Version = Annotated[str, typer.Argument(help="Of a set of models, as `list` shows it.")]


def _session(partner: str, data_dir: Any) -> Trainer:
    from cli.main import language, running

    return Trainer(running(data_dir), partner, language())


@app.command("list")
def list_models(partner: Partner, data_dir: DataDir = DATA) -> None:
    """Every set of models, the newest first."""
    session = _session(partner, data_dir)
    raise typer.Exit(session.run(session.list_all))


@app.command()
def train(
    partner: Partner,
    official: Official,
    wait: Annotated[bool, typer.Option(help="Wait until it is ready, and print its report.")] = True,
    data_dir: DataDir = DATA,
) -> None:
    """Have a set learned from the records that the platform holds."""
    session = _session(partner, data_dir)
    raise typer.Exit(session.run(lambda client: session.train(client, official, wait)))


@app.command()
def report(
    version: Version,
    partner: Partner,
    html: Annotated[Path | None, typer.Option("--html", dir_okay=False, help="Write it as one page.")] = None,
    data_dir: DataDir = DATA,
) -> None:
    """How right a set is, for each group of rows, beside the set before it."""
    session = _session(partner, data_dir)
    raise typer.Exit(session.run(lambda client: session.report(client, version, html)))


@app.command()
def compare(first: Version, other: Version, partner: Partner, data_dir: DataDir = DATA) -> None:
    """The reports of two sets beside one another."""
    session = _session(partner, data_dir)
    raise typer.Exit(session.run(lambda client: session.compare(client, first, other)))


@app.command()
def promote(version: Version, partner: Partner, official: Official, data_dir: DataDir = DATA) -> None:
    """Put a set in force; who trained it does not promote it."""
    session = _session(partner, data_dir)
    raise typer.Exit(session.run(lambda client: session.turn(client, f"{version}/promote", official)))


@app.command("roll-back")
def roll_back(partner: Partner, official: Official, data_dir: DataDir = DATA) -> None:
    """Put back in force what was before the last promotion."""
    session = _session(partner, data_dir)
    raise typer.Exit(session.run(lambda client: session.turn(client, "roll-back", official)))


@app.command()
def cancel(version: Version, partner: Partner, data_dir: DataDir = DATA) -> None:
    """Train no further."""
    session = _session(partner, data_dir)
    raise typer.Exit(session.run(lambda client: session.cancel(client, version)))


@app.command()
def export(
    version: Version,
    out: Annotated[Path, typer.Option("--out", dir_okay=False, help="The set, as JSON.")],
    partner: Partner,
    data_dir: DataDir = DATA,
) -> None:
    """Write a set to a file."""
    session = _session(partner, data_dir)
    raise typer.Exit(session.run(lambda client: session.export(client, version, out)))
