"""Files of households: what enters the registry, what is refused and why, and what is announced."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from running import Running, Services, status_of, until
from services.registry.rules.households import COLUMNS
from shared.outbox import OutboxRow

HEAD = "MR0110000001,MR011-C01,Oum Essafya,extreme_poor,12.50,PMT-2024.1,2025-03-04,22334455,1000000001,head,Mohamed Ould Ahmed,محمد ولد أحمد,M,1980-12-31,year,9900000033,none"
CHILD = "MR0110000001,MR011-C01,Oum Essafya,extreme_poor,12.50,PMT-2024.1,2025-03-04,22334455,1000000002,child,Fatimetou Mint Mohamed,فاطمة بنت محمد,F,2015-06-07,day,,yes"


def a_file(*lines: str) -> bytes:
    return "\n".join([",".join(COLUMNS), *lines, ""]).encode()


@pytest.fixture
async def registry(services: Services) -> Running:
    return await services.start("registry")


@pytest.fixture
async def client(registry: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with registry.client("taazour") as made:
        yield made


async def send(client: httpx.AsyncClient, content: bytes, **headers: str) -> dict[str, Any]:
    sent = await client.post(
        "/v1/imports", params={"kind": "households", "filename": "menages.csv"}, content=content, headers=headers
    )
    assert sent.status_code == 202, sent.text

    async def ended() -> dict[str, Any] | None:
        state = (await client.get(f"/v1/imports/{sent.json()['id']}")).json()
        return state if state["status"] in ("completed", "failed") else None

    return await until(ended, what="the import to end")  # type: ignore[no-any-return]


async def announced(registry: Running) -> list[dict[str, Any]]:
    async with registry.platform.database.transaction() as tx:
        rows = await tx.scalars(select(OutboxRow).order_by(OutboxRow.position))
        return [row.data for row in rows if row.type == "registry.households.registered.v1"]


async def test_a_file_of_households_enters_the_registry_and_is_announced_once(
    client: httpx.AsyncClient, registry: Running
) -> None:
    state = await send(client, a_file(HEAD, CHILD))

    assert (state["status"], state["accepted"], state["rejected"]) == ("completed", 2, 0)
    page = (await client.get("/v1/households", params={"number": "MR0110000001"})).json()["items"]
    household = (await client.get(f"/v1/households/{page[0]['id']}")).json()
    assert household["phones"] == ["+22222334455"]
    assert [(m["individual_number"], m["relationship"], m["nni"], m["disability"]) for m in household["members"]] == [
        ("1000000001", "head", "9900000033", False),
        ("1000000002", "child", None, True),
    ]
    events = await announced(registry)
    assert [(event["households"], event["individuals"]) for event in events] == [(1, 2)]


async def test_the_same_file_twice_changes_nothing(client: httpx.AsyncClient, registry: Running) -> None:
    first = await send(client, a_file(HEAD, CHILD))

    again = await send(client, a_file(HEAD, CHILD))

    assert again == first
    assert len(await announced(registry)) == 1


async def test_the_same_household_in_another_file_is_left_unchanged(
    client: httpx.AsyncClient, registry: Running
) -> None:
    await send(client, a_file(HEAD, CHILD))

    state = await send(client, a_file(CHILD, HEAD))

    assert (state["accepted"], state["unchanged"]) == (0, 2)
    assert len(await announced(registry)) == 1


async def test_a_member_who_left_ends_the_membership_and_raises_the_version(
    client: httpx.AsyncClient, registry: Running
) -> None:
    await send(client, a_file(HEAD, CHILD))

    await send(client, a_file(HEAD))

    page = (await client.get("/v1/households")).json()["items"]
    assert (page[0]["version"], page[0]["size"]) == (2, 1)
    history = (await client.get(f"/v1/households/{page[0]['id']}/history")).json()["items"]
    assert [(one["version"], one["kind"], one["changed_by"], one["source"]) for one in history] == [
        (2, "import", "taazour", "registry_survey"),
        (1, "import", "taazour", "registry_survey"),
    ]


async def test_a_man_may_head_two_households(client: httpx.AsyncClient) -> None:
    second = HEAD.replace("MR0110000001", "MR0110000002")

    state = await send(client, a_file(HEAD, second))

    assert state["accepted"] == 2
    assert (await client.get("/v1/counts")).json() == {"households": 2, "individuals": 1}


BAD_ROWS = [
    (HEAD.replace("MR011-C01", "MR999-C01"), "commune_code", "commune_unknown", "MR999-C01"),
    (HEAD.replace("extreme_poor", "rich"), "vulnerability_category", "choice_unreadable", "rich"),
    (HEAD.replace("12.50", "120"), "score", "score_out_of_range", "120"),
    (HEAD.replace("12.50", "low"), "score", "score_unreadable", "low"),
    (HEAD.replace("1980-12-31", "1980-02-31"), "birth_date", "date_impossible", "1980-02-31"),
    (HEAD.replace("MR0110000001", ""), "household_number", "value_missing", ""),
    (HEAD.replace("MR0110000001", "1234"), "household_number", "household_number_unreadable", "1234"),
    (HEAD.replace("2025-03-04", ""), "surveyed_on", "value_missing", ""),
    (HEAD.replace("Mohamed Ould Ahmed,محمد ولد أحمد", ","), "name_fr", "name_missing", ""),
]


@pytest.mark.parametrize(("row", "field", "code", "value"), BAD_ROWS)
async def test_a_bad_row_is_reported_and_stops_nothing_else(
    client: httpx.AsyncClient, row: str, field: str, code: str, value: str
) -> None:
    good = HEAD.replace("MR0110000001", "MR0110000009").replace("1000000001", "1000000009")

    state = await send(client, a_file(row, good))

    assert (state["accepted"], state["rejected"]) == (1, 1)
    for language, word in (("ar", "ال"), ("fr", ""), ("en", "")):
        issues = (await client.get(f"/v1/imports/{state['id']}/issues", headers={"Accept-Language": language})).json()[
            "items"
        ]
        assert [(i["line"], i["field"], i["code"], i["value"], i["severity"]) for i in issues] == [
            (2, field, code, value, "error")
        ]
        assert word in issues[0]["reason"]


async def test_a_national_id_that_fails_its_check_is_a_warning(client: httpx.AsyncClient) -> None:
    state = await send(client, a_file(HEAD.replace("9900000033", "9900000034")))

    assert (state["accepted"], state["warnings"]) == (1, 1)


async def test_a_file_with_other_columns_is_refused_with_the_columns_wanted(client: httpx.AsyncClient) -> None:
    state = await send(client, b"a,b\n1,2\n", **{"Accept-Language": "en"})

    assert (state["status"], state["failure_code"]) == ("failed", "header_not_found")


async def test_a_caller_without_the_permission_or_with_another_kind_is_refused(registry: Running) -> None:
    async with registry.client("wfp", frozenset({"imports:write"})) as outsider:
        refused = await outsider.post("/v1/imports", params={"kind": "households", "filename": "a.csv"})
        assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted")
        assert (await outsider.get("/v1/households")).status_code == 403
    async with registry.client("taazour") as client:
        refused = await client.post("/v1/imports", params={"kind": "TEKAVOUL", "filename": "a.csv"})
        assert (refused.status_code, refused.json()["code"]) == (422, "unknown_kind_of_file")


async def test_another_partners_import_answers_like_an_unknown_id(registry: Running) -> None:
    async with registry.client("taazour") as client, registry.client("csa") as other:
        state = await send(client, a_file(HEAD))
        theirs = await other.get(f"/v1/imports/{state['id']}")
        unknown = await other.get("/v1/imports/0192d3a0-0000-7000-8000-000000000000")

    assert theirs.status_code == unknown.status_code == 404
    assert theirs.json()["code"] == unknown.json()["code"] == "not_found"


async def test_a_large_file_is_applied_in_chunks_that_never_part_a_household(
    client: httpx.AsyncClient, registry: Running
) -> None:
    lines = []
    for number in range(1, 301):
        household = HEAD.replace("MR0110000001", f"MR0110{number:06}").replace("9900000033", "")
        for member in range(1, 5):
            lines.append(household.replace("1000000001", f"2{number:06}{member:03}").replace("head", "child"))

    state = await send(client, a_file(*lines))

    assert state["accepted"] == 1200
    events = await announced(registry)
    assert sum(event["households"] for event in events) == 300
    assert len(events) > 1
    async with registry.client("matching", frozenset({"internal"})) as internal:
        seen: list[int] = []
        for event in events:
            cursor = None
            while True:
                page = (
                    await internal.get(
                        f"/internal/household-batches/{event['batch_id']}",
                        params={"limit": 200} | ({"cursor": cursor} if cursor else {}),
                    )
                ).json()
                seen += [len(one["members"]) for one in page["items"]]
                cursor = page.get("next_cursor")
                if cursor is None:
                    break
    assert seen == [4] * 300


async def test_the_relay_publishes_what_was_recorded(client: httpx.AsyncClient, registry: Running) -> None:
    await send(client, a_file(HEAD))

    async def all_published() -> bool:
        status = await status_of(client)
        return bool(status["outbox"]["waiting"] == 0 and status["outbox"]["recorded"] == 3)

    await until(all_published, what="places, households and the end of the import to be published")
    info = await registry.platform.bus.jetstream.stream_info("registry")
    assert info.state.messages == 3
    await asyncio.sleep(0)
