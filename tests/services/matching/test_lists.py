"""Lists matched before anybody is enrolled: sent as files, looked up line by line, fetched with the reasons."""

import csv
import io
import re
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import polars as pl
import pytest
from list_cases import PEOPLE, YAHYA, ZEINEBOU, ended, matches, sent
from python_calamine import CalamineWorkbook
from sqlalchemy import delete, func, select, update

from matching_cases import PLACES, TODAY, household, id_of, member, program
from running import ALL_PERMISSIONS, Running, Services, until
from services.matching import projecting
from services.matching.listing import remove_old
from services.matching.models import Beneficiary
from shared.clock import now
from shared.contracts.matching import GapsChanged
from shared.history import History
from shared.ids import new_id
from shared.importing.models import Import, ImportPart
from shared.outbox import OutboxRow
from uploading import TUS, begin, located, send_piece

HEADER = "Nom;NNI;N° ménage;Date de naissance;Sexe;Moughataa;Commune;Téléphone"
LINES = (
    "Yahya Ould Cheikhna;9900000033;;09/04/1981;M;Amourj;Amourj;",
    "زينب منت سيداتي ولد لخليفه;9900000130;;20/11/1975;F;Amourj;Amourj;22334455",
    "Yahya Cheikhna Demba;9900000033;;1981;M;Amourj;Amourj;",
    "Penda Mint Samba;;;02/02/1999;F;Guerou;Guerou;",
    ";;;01/02/1990;M;Guerou;Guerou;",
)
"""A person with his national id, one in Arabic, the first one again and less surely, a stranger, and nobody at all."""


def csv_of(lines: Sequence[str] = LINES) -> bytes:
    return "\n".join((HEADER, *lines)).encode()


@pytest.fixture
async def matching(services: Services) -> Running:
    running = await services.start("matching")
    async with running.platform.database.transaction() as tx:
        await projecting.replace_places(tx, PLACES)
        await projecting.put_program(tx, program("DISABILITY_CASH", "masef", unit="individual"))
        await projecting.put_program(tx, program("TEKAVOUL", "taazour"))
        await projecting.put_households(tx, PEOPLE, TODAY)
    return running


@pytest.fixture
async def masef(matching: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with matching.client(name="masef", programs=frozenset({"DISABILITY_CASH"})) as client:
        yield client


async def test_each_line_is_told_who_it_is_and_nothing_else_follows(
    matching: Running, masef: httpx.AsyncClient
) -> None:
    told = await sent(masef, csv_of())
    assert (told["status"], told["accepted"], told["rejected"]) == ("completed", 4, 1)
    assert (await masef.get(f"/v1/imports/{told['id']}/match-counts")).json() == {
        "link": 2, "adjudicate": 0, "same_as_another_line": 1, "unmatched": 1,
    }  # fmt: skip
    lines = await matches(masef, told["id"])
    assert [(one["line"], one["found"], one["individual_id"], one["same_as_line"]) for one in lines] == [
        (2, "link", str(id_of(f"individual {YAHYA}")), None),
        (3, "link", str(id_of(f"individual {ZEINEBOU}")), None),
        (4, "same_as_another_line", str(id_of(f"individual {YAHYA}")), 2),
        (5, "unmatched", None, None),
    ]
    assert lines[0]["sent"]["name"] == "Yahya Ould Cheikhna"
    assert lines[0]["candidates"][0]["household_number"] == f"MR011{YAHYA:07d}"
    issues = (await masef.get(f"/v1/imports/{told['id']}/issues")).json()["items"]
    assert [(one["line"], one["code"]) for one in issues] == [(6, "nobody_named")]
    async with matching.platform.database.transaction() as tx:
        for table in (Beneficiary, History):
            assert await tx.scalar(select(func.count()).select_from(table)) == 0
        # Whom programs miss is announced by a worker, list or not.
        assert set(await tx.scalars(select(OutboxRow.type))) <= {GapsChanged.type}


async def test_the_evidence_is_in_the_callers_language(masef: httpx.AsyncClient) -> None:
    told = await sent(masef, csv_of())
    for language, words in (("en", "same national id"), ("fr", "même numéro national"), ("ar", "الرقم الوطني مطابق")):
        first, *_ = await matches(masef, told["id"], language, found="link", limit=1)
        assert {it["field"]: it["reason"] for it in first["candidates"][0]["evidence"]}["nni"] == words


async def test_the_list_comes_back_as_a_file_with_what_was_found(matching: Running, masef: httpx.AsyncClient) -> None:
    told = await sent(masef, csv_of())
    for format_ in ("csv", "xlsx", "parquet"):
        asked = {"import_id": told["id"], "format": format_, "language": "en"}
        export = (await masef.post("/v1/exports", json=asked)).json()

        async def written(id_: str = export["id"]) -> bool:
            return bool((await masef.get(f"/v1/exports/{id_}")).json()["status"] == "completed")

        await until(written, what="the file to be written")
        content = (await masef.get(f"/v1/exports/{export['id']}/file")).content
        rows: list[dict[str, Any]]
        if format_ == "csv":
            rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
        elif format_ == "xlsx":
            header, *cells = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
            rows = [dict(zip(map(str, header), one, strict=True)) for one in cells]
        else:
            rows = pl.read_parquet(io.BytesIO(content)).to_dicts()
        name, outcome, number = (
            ("name", "found", "registry_household_number")
            if format_ == "parquet"
            else ("Name", "outcome", "registry household number")
        )
        assert [(one[name], one[outcome], one[number] or None) for one in rows] == [
            ("Yahya Ould Cheikhna", "linked", f"MR011{YAHYA:07d}"),
            ("زينب منت سيداتي ولد لخليفه", "linked", f"MR011{ZEINEBOU:07d}"),
            ("Yahya Cheikhna Demba", "twice in the list", None),
            ("Penda Mint Samba", "not found", None),
        ]
        assert float(rows[0]["probability"]) >= 0.97
    async with matching.client("gateway", frozenset({"internal"})) as gateway:
        linked, *_ = await matches(masef, told["id"], "en")
        for line, count in ((linked, 3), ({"household_id": new_id()}, 0)):
            answer = await gateway.post("/internal/files-of", json={"names": [str(line["household_id"])]})
            assert len(answer.json()["files"]) == count, "in each of the three files"


async def test_no_file_has_the_registrys_ids_but_of_who_may_take_the_registry_out(
    matching: Running, masef: httpx.AsyncClient
) -> None:
    told = await sent(masef, csv_of())
    asked = {"import_id": told["id"], "language": "en"}
    scope, programs = ALL_PERMISSIONS - {"households:export"}, frozenset({"DISABILITY_CASH"})

    async def content(client: httpx.AsyncClient, export: dict[str, Any]) -> bytes:
        async def written() -> bool:
            return bool((await client.get(f"/v1/exports/{export['id']}")).json()["status"] == "completed")

        await until(written, what="the file to be written")
        return (await client.get(f"/v1/exports/{export['id']}/file")).content

    async with matching.client("masef", scope, programs) as plain:
        for format_ in ("csv", "xlsx", "parquet"):
            export = (await plain.post("/v1/exports", json=asked | {"format": format_})).json()
            found = await content(plain, export)
            assert not [name for name in export["columns"] if name.endswith("_id")]
            if format_ == "xlsx":
                found = str(
                    CalamineWorkbook.from_filelike(io.BytesIO(found)).get_sheet_by_index(0).to_python()
                ).encode()
            if format_ == "parquet":
                found = str(pl.read_parquet(io.BytesIO(found)).to_dicts()).encode()
            assert f"MR011{YAHYA:07d}".encode() in found
            assert not re.search(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-", found)
        refused = await plain.post("/v1/exports", json=asked | {"format": "csv", "columns": ["registry_individual_id"]})
        kept = (await masef.post("/v1/exports", json=asked | {"format": "csv"})).json()
        withdrawn = await content(plain, kept)
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_columns")
    assert b"not_permitted" in withdrawn and b"MR011" not in withdrawn
    (linked,) = await matches(masef, told["id"], found="link", limit=1)
    assert linked["household_id"].encode() in await content(masef, kept)


async def test_a_file_may_hold_one_outcome_and_some_columns(masef: httpx.AsyncClient) -> None:
    told = await sent(masef, csv_of())
    asked = {
        "import_id": told["id"],
        "format": "csv",
        "found": "unmatched",
        "columns": ["name", "line"],
        "language": "fr",
    }
    export = (await masef.post("/v1/exports", json=asked)).json()

    async def written() -> bool:
        return bool((await masef.get(f"/v1/exports/{export['id']}")).json()["status"] == "completed")

    await until(written, what="the file to be written")
    content = (await masef.get(f"/v1/exports/{export['id']}/file")).content.decode("utf-8-sig")
    assert content.splitlines() == ["ligne,Nom", "5,Penda Mint Samba"]
    refused = await masef.post("/v1/exports", json=asked | {"columns": ["phone_number"]})
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_columns")


async def test_who_may_not_match_a_list_is_told_why(matching: Running, masef: httpx.AsyncClient) -> None:
    for scope, programs, kind in (
        (ALL_PERMISSIONS - {"lists:match"}, frozenset({"DISABILITY_CASH"}), "DISABILITY_CASH"),
        (ALL_PERMISSIONS, frozenset({"TEKAVOUL"}), "DISABILITY_CASH"),
    ):
        async with matching.client("masef", scope, programs) as client:
            answer = await client.post("/v1/imports", content=csv_of(), params={"kind": kind, "filename": "a.csv"})
            assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")
    told = await sent(masef, csv_of())
    async with matching.client(name="csa", programs=frozenset({"DISABILITY_CASH"})) as other:
        for path in ("matches", "match-counts"):
            assert (await other.get(f"/v1/imports/{told['id']}/{path}")).status_code == 404
        assert (await other.post(f"/v1/imports/{told['id']}/match-again")).status_code == 404
        asked = {"import_id": told["id"], "format": "csv"}
        assert (await other.post("/v1/exports", json=asked)).status_code == 404


async def test_a_list_for_a_program_that_nobody_has_published_fails_with_its_reason(matching: Running) -> None:
    async with matching.client(name="wfp", programs=frozenset({"WFP_LEAN_SEASON"})) as wfp:
        told = await sent(wfp, csv_of(), kind="WFP_LEAN_SEASON")
    assert (told["status"], told["failure_code"]) == ("failed", "program_not_published")


async def test_a_list_that_was_only_checked_has_no_matches(masef: httpx.AsyncClient) -> None:
    told = await sent(masef, csv_of(), dry_run="true")
    assert (told["status"], told["accepted"], told["rejected"]) == ("checked", 4, 1)
    for answer in (
        await masef.get(f"/v1/imports/{told['id']}/matches"),
        await masef.get(f"/v1/imports/{told['id']}/match-counts"),
        await masef.post(f"/v1/imports/{told['id']}/match-again"),
        await masef.post("/v1/exports", json={"import_id": told["id"], "format": "csv"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "list_not_matched")


async def test_a_list_is_matched_again_with_the_registry_of_now(matching: Running, masef: httpx.AsyncClient) -> None:
    told = await sent(masef, csv_of())
    penda = household(4, member(4, "Penda Mint Samba", sex="F", birth_date="1999-02-02"), commune_code="MR032-C01")
    async with matching.platform.database.transaction() as tx:
        await projecting.put_households(tx, [penda], TODAY)
    assert (await sent(masef, csv_of()))["id"] == told["id"], "the same file is the same list"
    assert len(await matches(masef, told["id"], found="unmatched")) == 1
    assert (await masef.post(f"/v1/imports/{told['id']}/match-again")).status_code == 204
    assert (await ended(masef, told["id"]))["accepted"] == 4
    assert (await masef.get(f"/v1/imports/{told['id']}/match-counts")).json()["unmatched"] == 0
    async with matching.platform.database.transaction() as tx:
        await tx.execute(delete(ImportPart))
    gone = await masef.post(f"/v1/imports/{told['id']}/match-again")
    assert (gone.status_code, gone.json()["code"]) == (410, "file_no_longer_kept")
    assert len(await matches(masef, told["id"])) == 4, "what was found is still there"


async def test_for_a_program_of_households_a_household_stands_on_one_line(matching: Running) -> None:
    lines = (
        f"Zeinebou Mint Sidaty;;MR011{ZEINEBOU:07d};1975;F;Amourj;Amourj;",
        f"Zeinebou Mint Sidaty Ould Lekhlive;9900000130;MR011{ZEINEBOU:07d};20/11/1975;F;Amourj;Amourj;22334455",
    )
    async with matching.client(name="taazour", programs=frozenset({"TEKAVOUL"})) as taazour:
        told = await sent(taazour, csv_of(lines), kind="TEKAVOUL")
        found = await matches(taazour, told["id"])
    assert [(one["line"], one["found"], one["same_as_line"]) for one in found] == [
        (2, "same_as_another_line", 3), (3, "link", None),
    ]  # fmt: skip


async def test_a_list_comes_in_pieces_too(masef: httpx.AsyncClient) -> None:
    content = csv_of()
    where = located(await begin(masef, len(content), kind="DISABILITY_CASH", filename="liste.csv"))
    await send_piece(masef, where, 0, content[:50])
    assert (await send_piece(masef, where, 50, content[50:])).status_code == 204
    assert (await masef.head(where, headers=TUS)).status_code == 200
    told = await ended(masef, where.rsplit("/", 1)[1])
    assert (told["status"], told["accepted"]) == ("completed", 4)


async def test_what_was_found_goes_when_the_file_goes(matching: Running, masef: httpx.AsyncClient) -> None:
    old, new = await sent(masef, csv_of()), await sent(masef, csv_of(LINES[:1]))
    async with matching.platform.database.transaction() as tx:
        await tx.execute(
            update(Import).where(Import.id == UUID(old["id"])).values(completed_at=now() - timedelta(days=91))
        )
        await remove_old(tx)
    assert await matches(masef, old["id"]) == []
    assert len(await matches(masef, new["id"])) == 1
