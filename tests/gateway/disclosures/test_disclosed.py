"""Through the door: what leaves is in the log first, and what cannot be logged does not leave."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from datetime import timedelta
from uuid import uuid4

import asyncpg

from cli.verifying import verify
from in_turn import in_turn
from shared.disclosing import FILE_HEADER, GRANT_HEADER, FileTold, Grant
from tests.gateway.conftest import Door, change

PERSON = {"individual_id": "i-1", "household_id": "h-1", "name": "Fatimetou mint Sidi", "nni": None}
TRACE = f"00-{'a' * 32}-{'b' * 16}-01"
HEADERS = {"Tekamoul-Official": "a.mint.sidi", "Tekamoul-Case": "G-17", "traceparent": TRACE}


async def logged(door: Door) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(str(door.running.platform.settings.database_url))
    try:
        return list(
            await connection.fetch(
                "SELECT d.*, s.reference AS who, o.reference AS by_whom FROM disclosures d"
                " LEFT JOIN disclosure_parties s ON s.commitment = d.subject"
                " LEFT JOIN disclosure_parties o ON o.commitment = d.official ORDER BY position"
            )
        )
    finally:
        await connection.close()


async def break_the_log(door: Door, *, broken: bool) -> None:
    connection = await asyncpg.connect(str(door.running.platform.settings.database_url))
    # Not the table itself: who seals looks at it each second.
    if broken:
        await connection.execute(
            "CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'disk full'; END $$;"
            "CREATE TRIGGER disk_full BEFORE INSERT ON disclosures FOR EACH STATEMENT EXECUTE FUNCTION disk_full()"
        )
    else:
        await connection.execute("DROP TRIGGER disk_full ON disclosures")
    await connection.close()


async def test_an_answer_about_people_leaves_a_row_for_each_before_it_leaves(door: Door) -> None:
    door.registry.answers["/v1/people"] = {"items": [PERSON, PERSON | {"individual_id": "i-2", "nni": "9900000001"}]}

    answer = await door.get("/registry/v1/people", headers=HEADERS)

    assert answer.status_code == 200
    rows = await logged(door)
    assert [(row["subject_kind"], row["who"], row["attributes"]) for row in rows] == [
        ("individual", "i-1", ["household_id", "individual_id", "name"]),
        ("household", "h-1", ["household_id", "individual_id", "name"]),
        ("individual", "i-2", ["household_id", "individual_id", "name", "nni"]),
        ("household", "h-1", ["household_id", "individual_id", "name", "nni"]),
    ]
    one = rows[0]
    assert (one["partner"], one["by_whom"], one["case"], one["decision"], one["subjects"]) == (
        "alpha", "alpha/a.mint.sidi", "G-17", "allowed", 1,
    )  # fmt: skip
    assert (one["request"], one["route"]) == ("a" * 32, "GET /registry/v1/people")
    assert all("Fatimetou" not in str(tuple(row)) and "9900000001" not in str(tuple(row)) for row in rows)


async def test_where_the_log_cannot_be_written_nothing_leaves(door: Door) -> None:
    door.registry.answers["/v1/people"] = {"items": [PERSON]}
    door.registry.answers["/v1/people/7/file"] = b"household_number\nFatimetou\n"
    await break_the_log(door, broken=True)
    for path, kind in (("/registry/v1/people", "application/json"), ("/registry/v1/people/7/file", "text/csv")):
        door.registry.kind = kind
        answer = await door.get(path)

        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert answer.headers["retry-after"] == "5"
        assert "Fatimetou" not in answer.text
    things = await door.get("/registry/v1/things")
    assert things.status_code == 404, "what is about nobody is answered as ever"
    await break_the_log(door, broken=False)
    door.registry.kind = "application/json"
    assert (await door.get("/registry/v1/people")).status_code == 200
    assert len(await logged(door)) == 2


async def test_the_row_of_a_file_has_its_digest_and_what_the_gateway_found_in_it(door: Door) -> None:
    content = b"N\xc2\xb0 m\xc3\xa9nage,Taille\r\nMR0110000001,5\r\nMR0110000002,4\r\n"
    door.registry.answers["/v1/people/7/file"], door.registry.kind = content, "text/csv"
    untold = await door.get("/registry/v1/people/7/file")
    door.registry.headers = {FILE_HEADER: "subjects=1"}
    unreadable_header = await door.get("/registry/v1/people/7/file")
    door.registry.headers = FileTold.of(content, 2, ("household_number", "size")).header()
    told = await door.get("/registry/v1/people/7/file")

    assert [one.content for one in (untold, unreadable_header, told)] == [content] * 3
    assert FILE_HEADER not in told.headers
    rows = await logged(door)
    assert len(rows) == 3
    for row in rows:
        assert row["who"] == f"/v1/people/7/file#sha256={hashlib.sha256(content).hexdigest()}"
        assert (row["subject_kind"], row["attributes"], row["subjects"]) == ("file", ["household_number", "size"], 2)
        assert row["route"] == "GET /registry/v1/people/{person_id}/file"


async def test_what_a_service_let_a_partner_read_is_written_under_that_right(door: Door) -> None:
    grant = Grant("SHARING-7", "soutien à la soudure", "قرار رقم 12/2026")
    door.registry.answers["/v1/people"] = {"items": [{"individual_id": "i-1"}]}
    door.registry.headers = grant.header()
    answer = await door.get("/registry/v1/people")
    nothing = base64.b64encode(b'["SHARING-7", "x"]').decode()
    for unreadable in ("?", "WzFd", nothing):
        door.registry.headers = {GRANT_HEADER: unreadable}
        assert (await door.get("/registry/v1/people")).status_code == 200

    assert GRANT_HEADER not in answer.headers
    first, *others = await logged(door)
    assert (first["agreement"], first["purpose"], first["legal_basis"]) == (
        "SHARING-7", "soutien à la soudure", "قرار رقم 12/2026",
    )  # fmt: skip
    assert {one["agreement"] for one in others} == {"MANDATE-ALPHA"}


async def test_a_refused_read_leaves_a_row_without_a_subject(door: Door) -> None:
    missing = await door.get("/registry/v1/people", headers=HEADERS)
    refused = await door.get("/registry/v1/people", headers=HEADERS | {"Tekamoul-Agreement": "NONE-1"})
    about_nobody = await door.get("/registry/v1/things")

    assert [one.status_code for one in (missing, refused, about_nobody)] == [404, 404, 404]
    rows = await logged(door)
    assert [(row["decision"], row["code"], row["subject"], row["attributes"], row["subjects"]) for row in rows] == [
        ("refused", "404", b"", [], 0),
        ("refused", "agreement_unknown", b"", [], 0),
    ]
    assert {row["by_whom"] for row in rows} == {"alpha/a.mint.sidi"}


@in_turn("value", ["Fatimetou mint Sidi", "x", "a" * 41, "né", "a,b"])
async def test_no_name_enters_the_log_by_a_header(door: Door, value: str) -> None:
    door.registry.answers["/v1/people"] = {"items": [PERSON]}

    answer = await door.get("/registry/v1/people", headers={"Tekamoul-Official": value.encode("latin-1")})

    assert (answer.status_code, answer.json()["code"]) == (422, "header_unreadable")
    assert answer.json()["pointer"] == "/header/Tekamoul-Official"
    assert await logged(door) == []


async def test_the_feed_is_logged_by_the_enrollments_themselves_and_not_by_the_readers_names_of_them(
    door: Door,
) -> None:
    enrollment = uuid4()
    await door.announce(door.batch(change(enrollment), change(enrollment, 2, before="enrolled", to="suspended")))
    await door.handled(1)

    page = await door.get("/v1/events", headers=HEADERS)

    assert len(page.json()["items"]) == 2
    (row,) = await logged(door)
    assert (row["subject_kind"], row["who"], row["route"]) == ("enrollment", str(enrollment), "GET /v1/events")
    assert (row["by_whom"], row["request"]) == ("alpha/a.mint.sidi", "a" * 32)
    await break_the_log(door, broken=True)
    again = await door.get("/v1/events")
    assert again.status_code == 503
    assert str(enrollment) not in again.text
    assert page.json()["items"][0]["subject"] not in again.text


async def test_the_gateway_seals_its_log_with_the_key_it_signs_tokens_with(door: Door) -> None:
    door.registry.answers["/v1/people"] = {"items": [PERSON]}
    await door.get("/registry/v1/people")
    sealer = door.gateway.state.sealer
    async with door.running.platform.database.transaction() as tx:
        assert [seal.last for seal in await sealer.seal_due(tx, timedelta(0))] == [2]
        assert await sealer.seal_due(tx, timedelta(0)) == []

    connection = await asyncpg.connect(str(door.running.platform.settings.database_url))
    key = door.gateway.state.tokens.key
    found = await verify(connection, {key.kid: key})
    await connection.close()
    assert (found.fault, found.rows, found.seals, found.unsealed) == (None, 2, 1, 0)


async def test_requests_of_one_moment_share_commits(door: Door) -> None:
    door.registry.answers["/v1/people"] = {"items": [PERSON]}
    await door.get("/registry/v1/people")

    answers = await asyncio.gather(*(door.get("/registry/v1/people") for _ in range(40)))

    assert {one.status_code for one in answers} == {200}
    rows = await logged(door)
    assert len(rows) == 82
    assert len({row["at"] for row in rows}) < 41
