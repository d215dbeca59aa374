"""`tekamoul changes`: change requests of the registry, proposed from a file and decided, through the gateway."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table
from rich.text import Text as RichText

from cli.credentials import NoToken
from cli.gateway_client import GatewayClient, away, title_of
from cli.printing import refused
from shared.text import Text

REQUESTS: Final = "/registry/v1/change-requests"
MOST_PROPOSALS: Final = 1_000
"""In one file; more is a list, which `tekamoul import` sends."""

WORDS: Final[dict[str, Text]] = {
    "kind": Text(ar="النوع", fr="Type", en="Kind"),
    "status": Text(ar="الحالة", fr="Statut", en="Status"),
    "proposed_by": Text(ar="صاحب الطلب", fr="Demandeur", en="Proposed by"),
    "needed": Text(ar="القرارات", fr="Décisions", en="Decisions"),
    "reason": Text(ar="السبب", fr="Motif", en="Reason"),
    "number": Text(ar="الرقم", fr="N°", en="No."),
    "proposed": Text(ar="مقدَّم", fr="proposée", en="proposed"),
    "applied": Text(ar="مطبَّق", fr="appliquée", en="applied"),
    "refused": Text(ar="مرفوض", fr="refusée", en="refused"),
    "withdrawn": Text(ar="مسحوب", fr="retirée", en="withdrawn"),
    "unreadable": Text(
        ar="الملف ليس JSON: مقترح أو قائمة من {most} مقترح على الأكثر.",
        fr="Le fichier n'est pas du JSON : une proposition, ou une liste de {most} au plus.",
        en="The file is not JSON: one proposal, or a list of at most {most}.",
    ),
}


class Session:
    """One partner at the registry, printing in one language; exit status 1 where anything was refused."""

    def __init__(self, ready: Mapping[str, Any], partner: str, language: str, console: Console | None = None) -> None:
        self._ready, self._partner, self._language = ready, partner, language
        self._console = console or Console()

    def run(self, work: Callable[[GatewayClient], Awaitable[int]]) -> int:
        return asyncio.run(self.do(work))

    async def do(self, work: Callable[[GatewayClient], Awaitable[int]]) -> int:
        try:
            async with GatewayClient(
                self._ready["gateway_url"], Path(self._ready["credentials_file"]), self._partner, self._language
            ) as client:
                return await work(client)
        except NoToken as none:
            return refused(self._console, none.text.in_(self._language))
        except httpx.HTTPStatusError as fault:
            return refused(self._console, title_of(fault.response))
        except httpx.TransportError as fault:
            return refused(self._console, away(fault, self._language))

    async def propose(self, client: GatewayClient, file: Path, official: str, approve: bool) -> int:
        """Send every proposal of a file; those that are refused stop nothing."""
        proposals = _read(file)
        if proposals is None:
            return refused(self._console, WORDS["unreadable"].format(most=MOST_PROPOSALS).in_(self._language))
        table, failed = self._table("number", "kind", "status", "reason"), 0
        for number, told in track(enumerate(proposals, start=1), total=len(proposals), console=self._console):
            body = told if "proposal" in told else {"proposal": told}
            kind = str(body["proposal"].get("kind", "?")) if isinstance(body["proposal"], dict) else "?"
            try:
                told = {"official": official, "approve": approve, **body}
                made = await client.call("POST", REQUESTS, body=told, if_match="*")
                table.add_row(str(number), kind, self._word(made["status"]), RichText(made["id"]))
            except httpx.HTTPStatusError as fault:
                failed += 1
                table.add_row(str(number), kind, self._word("refused"), RichText(title_of(fault.response)))
        self._console.print(table)
        return 1 if failed else 0

    async def list(self, client: GatewayClient, status: str) -> int:
        table = self._table("kind", "status", "proposed_by", "needed", "reason")
        table.add_column("id", overflow="fold")
        async for one in client.pages(REQUESTS, **({"status": status} if status else {})):
            decided = f"{len(one['decisions'])}/{one['persons_needed']}"
            by = f"{one['proposed_by']} · {one['official']}"
            reason = RichText(one.get("reason") or "")
            table.add_row(one["kind"], self._word(one["status"]), by, decided, reason, RichText(one["id"]))
        self._console.print(table)
        return 0

    async def decide(self, client: GatewayClient, request_id: str, verb: str, body: dict[str, Any]) -> int:
        """Approve (as it stands now), refuse or withdraw a request."""
        path = f"{REQUESTS}/{request_id}"
        etag = (await client.answer("GET", path)).headers["ETag"] if verb == "approve" else None
        made = await client.call("POST", f"{path}/{verb}", body=body, if_match=etag)
        self._console.print(RichText(f"{made['id']}: {self._word(made['status'])}"))
        return 0

    async def undo(self, client: GatewayClient, change_id: str, official: str) -> int:
        proposal = {"kind": "undo", "change_id": change_id}
        body = {"proposal": proposal, "official": official, "approve": True}
        made = await client.call("POST", REQUESTS, body=body)
        self._console.print(RichText(f"{made['id']}: {self._word(made['status'])}"))
        return 0

    def _table(self, *columns: str) -> Table:
        table = Table(header_style="bold")
        for column in columns:
            table.add_column(WORDS[column].in_(self._language), overflow="fold")
        return table

    def _word(self, status: str) -> str:
        return WORDS[status].in_(self._language)


def _read(file: Path) -> list[dict[str, Any]] | None:
    try:
        told = json.loads(file.read_text("utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        return None
    told = told if isinstance(told, list) else [told]
    if len(told) > MOST_PROPOSALS or not all(isinstance(one, dict) for one in told):
        return None
    return told


app = typer.Typer(help="Change requests of the registry.", no_args_is_help=True)

Partner = Annotated[str, typer.Option(help="Whose official acts.")]
Official = Annotated[str, typer.Option(help="The official's staff number.")]
RequestId = Annotated[str, typer.Argument(help="The request's id.")]
DataDir = Annotated[Path, typer.Option("--data-dir", help="Where the platform keeps everything.")]
DATA = Path("data")


def _session(partner: str, data_dir: Path) -> Session:
    from cli.main import language, running

    return Session(running(data_dir), partner, language())


@app.command("list")
def list_requests(
    partner: Partner,
    status: Annotated[str, typer.Option(help="proposed, applied, refused or withdrawn; all without.")] = "",
    data_dir: DataDir = DATA,
) -> None:
    """The requests a partner made or may decide, newest first."""
    session = _session(partner, data_dir)
    raise typer.Exit(session.run(lambda client: session.list(client, status)))


@app.command()
def propose(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="JSON: one proposal, or a list.")],
    partner: Partner,
    official: Official,
    approve: Annotated[bool, typer.Option("--approve", help="Decide as well, having the authority.")] = False,
    data_dir: DataDir = DATA,
) -> None:
    """Propose corrections, births, deaths, moves and the like; each is tried at once."""
    session = _session(partner, data_dir)
    raise typer.Exit(session.run(lambda client: session.propose(client, file, official, approve)))


@app.command()
def approve(request_id: RequestId, partner: Partner, official: Official, data_dir: DataDir = DATA) -> None:
    """Approve a request as it stands now."""
    session = _session(partner, data_dir)
    body = {"official": official}
    raise typer.Exit(session.run(lambda client: session.decide(client, request_id, "approve", body)))


@app.command()
def refuse(
    request_id: RequestId,
    partner: Partner,
    official: Official,
    reason: Annotated[str, typer.Option(help="What its proposer will read.")],
    data_dir: DataDir = DATA,
) -> None:
    """Refuse a request."""
    session = _session(partner, data_dir)
    body = {"official": official, "reason": reason}
    raise typer.Exit(session.run(lambda client: session.decide(client, request_id, "refuse", body)))


@app.command()
def withdraw(request_id: RequestId, partner: Partner, data_dir: DataDir = DATA) -> None:
    """Take one's own request back."""
    session = _session(partner, data_dir)
    raise typer.Exit(session.run(lambda client: session.decide(client, request_id, "withdraw", {})))


@app.command()
def undo(
    change_id: Annotated[str, typer.Argument(help="The change to take back, from a record's history.")],
    partner: Partner,
    official: Official,
    data_dir: DataDir = DATA,
) -> None:
    """Take a change back exactly."""
    session = _session(partner, data_dir)

    raise typer.Exit(session.run(lambda client: session.undo(client, change_id, official)))
