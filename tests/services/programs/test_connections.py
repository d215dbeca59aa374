"""Institutions with systems of their own: a folder that is watched, and rows pulled from another database."""

import json
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from python_calamine import CalamineWorkbook

from running import Running, Services, status_of, until
from services.programs.catalog import programs_of
from services.programs.connections.configured import load_connections
from services.programs.connections.sources import cut
from services.programs.errors.connections import ConnectionsNotUsable, CursorNotUsable, CursorTied
from services.programs.importing import ProgramsImporter
from shared.errors import Refusal

Csv = Callable[..., bytes]
HEADER = ("Matricule ménage", "Allocataire", "Personnes")
MAPPING = {"Matricule ménage": "household_number", "Allocataire": "name", "Personnes": "household_size"}
DROP = """
[masef-listes]
kind = "drop"
partner = "masef"
folder = "{folder}"
every_seconds = 0.1
settle_seconds = 0.3

[[masef-listes.files]]
pattern = "handicap_*.csv"
into = "DISABILITY_CASH"
mapping = "colonnes.json"
"""


def configured(tmp_path: Path, content: str, mapping: Any = MAPPING) -> Path:
    (tmp_path / "colonnes.json").write_text(json.dumps(mapping), encoding="utf-8")
    file = tmp_path / "connections.toml"
    file.write_text(content, encoding="utf-8")
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "entrant"
    made.mkdir()
    return made


async def masef(services: Services, file: Path) -> Running:
    return await services.start("programs-masef", connections_file=file)


def of(running: Running) -> httpx.AsyncClient:
    return running.client("masef", programs=frozenset({"DISABILITY_CASH"}))


async def result_of(folder: Path, name: str) -> dict[str, Any]:
    file = folder / "done" / f"{name}.result.json"

    async def written() -> bool:
        return file.exists() and (folder / "done" / name).exists()

    await until(written, what=f"the result of {name}")
    made: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return made


async def enrolled(client: httpx.AsyncClient) -> list[str]:
    return [one["name"] for one in (await client.get("/v1/enrollments")).json()["items"]]


async def connection(client: httpx.AsyncClient, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    async def stands() -> dict[str, Any] | None:
        (one,) = (await client.get("/v1/connections")).json()
        return one if condition(one) else None

    found: dict[str, Any] = await until(stands, what="the connection to stand so")
    return found


async def test_a_file_dropped_is_taken_in_and_its_result_and_faulty_rows_lie_beside_it(
    services: Services, tmp_path: Path, folder: Path, csv_file: Csv
) -> None:
    running = await masef(services, configured(tmp_path, DROP.format(folder=folder)))
    (folder / "HANDICAP_mars.csv").write_bytes(
        csv_file(HEADER, ("MR0110000501", "Fatimetou Mint Ahmed", 6), ("MR0110000502", "Salem Ould Ali", "douze"))
    )
    (folder / "photo.csv").write_bytes(b"not ours")

    result = await result_of(folder, "HANDICAP_mars.csv")

    counts = {name: result[name] for name in ("status", "accepted", "rejected", "failure")}
    assert counts == {"status": "completed", "accepted": 1, "rejected": 1, "failure": None}
    errors = CalamineWorkbook.from_path(folder / "done" / "HANDICAP_mars.csv.errors.xlsx").get_sheet_by_index(0)
    header, faulty = errors.to_python()
    assert (header[:3], faulty[:3]) == (list(HEADER), ["MR0110000502", "Salem Ould Ali", "douze"])
    assert (folder / "photo.csv").exists()  # no pattern of ours: left alone
    async with of(running) as client:
        assert await enrolled(client) == ["Fatimetou Mint Ahmed"]
        one = await connection(client, lambda state: state["files"] == 1)
        assert (one["name"], one["kind"], one["failures"], one["last_error"]) == ("masef-listes", "drop", 0, None)
        assert str(folder) not in json.dumps(one)


async def test_the_same_file_again_changes_nothing_and_is_put_beside_the_first(
    services: Services, tmp_path: Path, folder: Path, csv_file: Csv
) -> None:
    running = await masef(services, configured(tmp_path, DROP.format(folder=folder)))
    content = csv_file(HEADER, ("MR0110000501", "Fatimetou Mint Ahmed", 6))
    (folder / "handicap_1.csv").write_bytes(content)
    first = await result_of(folder, "handicap_1.csv")
    (folder / "handicap_1.csv").write_bytes(content)

    async def twice() -> bool:
        return len(list((folder / "done").glob("*.result.json"))) == 2 and not list((folder / "taken").iterdir())

    await until(twice, what="the second result")
    results = [json.loads(one.read_text()) for one in (folder / "done").glob("*.result.json")]
    assert {one["import_id"] for one in results} == {first["import_id"]}
    async with of(running) as client:
        assert len((await client.get("/v1/imports")).json()["items"]) == 1
        assert await enrolled(client) == ["Fatimetou Mint Ahmed"]


async def test_a_file_still_being_written_is_left_alone_and_one_in_hand_survives_a_restart(
    services: Services, tmp_path: Path, folder: Path, csv_file: Csv
) -> None:
    running = await masef(services, configured(tmp_path, DROP.format(folder=folder)))
    growing = folder / "handicap_grand.csv"
    whole = csv_file(HEADER, ("MR0110000501", "Fatimetou Mint Ahmed", 6), ("MR0110000502", "Salem Ould Ali", 4))
    for part in range(0, len(whole), 20):
        with growing.open("ab") as sink:
            sink.write(whole[part : part + 20])
        time.sleep(0.05)
        assert growing.exists()
    await running.stop()
    services.running.pop("programs-masef")
    # As a death leaves it: taken from the folder, and nobody knows whether it was handed over.
    (folder / "taken").mkdir(exist_ok=True)
    if growing.exists():
        os.rename(growing, folder / "taken" / growing.name)

    again = await masef(services, tmp_path / "connections.toml")

    assert (await result_of(folder, growing.name))["status"] == "completed"
    async with of(again) as client:
        assert sorted(await enrolled(client)) == ["Fatimetou Mint Ahmed", "Salem Ould Ali"]
        assert len((await client.get("/v1/imports")).json()["items"]) == 1


async def test_a_folder_that_is_gone_is_told_in_three_languages_and_counted_until_it_is_back(
    services: Services, tmp_path: Path, folder: Path
) -> None:
    folder.rmdir()
    running = await masef(services, configured(tmp_path, DROP.format(folder=folder)))
    async with of(running) as client:
        failed = await connection(client, lambda state: state["failures"] >= 2)
        assert failed["last_error"]["code"] == "folder_unreachable"
        words = {"ar": "المجلد", "fr": "dossier", "en": "folder"}
        assert all(word in failed["last_error"]["reason"][language] for language, word in words.items())
        assert (await status_of(client))["work"]["connections_failing"] == 1

        folder.mkdir()
        back = await connection(client, lambda state: state["failures"] == 0)
        assert (back["last_error"], back["last_success_at"] is not None) == (None, True)
        async with running.client("csa", programs=frozenset({"EL_MAOUNA"})) as other:
            assert (await other.get("/v1/connections")).json() == []


PULL = """
[masef-base]
kind = "sql"
partner = "masef"
url = "{url}"
password_env = "TEKAMOUL_SECRET_MASEF"
into = "DISABILITY_CASH"
currency = "MRO"
mapping = "colonnes.json"
cursor = "modifie_le"
start = 2020-01-01T00:00:00
every_seconds = 0.2
most_rows = 2
query = '''
{query}
'''
"""
QUERY = """
SELECT a.num_menage AS "Matricule ménage", a.nom_complet AS "Allocataire", a.nb_personnes AS "Personnes",
       v.montant_um AS "Montant", a.modifie_le
FROM allocataires a LEFT JOIN versements v USING (num_menage)
WHERE a.modifie_le > :after ORDER BY a.modifie_le
"""


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch, services: Services) -> Services:
    """Stopped before the secrets of its connections are gone, which a worker may be asking for."""
    return services


@pytest.fixture
async def institution(services: Services, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[asyncpg.Connection]:
    """The ministry's own database, in French, with an account that Tekamoul reads by."""
    name, password = f"masef_{secrets.token_hex(4)}", secrets.token_hex(8)
    admin = await asyncpg.connect(services.servers.postgres_url)
    await admin.execute(f"CREATE DATABASE {name}")
    await admin.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
    monkeypatch.setenv("TEKAMOUL_SECRET_MASEF", password)
    own = await asyncpg.connect(services.servers.database_url(name))
    await own.execute(
        "CREATE TABLE allocataires (num_menage text, nom_complet text, nb_personnes int, modifie_le timestamp);"
        "CREATE TABLE versements (num_menage text, montant_um numeric(12, 2));"
        f"GRANT ALL ON allocataires, versements TO {name}"
    )
    yield own
    await own.close()
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.execute(f"DROP ROLE {name}")
    await admin.close()


def address(services: Services, own: asyncpg.Connection) -> str:
    """As the configuration has it: without a password."""
    _, _, place = services.servers.postgres_url.rpartition("@")
    host, _, _ = place.partition("/")
    return f"postgresql+asyncpg://{own._params.database}@{host}/{own._params.database}"


async def add(own: asyncpg.Connection, place: int, name: str, moment: datetime, amount: int | None = None) -> None:
    number = f"MR01100006{place:02}"
    await own.execute("INSERT INTO allocataires VALUES ($1, $2, $3, $4)", number, name, place + 1, moment)
    if amount is not None:
        await own.execute("INSERT INTO versements VALUES ($1, $2)", number, amount)


def day(number: int) -> datetime:
    return datetime(2026, 3, number, 8, 30)  # noqa: DTZ001 - as the ministry keeps it


async def test_rows_of_another_database_are_pulled_in_parts_and_only_those_that_are_new(
    services: Services, tmp_path: Path, institution: asyncpg.Connection
) -> None:
    for place in range(1, 4):
        await add(institution, place, f"Allocataire {place}", day(place), 20_000)
    url = address(services, institution)
    running = await masef(
        services, configured(tmp_path, PULL.format(url=url, query=QUERY), MAPPING | {"modifie_le": ""})
    )

    async with of(running) as client:

        async def there(names: int) -> bool:
            return len(await enrolled(client)) == names

        await until(lambda: there(3), what="three beneficiaries")
        items = (await client.get("/v1/enrollments")).json()["items"]
        assert [(one["household_number"], one["household_size"], one["amount_mru"]) for one in items] == [
            (f"MR01100006{place:02}", place + 1, "2000.00") for place in (1, 2, 3)
        ]  # old ouguiya: 20,000 are 2,000
        await add(institution, 4, "محمد ولد أحمد", day(4))
        await until(lambda: there(4), what="the fourth")
        imports = (await client.get("/v1/imports")).json()["items"]
        assert sorted(one["accepted"] for one in imports) == [1, 1, 2]
        before = (await connection(client, lambda state: state["failures"] == 0))["files"]
        await running.stop()
        services.running.pop("programs-masef")
    again = await masef(services, tmp_path / "connections.toml")
    async with of(again) as client:
        start = (await connection(client, lambda state: True))["last_run_at"]
        after = await connection(client, lambda state: state["last_run_at"] > start)
        assert (after["files"], len(await enrolled(client))) == (before, 4)


@pytest.mark.parametrize(
    ("query", "code", "words"),
    [
        ("SELECT nom FROM allocataire WHERE modifie_le > :after", "query_failed", ("الاستعلام", "requête", "query")),
        (
            "WITH payes AS (INSERT INTO versements VALUES ('x', 1) RETURNING *)"
            " SELECT nom_complet, modifie_le FROM allocataires, payes WHERE modifie_le > :after",
            "query_failed",
            ("25006", "25006", "25006"),
        ),
        (
            "SELECT nom_complet FROM allocataires WHERE modifie_le > :after",
            "cursor_not_usable",
            ("«modifie_le»", "« modifie_le »", "“modifie_le”"),
        ),
        (
            "SELECT a.nom_complet, a.modifie_le FROM allocataires a, generate_series(1, 3) WHERE modifie_le > :after",
            "cursor_tied",
            ("2", "2", "2"),
        ),
    ],
)
async def test_a_query_that_does_not_do_is_told_in_three_languages_and_writes_nothing(
    services: Services,
    tmp_path: Path,
    institution: asyncpg.Connection,
    query: str,
    code: str,
    words: tuple[str, str, str],
) -> None:
    await add(institution, 1, "Allocataire 1", day(1))
    running = await masef(services, configured(tmp_path, PULL.format(url=address(services, institution), query=query)))

    async with of(running) as client:
        failed = await connection(client, lambda state: state["failures"] > 0)
        assert failed["last_error"]["code"] == code
        for language, word in zip(("ar", "fr", "en"), words, strict=True):
            assert word in failed["last_error"]["reason"][language]
        assert await enrolled(client) == []
    assert await institution.fetchval("SELECT count(*) FROM versements") == 0


async def test_a_wrong_password_is_an_unreachable_source_and_stands_in_no_answer(
    services: Services, tmp_path: Path, institution: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEKAMOUL_SECRET_MASEF", "faux-mot-de-passe")
    running = await masef(services, configured(tmp_path, PULL.format(url=address(services, institution), query=QUERY)))

    async with of(running) as client:
        failed = await connection(client, lambda state: state["failures"] > 0)
    assert failed["last_error"]["code"] == "source_unreachable"
    assert "faux-mot" not in json.dumps(failed)
    for language, word in (("ar", "لا تجيب"), ("fr", "ne répond pas"), ("en", "does not answer")):
        assert word in failed["last_error"]["reason"][language]


def test_a_pull_is_cut_where_the_cursor_changes() -> None:
    rows = [("a", 1), ("b", 2), ("c", 2), ("d", 2)]

    assert [list(cut(("x", "n"), rows[:most + 1], "n", 0, most).rows) for most in (4, 3, 2, 1)] == [
        rows, rows[:1], rows[:1], rows[:1],
    ]  # fmt: skip
    assert cut(("x", "n"), [], "n", date(2026, 1, 1), 3).after == date(2026, 1, 1)
    with pytest.raises(CursorTied):
        cut(("x", "n"), rows[1:], "n", 0, 2)
    for bad in ([("a", 2), ("b", 1)], [("a", None)], [("a", 1), ("b", None)]):
        with pytest.raises(CursorNotUsable):
            cut(("x", "n"), bad, "n", 0, 5)


WRONG = [
    ("kind = 'drop'\n[", "-", MAPPING),
    ("[Masef]\nkind = 'drop'", "Masef", MAPPING),
    ("[masef]\nkind = 'ftp'", "masef", MAPPING),
    ("[masef]\nkind = 'drop'\npartner = 'masef'\nfolder = '/x'\nfiles = []", "masef.files", MAPPING),
    (DROP.format(folder="/x").replace("DISABILITY_CASH", "TEKAVOUL"), "masef-listes.into", MAPPING),
    (DROP.format(folder="/x"), "masef-listes.mapping", {"Allocataire": "mother"}),
    (DROP.format(folder="/x").replace("colonnes", "autres"), "masef-listes.mapping", MAPPING),
    (PULL.format(url="postgresql+asyncpg://a:secret@h/d", query=QUERY), "masef-base.url", MAPPING),
    (PULL.format(url="postgresql+asyncpg://a@h/d", query=QUERY), "masef-base.password_env", MAPPING),
    (PULL.format(url="postgresql+asyncpg://a@h/d", query="SELECT 1"), "masef-base.query", MAPPING),
]


@pytest.mark.parametrize(("content", "key", "mapping"), WRONG)
def test_a_wrong_connections_file_keeps_the_process_from_starting_and_names_the_key(
    tmp_path: Path, content: str, key: str, mapping: dict[str, str]
) -> None:
    file = configured(tmp_path, content, mapping)

    with pytest.raises(ConnectionsNotUsable) as refused:
        load_connections(file, ProgramsImporter("masef", programs_of("masef")).layout)

    said: Refusal = refused.value
    for text, word in ((said.detail.ar, "الاتصالات"), (said.detail.fr, "connexions"), (said.detail.en, "Connections")):
        assert word in text
        assert f" {key} " in text
        assert "secret" not in text
