"""What other services pull behind our events, and when a program is announced."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from benefits_cases import enrolled, household
from sqlalchemy import select, update

from running import Running, Services
from services.programs.models import Enrollment, ProgramRow
from shared.outbox import OutboxRow

Csv = Callable[..., bytes]
Start = Callable[[str], Awaitable[Running]]
Send = Callable[..., Awaitable[dict[str, Any]]]
Announced = Callable[[Running], Awaitable[list[dict[str, Any]]]]

HEADER = ["Nom complet", "École", "Nom du père", "Classe"]
UNKNOWN = "0192d3a0-0000-7000-8000-000000000000"


def services_only(programs: Running) -> httpx.AsyncClient:
    return programs.client("matching", frozenset({"internal"}))


async def pages(client: httpx.AsyncClient, path: str, **params: Any) -> list[list[dict[str, Any]]]:
    found, cursor = [], None
    while True:
        answer = await client.get(path, params=params | ({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200, answer.text
        found.append(answer.json()["items"])
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return found


@pytest.fixture
async def men(start: Start, send: Send, csv_file: Csv) -> Running:
    programs = await start("men")
    async with programs.client("men", programs=frozenset({"SCHOOL_FEEDING"})) as client:
        rows = [[f"Amadou {number}", "École Kaédi 1", "Demba Sow", "3AF"] for number in range(7)]
        await send(client, "SCHOOL_FEEDING", csv_file(HEADER, *rows))
    return programs


async def test_a_batch_shows_each_change_and_who_it_is_about(men: Running, announced: Announced) -> None:
    [event] = await announced(men)

    async with services_only(men) as matching:
        read = await pages(matching, f"/internal/enrollment-batches/{event['batch_id']}", limit=3)

    assert [len(page) for page in read] == [3, 3, 1]
    changes = [one for page in read for one in page]
    assert len({one["enrollment_id"] for one in changes}) == 7
    assert {(one["version"], one["program"], one["from"], one["to"], one["reason"]) for one in changes} == {
        (1, "SCHOOL_FEEDING", None, "enrolled", "listed")
    }
    beneficiary = next(one["beneficiary"] for one in changes if one["beneficiary"]["name"] == "Amadou 0")
    assert beneficiary | {"import_id": ""} == {
        "enrolled_on": datetime.now(UTC).date().isoformat(),
        "spans": [{"from_on": datetime.now(UTC).date().isoformat(), "until_on": None}],
        "status": "enrolled",
        "version": 1,
        "unit": "pupil",
        "household_number": None,
        "name": "Amadou 0",
        "father_name": "Demba Sow",
        "nni": None,
        "phones": [],
        "sex": None,
        "birth_date": None,
        "birth_precision": None,
        "wilaya": None,
        "moughataa": None,
        "commune": None,
        "village": None,
        "household_size": None,
        "person_version": 1,
        "school": "École Kaédi 1",
        "school_class": "3AF",
        "school_key": "ecole kaedi 1/",
        "monthly_value_mru": "222.58",
        "import_id": "",
        "source_line": 2,
    }


async def test_a_batch_without_beneficiaries_names_nobody(men: Running, announced: Announced) -> None:
    [event] = await announced(men)

    async with services_only(men) as gateway:
        answer = await gateway.get(
            f"/internal/enrollment-batches/{event['batch_id']}", params={"beneficiaries": "false"}
        )

    assert "Amadou" not in answer.text
    assert set(answer.json()["items"][0]) == {"enrollment_id", "version", "program", "from", "to", "reason", "at", "by"}


async def test_an_old_batch_keeps_its_change_and_shows_the_beneficiary_as_now(
    men: Running, announced: Announced
) -> None:
    [event] = await announced(men)
    async with men.client("men", programs=frozenset({"SCHOOL_FEEDING"})) as client:
        id_ = (await client.get("/v1/enrollments")).json()["items"][0]["id"]
        await client.post(f"/v1/enrollments/{id_}/exit", json={"reason": "moved"}, headers={"If-Match": '"1"'})
    _, exit_event = await announced(men)

    async with services_only(men) as matching:
        old = [
            one for page in await pages(matching, f"/internal/enrollment-batches/{event['batch_id']}") for one in page
        ]
        [[new]] = await pages(matching, f"/internal/enrollment-batches/{exit_event['batch_id']}")

    [changed] = [one for one in old if one["enrollment_id"] == id_]
    assert (changed["version"], changed["to"]) == (1, "enrolled")
    assert (changed["beneficiary"]["version"], changed["beneficiary"]["status"]) == (2, "exited")
    assert changed["beneficiary"]["spans"] == []  # it left on the day it came
    assert (new["version"], new["from"], new["to"], new["reason"]) == (2, "enrolled", "exited", "moved")


async def test_an_unknown_batch_is_not_found_and_a_foreign_cursor_is_refused(
    men: Running, announced: Announced
) -> None:
    [event] = await announced(men)

    async with services_only(men) as matching:
        unknown = await matching.get(f"/internal/enrollment-batches/{UNKNOWN}")
        foreign = await matching.get(f"/internal/enrollment-batches/{event['batch_id']}", params={"cursor": "WzFd"})

    assert unknown.status_code == 404
    assert (foreign.status_code, foreign.json()["code"]) == (422, "invalid_cursor")


async def test_a_batch_of_deliveries_is_pulled_page_by_page_and_names_nobody(
    start: Start, send: Send, csv_file: Csv
) -> None:
    taazour = await start("taazour")
    async with taazour.client("taazour", programs=frozenset({"TEKAVOUL"})) as client:
        await send(client, "TEKAVOUL", csv_file(*enrolled(1, 2, 3)))
        lines = [
            {
                "household_number": household(at),
                "delivered_on": "2026-07-15",
                "amount_mru": "3600.00",
                "reference": f"A-{at}",
            }
            for at in (1, 2, 3)
        ]
        lines[2] |= {"outcome": "rejected", "amount_mru": None}
        await client.post("/v1/deliveries", json={"program": "TEKAVOUL", "deliveries": lines})
    async with taazour.platform.database.transaction() as tx:
        row = await tx.scalar(select(OutboxRow).where(OutboxRow.type == "programs.deliveries.recorded.v1"))
        enrollments = dict((await tx.execute(select(Enrollment.household_number, Enrollment.id))).all())
    assert row is not None

    async with services_only(taazour) as matching:
        read = await pages(matching, f"/internal/delivery-batches/{row.data['batch_id']}", limit=2)
        unknown = await matching.get(f"/internal/delivery-batches/{UNKNOWN}")

    assert [len(page) for page in read] == [2, 1]
    told = {one["enrollment_id"]: one for page in read for one in page}
    assert told[str(enrollments[household(1)])] == {
        "delivery_id": told[str(enrollments[household(1)])]["delivery_id"],
        "program": "TEKAVOUL",
        "enrollment_id": str(enrollments[household(1)]),
        "school": None,
        "handed_over": True,
        "amount_mru": "3600.00",
        "delivered_on": "2026-07-15",
        "period_on": None,
        "corrects": None,
    }
    assert not told[str(enrollments[household(3)])]["handed_over"]
    assert unknown.status_code == 404


async def test_the_programs_are_pulled_with_values_and_targeting(start: Start) -> None:
    taazour = await start("taazour")

    async with services_only(taazour) as matching:
        [page] = await pages(matching, "/internal/programs")
        one = (await matching.get("/internal/programs/TEKAVOUL_SEASONAL")).json()
        unknown = await matching.get("/internal/programs/EL_MAOUNA")

    assert len(page) == 4 and one in page
    assert one["values"][0]["months"] == [6, 7, 8, 9] and one["values"][0]["confidence"] == "assumed"
    assert one["targeting"]["wilayas"] == ["MR01", "MR02", "MR03", "MR05", "MR09", "MR10"]
    assert unknown.status_code == 404


async def published(programs: Running) -> list[tuple[str, int]]:
    async with programs.platform.database.transaction() as tx:
        rows = await tx.scalars(select(OutboxRow).order_by(OutboxRow.position))
        return [(row.data["program"], row.version) for row in rows if row.type == "programs.programs.published.v1"]


async def test_a_program_is_announced_once_and_again_only_when_it_says_something_new(services: Services) -> None:
    csa = await services.start("programs-csa")
    assert await published(csa) == [("EL_MAOUNA", 1)]
    await csa.stop()

    csa = await services.start("programs-csa")
    assert await published(csa) == [("EL_MAOUNA", 1)]
    async with csa.platform.database.transaction() as tx:  # as an older version of the catalog left it
        await tx.execute(update(ProgramRow).values(owner="CSA", content_hash=b"older", catalog_hash=b"older"))
    await csa.stop()

    csa = await services.start("programs-csa")
    assert await published(csa) == [("EL_MAOUNA", 1), ("EL_MAOUNA", 2)]
    async with services_only(csa) as matching:
        one = (await matching.get("/internal/programs/EL_MAOUNA")).json()
    assert (one["version"], one["owner"], len(one["values"])) == (2, "CSA, funded by agreement with TAAZOUR", 2)
    assert UUID(one["id"]).version == 7
