"""An institution changes an enrollment: the feed tells it, the overlap ceases, and comes back."""

import asyncio
import time
import uuid
from collections.abc import Mapping
from typing import Any

import httpx

from cli.credentials import fetch_token
from journeys.asking import enrollments, feed, links
from running import until
from shared.bus import Bus
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


async def test_one_trace_leads_from_an_institutions_request_to_whoever_hears_of_it(loaded: LoadedPlatform) -> None:
    platform = loaded.platform
    chosen = await one_in_two_programs(platform)
    trace = uuid.uuid4().hex
    path = f"{ONE}/{chosen['enrollment_id']}/suspend"
    traced = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    done = await post(platform, "taazour", path, "absent", str(uuid.uuid4()), 1, traced)
    assert done.status_code == 200, done.text
    await platform.quiet()

    # The gateway: its record of the request, and its log of whom the answer told of.
    async with platform.client("taazour") as taazour:
        exchanges = (await taazour.get("/v1/traffic", limit=200))["items"]
        disclosed = (await taazour.get("/v1/disclosures", limit=200))["items"]
    (exchange,) = [one for one in exchanges if one["messageId"] == trace]
    assert exchange["succeeded"] is True
    assert {one["request"] for one in disclosed if one["subject"] == chosen["enrollment_id"]} >= {trace}

    # The service's outbox, the message that its relay made of the row, and those who had its effect.
    announced = "SELECT event_id, type FROM outbox WHERE traceparent LIKE $1"
    (row,) = await platform.rows("programs-taazour", announced, f"00-{trace}-%")
    assert row["type"] == "programs.enrollments.changed.v1"
    assert await carried(platform.ready["nats_url"], "programs-taazour", row["event_id"]) == trace
    for consumer in ("gateway", "matching"):
        heard = await platform.rows(consumer, "SELECT event_id FROM inbox WHERE event_id = $1", row["event_id"])
        assert len(heard) == 1, consumer

    # The subscriber is told; but no trace, by which two subscribers could join what they are told.
    events = await feed(platform, "cnam")
    assert (events[-1]["type"], events[-1]["version"]) == ("enrollment.suspended", 2)
    assert trace not in str(events)
    again = await change(platform, chosen["enrollment_id"], "resume", "returned", str(uuid.uuid4()), version=2)
    assert again.status_code == 200, again.text
    await platform.quiet()


async def carried(nats_url: str, stream: str, event_id: uuid.UUID) -> str:
    """The trace in the headers of an event's message."""
    bus = Bus(nats_url, "test")
    await bus.connect()
    try:
        sequence = (await bus.jetstream.stream_info(stream)).state.last_seq
        while True:
            envelope, _ = await bus.stored(stream, sequence)
            if envelope.event_id == event_id:
                return envelope.traceparent.split("-")[1]
            sequence -= 1
    finally:
        await bus.close()


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


async def post(
    platform: WholePlatform,
    partner: str,
    path: str,
    reason: str,
    key: str,
    version: int,
    more: Mapping[str, str] | None = None,
) -> httpx.Response:
    token = await fetch_token(platform.gateway_url, platform.door.credentials_file, partner)
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key, "If-Match": f'"{version}"', **(more or {})}
    async with httpx.AsyncClient(base_url=platform.gateway_url, timeout=30, trust_env=False) as client:
        return await client.post(path, json={"reason": reason}, headers=headers)
