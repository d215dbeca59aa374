"""An institution changes an enrollment: the feed tells it, the overlap ceases, and comes back."""

import asyncio
import time
import uuid
from typing import Any

import httpx

from cli.credentials import fetch_token
from journeys.asking import enrollments, feed, links
from running import until
from whole_platform import LoadedPlatform, WholePlatform

ONE = "/programs/taazour/v1/enrollments"


async def test_a_suspended_enrollment_shows_in_the_feed_and_its_overlaps_cease(loaded: LoadedPlatform) -> None:
    platform = loaded.platform
    chosen = await one_in_two_programs(platform)
    heard = len(await feed(platform, "cnam"))
    overlap = 'SELECT count(*) AS n FROM "overlaps" WHERE household_id = $1 AND ceased_at IS NULL'
    household = uuid.UUID(chosen["household_id"])
    before = (await platform.rows("matching", overlap, household))[0]["n"]
    assert before > 0

    key = str(uuid.uuid4())
    first = await change(platform, chosen["enrollment_id"], "suspend", "absent", key, version=1)
    again = await change(platform, chosen["enrollment_id"], "suspend", "absent", key, version=1)
    assert (first.status_code, again.status_code) == (200, 200), first.text
    assert again.content == first.content
    await platform.quiet()

    events = await feed(platform, "cnam")
    assert len(events) == heard + 1
    assert (events[-1]["type"], events[-1]["program"], events[-1]["version"]) == ("enrollment.suspended", "TEKAVOUL", 2)
    assert events[-1]["change"] == {"from": "enrolled", "to": "suspended", "reason": "absent"}
    mine = 'SELECT program_a, program_b FROM "overlaps" WHERE household_id = $1 AND ceased_at IS NULL'
    assert not [row for row in await platform.rows("matching", mine, household) if "TEKAVOUL" in tuple(row)]

    resumed = await change(platform, chosen["enrollment_id"], "resume", "returned", str(uuid.uuid4()), version=2)
    assert resumed.status_code == 200, resumed.text
    await platform.quiet()
    assert (await platform.rows("matching", overlap, household))[0]["n"] == before
    assert (await feed(platform, "cnam"))[-1]["change"]["from"] == "suspended"


async def test_an_older_version_is_refused_and_changes_nothing(loaded: LoadedPlatform) -> None:
    platform = loaded.platform
    chosen = (await enrollments(platform, "TEMWINE"))[-1]
    heard = await feed(platform, "csa")
    refused = await change(
        platform, chosen["id"], "suspend", "absent", str(uuid.uuid4()), version=chosen["version"] + 7
    )
    assert (refused.status_code, refused.json()["code"]) == (412, "precondition_failed")
    await platform.quiet()
    assert await feed(platform, "csa") == heard


async def test_a_waiting_subscriber_hears_of_a_change_at_once(loaded: LoadedPlatform) -> None:
    platform = loaded.platform
    chosen = (await enrollments(platform, "WFP_LEAN_SEASON"))[0]
    async with platform.client("wfp") as client:
        cursor = ""
        while True:
            page = await client.get("/v1/events", limit=200, **({"after": cursor} if cursor else {}))
            cursor = page["next_cursor"]
            if not page["items"]:
                break
        waiting = asyncio.create_task(client.get("/v1/events", after=cursor, wait=20))
        await asyncio.sleep(0.3)
        started = time.monotonic()
        path = f"/programs/partners/v1/enrollments/{chosen['id']}/suspend"
        done = await post(platform, "wfp", path, "absent", str(uuid.uuid4()), chosen["version"])
        assert done.status_code == 200, done.text
        page = await waiting
    assert [one["type"] for one in page["items"]] == ["enrollment.suspended"]
    assert time.monotonic() - started < 10

    async def resumed() -> bool:
        answer = await post(
            platform, "wfp", path.replace("suspend", "resume"), "returned", str(uuid.uuid4()), chosen["version"] + 1
        )
        return answer.status_code == 200

    await until(resumed, what="the enrollment to be resumed")
    await platform.quiet()


async def one_in_two_programs(platform: WholePlatform) -> dict[str, Any]:
    """A Tekavoul enrollment, never changed, whose household is also insured."""
    insured = {
        one["household_number"] for one in await links(platform, "HEALTH_INSURANCE") if one["status"] == "linked"
    }
    active = {one["id"] for one in await enrollments(platform, "HEALTH_INSURANCE") if one["status"] == "enrolled"}
    assert insured and active
    fresh = {one["id"] for one in await enrollments(platform, "TEKAVOUL") if one["version"] == 1}
    linked = [one for one in await links(platform, "TEKAVOUL") if one["status"] == "linked"]
    alone = [one["household_number"] for one in linked]
    return next(
        one
        for one in linked
        if one["household_number"] in insured
        and one["enrollment_id"] in fresh
        and alone.count(one["household_number"]) == 1
    )


async def change(
    platform: WholePlatform, enrollment: str, verb: str, reason: str, key: str, version: int
) -> httpx.Response:
    return await post(platform, "taazour", f"{ONE}/{enrollment}/{verb}", reason, key, version)


async def post(platform: WholePlatform, partner: str, path: str, reason: str, key: str, version: int) -> httpx.Response:
    token = await fetch_token(platform.gateway_url, platform.door.credentials_file, partner)
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key, "If-Match": f'"{version}"'}
    async with httpx.AsyncClient(base_url=platform.gateway_url, timeout=30, trust_env=False) as client:
        return await client.post(path, json={"reason": reason}, headers=headers)
