"""A file checked first, its columns named, corrected, and its faulty rows given back: with lists of a real program."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, text

from in_turn import in_turn
from running import Running, until
from services.programs.models import Enrollment
from shared.clock import now
from shared.importing.ending import prune
from shared.tables import Layout, open_table

Csv = Callable[..., bytes]
Start = Callable[[str], Awaitable[Running]]

HEADER = ["N° registre social", "Nom complet", "NNI", "Nbre personnes", "Montant"]
ENDED = ("completed", "failed", "checked", "cancelled")


def household(number: int, name: str = "Sidi Ould Ely", amount: object = 1800) -> list[Any]:
    return [f"MR032{number:07}", name, "", 4, amount]


@pytest.fixture
async def csa(start: Start) -> Running:
    return await start("csa")


@pytest.fixture
async def client(csa: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with csa.client("csa", programs=frozenset({"EL_MAOUNA"})) as client:
        client.headers["Accept-Language"] = "en"
        yield client


async def send(client: httpx.AsyncClient, content: bytes, filename: str = "liste.csv", **asked: Any) -> httpx.Response:
    params = {"kind": "EL_MAOUNA", "filename": filename, **asked}
    return await client.post("/v1/imports", params=params, content=content)


async def ended(client: httpx.AsyncClient, import_id: str) -> dict[str, Any]:
    async def state() -> dict[str, Any] | None:
        found: dict[str, Any] = (await client.get(f"/v1/imports/{import_id}")).json()
        return found if found["status"] in ENDED else None

    found: dict[str, Any] = await until(state, what="the import to end")
    return found


async def sent_to_its_end(client: httpx.AsyncClient, content: bytes, **asked: Any) -> dict[str, Any]:
    answer = await send(client, content, **asked)
    assert answer.status_code == 202, answer.text
    return await ended(client, answer.json()["id"])


async def issues(client: httpx.AsyncClient, import_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get(f"/v1/imports/{import_id}/issues")).json()["items"]
    return found


async def enrolled(csa: Running) -> int:
    async with csa.platform.database.transaction() as tx:
        return await tx.scalar(select(func.count()).select_from(Enrollment)) or 0


async def outbox(csa: Running) -> int:
    async with csa.platform.database.transaction() as tx:
        return await tx.scalar(text("SELECT count(*) FROM outbox WHERE type LIKE 'programs.enrollments%'")) or 0


# A dry run


async def test_a_dry_run_counts_as_the_database_would_and_leaves_nothing(
    csa: Running, client: httpx.AsyncClient, csv_file: Csv
) -> None:
    await sent_to_its_end(client, csv_file(HEADER, household(1)))
    file = csv_file(HEADER, household(1), *(household(n) for n in range(2, 702)), household(900, amount=-3))

    checked = await sent_to_its_end(client, file, dry_run=True)

    assert (checked["status"], checked["dry_run"]) == ("checked", True)
    assert (checked["accepted"], checked["unchanged"], checked["rejected"]) == (700, 1, 1)
    assert [(one["line"], one["field"]) for one in await issues(client, checked["id"])] == [(703, "amount")]
    assert (await enrolled(csa), await outbox(csa)) == (1, 1)


async def test_a_checked_file_is_applied_without_being_sent_again(
    csa: Running, client: httpx.AsyncClient, csv_file: Csv
) -> None:
    checked = await sent_to_its_end(client, csv_file(HEADER, household(1), household(2, amount=-3)), dry_run=True)

    answer = await client.post(f"/v1/imports/{checked['id']}/apply")
    applied = await ended(client, checked["id"])
    again = await client.post(f"/v1/imports/{checked['id']}/apply")

    assert (answer.status_code, answer.json()["status"]) == (202, "received")
    assert (applied["status"], applied["accepted"], applied["rejected"]) == ("completed", 1, 1)
    assert len(await issues(client, checked["id"])) == 1
    assert (await enrolled(csa), await outbox(csa)) == (1, 1)
    assert (again.status_code, again.json()["code"]) == (409, "not_checked")


async def test_a_checked_file_that_was_applied_from_another_request_is_not_applied_twice(
    client: httpx.AsyncClient, csv_file: Csv
) -> None:
    file = csv_file(HEADER, household(1))
    checked = await sent_to_its_end(client, file, dry_run=True)
    applied = await sent_to_its_end(client, file)

    refused = await client.post(f"/v1/imports/{checked['id']}/apply")

    assert (refused.status_code, refused.json()["code"]) == (409, "already_applied")
    assert applied["id"] in refused.json()["title"]


async def test_a_file_checked_again_is_checked_against_what_is_held_by_then(
    client: httpx.AsyncClient, csv_file: Csv
) -> None:
    file = csv_file(HEADER, household(1), household(2))
    first = await sent_to_its_end(client, file, dry_run=True)
    await sent_to_its_end(client, csv_file(HEADER, household(1)))

    again = await sent_to_its_end(client, file, dry_run=True)

    assert again["id"] == first["id"]
    assert (first["accepted"], first["unchanged"]) == (2, 0)
    assert (again["accepted"], again["unchanged"]) == (1, 1)


# Cancelling


async def test_a_checked_file_can_be_dropped_and_a_completed_one_cannot(
    client: httpx.AsyncClient, csv_file: Csv
) -> None:
    checked = await sent_to_its_end(client, csv_file(HEADER, household(1)), dry_run=True)
    completed = await sent_to_its_end(client, csv_file(HEADER, household(2)))

    dropped = await client.delete(f"/v1/imports/{checked['id']}")
    refused = await client.delete(f"/v1/imports/{completed['id']}")

    assert (dropped.json()["status"], dropped.json()["failure_code"]) == ("cancelled", "cancelled")
    assert dropped.json()["failure"] == "The import was cancelled. Rows applied before that stay (0)."
    assert (refused.status_code, refused.json()["code"]) == (409, "import_ended")


async def test_a_running_import_is_cancelled_between_chunks_and_says_what_stays(
    csa: Running, client: httpx.AsyncClient, csv_file: Csv
) -> None:
    answer = await send(client, csv_file(HEADER, *(household(number) for number in range(1, 10_001))))
    path = f"/v1/imports/{answer.json()['id']}"

    async def begun() -> bool:
        return bool((await client.get(path)).json()["accepted"] > 0)

    await until(begun, what="the first chunk", every=0.01)
    cancelled = (await client.delete(path)).json()
    await asyncio.sleep(0.5)

    assert cancelled["status"] == "cancelled" and 0 < cancelled["accepted"] < 10_000
    assert cancelled["failure"].endswith(f"({cancelled['accepted']}).")
    assert await enrolled(csa) == cancelled["accepted"]
    assert (await client.get(path)).json() == cancelled


# Columns and mappings


UNKNOWN = ["Identifiant du foyer", "Le bénéficiaire principal", "Zone", "Effectif", "Somme"]
MAPPING = {
    "Identifiant du foyer": "household_number",
    "Le bénéficiaire principal": "name",
    "Somme": "amount",
    "Zone": "",
}


async def test_the_guessed_columns_are_shown_with_samples_to_the_sender_alone(
    csa: Running, client: httpx.AsyncClient, csv_file: Csv
) -> None:
    file = csv_file(["Liste du 3e trimestre"], [*HEADER, "Divers"], *([*household(n), "x"] for n in range(1, 6)))
    sent = await sent_to_its_end(client, file)
    path = f"/v1/imports/{sent['id']}/columns"

    found = (await client.get(path)).json()
    async with csa.client("wfp", programs=frozenset({"EL_MAOUNA"})) as other:
        hidden = await other.get(path)

    assert [(one["header"], one.get("field")) for one in found["columns"]] == [
        ("N° registre social", "household_number"),
        ("Nom complet", "name"),
        ("NNI", "nni"),
        ("Nbre personnes", "household_size"),
        ("Montant", "amount"),
        ("Divers", None),
    ]
    assert found["columns"][0]["samples"] == ["MR0320000001", "MR0320000002", "MR0320000003"]
    assert {"field": "nni", "label": "National id"} in found["fields"]
    assert hidden.status_code == 404


async def test_a_file_nobody_could_read_is_applied_with_a_mapping_and_the_next_one_is_read_by_itself(
    csa: Running, client: httpx.AsyncClient, csv_file: Csv
) -> None:
    rows = [["MR0320000001", "Sidi", "Néma", 4, 1800]]
    failed = await sent_to_its_end(client, csv_file(UNKNOWN, *rows))
    columns = (await client.get(f"/v1/imports/{failed['id']}/columns")).json()["columns"]

    await client.post(f"/v1/imports/{failed['id']}/apply", json={"mapping": MAPPING})
    mapped = await ended(client, failed["id"])
    following = await sent_to_its_end(client, csv_file(UNKNOWN, ["MR0320000002", "Zeinabou", "Néma", 5, 2250]))

    assert failed["failure_code"] in ("header_not_found", "missing_columns")
    assert [one["header"] for one in columns] == UNKNOWN
    assert (mapped["status"], mapped["accepted"], mapped["mapping"]) == ("completed", 1, MAPPING)
    assert (following["status"], following["accepted"], following["mapping"]) == ("completed", 1, MAPPING)
    assert await enrolled(csa) == 2


async def test_remembered_mappings_are_listed_and_forgotten_by_their_partner_alone(
    csa: Running, client: httpx.AsyncClient, csv_file: Csv
) -> None:
    sent = {"mapping": json.dumps(MAPPING)}
    await sent_to_its_end(client, csv_file(UNKNOWN, ["MR0320000001", "Sidi", "Néma", 4, 1800]), **sent)
    [kept] = (await client.get("/v1/import-mappings")).json()["items"]
    async with csa.client("wfp", programs=frozenset({"EL_MAOUNA"})) as other:
        hidden = (await other.get("/v1/import-mappings")).json()["items"]
        refused = await other.delete(f"/v1/import-mappings/{kept['id']}")

    gone = await client.delete(f"/v1/import-mappings/{kept['id']}")
    after = await sent_to_its_end(client, csv_file(UNKNOWN, ["MR0320000002", "Sidi", "Néma", 4, 1800]))

    assert (kept["kind"], kept["mapping"], kept["headers"]) == ("EL_MAOUNA", MAPPING, sorted(UNKNOWN))
    assert (hidden, refused.status_code, gone.status_code) == ([], 404, 204)
    assert after["status"] == "failed"


@in_turn(
    ("mapping", "code"),
    [
        ("not json", "mapping_not_accepted"),
        ("[1]", "mapping_not_accepted"),
        ('{"a": 1}', "mapping_not_accepted"),
        ("[" * 60 + "]" * 60, "mapping_not_accepted"),
        ("[" * 15_000, "mapping_not_accepted"),
        (json.dumps({"x" * 201: "name"}), "mapping_not_accepted"),
        (json.dumps({"Nom": "nobody"}), "unknown_mapping_field"),
    ],
)
async def test_a_mapping_that_says_nothing_is_refused_before_the_file_is_stored(
    csa: Running, client: httpx.AsyncClient, csv_file: Csv, mapping: str, code: str
) -> None:
    refused = await send(client, csv_file(HEADER, household(1)), mapping=mapping)

    assert (refused.status_code, refused.json()["code"], refused.json()["pointer"]) == (422, code, "/query/mapping")


async def test_a_mapping_nested_sixty_deep_is_refused_with_the_application(
    client: httpx.AsyncClient, csv_file: Csv
) -> None:
    checked = await sent_to_its_end(client, csv_file(HEADER, household(1)), dry_run=True)
    nested = '{"mapping": ' + '{"Nom":' * 60 + '"name"' + "}" * 61

    refused = await client.post(
        f"/v1/imports/{checked['id']}/apply", content=nested, headers={"Content-Type": "application/json"}
    )

    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
    assert (await client.get(f"/v1/imports/{checked['id']}")).json()["status"] == "checked"


async def test_a_mapping_that_names_no_column_of_the_file_is_told_so(client: httpx.AsyncClient, csv_file: Csv) -> None:
    failed = await sent_to_its_end(client, csv_file(HEADER, household(1)), mapping=json.dumps({"Nom du chef": "name"}))

    assert (failed["status"], failed["failure_code"]) == ("failed", "unknown_mapping_header")
    assert failed["failure"] == "these headers of the mapping do not exist in the file: Nom du chef"


async def test_a_workbook_called_csv_is_read_and_its_name_remarked(client: httpx.AsyncClient, xlsx_file: Csv) -> None:
    done = await sent_to_its_end(client, xlsx_file(HEADER, household(1)), filename="liste.csv")

    [issue] = await issues(client, done["id"])
    assert (done["accepted"], done["warnings"]) == (1, 1)
    assert (issue["line"], issue["severity"], issue["code"]) == (0, "warning", "content_differs_from_name")


# A corrected file


async def test_a_corrected_file_takes_the_place_of_the_first_and_names_what_it_lacks(
    csa: Running, client: httpx.AsyncClient, csv_file: Csv
) -> None:
    first = await sent_to_its_end(client, csv_file(HEADER, household(1), household(2), household(3, amount=-3)))

    corrected = await sent_to_its_end(client, csv_file(HEADER, household(1), household(3)), supersedes=first["id"])

    found = await issues(client, corrected["id"])
    assert (corrected["status"], corrected["accepted"], corrected["unchanged"], corrected["warnings"]) == (
        "completed",
        1,
        1,
        1,
    )
    assert [(one["line"], one["value"], one["severity"], one["code"]) for one in found] == [
        (3, "household:MR0320000002", "warning", "missing_in_correction")
    ]
    assert (await client.get(f"/v1/imports/{first['id']}")).json()["status"] == "superseded"
    assert await enrolled(csa) == 3  # nothing is removed silently


async def test_a_dry_run_of_a_correction_names_what_it_lacks_and_supersedes_nothing(
    client: httpx.AsyncClient, csv_file: Csv
) -> None:
    first = await sent_to_its_end(client, csv_file(HEADER, household(1), household(2)))

    checked = await sent_to_its_end(client, csv_file(HEADER, household(1)), supersedes=first["id"], dry_run=True)

    assert (checked["status"], checked["warnings"]) == ("checked", 1)
    assert (await client.get(f"/v1/imports/{first['id']}")).json()["status"] == "completed"


async def test_only_a_completed_import_of_ones_own_is_superseded(
    csa: Running, client: httpx.AsyncClient, csv_file: Csv
) -> None:
    own = await sent_to_its_end(client, csv_file(HEADER, household(1)))
    checked = await sent_to_its_end(client, csv_file(HEADER, household(2)), dry_run=True)
    async with csa.client("wfp", programs=frozenset({"EL_MAOUNA"})) as other:
        answers = [await send(other, csv_file(HEADER, household(3)), supersedes=own["id"])]
    answers.append(await send(client, csv_file(HEADER, household(3)), supersedes=checked["id"]))
    answers.append(
        await send(client, csv_file(HEADER, household(3)), supersedes="018f0000-0000-7000-8000-000000000000")
    )

    assert {(one.status_code, one.json()["code"]) for one in answers} == {(409, "not_supersedable")}


# The error file


FAULTY = [
    ['=HYPERLINK("http://x")', "+222 36 12 34 56", "", 4, -3],
    ["MR0320000002", "@Zeinabou", "", 5, "-7"],
]


async def test_the_faulty_rows_come_back_as_sent_with_line_field_and_reason(
    client: httpx.AsyncClient, csv_file: Csv
) -> None:
    sent = await sent_to_its_end(client, csv_file(["Liste"], HEADER, household(1), *FAULTY, household(4)))

    file = await client.get(f"/v1/imports/{sent['id']}/error-file", params={"format": "csv"})

    rows = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig")), delimiter=";"))
    assert rows[0] == [*HEADER, "Tekamoul: line", "Tekamoul: field", "Tekamoul: reason"]
    assert [row[5] for row in rows[1:]] == ["4", "5"]
    assert rows[1][:5] == ['\'=HYPERLINK("http://x")', "+222 36 12 34 56", "", "4", "-3"]
    assert rows[2][1] == "'@Zeinabou"
    assert all(row[6] and row[7] for row in rows[1:])


async def test_the_error_file_as_a_workbook_is_corrected_and_sent_again(
    csa: Running, client: httpx.AsyncClient, xlsx_file: Csv
) -> None:
    group = [("Ménage", 2), "", "", ""]
    header = ["N° registre social", "Nom complet", "NNI", "Nbre personnes", "Montant"]
    sent = await sent_to_its_end(
        client, xlsx_file(group, header, household(1), household(2, amount=-3)), filename="liste.xlsx"
    )
    client.headers["Accept-Language"] = "ar"
    file = (await client.get(f"/v1/imports/{sent['id']}/error-file")).content

    table = open_table(file, "x.xlsx", Layout.of("household_number", "name", "amount"))
    texts = [[str(cell) for cell in cells] for _, cells in table.lines()]
    [row] = table.rows()
    again = await sent_to_its_end(client, file, filename="corrected.xlsx")

    assert texts[1][5:] == ["تكامل: السطر", "تكامل: الحقل", "تكامل: السبب"]
    assert row.cells == {"household_number": "MR0320000002", "name": "Sidi Ould Ely", "amount": -3}
    assert texts[2][5:7] == ["4.0", "amount"]
    assert (again["rejected"], again["accepted"]) == (1, 0)


async def test_nothing_in_the_error_file_is_a_formula(client: httpx.AsyncClient, csv_file: Csv) -> None:
    sent = await sent_to_its_end(client, csv_file(HEADER, *FAULTY, household(3, "=1+1", -1)))
    file = (await client.get(f"/v1/imports/{sent['id']}/error-file")).content

    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet and "<hyperlink" not in sheet
    assert "<t>=1+1</t>" in sheet and "<t>@Zeinabou</t>" in sheet and "<t>+222 36 12 34 56</t>" in sheet


async def test_a_file_without_faults_gives_back_its_header_alone(client: httpx.AsyncClient, csv_file: Csv) -> None:
    sent = await sent_to_its_end(client, csv_file(HEADER, household(1)))

    file = await client.get(f"/v1/imports/{sent['id']}/error-file", params={"format": "csv"})

    assert len(file.content.decode("utf-8-sig").splitlines()) == 1


async def test_many_faulty_rows_are_all_given_back(client: httpx.AsyncClient, csv_file: Csv) -> None:
    rows = [household(n, amount=-3 if n % 2 else 1800) for n in range(1, 2401)]
    sent = await sent_to_its_end(client, csv_file(HEADER, *rows))

    file = await client.get(f"/v1/imports/{sent['id']}/error-file", params={"format": "csv"})

    lines = [row[5] for row in csv.reader(io.StringIO(file.content.decode("utf-8-sig")), delimiter=";")][1:]
    assert lines == [str(line) for line in range(2, 2402, 2)]


async def test_the_error_file_of_a_file_that_is_no_table_says_why(client: httpx.AsyncClient) -> None:
    sent = await sent_to_its_end(client, b"%PDF-1.7", filename="liste.xlsx")

    refused = await client.get(f"/v1/imports/{sent['id']}/error-file")

    assert sent["failure_code"] == "wrong_extension"
    assert (refused.status_code, refused.json()["code"]) == (409, "no_table")
    assert "the content is not what the file's name says" in refused.json()["title"]


# Following, and what is kept


async def test_an_import_is_followed_to_its_end_and_the_stream_ends_with_it(
    client: httpx.AsyncClient, csv_file: Csv
) -> None:
    answer = await send(client, csv_file(HEADER, *(household(number) for number in range(1, 3001))))
    path = f"/v1/imports/{answer.json()['id']}/events"

    async with client.stream("GET", path) as events:
        told = [json.loads(line[6:]) async for line in events.aiter_lines() if line.startswith("data: ")]

    assert told[-1]["status"] == "completed" and told[-1]["percent"] == 100
    assert all(one["percent"] < 100 for one in told[:-1])


async def test_a_stream_ends_when_the_service_stops(csa: Running, client: httpx.AsyncClient) -> None:
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "100"}
    asked = {"kind": "EL_MAOUNA", "filename": "liste.csv"}
    made = await client.post("/v1/uploads", params=asked, headers=headers)

    async with client.stream("GET", f"/v1/imports/{made.json()['id']}/events") as events:
        lines = events.aiter_lines()
        assert await anext(lines) == "event: progress"
        csa.platform.stopping.set()
        assert [line async for line in lines][-1] == ""


async def test_anothers_import_cannot_be_followed(csa: Running, client: httpx.AsyncClient, csv_file: Csv) -> None:
    sent = await send(client, csv_file(HEADER, household(1)))

    async with csa.client("wfp", programs=frozenset({"EL_MAOUNA"})) as other:
        assert (await other.get(f"/v1/imports/{sent.json()['id']}/events")).status_code == 404


async def test_after_ninety_days_the_file_goes_and_what_it_did_stays(
    csa: Running, client: httpx.AsyncClient, csv_file: Csv
) -> None:
    sent = await sent_to_its_end(client, csv_file(HEADER, household(1), household(2, amount=-3)))
    async with csa.platform.database.transaction() as tx:
        assert await prune(tx, now() + timedelta(days=89)) == 0
        assert await prune(tx, now() + timedelta(days=91)) == 1

    answers = [await client.get(f"/v1/imports/{sent['id']}/{what}") for what in ("columns", "error-file")]

    assert [(one.status_code, one.json()["code"]) for one in answers] == [(410, "file_no_longer_kept")] * 2
    assert (await client.get(f"/v1/imports/{sent['id']}")).json()["accepted"] == 1
    assert len(await issues(client, sent["id"])) == 1


async def test_a_correction_of_a_file_no_longer_kept_says_that_it_could_not_be_compared(
    csa: Running, client: httpx.AsyncClient, csv_file: Csv
) -> None:
    first = await sent_to_its_end(client, csv_file(HEADER, household(1)))
    async with csa.platform.database.transaction() as tx:
        await prune(tx, now() + timedelta(days=91))

    corrected = await sent_to_its_end(client, csv_file(HEADER, household(2)), supersedes=first["id"])

    assert [one["code"] for one in await issues(client, corrected["id"])] == ["earlier_file_gone"]
