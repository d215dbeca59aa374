"""How many pupils a school has, beside which the meals of a report are held: by its key, and by its name where it has none."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from typing import Any

import httpx
import pytest
from benefits_cases import counts, enrolled_since, problems
from sqlalchemy import text

from running import Running

Start = Callable[[str], Awaitable[Running]]
Send = Callable[..., Awaitable[dict[str, Any]]]
Csv = Callable[..., bytes]


@pytest.fixture
async def men(start: Start) -> Running:
    return await start("men")


@pytest.fixture
async def client(men: Running, send: Send, csv_file: Csv) -> AsyncIterator[httpx.AsyncClient]:
    """Four pupils of School 1 in two writings, and one of School 2; one pupil of each was stored before there were keys."""
    async with men.client("men", programs=frozenset({"SCHOOL_FEEDING"})) as made:
        rows = [["École", "Nom de l'élève", "Nom du père", "Classe", "Commune"]]
        rows += [["École 1", f"Ahmed {n}", "Sidi", "3", "Amourj"] for n in range(2)]
        rows += [["ECOLE 1", f"Aïcha {n}", "Vall", "3", "AMOURJ"] for n in range(2)]
        rows += [["École 2", "Zeinab", "Ely", "4", "Amourj"]]
        await send(made, "SCHOOL_FEEDING", csv_file(*rows))
        await enrolled_since(men, date(2024, 1, 1))
        async with men.platform.database.transaction() as tx:
            old = text("UPDATE enrollments SET school_key = NULL WHERE name IN ('Ahmed 1', 'Zeinab')")
            await tx.execute(old)
        yield made


async def served(client: httpx.AsyncClient, send: Send, csv_file: Csv, *rows: tuple[str, str, int]) -> dict[str, Any]:
    header = ["École", "Commune", "Date", "Repas servis"]
    return await send(
        client, "SCHOOL_FEEDING.deliveries", csv_file(header, *([name, "Amourj", day, n] for name, day, n in rows))
    )


async def test_pupils_count_with_and_without_a_key(client: httpx.AsyncClient, send: Send, csv_file: Csv) -> None:
    state = await served(
        client,
        send,
        csv_file,
        ("école 1", "06/01/2025", 4),
        ("école 1", "07/01/2025", 5),
        ("école 2", "06/01/2025", 1),
        ("école 2", "07/01/2025", 2),
        ("école 3", "07/01/2025", 2),
    )

    assert counts(state) == ("completed", 4, 0, 1)
    more = [(line, code) for line, _, _, code in problems(state) if code != "not_due"]
    assert more == [(3, "more_meals_than_pupils"), (5, "more_meals_than_pupils"), (6, "unknown_school")]


async def test_meals_without_a_school_are_asked_for_one_in_three_languages(client: httpx.AsyncClient) -> None:
    pupil = (await client.get("/v1/enrollments")).json()["items"][0]["id"]
    meals = {"enrollment_id": pupil, "meals": 1, "delivered_on": "2025-01-06", "reference": "R-1"}
    told = {
        "ar": "تُسجل الوجبات",
        "fr": "les repas s'enregistrent par école",
        "en": "meals are recorded by school and day",
    }
    for language, begins in told.items():
        answer = await client.post(
            "/v1/deliveries",
            json={"program": "SCHOOL_FEEDING", "deliveries": [meals]},
            headers={"Accept-Language": language},
        )
        [finding] = answer.json()["results"][0]["findings"]
        assert finding["code"] == "school_wanted"
        assert finding["reason"].startswith(begins)


async def test_a_pupil_who_changes_school_counts_there_and_back_again_after_an_undo(
    men: Running, client: httpx.AsyncClient, send: Send, csv_file: Csv
) -> None:
    async def keys() -> list[str | None]:
        async with men.platform.database.transaction() as tx:
            rows = await tx.scalars(text("SELECT school_key FROM enrollments WHERE name = 'Zeinab'"))
            return list(rows)

    one = next(each for each in (await client.get("/v1/enrollments")).json()["items"] if each["name"] == "Zeinab")
    path = f"/v1/enrollments/{one['id']}"
    moved = await client.post(f"{path}/correct", json={"beneficiary": {"school": "École 1"}}, headers={"If-Match": "*"})
    assert moved.status_code == 200, moved.text
    [first] = await keys()
    state = await served(client, send, csv_file, ("école 1", "06/01/2025", 5))
    assert "more_meals_than_pupils" not in {code for _, _, _, code in problems(state)}

    assert (await client.post(f"{path}/undo", headers={"If-Match": "*"})).status_code == 200
    [second] = await keys()

    assert first is not None and second is not None and first != second
