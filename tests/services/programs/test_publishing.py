"""An institution publishes a program: who may, what is refused, what is announced, and what a restart leaves alone."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text

from in_turn import in_turn
from running import Running, Services
from services.programs.catalog import programs_of
from services.programs.commands.programs import publish_catalog
from services.programs.models import Cycle, CycleStatus
from shared.ids import new_id
from shared.outbox import OutboxRow

Start = Callable[[str], Awaitable[Running]]
PATH = "/v1/programs/TEKAVOUL"
MORE = {"from": "2030-01-01", "amount_mru": "4200.00", "per": "household", "months_per_payment": 3}


@pytest.fixture
async def taazour(start: Start) -> Running:
    return await start("taazour")


@pytest.fixture
async def client(taazour: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with taazour.client("taazour", programs=frozenset({"TEKAVOUL", "TEMWINE"})) as made:
        yield made


async def document(client: httpx.AsyncClient) -> dict[str, Any]:
    version = (await client.get(PATH)).json()["version"]
    found: dict[str, Any] = (await client.get(f"{PATH}/versions/{version}")).json()["document"]
    return found


async def put(client: httpx.AsyncClient, body: Any, version: int | str = 1, **headers: str) -> httpx.Response:
    return await client.put(PATH, json=body, headers={"If-Match": f'"{version}"', **headers})


async def published(running: Running, code: str = "TEKAVOUL") -> list[int]:
    async with running.platform.database.transaction() as tx:
        rows = await tx.scalars(select(OutboxRow).order_by(OutboxRow.position))
        return [row.version for row in rows if row.data.get("program") == code]


async def test_a_published_version_is_shown_kept_and_announced(client: httpx.AsyncClient, taazour: Running) -> None:
    terms = await document(client)
    better = terms | {"capacity": 140_000, "values": [MORE | {"confidence": "found", "note": "plan"}, *terms["values"]]}

    answer = await put(client, better, **{"Idempotency-Key": "publish-tekavoul-2"})
    again = await put(client, better, **{"Idempotency-Key": "publish-tekavoul-2"})

    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert (again.content, again.headers["ETag"]) == (answer.content, '"2"')
    shown = (await client.get(PATH)).json()
    assert (shown["version"], shown["capacity"]) == (2, 140_000)
    assert [one["from_on"] for one in shown["values"]] == ["2016-01-01", "2024-01-01", "2030-01-01"]
    assert await published(taazour) == [1, 2]
    versions = (await client.get(f"{PATH}/versions")).json()["items"]
    assert [(one["version"], one["published_by"]) for one in versions] == [(2, "taazour"), (1, "taazour")]
    assert (await client.get(f"{PATH}/versions/1")).json()["document"] == terms
    assert (await client.get(f"{PATH}/versions/3")).status_code == 404


async def test_the_same_again_makes_no_version(client: httpx.AsyncClient, taazour: Running) -> None:
    answer = await put(client, await document(client))

    assert (answer.status_code, answer.json()["version"]) == (200, 1)
    assert await published(taazour) == [1]


async def test_versions_come_by_the_page(client: httpx.AsyncClient) -> None:
    terms = await document(client)
    for version in (1, 2):
        assert (await put(client, terms | {"capacity": version}, version)).status_code == 200

    first = (await client.get(f"{PATH}/versions", params={"limit": 2})).json()
    rest = (await client.get(f"{PATH}/versions", params={"limit": 2, "cursor": first["next_cursor"]})).json()

    assert [one["version"] for one in first["items"]] == [3, 2]
    assert [one["version"] for one in rest["items"]] == [1] and rest["next_cursor"] is None


async def test_only_who_keeps_a_program_publishes_it_and_only_over_what_was_seen(
    client: httpx.AsyncClient, taazour: Running
) -> None:
    terms = await document(client)

    async with taazour.client("cnam", programs=frozenset({"HEALTH_INSURANCE"})) as other:
        assert (await put(other, terms)).status_code == 404
    async with taazour.client("csa", frozenset({"programs:read"}), frozenset({"TEKAVOUL"})) as reader:
        assert (await put(reader, terms)).json()["code"] == "not_permitted"
    assert (await put(client, terms, 7)).json()["code"] == "precondition_failed"
    assert (await client.put(PATH, json=terms)).json()["code"] == "precondition_required"
    assert (await put(client, terms | {"code": "TEMWINE"})).json()["code"] == "program_code_differs"
    unknown = await client.put("/v1/programs/NOBODYS", json=terms, headers={"If-Match": "*"})
    assert unknown.status_code == 404
    assert await published(taazour) == [1]


@in_turn(
    ("language", "begins"),
    [("ar", "قيمتان تبدآن"), ("fr", "Deux valeurs commencent"), ("en", "Two values begin")],
)
async def test_a_refusal_speaks_the_callers_language(client: httpx.AsyncClient, language: str, begins: str) -> None:
    terms = await document(client)

    answer = await put(client, terms | {"values": terms["values"] * 2}, **{"Accept-Language": language})

    assert (answer.status_code, answer.json()["code"]) == (422, "value_versions_overlap")
    assert answer.json()["title"].startswith(begins)
    assert answer.json()["pointer"] == "/values/2/from"


async def test_criteria_nested_without_end_are_refused_and_break_nothing(client: httpx.AsyncClient) -> None:
    terms = await document(client)
    names = {"ar": "أ", "fr": "a", "en": "a"}
    rule: dict[str, Any] = {
        "match": "all",
        "criteria": [{"code": "poor", "attribute": "household.size", "operator": "ge", "value": "3", "label": names}],
    }
    for _ in range(100):
        rule = {"match": "all", "groups": [rule]}

    answer = await put(client, terms | {"eligibility": [{"version": 1, "from": "2026-01-01", "rule": rule}]})

    assert answer.json()["code"] == "criteria_too_deep"


async def test_what_a_cycle_was_issued_from_stays(client: httpx.AsyncClient, taazour: Running) -> None:
    terms = await document(client)
    async with taazour.platform.database.transaction() as tx:
        tx.add(a_cycle(date(2026, 7, 1), CycleStatus.ISSUED))
        tx.add(a_cycle(date(2026, 10, 1), CycleStatus.CANCELLED))
    raised = [*terms["values"][:-1], terms["values"][-1] | {"amount_mru": "3900.00"}]
    before = [*terms["values"], terms["values"][-1] | {"from": "2026-07-01"}]
    after = [*terms["values"], terms["values"][-1] | {"from": "2026-07-02", "amount_mru": "3900.00"}]

    assert (await put(client, terms | {"values": raised})).json()["code"] == "value_version_used"
    assert (await put(client, terms | {"values": before})).json()["code"] == "value_reaches_issued_period"
    assert (await put(client, terms | {"unit": "individual"})).json()["code"] == "program_unit_fixed"
    assert (await put(client, terms | {"values": after})).status_code == 200


def a_cycle(starts_on: date, status: CycleStatus) -> Cycle:
    return Cycle(
        id=new_id(),
        program_code="TEKAVOUL",
        starts_on=starts_on,
        ends_on=starts_on + timedelta(days=89),
        late_after=starts_on + timedelta(days=119),
        status=status,
        version=1,
        sizes_on=starts_on,
        known_at=datetime.now(UTC),
        program_version=1,
        value_from_on=date(2024, 1, 1),
        created_by="taazour",
        cancelled_at=datetime.now(UTC) if status == CycleStatus.CANCELLED else None,
    )


async def test_the_version_of_a_past_day_is_read_again(client: httpx.AsyncClient, taazour: Running) -> None:
    terms = await document(client)
    assert (await put(client, terms | {"capacity": 5})).status_code == 200
    async with taazour.platform.database.transaction() as tx:
        await tx.execute(text("ALTER TABLE program_versions DISABLE TRIGGER USER"))
        for version, moment in ((1, "2026-03-01T23:59:59Z"), (2, "2026-03-05T00:00:00Z")):
            await tx.execute(
                text(
                    "UPDATE program_versions SET published_at = :moment WHERE program_code = 'TEKAVOUL' AND version = :v"
                ),
                {"moment": datetime.fromisoformat(moment), "v": version},
            )

    async def capacity(day: str) -> Any:
        answer = await client.get(PATH, params={"as_of": day})
        assert answer.headers["ETag"] == f'"{answer.json()["version"]}"'
        return answer.json()["version"], answer.json()["capacity"]

    assert await capacity("2026-03-01") == (1, None)
    assert await capacity("2026-03-04") == (1, None)
    assert await capacity("2026-03-05") == (2, 5)
    too_early = await client.get(PATH, params={"as_of": "2026-02-28"}, headers={"Accept-Language": "en"})
    assert (too_early.status_code, too_early.json()["code"]) == (404, "program_not_published_then")
    assert too_early.json()["title"].endswith("it was first published on 2026-03-01.")


async def test_a_restart_leaves_alone_what_an_institution_published(
    services: Services, client: httpx.AsyncClient, taazour: Running
) -> None:
    terms = await document(client)
    assert (await put(client, terms | {"capacity": 9})).status_code == 200
    await taazour.stop()

    again = await services.start("programs-taazour")

    async with again.client("taazour", programs=frozenset({"TEKAVOUL"})) as same:
        assert (await same.get(PATH)).json()["capacity"] == 9
    assert await published(again) == [1, 2]


async def test_a_new_edition_of_the_catalog_is_published_unless_the_institution_published_since(
    client: httpx.AsyncClient, taazour: Running
) -> None:
    assert (await put(client, await document(client) | {"capacity": 9})).status_code == 200
    edition = [one.model_copy(update={"capacity": 77}) for one in programs_of("taazour").values()]

    async with taazour.platform.database.transaction() as tx:
        await publish_catalog(tx, "taazour", edition)

    shown = {one["code"]: one["capacity"] for one in (await client.get("/v1/programs")).json()["items"]}
    assert shown == {"TEKAVOUL": 9, "TEKAVOUL_SEASONAL": 77, "TEMWINE": 77, "HEALTH_INSURANCE": 77}
