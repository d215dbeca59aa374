"""Each request leaves a row of X-Road's fields, which tells the service's time from ours, for its own partner alone."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from gateway.traffic.exchange import COLUMNS, Exchange
from gateway.traffic.recording import MOST_WAITING, TrafficRecorder
from running import until
from tests.gateway.conftest import Door

TRACE = "0af7651916cd43dd8448eb211c80319c"


async def rows(door: Door, partner: str, wanted: int) -> list[dict[str, Any]]:
    """The partner's requests to services, newest first, once there are as many."""

    async def there() -> list[dict[str, Any]]:
        items = (await door.get("/v1/traffic", partner)).json()["items"]
        found = [one for one in items if one["serviceMemberCode"] != "gateway"]
        return found if len(found) >= wanted else []

    found: list[dict[str, Any]] = await until(there, what=f"{wanted} rows of traffic")
    return found


async def test_a_request_is_told_by_x_roads_fields(door: Door) -> None:
    headers = {**await door.as_("alpha"), "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
    answer = await door.client.post("/registry/v1/echo", content=b"hello", headers=headers)

    (row,) = await rows(door, "alpha", 1)

    assert row["requestInTs"] <= row["requestOutTs"] <= row["responseInTs"] <= row["responseOutTs"]
    assert (row["securityServerType"], row["clientMemberCode"], row["serviceMemberCode"]) == (
        "Producer",
        "alpha",
        "registry",
    )
    assert row["serviceCode"] == "POST /v1/echo"
    assert (row["requestSize"], row["responseSize"]) == (5, len(answer.content))
    assert (row["statusCode"], row["succeeded"], row["faultCode"]) == (200, True, None)
    assert row["messageId"] == TRACE
    assert row["xRequestId"].startswith(f"{TRACE}-")


async def test_the_services_time_is_told_from_ours(door: Door) -> None:
    await door.get("/registry/v1/slow")  # it answers after 5 s; the gateway gives up after 3 s

    (row,) = await rows(door, "alpha", 1)
    page = (await door.get("/v1/traffic")).json()

    assert 900 < row["responseInTs"] - row["requestOutTs"] < 4000
    assert (row["statusCode"], row["succeeded"], row["faultCode"]) == (504, False, "upstream_timeout")
    assert page["last_hour"]["faults"] == 1
    assert page["last_hour"]["service_p95_ms"] > page["last_hour"]["gateway_p95_ms"] > 0


async def test_a_refusal_at_the_door_never_reached_a_service_and_another_partner_reads_nothing_of_it(
    door: Door,
) -> None:
    for _ in range(4):
        await door.get("/programs/csa/v1/echo", "tight")

    async def refused() -> list[Any]:
        async with door.running.platform.database.transaction() as tx:
            found = await tx.execute(text("SELECT request_out_at, fault_code FROM traffic WHERE status_code = 429"))
            return list(found)

    ((out, fault),) = await until(refused, what="the refused request")
    assert (out, fault) == (None, "too_many_requests")
    assert (await door.get("/v1/traffic", "beta")).json()["items"] == []


async def test_an_address_with_an_id_is_told_by_its_template(door: Door) -> None:
    await door.get("/programs/csa/v1/enrollments/01989a4e-5b00-7c3d-8e21-6f0a4d7b9c02")

    (row,) = await rows(door, "alpha", 1)

    assert (row["serviceCode"], row["statusCode"], row["faultCode"]) == (
        "GET /v1/enrollments/{enrollment_id}",
        404,
        "404",
    )


async def test_pages_lead_through_all_of_it_once(door: Door) -> None:
    for _ in range(7):
        await door.get("/registry/v1/echo")
    await rows(door, "alpha", 7)

    seen, cursor = [], None
    while True:
        page = (await door.get("/v1/traffic", params={"limit": 3} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [one["xRequestId"] for one in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert len(seen) == len(set(seen)) >= 7


async def test_old_rows_are_forgotten(door: Door) -> None:
    database = door.running.platform.database
    await door.get("/registry/v1/echo")
    await rows(door, "alpha", 1)
    async with database.transaction() as tx:
        await tx.execute(text("UPDATE traffic SET request_in_at = now() - interval '31 days'"))
    door.gateway._traffic._forgot_at = 0.0

    async def gone() -> bool:
        async with database.transaction() as tx:
            return not (await tx.scalar(text("SELECT count(*) FROM traffic WHERE service_code = 'GET /v1/echo'")))

    await until(gone, what="the old row to go")


def test_what_does_not_fit_is_counted_as_lost() -> None:
    recorder = TrafficRecorder(retention_days=30)
    exchange = Exchange(f"00-{TRACE}-b7ad6b7169203331-01", partner="alpha", status=200)

    for _ in range(MOST_WAITING + 3):
        recorder.note(exchange)

    assert (len(recorder._waiting), recorder.lost) == (MOST_WAITING, 3)
    assert len(exchange.row()) == len(COLUMNS)
