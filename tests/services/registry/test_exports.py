"""Exports: the registry as csv, xlsx and Parquet, kept for its requester and for a week."""

import csv
import hashlib
import io
import tracemalloc
from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import arro3.io
import httpx
import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select, update

from in_turn import in_turn
from running import Running, Services, status_of, until
from services.registry.models import PastState
from services.registry.queries.exporting import export_columns
from shared.clock import now
from shared.exporting import files as export_files
from shared.exporting import writing as exports
from shared.exporting.members import ExportMembers, drop_old_members
from shared.exporting.models import Export, ExportPart
from shared.ids import new_id
from small_country import KNOWN, SmallCountry


@pytest.fixture
async def registry(services: Services) -> Running:
    return await services.start("registry")


@pytest.fixture
async def client(registry: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with registry.client("taazour") as made:
        yield made


@pytest.fixture
def country(registry: Running) -> SmallCountry:
    return SmallCountry(registry)


async def export(client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    """Ask for a file and wait for it."""
    asked = await client.post("/v1/exports", json={"what": "households", "format": "csv"} | body)
    assert asked.status_code == 202, asked.text
    return await ended(client, asked.json()["id"])


async def ended(client: httpx.AsyncClient, id_: str) -> dict[str, Any]:
    async def state() -> dict[str, Any] | None:
        one = (await client.get(f"/v1/exports/{id_}")).json()
        return one if one["status"] in ("completed", "failed") else None

    return await until(state, what="the export to end")  # type: ignore[no-any-return]


async def file_of(client: httpx.AsyncClient, made: dict[str, Any], **headers: str) -> httpx.Response:
    return await client.get(f"/v1/exports/{made['id']}/file", headers=headers)


async def rows(client: httpx.AsyncClient, **body: Any) -> list[dict[str, str]]:
    """The rows of a csv export."""
    made = await export(client, **body)
    content = (await file_of(client, made)).content
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


async def test_households_come_as_csv_with_a_mark_and_no_formulas(
    client: httpx.AsyncClient, country: SmallCountry
) -> None:
    await country.household(members=[{}, {}], village="=cmd|' /C calc'!A0", answers={"roof": "zinc"})

    made = await export(client)

    answer = await file_of(client, made)
    assert answer.content.startswith(b"\xef\xbb\xbfhousehold_id,")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="households-')
    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert list(row) == [column.name for column in export_columns()["households"]]
    assert (row["village"], row["size"], row["score"], row["phones"]) == (
        "'=cmd|' /C calc'!A0",
        "2",
        "12.50",
        "+22222334455",
    )
    assert (row["answers"], row["score_valid_until"], row["surveyed_on"]) == ('{"roof": "zinc"}', "", "2026-01-01")
    assert (made["rows_done"], made["size"]) == (1, len(answer.content))


async def test_individuals_come_as_xlsx_with_both_scripts_dates_and_texts_left_alone(
    client: httpx.AsyncClient, country: SmallCountry
) -> None:
    await country.household(members=[{"nni": "9900000033", "name_fr": "=1+1"}])

    made = await export(
        client, what="individuals", format="xlsx", columns=["nni", "name_fr", "name_ar", "birth_date", "disability"]
    )

    content = (await file_of(client, made)).content
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert sheet == [
        ["name_fr", "name_ar", "birth_date", "nni", "disability"],
        ["=1+1", "محمد ولد أحمد", date(1980, 5, 6), "9900000033", False],
    ]


async def test_parquet_has_typed_columns(client: httpx.AsyncClient, country: SmallCountry, tmp_path: Path) -> None:
    await country.household(
        members=[{}], phones=["+22222334455", "+22233445566"], answers={"roof": "zinc"}, village=None
    )

    made = await export(client, format="parquet")

    file = tmp_path / "households.parquet"
    file.write_bytes((await file_of(client, made)).content)
    table = arro3.io.read_parquet(file).read_all()
    row = {name: table.column(name)[0].as_py() for name in table.schema.names}
    assert (row["score"], row["surveyed_on"], row["size"]) == (Decimal("12.50"), date(2026, 1, 1), 1)
    assert (row["phones"], row["village"], row["answers"]) == (
        ["+22222334455", "+22233445566"],
        None,
        '{"roof": "zinc"}',
    )


async def test_memberships_and_quality_figures_come_too(client: httpx.AsyncClient, country: SmallCountry) -> None:
    await country.household("MR011-C01", members=[{}, {"relationship": "spouse"}])

    memberships = await rows(client, what="memberships")
    before = await rows(client, what="quality")
    run = (await client.post("/v1/quality/runs")).json()

    async def completed() -> bool:
        return bool((await client.get(f"/v1/quality/runs/{run['id']}")).json()["status"] == "completed")

    await until(completed, what="the run to end")
    figures = await rows(client, what="quality", place="MR011")
    assert sorted(one["relationship"] for one in memberships) == ["head", "spouse"]
    assert before == []
    assert {one["place_code"]: one["records"] for one in figures if one["records"] != "0"} == {
        "MR011": "4",
        "MR011-C01": "4",
    }


async def test_an_export_is_narrowed_by_place_category_and_status(
    client: httpx.AsyncClient, country: SmallCountry
) -> None:
    await country.household("MR011-C01", members=[{}], vulnerability_category="poor")
    await country.household("MR011-C02", members=[{}])
    await country.household("MR021-C01", members=[{"status": "deceased", "died_on": date(2026, 2, 1)}])
    await country.household("MR021-C01", status="left", left_reason="emigrated")

    assert len(await rows(client)) == 4
    assert [one["commune_code"] for one in await rows(client, place="MR01")] == ["MR011-C01", "MR011-C02"]
    assert [one["commune_code"] for one in await rows(client, place="MR011", category="poor")] == ["MR011-C01"]
    assert [one["left_reason"] for one in await rows(client, status="left")] == ["emigrated"]
    assert len(await rows(client, what="individuals", place="MR01")) == 2
    assert len(await rows(client, what="individuals", status="deceased")) == 1
    assert len(await rows(client, what="memberships", category="poor")) == 1


async def test_an_export_of_a_past_day_holds_what_was_true_then(
    client: httpx.AsyncClient, country: SmallCountry, registry: Running
) -> None:
    household = await country.household("MR011-C01", true_from=date(2026, 6, 1))
    later = await country.household("MR011-C02", true_from=date(2026, 6, 1))
    async with registry.platform.database.transaction() as tx:
        state = {
            "commune_code": "MR021-C01", "village": "Avant", "vulnerability_category": "poor", "score": "20.00",
            "formula_version": "PMT-2024.1", "scored_on": "2025-01-01", "surveyed_on": "2025-01-01",
            "phones": ["+22244556677"], "answers": {}, "status": "active",
        }  # fmt: skip
        tx.add(
            PastState(
                record_id=household,
                known_from=KNOWN,
                true_from=date(2026, 1, 1),
                true_until=date(2026, 6, 1),
                kind="household",
                version=1,
                state=state,
                source="registry_survey",
                source_on=date(2025, 1, 1),
                sources={},
                change_id=new_id(),
            )
        )

    then = await rows(client, as_of="2026-03-01")
    today = await rows(client)

    assert [(one["household_id"], one["village"], one["phones"]) for one in then] == [
        (str(household), "Avant", "+22244556677")
    ]
    assert {one["household_id"] for one in today} == {str(household), str(later)}
    assert await rows(client, as_of="2026-03-01", place="MR011") == []
    assert await rows(client, known_at="2025-01-01T00:00:00Z") == []


async def test_a_file_of_several_parts_is_given_whole(
    client: httpx.AsyncClient, country: SmallCountry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "PART_BYTES", 100)
    monkeypatch.setattr("shared.exporting.reading.PART_BYTES", 100)
    for _ in range(5):
        await country.household(members=[{}])
    made = await export(client)

    whole = await file_of(client, made)

    assert len(whole.content) == made["size"] > 300
    assert whole.headers["ETag"] == f'"{hashlib.sha256(whole.content).hexdigest()}"'
    assert whole.headers["Accept-Ranges"] == "bytes"  # of which the gateway makes ranges


async def test_an_export_cut_by_a_death_begins_again_and_is_whole(
    services: Services, registry: Running, country: SmallCountry
) -> None:
    for _ in range(3):
        await country.household(members=[{}])
    await registry.stop()
    services.running.pop("registry")
    started = await services.start("registry")
    async with started.platform.database.transaction() as tx:  # as a death leaves it: begun, and no file
        id_ = new_id()
        tx.add(
            Export(
                id=id_,
                partner="taazour",
                what="households",
                format="csv",
                filters={},
                columns=["household_number"],
                status="running",
                rows_done=2,
                created_at=now(),
            )
        )

    async with started.client("taazour") as client:
        made = await ended(client, str(id_))
        content = (await file_of(client, made)).text
    assert (made["status"], made["rows_done"], len(content.splitlines())) == ("completed", 3, 4)


async def test_a_sheet_holds_no_more_rows_than_its_format(
    client: httpx.AsyncClient, country: SmallCountry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_files, "MOST_XLSX_ROWS", 1)
    for _ in range(2):
        await country.household()

    made = await export(client, format="xlsx")

    assert (made["status"], made["failure_code"]) == ("failed", "export_too_large")
    for language, word in (("ar", "سطر"), ("fr", "csv ou parquet"), ("en", "csv or parquet")):
        told = await client.get(f"/v1/exports/{made['id']}", headers={"Accept-Language": language})
        assert word in told.json()["failure"]
    assert (await file_of(client, made)).json()["code"] == "export_not_ready"


async def test_the_file_goes_after_its_week_and_the_record_of_who_took_it_stays(
    client: httpx.AsyncClient, country: SmallCountry, registry: Running
) -> None:
    await country.household()
    made = await export(client)
    async with registry.platform.database.transaction() as tx:
        past = now() - timedelta(seconds=1)
        await tx.execute(update(Export).where(Export.id == UUID(made["id"])).values(expires_at=past))

    async def gone() -> bool:
        async with registry.platform.database.transaction() as tx:
            return await tx.scalar(select(func.count()).select_from(ExportPart)) == 0

    await until(gone, what="the file to be removed")
    for language, word in (("ar", "حُذف"), ("fr", "supprimé"), ("en", "removed")):
        refused = await file_of(client, made, **{"Accept-Language": language})
        assert (refused.status_code, refused.json()["code"]) == (410, "export_expired")
        assert word in refused.json()["title"]
    (kept,) = (await client.get("/v1/exports")).json()["items"]
    assert (kept["id"], kept["status"]) == (made["id"], "completed")


async def test_the_gateway_is_told_in_which_files_somebody_stood_until_she_is_forgotten(
    client: httpx.AsyncClient, country: SmallCountry, registry: Running
) -> None:
    person, number = new_id(), "MR0119999991"
    home = await country.household(members=[{"id": person}], number=number)
    before = await country.household(members=[{}], status="merged", merged_into=home)
    earlier = await country.household(members=[{}], status="merged", merged_into=before)
    other = await country.household(members=[{}])
    by_kind = {what: (await export(client, what=what))["id"] for what in ("memberships", "individuals", "quality")}
    some = await export(client, format="parquet", columns=["size"], status="active")
    async with registry.client("gateway", frozenset({"internal"})) as gateway:

        async def names(*said: object) -> set[str]:
            answer = await gateway.post("/internal/names", json={"names": [str(one) for one in said]})
            assert answer.status_code == 200, answer.text
            return set(answer.json()["names"])

        async def files(path: str, *said: object) -> list[str]:
            answer = await gateway.post(path, json={"names": [str(one) for one in said]})
            assert answer.status_code == 200, answer.text
            assert answer.json()["complete"] and all(one["partner"] == "taazour" for one in answer.json()["files"])
            return [one["path"].split("/")[3] for one in answer.json()["files"]]

        everything = await names(number)
        assert {str(home), number, str(before), str(earlier)} < everything and str(other) not in everything
        assert await names(earlier) == everything
        assert await names("e-1", other) > {"e-1", str(other)}
        assert await files("/internal/files-of", home) == [some["id"], by_kind["memberships"]]
        assert await files("/internal/files-of", person) == [by_kind["individuals"]]
        assert await files("/internal/files-of", new_id(), "none") == []
        assert await files("/internal/files-of", home, person) == [
            some["id"],
            by_kind["individuals"],
            by_kind["memberships"],
        ]

        assert await files("/internal/files-of/forget", home, person) == []
        assert await files("/internal/files-of", home, person) == []
        assert await files("/internal/files-of", other) == [some["id"], by_kind["memberships"]]

    async with registry.platform.database.transaction() as tx:
        await tx.execute(update(Export).values(created_at=now() - timedelta(days=1_827)))
        await drop_old_members(tx)
        assert await tx.scalar(select(func.count()).select_from(ExportMembers)) == 0


async def test_another_partners_export_answers_like_an_unknown_one(
    client: httpx.AsyncClient, country: SmallCountry, registry: Running
) -> None:
    made = await export(client)
    async with registry.client("csa") as other:
        for path in ("", "/file"):
            theirs = await other.get(f"/v1/exports/{made['id']}{path}")
            unknown = await other.get(f"/v1/exports/{new_id()}{path}")
            assert (theirs.status_code, theirs.json()["code"]) == (404, "not_found")
            assert unknown.json()["code"] == "not_found"
        assert (await other.get("/v1/exports")).json()["items"] == []
    async with registry.client("csa", frozenset({"households:read"})) as reader:
        assert (await reader.post("/v1/exports", json={"what": "households", "format": "csv"})).status_code == 403


REFUSED: list[tuple[dict[str, Any], str, tuple[str, str, str]]] = [
    ({"columns": ["nni"]}, "unknown_columns", ("الأعمدة", "colonnes", "columns")),
    ({"what": "memberships", "status": "active"}, "filter_not_applicable", ("التصدير", "restreint", "narrowed")),
    ({"what": "quality", "as_of": "2026-01-01"}, "filter_not_applicable", ("التصدير", "restreint", "narrowed")),
    ({"place": "MR99"}, "not_found", ("لا يوجد", "Rien", "Nothing")),
]


@in_turn(("body", "code", "words"), REFUSED)
async def test_what_cannot_be_exported_is_refused_in_three_languages(
    client: httpx.AsyncClient, body: dict[str, Any], code: str, words: tuple[str, str, str]
) -> None:
    for language, word in zip(("ar", "fr", "en"), words, strict=True):
        asked = {"what": "households", "format": "csv"} | body
        refused = await client.post("/v1/exports", json=asked, headers={"Accept-Language": language})
        assert refused.json()["code"] == code
        assert word in refused.json()["title"]


async def test_a_partner_has_at_most_twenty_exports_waiting(client: httpx.AsyncClient, registry: Running) -> None:
    async with registry.platform.database.transaction() as tx:
        # Whoever writes an export holds this lock: as long as it is held here, nothing is written.
        await tx.execute(select(func.pg_advisory_xact_lock(func.hashtext("exports"))))
        body = {"what": "households", "format": "csv"}
        answers = [(await client.post("/v1/exports", json=body)).status_code for _ in range(20)]
        refusals = [
            (await client.post("/v1/exports", json=body, headers={"Accept-Language": one})).json()
            for one in ("ar", "fr", "en")
        ]

        work = (await status_of(client))["work"]

    assert answers == [202] * 20
    assert work["exports_waiting"] == 20
    assert [one["code"] for one in refusals] == ["too_many_exports"] * 3
    assert [word in one["title"] for one, word in zip(refusals, ("20", "attendent", "waiting"), strict=True)] == [
        True
    ] * 3


async def test_the_same_request_again_is_the_same_export(client: httpx.AsyncClient) -> None:
    body, key = {"what": "quality", "format": "csv"}, {"Idempotency-Key": "nightly-figures"}

    first = await client.post("/v1/exports", json=body, headers=key)
    again = await client.post("/v1/exports", json=body, headers=key)

    assert first.content == again.content


async def test_columns_are_published_with_labels_in_three_languages(client: httpx.AsyncClient) -> None:
    for what in ("households", "individuals", "memberships", "quality"):
        columns = (await client.get("/v1/exports/columns", params={"what": what})).json()
        assert all(one["label"][language] for one in columns for language in ("ar", "fr", "en"))


@pytest.mark.parametrize("format_", ["csv", "xlsx", "parquet"])
def test_writing_many_rows_takes_no_more_memory_than_writing_few(tmp_path: Path, format_: str) -> None:
    columns = export_columns()["memberships"]
    batch = [["x" * 36, "0000000001", "MR011-C01", "y" * 36, "1000000001", "head", date(2026, 1, 1), None]] * 1000

    def peak(batches: int) -> int:
        tracemalloc.start()
        sink = export_files.writer(format_, tmp_path / f"{batches}.{format_}", columns)
        for _ in range(batches):
            sink.write(batch)
        sink.close()
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    few = peak(2)
    assert peak(20) < few * 1.5 + (1 << 20)
