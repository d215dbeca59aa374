"""Files of statuses: an institution's own words, by any number it has, each row with its outcome."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from running import Running, until
from shared.clock import now

Csv = Callable[..., bytes]
Start = Callable[[str], Awaitable[Running]]
Send = Callable[..., Awaitable[dict[str, Any]]]
Announced = Callable[[Running], Awaitable[list[dict[str, Any]]]]
KIND = "TEMWINE.statuses"


@pytest.fixture
async def taazour(start: Start) -> Running:
    return await start("taazour")


@pytest.fixture
async def client(taazour: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with taazour.client("taazour", programs=frozenset({"TEKAVOUL", "TEMWINE"})) as made:
        made.headers["Accept-Language"] = "en"
        yield made


async def begin(client: httpx.AsyncClient, number: int, **more: Any) -> dict[str, Any]:
    facts = {"household_number": f"MR051{number:07d}", "name": f"Sidi {number}", "card_number": f"0077{number}"}
    answer = await client.post("/v1/enrollments", json={"program": "TEMWINE", "beneficiary": facts} | more)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def state(client: httpx.AsyncClient) -> list[tuple[str, str | None, int]]:
    items = (await client.get("/v1/enrollments", params={"program": "TEMWINE"})).json()["items"]
    return [(one["status"], one["reason"], one["version"]) for one in items]


async def test_each_row_turns_its_enrollment_in_the_institutions_own_words(
    client: httpx.AsyncClient, taazour: Running, send: Send, csv_file: Csv, announced: Announced
) -> None:
    made = [await begin(client, number) for number in range(1, 5)] + [
        await begin(client, number, enroll=False) for number in (5, 6)
    ]
    before = len(await announced(taazour))
    today = now().strftime("%d/%m/%Y")
    rows = [
        ["MR0510000001", "", "", "Suspendu", "absente", ""],
        ["", "00772", "", "مشطوب", "وفاة", today],
        ["", "", made[2]["id"], "radié", "", ""],
        ["MR0510000004", "", "", "Actif", "", ""],  # says what is known
        ["MR0510000005", "", "", "accepté", "", ""],
        ["MR0510000006", "", "", "sorti", "non éligible", ""],
    ]

    done = await send(
        client, KIND, csv_file(["N° ménage", "N° carte", "Enrollment id", "Statut", "Motif", "Date"], *rows)
    )

    assert (done["accepted"], done["unchanged"], done["rejected"], done["issues"]) == (5, 1, 0, [])
    assert await state(client) == [
        ("suspended", "absent", 2),
        ("exited", "deceased", 2),
        ("exited", "reported", 2),
        ("enrolled", "registered", 1),
        ("enrolled", "reported", 2),
        ("exited", "not_eligible", 2),
    ]
    (event,) = (await announced(taazour))[before:]
    assert (event["suspended"], event["exited"], event["enrolled"]) == (1, 3, 1)
    history = (await client.get(f"/v1/enrollments/{made[0]['id']}/history")).json()
    assert (history[0]["from"], history[0]["to"], history[0]["by"]) == ("enrolled", "suspended", "taazour")
    undone = await client.post(f"/v1/enrollments/{made[1]['id']}/undo", json={}, headers={"If-Match": '"2"'})
    assert (undone.status_code, undone.json()["status"]) == (200, "enrolled")


async def test_a_row_that_cannot_be_is_reported_and_stops_nothing(
    client: httpx.AsyncClient, send: Send, csv_file: Csv
) -> None:
    one, two, three = [await begin(client, number) for number in (1, 2, 3)]
    await client.post(f"/v1/enrollments/{two['id']}/exit", json={"reason": "moved"}, headers={"If-Match": '"1"'})
    early = (now() - timedelta(days=40)).strftime("%d/%m/%Y")
    rows = [
        ["MR0510000001", "confit", "", ""],
        ["MR0510000009", "suspendu", "", ""],
        ["", "suspendu", "", ""],
        ["MR0510000002", "actif", "", ""],
        ["MR0510000003", "en attente", "", ""],
        ["MR0510000003", "suspendu", "", early],
        ["MR0510000003", "suspendu", "", "99/99/2025"],
        ["MR0510000003", "suspendu", "gradué", ""],
        ["MR0510000003", "actif", "un motif inconnu", ""],
    ]

    done = await send(client, KIND, csv_file(["N° ménage", "Statut", "Motif", "Date"], *rows))

    assert (done["accepted"], done["rejected"]) == (2, 7)
    assert [(issue["line"], issue["severity"], issue["code"]) for issue in done["issues"]] == [
        (2, "error", "status_unknown"),
        (3, "error", "enrollment_unknown"),
        (4, "error", "nobody_named"),
        (5, "error", "enrollment_exited"),
        (6, "error", "status_step_refused"),
        (7, "error", "before_it_began"),
        (8, "error", "date_impossible"),
        (9, "warning", "reason_not_fitting"),
        (10, "warning", "reason_unknown"),
    ]
    assert (await state(client))[2] == ("enrolled", "reported", 3)
    texts = {
        language: [
            issue["reason"]
            for issue in (
                await client.get(f"/v1/imports/{done['id']}/issues", headers={"Accept-Language": language})
            ).json()["items"]
        ]
        for language in ("ar", "fr", "en")
    }
    assert all(len({texts[language][row] for language in texts}) == 3 for row in range(9))
    assert one["status"] == three["status"] == "enrolled"


async def test_the_same_file_again_changes_nothing_and_a_trial_leaves_nothing(
    client: httpx.AsyncClient, taazour: Running, send: Send, csv_file: Csv, announced: Announced
) -> None:
    await begin(client, 1)
    content = csv_file(["N° ménage", "Statut"], ["MR0510000001", "suspendu"])
    before = await announced(taazour)

    tried = await client.post(
        "/v1/imports", params={"kind": KIND, "filename": "a.csv", "dry_run": "true"}, content=content
    )

    async def checked() -> bool:
        return bool((await client.get(f"/v1/imports/{tried.json()['id']}")).json()["status"] == "checked")

    await until(checked, what="the trial to end")
    assert await state(client) == [("enrolled", "registered", 1)] and await announced(taazour) == before
    await send(client, KIND, content)
    again = await send(client, KIND, content + b"\r\n")

    assert (again["accepted"], again["unchanged"]) == (0, 1)
    assert await state(client) == [("suspended", "reported", 2)]


async def test_a_list_past_the_capacity_puts_the_rest_on_the_waiting_list(
    client: httpx.AsyncClient, taazour: Running, send: Send, csv_file: Csv
) -> None:
    async with taazour.platform.database.transaction() as tx:
        await tx.execute(text("UPDATE programs SET document = document || '{\"capacity\": 2}' WHERE code = 'TEMWINE'"))
    rows = [[f"MR051000000{number}", f"Sidi {number}", f"77{number}"] for number in (1, 2, 3)]

    done = await send(client, "TEMWINE", csv_file(["N° Ménage", "Nom complet", "N° carte"], *rows))

    assert [(issue["line"], issue["severity"], issue["code"]) for issue in done["issues"]] == [
        (4, "warning", "program_full")
    ]
    assert [one[0] for one in await state(client)] == ["enrolled", "enrolled", "applied"]
    waiting = (await client.get("/v1/waiting-list", params={"program": "TEMWINE"})).json()["items"]
    assert [(one["position"], one["name"]) for one in waiting] == [(1, "Sidi 3")]
    full = await send(client, KIND, csv_file(["N° carte", "Statut"], ["773", "actif"]))
    assert [issue["code"] for issue in full["issues"]] == ["program_full"]
    swapped = csv_file(["N° carte", "Statut"], ["771", "sorti"], ["773", "actif"])
    assert (await send(client, KIND, swapped))["accepted"] == 2
