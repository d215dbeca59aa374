"""Replays of a day over the real registry and a real programs service: under its rule, from what was known at a moment."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select

from registry_cases import apply
from running import Running, Services, status_of, until
from services.matching.eligibility.models import ReplayPart
from services.matching.eligibility.replaying import step
from shared.clock import now
from small_country import SmallCountry

DAY = "2026-02-01"


@pytest.fixture
async def matching(services: Services) -> Running:
    return await services.start("matching")


@pytest.fixture
async def masef(services: Services, matching: Running) -> Running:
    programs = await services.start("programs-masef")

    async def known() -> bool:
        async with matching.client() as client:
            return bool((await client.get("/v1/linkage")).json())

    await until(known, what="the program to be known")
    return programs


@pytest.fixture
async def registry(services: Services) -> Running:
    return await services.start("registry")


async def replayed(client: httpx.AsyncClient, **asked: Any) -> dict[str, Any]:
    """The replay once it has ended."""
    begun = await client.post("/v1/eligibility-replays", json={"program": "DISABILITY_CASH", "as_of": DAY} | asked)
    assert begun.status_code == 202, begun.text

    async def ended() -> bool:
        return bool((await client.get(f"/v1/eligibility-replays/{begun.json()['id']}")).json()["status"] != "running")

    await until(ended, what="the replay to end")
    return dict((await client.get(f"/v1/eligibility-replays/{begun.json()['id']}")).json())


async def why(client: httpx.AsyncClient, replay: dict[str, Any], household_id: UUID) -> httpx.Response:
    return await client.get(
        f"/v1/eligibility-replays/{replay['id']}/households/{household_id}", headers={"Accept-Language": "fr"}
    )


async def test_a_day_is_replayed_from_what_was_known_at_a_moment(
    registry: Running, masef: Running, matching: Running
) -> None:
    """Six households with a disabled member; then of one it is said that he was never disabled."""
    country = SmallCountry(registry)
    ids = [await country.household(members=[{"disability": True}]) for _ in range(6)]
    other = await country.household(members=[{}])
    async with registry.client("taazour") as client:
        household = (await client.get(f"/v1/households/{ids[0]}")).json()
        before = now()
        member = household["members"][0]["individual_id"]
        await apply(client, {"kind": "correction", "individual_id": member, "individual": {"disability": False}})

    async with matching.client("taazour") as auditor:
        then = await replayed(auditor, known_at=before.isoformat())
        today = await replayed(auditor)
        reasons = (await why(auditor, then, ids[0])).json()
        not_met = (await why(auditor, then, other)).json()
        nobody = await why(auditor, then, UUID(int=7))

    assert (then["status"], then["households"], then["rule_version"]) == ("done", 7, 1)
    assert [(one["wilaya_code"], one["eligible"], one["cannot_tell"]) for one in then["wilayas"]] == [("MR01", 6, 0)]
    assert [one["eligible"] for one in today["wilayas"]] == [5]
    assert (reasons["status"], reasons["as_of"]) == ("eligible", DAY)
    assert reasons["known_on"] == before.date().isoformat()
    assert [(one["code"], one["met"]) for one in reasons["criteria"]] == [
        ("extreme_poor", True),
        ("disabled_member", True),
    ]
    assert not_met["reason"] == "La règle du programme ne vise pas ce ménage ; voir les critères non remplis."
    assert [one["met"] for one in not_met["criteria"]] == [True, False]
    assert (nobody.status_code, nobody.json()["code"]) == (404, "not_found")


async def test_before_the_program_was_published_there_was_no_rule(
    registry: Running, masef: Running, matching: Running
) -> None:
    async with matching.client("taazour") as auditor:
        replay = await replayed(auditor, known_at=(now() - timedelta(days=2)).isoformat())
        unfinished = await why(auditor, replay, UUID(int=7))

    assert (replay["status"], replay["failure"]) == (
        "failed",
        "Le programme n'était pas encore publié à ce moment.",
    )
    assert (unfinished.status_code, unfinished.json()["code"]) == (409, "eligibility_replay_not_done")


async def test_a_replay_that_cannot_be_is_refused(masef: Running, matching: Running) -> None:
    tomorrow = now() + timedelta(days=1)
    async with matching.client("taazour") as auditor:

        async def code(**asked: Any) -> str:
            body = {"program": "DISABILITY_CASH", "as_of": DAY} | asked
            return str((await auditor.post("/v1/eligibility-replays", json=body)).json()["code"])

        assert await code(program="NONE") == "program_unknown"
        assert await code(as_of=str(tomorrow.date())) == "replay_of_the_future"
        assert await code(known_at=tomorrow.isoformat()) == "replay_of_the_future"
        assert await code(because="curious") == "invalid_request"


async def test_while_the_registry_is_away_a_replay_waits_and_may_be_cancelled(
    masef: Running, matching: Running
) -> None:
    async with matching.client("taazour") as auditor:
        body = {"program": "DISABILITY_CASH", "as_of": DAY}
        key = {"Idempotency-Key": "a-replay-asked-for-once"}
        begun = (await auditor.post("/v1/eligibility-replays", json=body, headers=key)).json()
        again = (await auditor.post("/v1/eligibility-replays", json=body, headers=key)).json()
        path = f"/v1/eligibility-replays/{begun['id']}"
        waiting = (await status_of(auditor))["work"]["eligibility_replays_running"]
        cancelled = (await auditor.post(f"{path}/cancel")).json()
        twice = await auditor.post(f"{path}/cancel")
        listed = (await auditor.get("/v1/eligibility-replays")).json()["items"]

    assert (begun["id"], waiting) == (again["id"], 1)
    assert cancelled["status"] == "cancelled" and cancelled["ended_at"] is not None
    assert (twice.status_code, twice.json()["code"]) == (409, "eligibility_replay_ended")
    assert [one["id"] for one in listed] == [begun["id"]]


async def test_a_step_that_somebody_else_took_is_not_taken_twice(
    registry: Running, masef: Running, matching: Running
) -> None:
    country = SmallCountry(registry)
    for _ in range(5):
        await country.household(members=[{"disability": True}])
    async with matching.client("taazour") as auditor:
        replay = await replayed(auditor)
    while await step(matching.platform):
        pass

    async with matching.platform.database.transaction() as tx:
        parts = await tx.scalar(select(func.count()).select_from(ReplayPart))
    assert (replay["households"], parts) == (5, 1)
