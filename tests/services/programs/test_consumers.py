"""What matching found reaches the enrollments: once, the newest, and only the institution's own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import select

from running import Running, Services, until
from shared.bus import Bus
from shared.clock import now
from shared.contracts.matching import LinksChanged
from shared.ids import new_id
from shared.outbox import OutboxRow

Csv = Callable[..., bytes]
Send = Callable[..., Awaitable[dict[str, Any]]]
Announced = Callable[[Running], Awaitable[list[dict[str, Any]]]]


class Matching:
    """Matching's side of the contract: batches of links behind a real socket, and their events on a real stream."""

    def __init__(self, bus: Bus) -> None:
        self.batches: dict[str, list[dict[str, Any]]] = {}
        self.pulled: list[str] = []
        self._bus = bus
        self.app = FastAPI()

        @self.app.get("/internal/link-batches/{batch_id}")
        async def pull(batch_id: UUID, limit: int, cursor: int = 0) -> dict[str, Any]:
            # Two to a page, so that a batch takes more than one.
            self.pulled.append(str(batch_id))
            items = self.batches[str(batch_id)]
            more = cursor + 2 < len(items)
            return {"items": items[cursor : cursor + 2], "next_cursor": cursor + 2 if more else None}

    async def announce(self, *items: dict[str, Any], institution: str = "csa", batch_id: UUID | None = None) -> UUID:
        batch_id = batch_id or new_id()
        self.batches.setdefault(str(batch_id), list(items))
        event = LinksChanged(
            institution=institution, batch_id=batch_id, linked=len(items), to_adjudicate=0, unmatched=0
        )
        row = OutboxRow(
            event_id=new_id(),
            type=event.type,
            aggregate_id=batch_id,
            version=1,
            data=event.model_dump(mode="json"),
            traceparent="",
            recorded_at=now(),
        )
        await self._bus.publish("matching", [row], "matching")
        return batch_id


@pytest.fixture
async def matching(services: Services) -> AsyncIterator[Matching]:
    bus = Bus(services.servers.nats_url, "test-matching")
    await bus.connect()
    made = Matching(bus)
    server = uvicorn.Server(uvicorn.Config(made.app, log_config=None, access_log=False, lifespan="off"))
    task = asyncio.create_task(server.serve(sockets=[services._sockets["matching"].dup()]))
    yield made
    server.should_exit = True
    await task
    await bus.close()


@pytest.fixture
async def csa(services: Services, matching: Matching, send: Send, csv_file: Csv) -> Running:
    programs = await services.start("programs-csa")
    async with programs.client("csa", programs=frozenset({"EL_MAOUNA"})) as client:
        rows = [[f"MR032000000{number}", f"Sidi {number}", 4] for number in (1, 2, 3)]
        await send(client, "EL_MAOUNA", csv_file(["N° registre social", "Nom complet", "Nbre personnes"], *rows))
    return programs


@pytest.fixture
async def client(csa: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with csa.client("csa", programs=frozenset({"EL_MAOUNA"})) as made:
        yield made


HOUSEHOLD, INDIVIDUAL = str(new_id()), str(new_id())


def link(enrollment: str, version: int, status: str = "linked", probability: float | None = 0.97) -> dict[str, Any]:
    found = status == "linked"
    return {
        "enrollment_id": enrollment,
        "link_version": version,
        "status": status,
        "individual_id": INDIVIDUAL if found else None,
        "household_id": HOUSEHOLD if found else None,
        "probability": probability,
    }


async def state(client: httpx.AsyncClient) -> list[tuple[str, str | None, str | None, int]]:
    items = (await client.get("/v1/enrollments")).json()["items"]
    return [
        (one["link_status"], one["registry_household_id"], one["link_probability"], one["version"]) for one in items
    ]


async def handled(csa: Running, number: int) -> None:
    stream = next(one for one in csa.platform.consuming if one.stream == "matching")

    async def done() -> bool:
        return stream.state.handled >= number

    await until(done, what=f"{number} events to be handled")


async def test_links_reach_the_enrollments_without_a_new_version_or_announcement(
    csa: Running, matching: Matching, client: httpx.AsyncClient, announced: Announced
) -> None:
    ids = [one["id"] for one in (await client.get("/v1/enrollments")).json()["items"]]

    await matching.announce(link(ids[0], 1), link(ids[1], 1, "to_adjudicate", 0.61), link(ids[2], 1, "unmatched", None))
    await handled(csa, 1)

    assert await state(client) == [
        ("linked", HOUSEHOLD, "0.97000", 1),
        ("to_adjudicate", None, "0.61000", 1),
        ("unmatched", None, None, 1),
    ]
    assert len(await announced(csa)) == 1
    by_household = await client.get("/v1/enrollments", params={"household_id": HOUSEHOLD})
    assert [one["id"] for one in by_household.json()["items"]] == [ids[0]]
    counts = (await client.get("/v1/counts")).json()["programs"][0]
    assert (counts["linked"], counts["to_adjudicate"], counts["unmatched"], counts["pending"]) == (1, 1, 1, 0)


async def test_late_and_repeated_links_change_nothing(
    csa: Running, matching: Matching, client: httpx.AsyncClient
) -> None:
    ids = [one["id"] for one in (await client.get("/v1/enrollments")).json()["items"]]
    older = [link(ids[0], 1, "unmatched", None)]
    newer = await matching.announce(link(ids[0], 2))
    await handled(csa, 1)
    reached = await state(client)

    await matching.announce(*older)  # the older batch comes after the newer one
    await matching.announce(batch_id=newer)  # and the newer one again, under another event id
    await handled(csa, 3)

    assert reached[0][:2] == ("linked", HOUSEHOLD)
    assert await state(client) == reached


async def test_two_answers_on_one_enrollment_in_one_batch_leave_the_newest(
    csa: Running, matching: Matching, client: httpx.AsyncClient
) -> None:
    ids = [one["id"] for one in (await client.get("/v1/enrollments")).json()["items"]]

    await matching.announce(link(ids[0], 3), link(ids[0], 2, "unmatched", None), link(ids[0], 1, "to_adjudicate", 0.5))
    await handled(csa, 1)

    assert (await state(client))[0][0] == "linked"


async def test_another_institutions_links_are_not_pulled(
    csa: Running, matching: Matching, client: httpx.AsyncClient
) -> None:
    ids = [one["id"] for one in (await client.get("/v1/enrollments")).json()["items"]]

    theirs = await matching.announce(link(ids[0], 1), institution="masef")
    await handled(csa, 1)

    assert str(theirs) not in matching.pulled
    assert (await state(client))[0][0] == "pending"


async def test_links_of_an_enrollment_we_do_not_hold_disturb_nothing(
    csa: Running, matching: Matching, client: httpx.AsyncClient
) -> None:
    ids = [one["id"] for one in (await client.get("/v1/enrollments")).json()["items"]]

    await matching.announce(link(str(new_id()), 1), link(ids[0], 1))
    await handled(csa, 1)

    assert [one[0] for one in await state(client)] == ["linked", "pending", "pending"]


async def test_a_refused_link_is_cleared_announced_and_never_taken_again(
    csa: Running, matching: Matching, client: httpx.AsyncClient
) -> None:
    client.headers["Accept-Language"] = "en"
    ids = [one["id"] for one in (await client.get("/v1/enrollments")).json()["items"]]
    await matching.announce(*(link(id_, 1) for id_ in ids))
    await handled(csa, 1)

    async def refuse(id_: str, **body: Any) -> httpx.Response:
        return await client.post(f"/v1/enrollments/{id_}/refuse-link", json=body, headers={"If-Match": '"1"'})

    unlike = await refuse(ids[0], reason="another_household", household_id=str(new_id()))
    household = await refuse(ids[0], reason="another_household", household_id=HOUSEHOLD)
    person = await refuse(ids[1], reason="another_person")
    again = await refuse(ids[0], reason="unknown_here")

    assert (unlike.status_code, unlike.json()["code"]) == (409, "link_changed")
    assert (again.status_code, again.json()["code"]) == (409, "enrollment_not_linked")
    for answer in (household, person):
        body = answer.json()
        assert (body["link_status"], body["registry_household_id"], body["link_probability"]) == ("pending", None, None)
        assert body["version"] == 1
    refusals = await _refusals(csa)
    assert [(one["reason"], one["individual_id"], one["household_id"]) for one in refusals] == [
        ("another_household", INDIVIDUAL, HOUSEHOLD),
        ("another_person", INDIVIDUAL, None),
    ]
    assert [one["enrollment_id"] for one in refusals] == ids[:2]

    spouse = link(ids[1], 2) | {"individual_id": str(new_id())}
    await matching.announce(
        link(ids[0], 2) | {"individual_id": str(new_id())}, spouse
    )  # the household; its other member
    await handled(csa, 2)

    assert [(one[0], one[1]) for one in await state(client)] == [
        ("pending", None),
        ("linked", HOUSEHOLD),
        ("linked", HOUSEHOLD),
    ]

    await matching.announce(link(ids[0], 3, "unmatched", None))
    await handled(csa, 3)
    assert (await state(client))[0][0] == "unmatched"


async def test_a_refused_person_may_be_found_once_the_enrollment_is_theirs(
    csa: Running, matching: Matching, client: httpx.AsyncClient
) -> None:
    id_ = (await client.get("/v1/enrollments")).json()["items"][0]["id"]

    async def ask(verb: str, version: int, **body: Any) -> int:
        answer = await client.post(f"/v1/enrollments/{id_}/{verb}", json=body, headers={"If-Match": f'"{version}"'})
        assert answer.status_code == 200, answer.text
        return int(answer.json()["version"])

    async def found(version: int) -> str | None:
        """Whom the enrollment is linked to once matching has proposed the person in its answer of this version."""
        await matching.announce(link(id_, version))
        await handled(csa, version)
        one: dict[str, Any] = (await client.get(f"/v1/enrollments/{id_}")).json()
        return one["registry_individual_id"]

    assert await found(1) == INDIVIDUAL
    await ask("refuse-link", 1, reason="another_person")
    assert await found(2) is None

    await ask("transfer", 1, reason="head_deceased", beneficiary={"name": "Mariem Mint Sidi", "sex": "F"})
    assert await found(3) == INDIVIDUAL

    await ask("undo", 2)
    async with csa.platform.database.transaction() as tx:
        change = (await tx.scalars(select(OutboxRow).order_by(OutboxRow.position.desc()))).first()
    assert change is not None
    async with csa.client("internal") as inside:
        pulled = (await inside.get(f"/internal/enrollment-batches/{change.data['batch_id']}")).json()["items"]
    (refusal,) = await _refusals(csa)
    assert (pulled[0]["beneficiary"]["person_version"], refusal["person_version"]) == (1, 1)


async def _refusals(csa: Running) -> list[dict[str, Any]]:
    """The refusals announced, as matching pulls them."""
    async with csa.platform.database.transaction() as tx:
        rows = await tx.scalars(
            select(OutboxRow).where(OutboxRow.type == "programs.links.refused.v1").order_by(OutboxRow.position)
        )
        ids = [row.data["refusal_id"] for row in rows]
    async with csa.client("matching", frozenset({"internal"})) as internal:
        return [(await internal.get(f"/internal/link-refusals/{id_}")).json() for id_ in ids]
