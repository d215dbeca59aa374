"""`tekamoul match adjudications`, `adjudication`, `decide`, `skip`, `undo`: what waits for a person, through the gateway."""

from typing import Annotated, Any, Final, Literal
from uuid import UUID

import typer
from rich.table import Table
from rich.text import Text as RichText

from cli.changes import DATA, DataDir, Official, Partner, Session
from cli.gateway_client import GatewayClient
from shared.text import Text

QUESTIONS: Final = "/matching/v1/adjudications"
Outcome = Literal["same", "different", "cannot_tell"]

WORDS: Final[dict[str, Text]] = {
    "line": Text(ar="السطر", fr="Ligne", en="Line"),
    "cost": Text(ar="أوقية في الشهر", fr="MRU par mois", en="MRU a month"),
    "best": Text(ar="أعلى احتمال", fr="Meilleure probabilité", en="Best probability"),
    "status": Text(ar="الحالة", fr="Statut", en="Status"),
    "why": Text(ar="السبب", fr="Motif", en="Why"),
    "listed": Text(ar="في اللائحة", fr="Sur la liste", en="On the list"),
    "individual": Text(ar="الفرد في السجل", fr="Individu du registre", en="Individual of the registry"),
    "probability": Text(ar="الاحتمال", fr="Probabilité", en="Probability"),
    "evidence": Text(ar="الأدلة", fr="Éléments", en="Evidence"),
    "open": Text(ar="مفتوحة", fr="ouverte", en="open"),
    "awaiting_second": Text(ar="تنتظر شخصا ثانيا", fr="attend une seconde personne", en="awaits a second person"),
    "decided": Text(ar="محسومة", fr="tranchée", en="decided"),
    "settled": Text(ar="لم تعد مطروحة", fr="n'est plus posée", en="settled"),
    "disputed": Text(ar="محل خلاف", fr="contestée", en="disputed"),
}


class Questions(Session):
    """One partner's official before the questions about its beneficiaries."""

    def _word(self, status: str) -> str:
        return WORDS[status].in_(self._language)

    def _columns(self, *columns: str) -> Table:
        table = Table(header_style="bold")
        for column in columns:
            table.add_column(self._word(column), overflow="fold")
        return table

    async def queue(self, client: GatewayClient, asked: dict[str, str]) -> int:
        table = self._columns("line", "cost", "best", "status", "why")
        table.add_column("id", overflow="fold")
        async for one in client.pages(QUESTIONS, **{name: value for name, value in asked.items() if value}):
            status = self._word(one["status"]) + (f" · {self._word('disputed')}" if one["disputed"] else "")
            best = "" if one["best_probability"] is None else f"{one['best_probability']:.2f}"
            cells = (str(one["source_line"] or ""), str(one["cost_mru"]), best, status, one["reason"])
            table.add_row(*map(RichText, cells), RichText(one["id"]))
        self._console.print(table)
        return 0

    async def show(self, client: GatewayClient, question_id: UUID) -> int:
        one = await client.get(f"{QUESTIONS}/{question_id}")
        listed = self._columns("listed")
        row = [f"{name}: {value}" for name, value in one["listed"].items() if value not in (None, "")]
        listed.add_row(RichText("\n".join(row)))
        table = self._columns("individual", "probability", "evidence")
        for each in one["listed_candidates"]:
            who = [each["name_fr"], each["name_ar"], each["birth_year"], each["household_number"], each["commune_fr"]]
            told = [*(str(fact) for fact in who if fact), each["individual_id"]]
            evidence = [f"{found['weight']:+.1f} {found['reason']}" for found in each["evidence"] if found["weight"]]
            table.add_row(
                RichText("\n".join(told)), RichText(f"{each['probability']:.2f}"), RichText("\n".join(evidence))
            )
        self._console.print(listed)
        self._console.print(table)
        if one["second_person"]:
            self._console.print(RichText(one["second_person"]))
        return 0

    async def step(self, client: GatewayClient, question_id: UUID, verb: str, body: dict[str, Any]) -> int:
        """Decide, skip or undo, as the question stands now."""
        path = f"{QUESTIONS}/{question_id}"
        etag = (await client.answer("GET", path)).headers["ETag"]
        made = await client.call("POST", f"{path}/{verb}", body=body, if_match=etag)
        disputed = f" · {self._word('disputed')}" if made["disputed"] else ""
        self._console.print(RichText(f"{made['id']}: {self._word(made['status'])}{disputed}"))
        return 0


QuestionId = Annotated[UUID, typer.Argument(help="The question's id.")]
Note = Annotated[str, typer.Option(help="What whoever reads the history should know.")]


def _session(partner: str, data_dir: Any) -> Questions:
    from cli.main import language, running

    return Questions(running(data_dir), partner, language())


def list_questions(
    partner: Partner,
    program: Annotated[str, typer.Option(help="One of the partner's programs; all without.")] = "",
    status: Annotated[str, typer.Option(help="open, awaiting_second, decided or settled; what waits, without.")] = "",
    place: Annotated[str, typer.Option(help="Code of a wilaya, moughataa or commune.")] = "",
    data_dir: DataDir = DATA,
) -> None:
    """What waits for a person to say who a beneficiary is, dearest first."""
    session = _session(partner, data_dir)
    asked = {"program": program, "status": status, "place": place}
    raise typer.Exit(session.run(lambda client: session.queue(client, asked)))


def show_question(question_id: QuestionId, partner: Partner, data_dir: DataDir = DATA) -> None:
    """The row as listed beside those it may be, with the evidence."""
    session = _session(partner, data_dir)
    raise typer.Exit(session.run(lambda client: session.show(client, question_id)))


def decide(
    question_id: QuestionId,
    outcome: Annotated[Outcome, typer.Argument(help="What the official says.")],
    partner: Partner,
    official: Official,
    individual: Annotated[UUID | None, typer.Option(help="Of whom; the best candidate without.")] = None,
    note: Note = "",
    data_dir: DataDir = DATA,
) -> None:
    """Say whether a candidate is the beneficiary, as the question stands now."""
    session = _session(partner, data_dir)
    body = {"official": official, "outcome": outcome} | _noted(note)
    body |= {"individual_id": str(individual)} if individual else {}
    raise typer.Exit(session.run(lambda client: session.step(client, question_id, "decide", body)))


def skip(question_id: QuestionId, partner: Partner, official: Official, data_dir: DataDir = DATA) -> None:
    """Leave a question to somebody else."""
    session = _session(partner, data_dir)
    raise typer.Exit(session.run(lambda client: session.step(client, question_id, "skip", {"official": official})))


def undo(question_id: QuestionId, partner: Partner, official: Official, data_dir: DataDir = DATA) -> None:
    """Take the last step on a question back, whoever took it."""
    session = _session(partner, data_dir)
    raise typer.Exit(session.run(lambda client: session.step(client, question_id, "undo", {"official": official})))


def _noted(note: str) -> dict[str, Any]:
    return {"note": note} if note else {}


def mount(app: typer.Typer) -> None:
    """Among the commands of `tekamoul match`."""
    app.command("adjudications")(list_questions)
    app.command("adjudication")(show_question)
    for command in (decide, skip, undo):
        app.command()(command)
