"""`tekamoul partner` and `tekamoul operator`: who may call and who may sign in, by whoever holds the platform's own key."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import httpx
import typer
from rich.console import Console
from rich.table import Table

from cli.credentials import demo_operator
from cli.data_folder import write_private
from cli.gateway_client import away, title_of
from shared.identity import INTERNAL, Caller, InternalKey
from shared.text import Text

partners = typer.Typer(help="Partners, their keys and secrets.", no_args_is_help=True)
operators = typer.Typer(help="The people who sign in to the dashboard.", no_args_is_help=True)

OFFICER: Final = Caller("host", frozenset({INTERNAL, "partners:read", "partners:write", "operators:write"}))
TIMEOUT: Final = httpx.Timeout(30, connect=3)
ROLES: Final = "operator, steward, security_officer, auditor, partner_viewer"

WORDS: Final[dict[str, Text]] = {
    "unreadable": Text(
        ar="الملف {file} ليس JSON.", fr="Le fichier {file} n'est pas du JSON.", en="The file {file} is not JSON."
    ),
    "written": Text(ar="السر مكتوب في {file}.", fr="Le secret est écrit dans {file}.", en="The secret is in {file}."),
}

DataDir = Annotated[Path, typer.Option("--data-dir", help="Where the platform keeps everything.")]
DEFAULT_DATA = Path("data")


class Officer:
    """The gateway, asked in the name of whoever holds the platform's own key."""

    def __init__(self, url: str, data_dir: Path, language: str) -> None:
        self.language = language
        key = InternalKey(data_dir / "secrets" / "internal.key")
        headers = {"Authorization": f"Bearer {key.token(OFFICER)}", "Accept-Language": language}
        self._options: dict[str, Any] = {"base_url": url, "timeout": TIMEOUT, "trust_env": False, "headers": headers}

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The answer's JSON; the command ends with the refusal's own words where there is none."""
        try:
            with httpx.Client(**self._options) as client:
                answer = client.request(method, path, json=body)
        except httpx.TransportError as fault:
            end(away(fault, self.language))
        if not answer.is_success:
            end(title_of(answer))
        return answer.json() if answer.content else None

    def word(self, name: str, **values: object) -> str:
        return WORDS[name].format(**values).in_(self.language)


def end(line: str) -> NoReturn:
    typer.echo(line, err=True)
    raise typer.Exit(1)


def officer(data_dir: Path) -> Officer:
    """Raises typer.Exit where no platform runs from the folder."""
    from cli.main import language, running

    return Officer(running(data_dir)["gateway_url"], data_dir, language())


@partners.command("list")
def list_partners(data_dir: DataDir = DEFAULT_DATA) -> None:
    """List the partners, with what they may show at the moment."""
    asked = officer(data_dir)
    table = Table("", "id", "limits", "sandbox", "credentials", header_style="bold")
    for one in asked.call("GET", "/v1/partners?limit=200")["items"]:
        held = asked.call("GET", f"/v1/partners/{one['id']}/credentials")
        good = [f"{row['kind']} {row['id']}" for row in held if row["state"] == "good"]
        limits = f"{one['limits']['requests_per_second']:g}/s"
        state = "suspended" if one["suspended_at"] else ""
        table.add_row(state, one["id"], limits, "sandbox" if one["sandbox"] else "", "\n".join(good))
    _console().print(table)


@partners.command("add")
def add_partner(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="JSON, as POST /v1/partners takes it.")],
    data_dir: DataDir = DEFAULT_DATA,
) -> None:
    """Add a partner from a file. It can call once it has a key or a secret."""
    asked = officer(data_dir)
    typer.echo(asked.call("POST", "/v1/partners", _json(asked, file))["id"])


@partners.command("add-key")
def add_key(
    partner: Annotated[str, typer.Argument()],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The public key as JWK.")],
    data_dir: DataDir = DEFAULT_DATA,
) -> None:
    """Add a partner's public key beside those it has."""
    asked = officer(data_dir)
    added = asked.call("POST", f"/v1/partners/{partner}/keys", {"public_key": _json(asked, file)})
    typer.echo(f"{added['id']} {added['kid']}")


@partners.command("rotate-secret")
def rotate_secret(
    partner: Annotated[str, typer.Argument()],
    overlap_hours: Annotated[float, typer.Option(min=0, max=720, help="How long the old ones stay good.")] = 24,
    out: Annotated[
        Path | None, typer.Option(help="A private file for it; without: the platform's credentials.")
    ] = None,
    data_dir: DataDir = DEFAULT_DATA,
) -> None:
    """Give a partner a new secret. It is written to a private file and shown nowhere."""
    from cli.main import running

    asked = officer(data_dir)
    file = out or Path(running(data_dir)["credentials_file"])
    made = asked.call("POST", f"/v1/partners/{partner}/rotate-secret", {"overlap_hours": overlap_hours})
    own = {"client_id": made["client_id"], "client_secret": made["client_secret"]}
    held = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    write_private(file, json.dumps({**held, partner: own}, indent=2) + "\n")
    typer.echo(f"{made['credential']['id']}\n{asked.word('written', file=file)}")


@partners.command("take-from-file")
def take_from_file(
    partner: Annotated[str, typer.Argument()],
    data_dir: DataDir = DEFAULT_DATA,
) -> None:
    """Let a partner do what the partners' file of this version gives it more than it has; nothing is taken away."""
    asked = officer(data_dir)
    before = asked.call("GET", f"/v1/partners/{partner}")
    after = asked.call("POST", f"/v1/partners/{partner}/take-from-file")
    for field in ("permissions", "programs", "subscribes"):
        for added in sorted(set(after[field]) - set(before[field])):
            typer.echo(f"{field} {added}")


@partners.command("revoke")
def revoke(
    partner: Annotated[str, typer.Argument()],
    credential: Annotated[str, typer.Argument(help="The id of a key or secret, from `list`.")],
    data_dir: DataDir = DEFAULT_DATA,
) -> None:
    """Withdraw a key or secret, and every token got with it, within a second."""
    path = f"/v1/partners/{partner}/credentials/{credential}/revoke"
    typer.echo(officer(data_dir).call("POST", path)["state"])


@partners.command("suspend")
def suspend(
    partner: Annotated[str, typer.Argument()],
    reason: Annotated[str, typer.Option(help="Why; the security officers see it.")],
    data_dir: DataDir = DEFAULT_DATA,
) -> None:
    """Close the door to a partner within a second."""
    typer.echo(officer(data_dir).call("POST", f"/v1/partners/{partner}/suspend", {"reason": reason})["suspended_at"])


@partners.command("resume")
def resume(partner: Annotated[str, typer.Argument()], data_dir: DataDir = DEFAULT_DATA) -> None:
    """Open the door to a suspended partner again."""
    typer.echo(officer(data_dir).call("POST", f"/v1/partners/{partner}/resume")["id"])


@operators.command("list")
def list_operators(data_dir: DataDir = DEFAULT_DATA) -> None:
    """List who may sign in, and who may no longer."""
    table = Table("", "name", "role", "partner", header_style="bold")
    for one in officer(data_dir).call("GET", "/v1/operators"):
        table.add_row("disabled" if one["disabled_at"] else "", one["name"], one["role"], one["partner"] or "")
    _console().print(table)


@operators.command("add")
def add_operator(
    name: Annotated[str, typer.Argument()],
    role: Annotated[str, typer.Option(help=ROLES)] = "operator",
    partner: Annotated[str | None, typer.Option(help="For a partner viewer.")] = None,
    account: Annotated[
        str | None, typer.Option(help="Its `sub` at the institution's issuer, in place of a password.")
    ] = None,
    data_dir: DataDir = DEFAULT_DATA,
) -> None:
    """Let somebody sign in; prints the first password, which nothing shows again."""
    body = {"name": name, "role": role, "partner": partner, "account": account}
    added = officer(data_dir).call("POST", "/v1/operators", body)
    typer.echo(added["first_password"] or added["name"])


@operators.command("first-password")
def first_password(name: Annotated[str, typer.Argument()], data_dir: DataDir = DEFAULT_DATA) -> None:
    """Give somebody who has forgotten her password a first one again, and print it; her sessions end."""
    typer.echo(officer(data_dir).call("POST", f"/v1/operators/{name}/first-password")["first_password"])


@operators.command("take-factor")
def take_factor(name: Annotated[str, typer.Argument()], data_dir: DataDir = DEFAULT_DATA) -> None:
    """Take the second factor away from somebody who has lost it; her sessions end."""
    typer.echo(officer(data_dir).call("POST", f"/v1/operators/{name}/take-factor")["name"])


@operators.command("disable")
def disable(name: Annotated[str, typer.Argument()], data_dir: DataDir = DEFAULT_DATA) -> None:
    """End somebody's sessions and let none begin."""
    typer.echo(officer(data_dir).call("POST", f"/v1/operators/{name}/disable")["disabled_at"])


async def add_demo_operator(gateway_url: str, data_dir: Path) -> None:
    """Have the platform's own operator, whose password lies in a private file, where nobody of that name is there yet."""
    headers = {"Authorization": f"Bearer {InternalKey(data_dir / 'secrets' / 'internal.key').token(OFFICER)}"}
    async with httpx.AsyncClient(base_url=gateway_url, timeout=TIMEOUT, trust_env=False, headers=headers) as client:
        answer = await client.post("/v1/operators", json={**demo_operator(data_dir), "role": "operator"})
        if answer.status_code != 409:  # it is there
            answer.raise_for_status()


def _json(asked: Officer, file: Path) -> dict[str, Any]:
    try:
        held: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        end(asked.word("unreadable", file=file))
    return held


def _console() -> Console:
    return Console() if sys.stdout.isatty() else Console(width=160)
