"""Deltas: a receiver that keeps its own list is told of net changes, once, in numbered frozen lists."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import httpx
import pytest
from python_calamine import CalamineWorkbook

from running import Running, Services

Csv = Callable[..., bytes]
Start = Callable[[str], Awaitable[Running]]
Send = Callable[..., Awaitable[dict[str, Any]]]
HEADER = ("Action", "N° ménage", "Nom", "Téléphone", "Commune", "Taille du ménage", "Date d'effet")
THREE = (
    ("ajout", "MR0110000101", "Fatimetou Mint Ahmed", "22334455", "Adel Bagrou", 6, "01/03/2026"),
    ("ajout", "MR0110000102", "Salem Ould Ali", "33445566", "Bassiknou", 4, "01/03/2026"),
    ("ajout", "MR0110000103", "محمد ولد أحمد", None, "Néma", 3, "01/03/2026"),
)
DELTAS = {"program": "HEALTH_INSURANCE"}


@pytest.fixture
async def taazour(start: Start) -> Running:
    return await start("taazour")


@pytest.fixture
async def cnam(taazour: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with taazour.client("cnam", programs=frozenset({"HEALTH_INSURANCE"})) as made:
        yield made


async def make(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.post("/v1/deltas", params=DELTAS)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def deltas_with(programs: Running, name: object) -> list[tuple[str, str, dict[str, str]]]:
    """Of which the gateway is told that they have somebody."""
    async with programs.client("gateway", frozenset({"internal"})) as gateway:
        answer = await gateway.post("/internal/files-of", json={"names": [str(name)]})
    assert answer.status_code == 200, answer.text
    return [(one["path"], one["partner"], one["part"]) for one in answer.json()["files"]]


async def file_of(client: httpx.AsyncClient, number: int, format_: str = "csv", language: str = "fr") -> bytes:
    answer = await client.get(
        f"/v1/deltas/{number}/file", params=DELTAS | {"format": format_}, headers={"Accept-Language": language}
    )
    assert answer.status_code == 200, answer.text
    return answer.content


async def lines(client: httpx.AsyncClient, number: int) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((await file_of(client, number)).decode("utf-8-sig"))))


def told(found: list[dict[str, str]]) -> list[tuple[str, str, str]]:
    return [(one["Action"], one["N° ménage"], one["Date d'effet"]) for one in found]


async def test_additions_removals_and_changes_come_as_net_changes_and_nothing_twice(
    taazour: Running, cnam: httpx.AsyncClient, send: Send, csv_file: Csv
) -> None:
    await send(cnam, "HEALTH_INSURANCE", csv_file(HEADER, *THREE))
    first = await make(cnam)
    await send(
        cnam,
        "HEALTH_INSURANCE",
        csv_file(
            HEADER,
            ("retrait", "MR0110000101", "Fatimetou Mint Ahmed", None, None, None, "15/04/2026"),
            ("retrait", "MR0110000102", "Salem Ould Ali", None, None, None, "15/04/2026"),
            # Salem comes back with another size; somebody new comes, and goes before anyone was told.
            ("ajout", "MR0110000102", "Salem Ould Ali", "33445566", "Bassiknou", 5, "16/04/2026"),
            ("ajout", "MR0110000104", "Mariem Mint Sidi", None, "Néma", 2, "16/04/2026"),
            ("ajout", "MR0110000105", "Aichetou Mint Brahim", None, "Néma", 2, "16/04/2026"),
            ("retrait", "MR0110000104", "Mariem Mint Sidi", None, None, None, "17/04/2026"),
        ),
    )
    second = await make(cnam)

    assert (first["number"], first["additions"], first["removals"], first["changes"]) == (1, 3, 0, 0)
    assert told(await lines(cnam, 1)) == [
        ("ajout", "MR0110000101", "2026-03-01"),
        ("ajout", "MR0110000102", "2026-03-01"),
        ("ajout", "MR0110000103", "2026-03-01"),
    ]
    assert (second["number"], second["additions"], second["removals"], second["changes"]) == (2, 1, 1, 1)
    found = await lines(cnam, 2)
    day = second["made_at"][:10]
    assert told(found) == [
        ("retrait", "MR0110000101", "2026-04-15"),
        ("ajout", "MR0110000105", "2026-04-16"),
        ("modification", "MR0110000102", day),
    ]
    assert [one["Taille du ménage"] for one in found] == ["6", "2", "5"]

    def file(number: int) -> tuple[str, str, dict[str, str]]:
        return f"/v1/deltas/{number}/file", "cnam", {"program": "HEALTH_INSURANCE"}

    assert await deltas_with(taazour, "MR0110000101") == [file(2), file(1)]
    assert await deltas_with(taazour, "MR0110000103") == [file(1)]
    assert await deltas_with(taazour, "MR0110000104") == []


async def test_without_news_the_last_delta_stands_and_two_at_once_make_one(
    cnam: httpx.AsyncClient, send: Send, csv_file: Csv
) -> None:
    assert (await make(cnam))["number"] == 1  # nobody yet: the receiver knows that its list is empty
    await send(cnam, "HEALTH_INSURANCE", csv_file(HEADER, *THREE))

    made = await asyncio.gather(*(make(cnam) for _ in range(6)))

    assert {(one["number"], one["additions"]) for one in made} == {(2, 3)}
    page = (await cnam.get("/v1/deltas", params=DELTAS | {"limit": 1})).json()
    rest = (await cnam.get("/v1/deltas", params=DELTAS | {"cursor": page["next_cursor"]})).json()
    assert [one["number"] for one in page["items"] + rest["items"]] == [2, 1]


async def test_a_delta_gives_the_same_bytes_whatever_happens_afterwards(
    services: Services, taazour: Running, cnam: httpx.AsyncClient, send: Send, csv_file: Csv
) -> None:
    await send(cnam, "HEALTH_INSURANCE", csv_file(HEADER, *THREE))
    await make(cnam)
    kinds = [("csv", "fr"), ("csv", "ar"), ("xlsx", "fr"), ("xlsx", "ar")]
    before = [await file_of(cnam, 1, *kind) for kind in kinds]

    await send(cnam, "HEALTH_INSURANCE", csv_file(HEADER, ("retrait", "MR0110000101", "F", None, None, None, None)))
    await make(cnam)
    await asyncio.sleep(1.1)  # a workbook's clock counts seconds
    after = [await file_of(cnam, 1, *kind) for kind in kinds]

    assert before == after
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(before[3])).get_sheet_by_index(0).to_python()
    action, name = sheet[0].index("نوع العملية"), sheet[0].index("الاسم")
    assert (sheet[1][action], sheet[3][name]) == ("إضافة", "محمد ولد أحمد")
    connection = await asyncpg.connect(services.databases["programs-taazour"])
    for statement in ("UPDATE delta_rows SET facts = '{}'", "DELETE FROM delta_rows"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await connection.execute(statement)
    await connection.close()


async def test_each_receiver_has_its_own_numbers_and_no_other_programs(
    taazour: Running, cnam: httpx.AsyncClient, send: Send, csv_file: Csv
) -> None:
    await send(cnam, "HEALTH_INSURANCE", csv_file(HEADER, *THREE))
    await make(cnam)

    async with taazour.client("taazour", programs=frozenset({"HEALTH_INSURANCE", "TEKAVOUL"})) as other:
        assert (await other.get("/v1/deltas/1", params=DELTAS)).status_code == 404
        assert (await make(other))["number"] == 1
    for answer in (
        await cnam.post("/v1/deltas", params={"program": "TEKAVOUL"}),
        await cnam.get("/v1/deltas", params={"program": "TEKAVOUL"}),
        await cnam.get("/v1/deltas/9/file", params=DELTAS),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_delta_file_is_a_list_that_another_programs_service_takes(
    cnam: httpx.AsyncClient, send: Send, csv_file: Csv
) -> None:
    """Sent back to where it came from, it says what is known."""
    await send(cnam, "HEALTH_INSURANCE", csv_file(HEADER, *THREE))
    await make(cnam)

    again = await send(cnam, "HEALTH_INSURANCE", await file_of(cnam, 1, "xlsx", "ar"), filename="delta.xlsx")

    assert (again["status"], again["unchanged"], again["rejected"]) == ("completed", 3, 0)


async def test_a_delta_that_is_sent_back_adds_removes_and_changes_what_it_says(
    taazour: Running, cnam: httpx.AsyncClient, send: Send, csv_file: Csv
) -> None:
    await send(cnam, "HEALTH_INSURANCE", csv_file(HEADER, *THREE))
    changes = (
        ("modification", "MR0110000101", "Fatimetou Mint Ahmed", None, None, 7, "01/05/2026"),
        ("تعديل", "MR0110000102", "Salem Ould Ali", "44556677", "Adel Bagrou", "", "01/05/2026"),
        ("changed", "MR0110000103", "محمد ولد أحمد", None, "Néma", 3, "01/05/2026"),  # nothing new
        ("modification", "MR0110000109", "Personne", None, None, 2, "01/05/2026"),
        ("modification", "MR0110000101", "Fatimetou Mint Ahmed", None, None, 8, "02/05/2026"),  # again
        ("retrait", "MR0110000103", "محمد ولد أحمد", None, None, None, "01/05/2026"),
        ("modification", "MR0110000103", "محمد ولد أحمد", None, "Néma", 9, "01/05/2026"),  # who has left
    )
    state = await send(cnam, "HEALTH_INSURANCE", csv_file(HEADER, *changes))

    assert (state["accepted"], state["unchanged"], state["rejected"]) == (4, 1, 2)
    assert [(one["line"], one["field"], one["code"]) for one in state["issues"]] == [
        (5, "action", "change_unknown"),
        (8, "action", "change_unknown"),
    ]
    first, second, third = (await cnam.get("/v1/enrollments")).json()["items"]
    assert (first["household_size"], first["phones"], first["commune"], first["version"]) == (
        8,
        ["+22222334455"],
        "Adel Bagrou",
        3,
    )
    assert (second["household_size"], second["phones"], second["commune"], second["version"]) == (
        4,
        ["+22244556677"],
        "Adel Bagrou",
        2,
    )
    assert (third["status"], third["version"]) == ("exited", 2)
    turns = (await cnam.get(f"/v1/enrollments/{second['id']}/history")).json()
    assert [(one["from"], one["to"], one["reason"]) for one in turns] == [
        ("enrolled", "enrolled", "corrected"),
        (None, "enrolled", "listed"),
    ]


async def test_our_own_delta_of_changes_brings_a_second_list_to_the_same_state(
    taazour: Running, cnam: httpx.AsyncClient, send: Send, csv_file: Csv
) -> None:
    """What the delta's file says is what a reader of it understands, in every language and both formats."""
    await send(cnam, "HEALTH_INSURANCE", csv_file(HEADER, *THREE))
    await make(cnam)
    sizes = [("modification", f"MR01100001{n:02}", "", None, None, n + 4, "") for n in (1, 2, 3)]
    names = [
        (action, number, name, *rest) for (action, number, _, *rest), (_, _, name, *_) in zip(sizes, THREE, strict=True)
    ]
    await send(cnam, "HEALTH_INSURANCE", csv_file(HEADER, *names))
    second = await make(cnam)
    assert (second["additions"], second["removals"], second["changes"]) == (0, 0, 3)
    files = [(language, format_) for language in ("ar", "fr", "en") for format_ in ("csv", "xlsx")]
    for size, (language, format_) in enumerate(files, start=20):
        other = [("modification", *row[1:5], size, "") for row in names]
        await send(cnam, "HEALTH_INSURANCE", csv_file(HEADER, *other))
        file = await file_of(cnam, 2, format_, language)

        state = await send(cnam, "HEALTH_INSURANCE", file, filename=f"delta.{format_}")

        assert (state["accepted"], state["rejected"], state["issues"]) == (3, 0, [])
        items = (await cnam.get("/v1/enrollments")).json()["items"]
        assert [one["household_size"] for one in items] == [5, 6, 7]


async def test_a_list_of_everybody_that_says_who_left_enrolls_nobody_anew(
    taazour: Running, send: Send, csv_file: Csv
) -> None:
    header = ("Action", "N° ménage", "Nom et prénom", "Taille ménage")
    async with taazour.client("taazour", programs=frozenset({"TEKAVOUL"})) as client:
        await send(client, "TEKAVOUL", csv_file(header[1:], ("MR0110000101", "A", 6), ("MR0110000102", "B", 4)))
        rows = (
            ("retrait", "MR0110000101", "A", 6),
            ("modification", "MR0110000102", "B", 5),
            ("ajout", "MR0110000103", "C", 2),
        )
        await send(client, "TEKAVOUL", csv_file(header, *rows))

        items = (await client.get("/v1/enrollments")).json()["items"]
        assert [(one["status"], one["household_size"]) for one in items] == [
            ("exited", 6),
            ("enrolled", 5),
            ("enrolled", 2),
        ]
