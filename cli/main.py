"""The `tekamoul` command."""

import asyncio
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import httpx
import typer
from rich.console import Console

from cli import adjudicating, changes, matching, modeling, officer, projections
from shared.text import LANGUAGES

app = typer.Typer(
    help="Tekamoul: a country's social safety-net programs, acting as one system.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)

app.add_typer(changes.app, name="changes")
app.add_typer(officer.partners, name="partner")
app.add_typer(officer.operators, name="operator")
adjudicating.mount(matching.app)
matching.app.add_typer(modeling.app, name="models")
app.add_typer(matching.app, name="match")
app.add_typer(projections.app, name="projections")

DEFAULT_DATA = Path("data")
DEFAULT_PORT = 8700
DEFAULT_HOUSEHOLDS = 2000
DEFAULT_SEED = 2026

DataDir = Annotated[Path, typer.Option("--data-dir", help="Where the platform keeps everything.")]
Households = Annotated[int, typer.Option(min=1, max=320_000, help="Households of the sample country.")]
Seed = Annotated[int, typer.Option(help="The same seed makes the same country.")]


def language() -> str:
    """TEKAMOUL_LANG, else the terminal's own language where it is one of ours, else French."""
    for name in ("TEKAMOUL_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        primary = os.environ.get(name, "").replace("-", "_").split("_")[0].split(".")[0].lower()
        if primary in LANGUAGES:
            return primary
    return "fr"


@app.command()
def run(
    data_dir: DataDir = DEFAULT_DATA,
    port: Annotated[int, typer.Option(min=0, max=65_500, help="The gateway's; 0: free ports.")] = DEFAULT_PORT,
    households: Households = DEFAULT_HOUSEHOLDS,
    seed: Seed = DEFAULT_SEED,
    ready_file: Annotated[Path | None, typer.Option(help="Written as JSON when everything is ready.")] = None,
    institutions: Annotated[
        Path | None, typer.Option(help="A folder of further institutions' catalogs; without it data/institutions.")
    ] = None,
    no_demo: Annotated[bool, typer.Option("--no-demo", help="Start empty, without the sample country.")] = False,
    gateway_processes: Annotated[
        int, typer.Option(min=1, max=16, envvar="GATEWAY_PROCESSES", help="Processes that share the gateway's port.")
    ] = 1,
) -> None:
    """Start the platform; on first start load the sample country, run the main job and print what it found."""
    from cli.platform import RunOptions
    from cli.run import run as run_platform

    options = RunOptions(
        data_dir=data_dir,
        port=port,
        ready_file=ready_file,
        language=language(),
        gateway_processes=gateway_processes,
    )
    # A file or a pipe has no width: 120 columns keep the tables whole.
    console = Console() if sys.stdout.isatty() else Console(width=120)
    raise typer.Exit(
        asyncio.run(
            run_platform(
                options, households=households, seed=seed, demo=not no_demo, console=console, institutions=institutions
            )
        )
    )


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="The folder to write.")],
    households: Households = DEFAULT_HOUSEHOLDS,
    seed: Seed = DEFAULT_SEED,
) -> None:
    """Write a sample country: a registry, eight messy lists, and the truth about them. Nobody in it is real."""
    from cli.demo.generate import generate

    manifest = generate(out, households=households, seed=seed)
    typer.echo(f"{out}: {manifest.registry.households} households, {manifest.registry.individuals} individuals")
    for one in manifest.lists:
        typer.echo(f"{out / 'lists' / one.file}: {one.program}, {one.rows} rows, {one.currency}")


@app.command()
def token(
    partner: Annotated[str, typer.Option(help="Such as taazour, csa, masef, men, cnam, wfp.")],
    data_dir: DataDir = DEFAULT_DATA,
) -> None:
    """Print a bearer token of a partner of the running platform."""
    from cli.credentials import NoToken, fetch_token

    ready = running(data_dir)
    try:
        typer.echo(asyncio.run(fetch_token(ready["gateway_url"], Path(ready["credentials_file"]), partner)))
    except NoToken as none:
        _refuse(none.text.in_(language()))


@app.command("rotate-signing-key")
def rotate_signing_key(
    after: Annotated[
        int,
        typer.Option(
            min=0, max=86_400, help="Seconds until it signs: as long as the file takes to reach every process."
        ),
    ] = 0,
    data_dir: DataDir = DEFAULT_DATA,
) -> None:
    """Give the gateway a new key for its tokens; the old one verifies until its last token has ended. No call fails."""
    from cli.credentials import rotate_signing_key as rotate

    typer.echo(rotate(data_dir / "secrets" / "signing-key.json", after=after))


@app.command()
def health(data_dir: DataDir = DEFAULT_DATA) -> None:
    """Print how every process stands; exit 1 where one is not ready."""
    url = running(data_dir)["gateway_url"]
    try:
        status = httpx.get(f"{url}/health/status", timeout=10, trust_env=False).json()
    except httpx.HTTPError as fault:
        _refuse(f"the gateway does not answer: {type(fault).__name__}")
    ready = httpx.get(f"{url}/health/ready", timeout=10, trust_env=False).status_code == 200
    for process in status["processes"]:
        own = process["status"] or {}
        outbox, dead = own.get("outbox") or {}, own.get("dead_letters")
        state = "ready" if process["ready"] else "waiting for " + ", ".join(process["waiting_for"])
        typer.echo(
            f"{process['name']:<18} {state:<10} outbox waiting {outbox.get('waiting', '?')}, dead letters {dead}"
        )
    raise typer.Exit(0 if ready else 1)


@app.command("import")
def import_file(
    kind: Annotated[
        str, typer.Argument(help="`households`, `remarks` on a list, or of a program `list`, `deliveries`...")
    ],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    partner: Annotated[str, typer.Option(help="Who sends it.")],
    program: Annotated[str, typer.Option(help="The program's code; without it, KIND may be the code itself.")] = "",
    currency: Annotated[str, typer.Option(help="MRU, or MRO for old ouguiya.")] = "MRU",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check it: counts and errors, no effect.")] = False,
    mapping: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help='JSON: {"header text": "field"}.')
    ] = None,
    supersedes: Annotated[str | None, typer.Option(help="The import that this file corrects.")] = None,
    error_file: Annotated[Path | None, typer.Option(help="Keep the faulty rows here, as .xlsx or .csv.")] = None,
    data_dir: DataDir = DEFAULT_DATA,
) -> None:
    """Send a list in pieces, wait until it is applied, and print its row errors. A cut line, or this command run again,
    goes on where it was."""
    from cli.sending import Sending, kind_of, send

    ready = running(data_dir)
    kind = kind_of(kind, program)
    service = _service_of(ready, kind, partner)
    said = mapping.read_text(encoding="utf-8") if mapping is not None else None
    sending = Sending(file, partner, service, kind, currency, dry_run, said, supersedes, error_file)
    raise typer.Exit(asyncio.run(send(ready, sending, language())))


@app.command()
def export(
    what: Annotated[
        str,
        typer.Argument(
            help="households, individuals, memberships or quality; of a program: enrollments, entitlements (a cycle's"
            " payment list), deliveries or reconciliation."
        ),
    ],
    partner: Annotated[str, typer.Option(help="Who asks for it.")],
    out: Annotated[Path, typer.Option(help="The file to write.")],
    format: Annotated[str, typer.Option(help="csv, xlsx or parquet.")] = "csv",
    place: Annotated[str, typer.Option(help="A wilaya, moughataa, commune or village.")] = "",
    program: Annotated[str, typer.Option(help="A program's code, for what is a program's.")] = "",
    cycle: Annotated[str, typer.Option(help="The id of a cycle of the program.")] = "",
    category: Annotated[str, typer.Option(help="A vulnerability category.")] = "",
    status: Annotated[str, typer.Option(help="Of households and people, of enrollments, of entitlements.")] = "",
    as_of: Annotated[str, typer.Option(help="The day on which the facts held, such as 2024-06-01.")] = "",
    known_at: Annotated[str, typer.Option(help="What was known at this moment.")] = "",
    columns: Annotated[str, typer.Option(help="Names parted by commas; all without.")] = "",
    data_dir: DataDir = DEFAULT_DATA,
) -> None:
    """Have the registry, or the service of a program, write a file, wait for it, and fetch it through the gateway."""
    from cli.exporting import fetch_export

    asked = {"place": place, "category": category, "status": status, "as_of": as_of, "known_at": known_at}
    wanted: dict[str, Any] = {name: value for name, value in asked.items() if value} | {"what": what, "format": format}
    ready, service = running(data_dir), "/registry"
    if program:
        service = _service_of(ready, program, partner)
        wanted |= {"program": program, "language": language()}
        wanted |= {"cycle_id": cycle} if cycle else {}
    if columns:
        wanted |= {"columns": [name.strip() for name in columns.split(",")]}
    raise typer.Exit(asyncio.run(fetch_export(ready, wanted, out, partner, language(), service=service)))


@app.command("dead-letters")
def dead_letters(
    data_dir: DataDir = DEFAULT_DATA,
    redrive: Annotated[bool, typer.Option(help="Give each its effect after all.")] = False,
) -> None:
    """List the events whose effect failed for good, with the reason; `--redrive` tries them again."""
    from cli.letters import dead_letters as show

    raise typer.Exit(asyncio.run(show(running(data_dir), data_dir, redrive=redrive)))


@app.command("verify-audit")
def verify_audit(
    data_dir: DataDir = DEFAULT_DATA,
    database_url: Annotated[str, typer.Option(help="The gateway's database; without it the running platform's.")] = "",
    keys: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Public keys (JWK Set) that you trust.")
    ] = None,
    witness: Annotated[
        list[Path] | None, typer.Option(help="The gateway's log, or what this printed before as JSON; may be repeated.")
    ] = None,
    since: Annotated[datetime | None, typer.Option("--from", help="Only rows from this moment on (UTC).")] = None,
    until: Annotated[datetime | None, typer.Option(help="Only rows before this moment (UTC).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON, to be kept as a witness.")] = False,
) -> None:
    """Verify the disclosure log: every row's hash, every seal, every name; say the first thing that is wrong, and exit 1."""
    from cli import auditing

    files, own_keys = list(witness or []), None
    if not database_url:
        own_keys = data_dir / "secrets" / "signing-key.json"
        database_url = f"{running(data_dir)['postgres_url'].rpartition('/')[0]}/{auditing.DATABASE}"
        files += sorted((data_dir / "logs").glob("gateway.log*"))
    moments = [one.replace(tzinfo=UTC) if one is not None else None for one in (since, until)]
    try:
        found, seconds, kids = asyncio.run(auditing.verify_audit(database_url, keys, own_keys, files, *moments))
    except auditing.CannotVerify as none:
        _refuse(none.text.in_(language()))
    if as_json:
        typer.echo(json.dumps(auditing.as_json(found)))
    else:
        typer.echo(auditing.told(found, seconds, language()))
        if kids:
            typer.echo(auditing.WORDS["keys"].format(kids=", ".join(kids)).in_(language()))
    raise typer.Exit(1 if found.fault else 0)


@app.command()
def migrate() -> None:
    """Bring the databases named by the environment to the newest schema: DATABASE_URL_<PROCESS> for each process."""
    from cli.migrations import migrate_all

    asyncio.run(migrate_all(os.environ))


@app.command("check-migrations")
def check_migrations() -> None:
    """Exit 1 where a service's migrations have more than one head."""
    from cli.migrations import heads

    for package, revision in heads().items():
        typer.echo(f"{package}: one head, {revision}")


@app.command()
def docs(check: Annotated[bool, typer.Option("--check", help="Only say whether they are current.")] = False) -> None:
    """Write the generated references under docs/reference."""
    from cli.reference import write_reference

    stale = write_reference(Path("docs/reference"), Path("gateway/routes.json"), check=check)
    if check and stale:
        _refuse(f"out of date, run `tekamoul docs`: {', '.join(stale)}")


@app.command()
def bench(name: Annotated[str, typer.Argument(help="One benchmark; none: all.")] = "") -> None:
    """Run a benchmark and end with one JSON line of its figures; without a name run all and rewrite the results."""
    from benchmarks.running import run_benchmarks

    run_benchmarks(name)


def running(data_dir: Path) -> dict[str, str]:
    """The ready file of the platform that runs from a data folder."""
    try:
        ready: dict[str, str] = json.loads((data_dir / "ready.json").read_text())
    except FileNotFoundError:
        _refuse(f"no platform runs from {data_dir}: start it with `make run` or `tekamoul run --data-dir {data_dir}`")
    except PermissionError:
        _refuse(f"{data_dir / 'ready.json'} belongs to another account; run this as the account that runs the platform")
    return ready


def _service_of(ready: dict[str, Any], kind: str, partner: str) -> str:
    """The service that takes files of a kind, or the line that says why there is none."""
    from cli.credentials import NoToken
    from cli.gateway_client import away
    from cli.sending import WORDS, find_service

    try:
        found = asyncio.run(find_service(ready, kind, partner, language()))
    except NoToken as none:
        _refuse(none.text.in_(language()))
    except httpx.TransportError as fault:
        _refuse(away(fault, language()))
    if found is None:
        _refuse(WORDS["unknown_kind"].format(kind=kind).in_(language()))
    return found


def _refuse(line: str) -> NoReturn:
    typer.echo(line, err=True)
    raise typer.Exit(1)


def main() -> None:
    app()


if __name__ == "__main__":
    main()
