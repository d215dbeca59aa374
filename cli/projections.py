"""`tekamoul projections`: what matching holds of others read anew from its owners, through the gateway."""

import asyncio
from typing import Annotated, Any, Final

import typer
from rich.table import Table
from rich.text import Text as RichText

from cli.changes import DATA, DataDir, Partner, Session
from cli.gateway_client import GatewayClient
from shared.text import Text

REBUILDS: Final = "/matching/v1/projection-rebuilds"
LOOK_SECONDS: Final = 1.0

WORDS: Final[dict[str, Text]] = {
    "begun": Text(ar="بدأت القراءة {id}.", fr="Relecture {id} commencée.", en="Rebuild {id} has begun."),
    "at": Text(
        ar="{step}/{steps}: {part} من {process}، قُرئ {read}",
        fr="{step}/{steps} : {part} de {process}, {read} lus",
        en="{step}/{steps}: {part} of {process}, {read} read",
    ),
    "running": Text(ar="جارية", fr="en cours", en="running"),
    "done": Text(ar="تمت", fr="terminée", en="done"),
    "cancelled": Text(ar="أُلغيت", fr="annulée", en="cancelled"),
    "part": Text(ar="ما قُرئ", fr="Données", en="Part"),
    "read": Text(ar="أسطر مقروءة", fr="Lignes lues", en="Rows read"),
    "put": Text(ar="أسطر صُححت أو أُعيدت", fr="Corrigées ou rétablies", en="Put right"),
    "dropped": Text(ar="أسطر لا صاحب لها حُذفت", fr="Sans détenteur, retirées", en="Dropped"),
    "places": Text(ar="الأماكن", fr="lieux", en="places"),
    "programs": Text(ar="البرامج", fr="programmes", en="programs"),
    "schools": Text(ar="المدارس", fr="écoles", en="schools"),
    "households": Text(ar="الأسر", fr="ménages", en="households"),
    "merges": Text(ar="عمليات الدمج", fr="fusions", en="merges"),
    "enrollments": Text(ar="التسجيلات", fr="enrôlements", en="enrollments"),
    "refusals": Text(ar="الروابط المرفوضة", fr="liens refusés", en="refused links"),
    "deliveries": Text(ar="التسليمات", fr="remises", en="deliveries"),
}


class Operator(Session):
    """One partner's operator before the projections."""

    def _say(self, word: str, **values: object) -> None:
        self._console.print(RichText(WORDS[word].format(**values).in_(self._language)))

    def _word(self, word: str) -> str:
        return WORDS[word].in_(self._language)

    async def rebuild(self, client: GatewayClient, what: list[str], wait: bool) -> int:
        found = await client.call("POST", REBUILDS, body={"what": what})
        self._say("begun", id=found["id"])
        return await self.follow(client, found, wait)

    async def follow(self, client: GatewayClient, found: dict[str, Any], wait: bool) -> int:
        """Tell how far it is until it ends, or once."""
        told = ""
        while found["status"] == "running":
            read = sum(one["read"] for one in found["parts"] if one["part"] == found["part"])
            now = WORDS["at"].format(
                step=found["step"] + 1,
                steps=found["steps"],
                part=self._word(found["part"]),
                process=found["process"],
                read=read,
            )
            if (line := now.in_(self._language)) != told:
                self._console.print(RichText(line))
                told = line
            if not wait:
                break
            await asyncio.sleep(LOOK_SECONDS)
            found = await client.get(f"{REBUILDS}/{found['id']}")
        self._told(found)
        return 0 if found["status"] in ("done", "running") else 1

    async def show(self, client: GatewayClient, rebuild_id: str, wait: bool) -> int:
        return await self.follow(client, await client.get(f"{REBUILDS}/{rebuild_id}"), wait)

    async def cancel(self, client: GatewayClient, rebuild_id: str) -> int:
        self._told(await client.call("POST", f"{REBUILDS}/{rebuild_id}/cancel"))
        return 0

    def _told(self, found: dict[str, Any]) -> None:
        table = Table(title=self._word(found["status"]), header_style="bold")
        for name in ("part", "read", "put", "dropped"):
            table.add_column(self._word(name))
        for one in found["parts"]:
            table.add_row(self._word(one["part"]), *(str(one[name]) for name in ("read", "put", "dropped")))
        self._console.print(table)


app = typer.Typer(help="What matching holds of others, read anew from its owners.", no_args_is_help=True)
What = Annotated[
    list[str] | None,
    typer.Option(
        help="A part to read: places, programs, schools, households, merges, enrollments, refusals, deliveries. None: all."
    ),
]
RebuildId = Annotated[str, typer.Argument(help="As `rebuild` printed it.")]
Wait = Annotated[bool, typer.Option(help="Tell how far it is, until it ends.")]


def _session(partner: str, data_dir: Any) -> Operator:
    from cli.main import language, running

    return Operator(running(data_dir), partner, language())


@app.command()
def rebuild(partner: Partner, what: What = None, wait: Wait = True, data_dir: DataDir = DATA) -> None:
    """Read projections anew from their owners, beside what comes in: what is missing or wrong is put right."""
    session = _session(partner, data_dir)
    raise typer.Exit(session.run(lambda client: session.rebuild(client, what or [], wait)))


@app.command()
def show(rebuild_id: RebuildId, partner: Partner, wait: Wait = False, data_dir: DataDir = DATA) -> None:
    """How far a rebuild is, and what was not as its owner tells it."""
    session = _session(partner, data_dir)
    raise typer.Exit(session.run(lambda client: session.show(client, rebuild_id, wait)))


@app.command()
def cancel(rebuild_id: RebuildId, partner: Partner, data_dir: DataDir = DATA) -> None:
    """Read no further; what was read stays."""
    session = _session(partner, data_dir)
    raise typer.Exit(session.run(lambda client: session.cancel(client, rebuild_id)))
