"""Exports of a programs service: lists that can be sent back, the agent's payment list, deliveries, reconciliation."""

import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import arro3.io
import httpx
import polars as pl
import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select, update

from running import ALL_PERMISSIONS, Running, until
from services.programs.models import Cycle, Delivery, Enrollment, Entitlement, LedgerEntry
from shared.clock import now
from shared.disclosing import FILE_HEADER, FileTold
from shared.ids import new_id

CsvFile = Callable[..., bytes]
Send = Callable[..., Awaitable[dict[str, Any]]]
Start = Callable[[str], Awaitable[Running]]
HEADER = (
    "N° ménage",
    "Nom",
    "NNI",
    "Tél",
    "Tél 2",
    "Sexe",
    "Date de naissance",
    "Commune",
    "Taille du ménage",
    "Montant",
)
ROWS = (
    ("MR0110000123", "Fatimetou Mint Ahmed", "9900000033", "22334455", "33445566", "F", "1980", "Adel Bagrou", 6, "2700"),
    (None, "=Salem Ould Ali", None, "44556677", None, "M", "05/06/1975", "Bassiknou", 4, None),
    ("MR0110000789", "محمد ولد أحمد", None, None, None, None, None, None, 3, "1350"),
)  # fmt: skip


@pytest.fixture
async def csa(start: Start) -> Running:
    return await start("csa")


@pytest.fixture
async def client(csa: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with csa.client("csa", programs=frozenset({"EL_MAOUNA"})) as made:
        yield made


async def export(client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    asked = await client.post("/v1/exports", json={"format": "csv"} | body)
    assert asked.status_code == 202, asked.text

    async def ended() -> dict[str, Any] | None:
        one: dict[str, Any] = (await client.get(f"/v1/exports/{asked.json()['id']}")).json()
        return one if one["status"] in ("completed", "failed") else None

    made: dict[str, Any] = await until(ended, what="the export to end")
    assert made["status"] == "completed", made
    return made


async def content(client: httpx.AsyncClient, **body: Any) -> bytes:
    made = await export(client, **body)
    return (await client.get(f"/v1/exports/{made['id']}/file")).content


async def rows(client: httpx.AsyncClient, **body: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((await content(client, **body)).decode("utf-8-sig"))))


@pytest.mark.parametrize(("language", "format_"), [("fr", "csv"), ("ar", "xlsx"), ("en", "xlsx")])
async def test_an_exported_list_sent_back_changes_nothing(
    client: httpx.AsyncClient, send: Send, csv_file: CsvFile, language: str, format_: str
) -> None:
    await send(client, "EL_MAOUNA", csv_file(HEADER, *ROWS))

    exported = await content(client, what="enrollments", program="EL_MAOUNA", language=language, format=format_)
    again = await send(client, "EL_MAOUNA", exported, filename=f"export.{format_}")

    assert (again["status"], again["unchanged"], again["accepted"], again["rejected"]) == ("completed", 3, 0, 0)


async def test_a_list_is_exported_in_its_own_columns_and_what_is_ours_beside(
    client: httpx.AsyncClient, send: Send, csv_file: CsvFile
) -> None:
    await send(client, "EL_MAOUNA", csv_file(HEADER, *ROWS))

    found = await rows(client, what="enrollments", program="EL_MAOUNA")

    made = await export(client, what="enrollments", program="EL_MAOUNA")
    file = await client.get(f"/v1/exports/{made['id']}/file")
    assert FileTold.read(file.headers[FILE_HEADER]) == FileTold.of(file.content, 3, made["columns"])
    first = found[0]
    assert list(first)[:8] == [
        "N° ménage", "Nom", "NNI", "Téléphone", "Téléphone 2", "Sexe", "Date de naissance", "Wilaya",
    ]  # fmt: skip
    assert (first["N° ménage"], first["Téléphone 2"], first["Montant"]) == ("MR0110000123", "+22233445566", "2700.00")
    assert (first["Tekamoul : statut"], first["Tekamoul : valeur mensuelle en MRU"]) == ("enrolled", "2700.00")
    assert [one["Nom"] for one in found] == ["Fatimetou Mint Ahmed", "'=Salem Ould Ali", "محمد ولد أحمد"]


async def test_the_gateway_is_told_in_which_exports_a_beneficiary_stood_until_she_is_forgotten(
    csa: Running, client: httpx.AsyncClient, send: Send, csv_file: CsvFile
) -> None:
    await send(client, "EL_MAOUNA", csv_file(HEADER, *ROWS))
    home, person = new_id(), new_id()
    of_first = Enrollment.household_number == "MR0110000123"
    async with csa.platform.database.transaction() as tx:
        await tx.execute(
            update(Enrollment)
            .where(of_first)
            .values(registry_household_id=home, registry_individual_id=person, link_status="linked")
        )
        enrollment = await tx.scalar(select(Enrollment.id).where(of_first))
    asked: dict[str, Any] = {"what": "enrollments", "program": "EL_MAOUNA", "columns": ["name"]}
    made = await export(client, **asked)
    nobody = await export(client, **asked, status="suspended")
    assert (made["rows_done"], nobody["rows_done"]) == (3, 0)

    async with csa.client("gateway", frozenset({"internal"})) as gateway:

        async def files(*said: object, path: str = "/internal/files-of") -> list[tuple[str, str]]:
            answer = await gateway.post(path, json={"names": [str(one) for one in said]})
            assert answer.status_code == 200, answer.text
            return [(one["path"], one["partner"]) for one in answer.json()["files"]]

        hers = [(f"/v1/exports/{made['id']}/file", "csa")]
        for name in (home, person, enrollment, "MR0110000123"):
            assert await files(name) == hers
        assert await files("MR0110000789") == hers
        assert await files("MR0110000999", new_id()) == []
        assert await files(home, path="/internal/files-of/forget") == []
        assert (await files(home), await files("MR0110000789")) == ([], hers)


async def test_no_file_has_the_registrys_ids_but_of_who_may_take_the_registry_out(
    csa: Running, client: httpx.AsyncClient, send: Send, csv_file: CsvFile, tmp_path: Path
) -> None:
    await send(client, "EL_MAOUNA", csv_file(HEADER, *ROWS))
    household = new_id()
    async with csa.platform.database.transaction() as tx:
        await tx.execute(update(Enrollment).values(registry_household_id=household, link_status="linked"))
    asked: dict[str, Any] = {"what": "enrollments", "program": "EL_MAOUNA"}

    scope, programs = ALL_PERMISSIONS - {"households:export"}, frozenset({"EL_MAOUNA"})
    async with csa.client("csa", scope, programs) as plain:
        for format_ in ("csv", "xlsx", "parquet"):
            file = tmp_path / f"list.{format_}"
            file.write_bytes(await content(plain, **asked, format=format_))
            if format_ == "xlsx":
                told = str(CalamineWorkbook.from_path(file).get_sheet_by_index(0).to_python())
            elif format_ == "parquet":
                told = str(pl.read_parquet(file).to_dicts())
            else:
                told = file.read_text(encoding="utf-8-sig")
            assert "Fatimetou Mint Ahmed" in told
            assert str(household) not in told
        named = await plain.post("/v1/exports", json=asked | {"format": "csv", "columns": ["registry_household_id"]})
        whole = await export(client, **asked)
        withdrawn = await plain.get(f"/v1/exports/{whole['id']}/file")
    assert (named.status_code, named.json()["code"]) == (422, "unknown_columns")
    assert (withdrawn.status_code, withdrawn.json()["code"]) == (403, "not_permitted")
    assert str(household) in (await client.get(f"/v1/exports/{whole['id']}/file")).text


async def test_an_export_is_narrowed_by_status_and_columns_and_leaves_who_has_exited_out(
    client: httpx.AsyncClient, send: Send, csv_file: CsvFile, tmp_path: Path
) -> None:
    await send(client, "EL_MAOUNA", csv_file(HEADER, *ROWS))
    first = (await client.get("/v1/enrollments")).json()["items"][0]
    await client.post(
        f"/v1/enrollments/{first['id']}/exit", json={"reason": "moved"}, headers={"If-Match": f'"{first["version"]}"'}
    )

    assert len(await rows(client, what="enrollments", program="EL_MAOUNA")) == 2
    exited = await content(
        client, what="enrollments", program="EL_MAOUNA", status="exited", format="parquet",
        columns=["reason", "name", "amount", "household_size"],
    )  # fmt: skip
    file = tmp_path / "exited.parquet"
    file.write_bytes(exited)
    table = arro3.io.read_parquet(file).read_all()
    assert table.schema.names == ["name", "household_size", "amount", "reason"]
    assert [table.column(name)[0].as_py() for name in table.schema.names] == [
        "Fatimetou Mint Ahmed", 6, Decimal("2700.00"), "moved",
    ]  # fmt: skip


async def a_cycle(running: Running) -> UUID:
    """A month of El Maouna: 2,700 due and paid in two parts, one correction; 1,800 never paid; the third held."""
    async with running.platform.database.transaction() as tx:
        enrollments = list(await tx.scalars(select(Enrollment).order_by(Enrollment.id)))
        cycle = Cycle(
            id=new_id(), program_code="EL_MAOUNA", starts_on=date(2026, 7, 1), ends_on=date(2026, 7, 31),
            late_after=date(2026, 8, 30), status="issued", version=1, sizes_on=date(2026, 7, 1), known_at=now(),
            program_version=1, value_from_on=date(2021, 1, 1), created_by="csa",
        )  # fmt: skip
        tx.add(cycle)
        await tx.flush()
        due = []
        for one, amount, status in zip(enrollments, ("2700", "1800", None), ("due", "due", "held"), strict=True):
            due.append(
                Entitlement(
                    id=new_id(), cycle_id=cycle.id, enrollment_id=one.id, program_code="EL_MAOUNA", status=status,
                    hold_reason="size_unknown" if status == "held" else None, people=one.household_size,
                    people_source="list", amount_mru=Decimal(amount) if amount else None,
                )
            )  # fmt: skip
        tx.add_all(due)
        await tx.flush()
        entries = [
            (due[0], "entitled", "2700"), (due[1], "entitled", "1800"),
            (due[0], "delivered", "1000"), (due[0], "delivered", "1800"), (due[0], "corrected", "-100"),
        ]  # fmt: skip
        for place, (entitlement, kind, amount) in enumerate(entries):
            tx.add(
                LedgerEntry(
                    id=new_id(), program_code="EL_MAOUNA", kind=kind, cycle_id=cycle.id,
                    enrollment_id=entitlement.enrollment_id, entitlement_id=entitlement.id, what="MRU",
                    quantity=Decimal(amount), amount_mru=Decimal(amount), on_day=date(2026, 7, 10 + place),
                    recorded_by="csa",
                )
            )  # fmt: skip
        tx.add_all(
            Delivery(
                id=new_id(), batch_id=new_id(), program_code="EL_MAOUNA", cycle_id=cycle.id,
                entitlement_id=due[0].id if known else None, enrollment_id=due[0].enrollment_id if known else None,
                outcome="paid", amount_mru=Decimal("1000"), delivered_on=date(2026, 7, 12), agent="Agence Néma",
                findings=[] if known else ["unknown_beneficiary", "late"],
                as_sent={"name": "Inconnu", "household_number": "MR0119999999"}, recorded_by="csa",
            )
            for known in (True, False)
        )  # fmt: skip
        return cycle.id


async def test_the_agents_payment_list_holds_what_is_due_and_nothing_held(
    csa: Running, client: httpx.AsyncClient, send: Send, csv_file: CsvFile
) -> None:
    await send(client, "EL_MAOUNA", csv_file(HEADER, *ROWS))
    cycle = str(await a_cycle(csa))

    due = await content(client, what="entitlements", cycle_id=cycle, format="xlsx", language="ar")
    held = await rows(client, what="entitlements", cycle_id=cycle, status="held")

    sheet = CalamineWorkbook.from_filelike(io.BytesIO(due)).get_sheet_by_index(0).to_python()
    names, amounts = sheet[0].index("الاسم"), sheet[0].index("المبلغ")
    assert [(line[names], line[amounts]) for line in sheet[1:]] == [
        ("Fatimetou Mint Ahmed", 2700), ("=Salem Ould Ali", 1800),
    ]  # fmt: skip
    assert [(one["N° ménage"], one["Montant"], one["Tekamoul : motif de la retenue"]) for one in held] == [
        ("MR0110000789", "", "size_unknown")
    ]


async def test_a_payment_list_filled_in_comes_back_as_a_report_of_deliveries(
    csa: Running, client: httpx.AsyncClient, send: Send, csv_file: CsvFile
) -> None:
    await send(client, "EL_MAOUNA", csv_file(HEADER, *ROWS))
    cycle = str(await a_cycle(csa))
    due = (await content(client, what="entitlements", cycle_id=cycle)).decode("utf-8-sig").splitlines()
    filled = [f"{due[0]},Date de paiement,Statut", f"{due[2]},20/07/2026,payé"]

    report = await send(client, "EL_MAOUNA.deliveries", "\r\n".join(filled).encode())

    assert (report["status"], report["accepted"], report["rejected"]) == ("completed", 1, 0)
    assert [one["code"] for one in report["issues"]] == ["before_enrollment"]  # the list came later than July
    found = await rows(client, what="reconciliation", cycle_id=cycle, language="en")
    assert [one["Tekamoul: reconciliation"] for one in found] == ["delivered", "delivered", "held"]


async def test_deliveries_show_whom_nobody_knows_as_the_report_names_them(
    csa: Running, client: httpx.AsyncClient, send: Send, csv_file: CsvFile
) -> None:
    await send(client, "EL_MAOUNA", csv_file(HEADER, *ROWS))
    await a_cycle(csa)

    found = await rows(client, what="deliveries", program="EL_MAOUNA", language="en")

    assert [(one["Name"], one["Amount"], one["Tekamoul: findings of the reconciliation"]) for one in found] == [
        ("Fatimetou Mint Ahmed", "1000.00", ""), ("Inconnu", "1000.00", "unknown_beneficiary|late"),
    ]  # fmt: skip


async def test_the_reconciliation_says_for_each_what_is_due_handed_over_and_left(
    csa: Running, client: httpx.AsyncClient, send: Send, csv_file: CsvFile
) -> None:
    await send(client, "EL_MAOUNA", csv_file(HEADER, *ROWS))
    cycle = str(await a_cycle(csa))

    found = await rows(client, what="reconciliation", cycle_id=cycle, language="en")

    ours = ("due in MRU", "handed over in MRU", "balance in MRU", "reconciliation", "last delivery")
    assert [tuple(one[f"Tekamoul: {name}"] for name in ours) for one in found] == [
        ("2700.00", "2700.00", "0.00", "delivered", "2026-07-14"),
        ("1800.00", "0", "1800.00", "due", ""),
        ("0", "0", "0", "held", ""),
    ]


REFUSED: list[tuple[dict[str, Any], int, str, tuple[str, str, str]]] = [
    ({"what": "enrollments"}, 422, "filter_missing", ("الحقل", "besoin", "needs")),
    (
        {"what": "entitlements", "program": "EL_MAOUNA"},
        422,
        "filter_missing",
        ("cycle_id", "cycle_id", "cycle_id"),
    ),
    (
        {"what": "enrollments", "program": "EL_MAOUNA", "cycle_id": str(new_id())},
        422,
        "filter_not_applicable",
        ("التصدير", "restreint", "narrowed"),
    ),
    (
        {"what": "enrollments", "program": "EL_MAOUNA", "status": "held"},
        422,
        "filter_not_applicable",
        ("applied", "applied", "applied"),
    ),
    ({"what": "enrollments", "program": "TEKAVOUL"}, 404, "not_found", ("لا يوجد", "Rien", "Nothing")),
    ({"what": "reconciliation", "cycle_id": str(new_id())}, 404, "not_found", ("لا يوجد", "Rien", "Nothing")),
    (
        {"what": "enrollments", "program": "EL_MAOUNA", "columns": ["mother"]},
        422,
        "unknown_columns",
        ("mother", "mother", "mother"),
    ),
]


async def test_what_cannot_be_exported_is_refused_in_three_languages(client: httpx.AsyncClient) -> None:
    for body, status, code, words in REFUSED:
        for language, word in zip(("ar", "fr", "en"), words, strict=True):
            refused = await client.post(
                "/v1/exports", json={"format": "csv"} | body, headers={"Accept-Language": language}
            )
            assert (refused.status_code, refused.json()["code"]) == (status, code)
            assert word in refused.json()["title"]


async def test_another_programs_and_another_partners_files_stay_closed(
    csa: Running, client: httpx.AsyncClient, send: Send, csv_file: CsvFile
) -> None:
    await send(client, "EL_MAOUNA", csv_file(HEADER, *ROWS))
    cycle = str(await a_cycle(csa))
    made = await export(client, what="enrollments", program="EL_MAOUNA")
    body = {"what": "entitlements", "format": "csv", "cycle_id": cycle}

    async with csa.client("wfp", programs=frozenset({"EL_MAOUNA"})) as other:
        assert (await other.get(f"/v1/exports/{made['id']}/file")).status_code == 404
    async with csa.client("csa", programs=frozenset()) as without:
        assert (await without.get(f"/v1/exports/{made['id']}/file")).status_code == 404
        assert (await without.post("/v1/exports", json=body)).status_code == 404
    reading = ALL_PERMISSIONS - {"payments:read"}
    async with csa.client("csa", reading, frozenset({"EL_MAOUNA"})) as clerk:
        assert (await clerk.post("/v1/exports", json=body)).json()["code"] == "not_permitted"
