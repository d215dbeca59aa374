"""At the edge: what hostile framing, sizes and ids get out of the door."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from gateway.aliases.queries import aliases
from gateway.settings import SHIPPED_ROUTES
from in_turn import in_turn
from shared.disclosing import SUBJECT_FIELDS
from tests.gateway.conftest import Door

HIDDEN = "GET /registry/v1/things HTTP/1.1\r\nHost: d\r\nAuthorization: {token}\r\n\r\n"
CHUNKS = "5\r\nhello\r\n0\r\n\r\n"


async def sent(door: Door, head: list[str], body: str) -> bytes:
    """Everything that comes back for these very bytes."""
    token = (await door.as_("alpha"))["Authorization"]
    lines = "\r\n".join([*head, f"Authorization: {token}", "Connection: close", "", ""])
    where = urlsplit(door.url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write((lines + body.format(token=token)).encode("latin-1"))
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer


POST = "POST /registry/v1/echo HTTP/1.1"
SMUGGLED = {
    "two lengths": ([POST, "Host: d", "Content-Length: 5", "Content-Length: 80"], "hello" + HIDDEN),
    "a length and chunks": ([POST, "Host: d", "Content-Length: 5", "Transfer-Encoding: chunked"], CHUNKS + HIDDEN),
    "chunks and a length": ([POST, "Host: d", "Transfer-Encoding: chunked", "Content-Length: 5"], CHUNKS + HIDDEN),
    "a length of text": ([POST, "Host: d", "Content-Length: five"], "hello" + HIDDEN),
    "a length with a sign": ([POST, "Host: d", "Content-Length: +5"], "hello" + HIDDEN),
    "a negative length": ([POST, "Host: d", "Content-Length: -5"], "hello" + HIDDEN),
    "a list of lengths": ([POST, "Host: d", "Content-Length: 5, 5"], "hello" + HIDDEN),
    "an unknown coding": ([POST, "Host: d", "Transfer-Encoding: xchunked"], CHUNKS + HIDDEN),
    "chunked, then another coding": ([POST, "Host: d", "Transfer-Encoding: chunked, identity"], CHUNKS + HIDDEN),
    "a blank before the colon": ([POST, "Host: d", "Transfer-Encoding : chunked"], CHUNKS + HIDDEN),
    "a folded header": ([POST, "Host: d", "X-A: b\r\n Transfer-Encoding: chunked"], CHUNKS + HIDDEN),
    "a chunk's size that overflows": (
        [POST, "Host: d", "Transfer-Encoding: chunked"],
        "FFFFFFFFFFFFFFFFF\r\nhello" + HIDDEN,
    ),
    "a chunk's size with a sign": (
        [POST, "Host: d", "Transfer-Encoding: chunked"],
        "-5\r\nhello\r\n0\r\n\r\n" + HIDDEN,
    ),
}


@in_turn("name", SMUGGLED)
async def test_a_request_hidden_in_anothers_body_reaches_no_service(door: Door, name: str) -> None:
    head, body = SMUGGLED[name]

    answer = await sent(door, head, body)

    assert answer.count(b"HTTP/1.1 ") <= 1  # nobody is answered twice
    assert [one["path"] for one in door.registry.seen if one["path"] == "/v1/things"] == []
    for one in door.registry.seen:
        assert "GET /registry" not in one["body"]


@in_turn("name", ["Authorization", "Tekamoul-Agreement", "Tekamoul-Official", "Host", "If-Match"])
async def test_a_header_that_says_who_or_what_stands_once(door: Door, name: str) -> None:
    token = (await door.as_("beta"))["Authorization"]
    twice = [f"{name}: {token}"] if name == "Authorization" else [f"{name}: d", f"{name}: d"]
    host = [] if name == "Host" else ["Host: d"]

    answer = await sent(door, ["GET /registry/v1/echo HTTP/1.1", *host, *twice], "")

    assert answer.split(b" ")[1] == b"400"
    assert [one for one in door.registry.seen if one["path"].startswith("/v1/")] == []


async def test_ten_mebibytes_of_json_are_refused_and_reach_no_service(door: Door) -> None:
    body = b'{"a":"' + b"x" * (10 << 20) + b'"}'

    answer = await door.client.post("/registry/v1/echo", content=body, headers=await door.as_("alpha") | JSON)

    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert [one for one in door.registry.seen if one["path"] == "/v1/echo"] == []


JSON = {"Content-Type": "application/json"}


async def test_a_page_is_two_hundred_rows_at_most(door: Door) -> None:
    for limit in ("201", "100000000", "-1", "0", "1e9"):
        answer = await door.get("/v1/events", params={"limit": limit})
        assert (answer.status_code, answer.json()["pointer"]) == (422, "/limit")


async def test_of_a_key_given_twice_each_value_is_a_name(door: Door) -> None:
    real = str(uuid4())

    await door.get(f"/programs/csa/v1/echo?household_id={real}&household_id={real}&HOUSEHOLD_ID=x")

    (query,) = [one["query"] for one in door.csa.seen if one["path"] == "/v1/echo"]
    assert real not in query
    assert query.count("household_id=") == 2


@in_turn("value", ["a\tb", "a b", "ab'--", "محمد", "a" * 100, "x\x1b[2J"])
async def test_a_header_for_the_log_is_a_code_and_nothing_else(door: Door, value: str) -> None:
    headers = {**await door.as_("alpha"), "Tekamoul-Official": value.encode()}

    answer = await door.client.get("/programs/csa/v1/reviews", headers=headers)

    assert answer.status_code in (400, 422), answer.text


def people_named() -> list[dict[str, Any]]:
    """Every operation of the table whose address names a household or an individual."""
    rows = json.loads(SHIPPED_ROUTES.read_text())
    return [row for row in rows if any(f"{{{name}}}" in row["path"] for name in NAMES)]


NAMES = [name for name, kind in SUBJECT_FIELDS.items() if kind in ("household", "individual")]


async def test_another_partners_ids_are_answered_as_nobodys_on_every_route(door: Door) -> None:
    real = uuid4()
    async with door.running.platform.database.transaction() as tx:
        theirs = (await aliases(tx, "beta", [real]))[real]
    trace = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01", **JSON}
    rows = people_named()
    assert len(rows) > 8

    for row in rows:
        prefix = "/programs/csa" if row["service"] == "programs" else f"/{row['service']}"
        answers = []
        for id in (uuid4(), theirs, real):
            path = prefix + row["path"]
            for name in NAMES:
                path = path.replace(f"{{{name}}}", str(id))
            path = path.replace("{replay_id}", str(UUID(int=1)))
            headers = {**await door.as_("alpha"), **trace}
            answer = await door.client.request(row["method"], path, headers=headers)
            answers.append((answer.status_code, answer.content))
        assert answers[0][0] in (403, 404), (row, answers)
        assert answers[1:] == answers[:1] * 2, row
    assert str(real) not in json.dumps(door.registry.seen + door.csa.seen)
