"""The operator's commands: migrations, dead letters, sending a file, and the generated references."""

import io
import shutil
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import asyncpg
import pytest
import typer
from fastapi import FastAPI
from pydantic import BaseModel
from rich.console import Console

from cli import migrations
from cli.letters import dead_letters
from cli.migrations import heads, heads_in, migrate_all
from cli.processes import SERVICES
from cli.reference import (
    build_apps,
    event_types,
    every_refusal,
    field_docstrings,
    first_sentence,
    routes_of,
    table,
    write_reference,
)
from cli.routing_table import TellsOfNobody, routing_table
from running import Services
from servers import RunningServers
from shared.disclosing import FILE_OF
from shared.ids import new_id

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"
TABLE = REFERENCE.parents[1] / "gateway" / "routes.json"
PAGES = ["api.md", "errors.md", "events.md", "settings.md", "routes.json"]


class Paper(Console):
    """A terminal that is read afterwards."""

    def __init__(self) -> None:
        super().__init__(file=io.StringIO(), width=200)

    @property
    def text(self) -> str:
        assert isinstance(self.file, io.StringIO)
        return self.file.getvalue()


# Migrations


def test_every_package_has_one_head() -> None:
    assert list(heads()) == ["services.registry", "services.programs", "services.matching", "gateway"]
    assert all(revision.isdigit() for revision in heads().values())


def test_two_heads_are_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    forked = tmp_path / "services" / "registry" / "migrations"
    shutil.copytree(migrations.folder_of("services.registry"), forked)
    last = heads()["services.registry"]
    for twin in ("7001", "7002"):
        (forked / "versions" / f"{twin}_twin.py").write_text(f'revision = "{twin}"\ndown_revision = "{last}"\n')
    monkeypatch.setattr(migrations, "PROJECT", tmp_path)

    with pytest.raises(typer.Exit) as refused:
        heads()

    assert refused.value.exit_code == 1
    assert heads_in(forked) == ["7001", "7002"]
    assert capsys.readouterr().err.startswith("services.registry: 2 heads (7001, 7002)")


async def test_the_databases_that_are_named_are_migrated(
    servers: RunningServers, capsys: pytest.CaptureFixture[str]
) -> None:
    connection = await asyncpg.connect(servers.postgres_url)
    names = {process: f"{process}_{new_id().hex}" for process in ("registry", "programs_csa")}
    for name in names.values():
        await connection.execute(f'CREATE DATABASE "{name}"')
    await connection.close()
    urls = {f"DATABASE_URL_{process.upper()}": servers.database_url(name) for process, name in names.items()}

    await migrate_all(urls)
    await migrate_all(urls)

    assert capsys.readouterr().out.splitlines() == ["registry: up to date", "programs-csa: up to date"] * 2
    for process, url in urls.items():
        package = "services.registry" if process.endswith("REGISTRY") else "services.programs"
        connection = await asyncpg.connect(url)
        assert await connection.fetchval("SELECT version_num FROM alembic_version") == heads()[package]
        await connection.close()


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "no database is named by the environment"),
        ({"DATABASE_URL_MATCHING": "postgresql://u:p@127.0.0.1:1/none"}, "matching: not migrated: "),
    ],
)
async def test_what_cannot_be_migrated_is_one_line_and_status_1(
    environ: dict[str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as refused:
        await migrate_all(environ)

    assert refused.value.exit_code == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and lines[0].startswith(said)


# Dead letters


async def died(url: str, sequence: int) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(
        "INSERT INTO dead_letters (id, consumer, event_id, type, stream, sequence, tries, reason, trace)"
        " VALUES ($1, 'matching', $2, 'registry.places.published.v1', 'registry', $3, 8, 'KeyError', 'take (x.py:7)')",
        new_id(),
        new_id(),
        sequence,
    )
    await connection.close()


@pytest.fixture
async def matching(services: Services) -> dict[str, Any]:
    """The ready file of a platform of which matching alone runs."""
    running = await services.start("matching")
    secrets = services.folder / "secrets"
    secrets.mkdir()
    shutil.copy(services.key_file, secrets / "internal.key")
    return {"services": {"matching": running.url}}


async def test_without_dead_letters_that_is_said(services: Services, matching: dict[str, Any]) -> None:
    paper = Paper()

    assert await dead_letters(matching, services.folder, redrive=False, console=paper, language="en") == 0
    assert paper.text == "No dead letters.\n"


async def test_dead_letters_are_listed_and_a_redrive_that_fails_says_why(
    services: Services, matching: dict[str, Any]
) -> None:
    await died(services.databases["matching"], sequence=900)
    listed, redriven = Paper(), Paper()

    assert await dead_letters(matching, services.folder, redrive=False, console=listed, language="en") == 0
    assert await dead_letters(matching, services.folder, redrive=True, console=redriven, language="en") == 1

    for word in ("matching", "registry.places.published.v1", "registry #900", "KeyError: take (x.py:7)", "8"):
        assert word in listed.text
    assert "no longer in the" in redriven.text


async def test_a_process_that_does_not_answer_hides_no_other(services: Services, matching: dict[str, Any]) -> None:
    await died(services.databases["matching"], sequence=900)
    ready = {"services": {"registry": "http://127.0.0.1:1", **matching["services"]}}
    paper = Paper()

    assert await dead_letters(ready, services.folder, redrive=False, console=paper, language="fr") == 1

    assert "registry : ne répond pas (ConnectError)." in paper.text
    assert "KeyError" in paper.text


# The generated references


def test_the_references_are_current() -> None:
    assert write_reference(REFERENCE, TABLE, check=True) == [], "run `tekamoul docs`"


def test_no_two_refusals_share_a_code() -> None:
    codes = [kind.code for kind in every_refusal()]

    assert len(codes) == len(set(codes)), sorted(code for code in set(codes) if codes.count(code) > 1)


def test_a_stale_page_is_named_and_only_written_when_asked(tmp_path: Path) -> None:
    assert write_reference(tmp_path / "new", tmp_path / "routes.json", check=True) == PAGES
    assert not (tmp_path / "new").exists()
    assert write_reference(tmp_path / "new", tmp_path / "routes.json", check=False) == PAGES
    assert write_reference(tmp_path / "new", tmp_path / "routes.json", check=True) == []
    (tmp_path / "new" / "events.md").write_text("old")
    assert write_reference(tmp_path / "new", tmp_path / "routes.json", check=True) == ["events.md"]
    assert (tmp_path / "new" / "events.md").read_text() == "old"


def test_every_route_is_listed_with_its_outside_path_permission_and_meaning() -> None:
    apps = build_apps()
    found = {(package, r.method, r.path): r for package, app in apps.items() for r in routes_of(package, app)}

    assert set(apps) == {"services.registry", "services.programs", "services.matching", "gateway"}
    registered = found["services.registry", "GET", "/registry/v1/households/{household_id}"]
    assert (registered.permission, registered.outside) == ("households:read", True)
    assert registered.meaning == "A household with its members: today's, or those of a day and a moment."
    suspend = "/programs/{institution}/v1/enrollments/{enrollment_id}/suspend"
    assert found["services.programs", "POST", suspend].permission == "enrollments:write"
    assert found["gateway", "GET", "/v1/events"].outside
    inside = [r for r in found.values() if r.path.startswith("/internal/")]
    assert inside and all(r.permission == "internal" and not r.outside for r in inside)
    assert [r for r in found.values() if r.permission == "none"] == []
    assert [r for r in found.values() if "/v1/" in r.path and not r.meaning] == []


def test_every_event_refusal_and_setting_is_on_its_page() -> None:
    events, errors, settings = [(REFERENCE / page).read_text() for page in ("events.md", "errors.md", "settings.md")]

    assert len(event_types()) >= 6 and all(f"## {one.type}\n" in events for one in event_types())
    codes = {one.code for one in every_refusal()}
    assert {"not_found", "cursor_ahead", "enrollment_not_active", "unknown_kind_of_file", "redrive_failed"} <= codes
    assert all(f"| `{code}` |" in errors for code in codes)
    for name in (
        "DATABASE_URL",
        "NATS_URL",
        "TEKAMOUL_INTERNAL_KEY_FILE",
        "TEKAMOUL_INSTITUTION",
        "TEKAMOUL_LISTEN_FD",
    ):
        assert f"| `{name}` |" in settings


def test_pages_say_nothing_of_the_machine_they_were_made_on() -> None:
    for file in (*REFERENCE.glob("*.md"), TABLE):
        assert "/tmp/" not in file.read_text()
        assert str(REFERENCE.parents[1]) not in file.read_text()


def test_a_process_of_every_kind_is_known() -> None:
    assert {service.name.split("-")[0] for service in SERVICES} == {"registry", "programs", "matching", "gateway"}


def documented() -> None:
    """Do it, e.g. twice. And then
    rest.

    More.
    """


class Fields:
    first: int = 1
    """What the first
    means."""
    second: int = 2


def test_the_pieces_of_a_page() -> None:
    assert first_sentence(documented) == "Do it, e.g. twice."
    assert first_sentence(test_the_pieces_of_a_page) == ""
    assert field_docstrings(Fields) == {"first": "What the first means."}
    assert table(("A", "B"), [("x | y", "z")]) == "| A | B |\n| --- | --- |\n| x \\| y | z |\n"


class _OfEitherKind(BaseModel):
    kind: Literal["household", "individual", "cluster"]
    id: UUID


class _Named(_OfEitherKind):
    registry_household_id: UUID | None


def test_an_id_of_a_kind_that_only_people_have_is_told_with_whom_it_names() -> None:
    app = FastAPI()

    @app.get("/v1/named")
    async def named() -> list[_Named]:
        return []

    assert '"records": {"/*": {"registry_household_id": "household"}}' in routing_table({"services.matching": app})

    @app.get("/v1/hidden")
    async def hidden() -> list[_OfEitherKind]:
        return []

    app.openapi_schema = None
    with pytest.raises(TellsOfNobody, match="GET /matching/v1/hidden: /\\* has kind and says of nobody"):
        routing_table({"services.matching": app})


ABOUT_NOBODY = {
    "/matching/v1/rules-matrix/pdf",
    "/matching/v1/scenarios/{scenario_id}/report",
    "/matching/v1/scenario-comparisons/report",
    "/matching/v1/responses/{response_id}/plan.pdf",
    "/matching/v1/responses/{response_id}/after-action.pdf",
    "/matching/v1/snapshots/{snapshot_id}/file",
    "/matching/v1/snapshots/{snapshot_id}/report",
}
"""Files of counts, of which small ones are not told."""


def test_a_file_that_says_of_nobody_is_one_of_counts() -> None:
    services = {package.removeprefix("services."): app for package, app in build_apps().items() if package != "gateway"}
    silent = set()
    for service, app in services.items():
        for path, operations in app.openapi()["paths"].items():
            for operation in operations.values():
                answers = [one for code, one in operation.get("responses", {}).items() if code.startswith("2")]
                kinds = {kind for one in answers for kind in one.get("content", {})} - {"application/json"}
                if path.startswith("/v1/") and kinds - {"text/event-stream"} and FILE_OF not in operation:
                    silent.add(f"/{service}{path}")

    assert silent == ABOUT_NOBODY
