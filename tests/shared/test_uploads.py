"""Resumable uploads: what was acknowledged is stored, whatever is cut; a whole file is an import like any other."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import tracemalloc
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from running import until
from shared.clock import now
from shared.importing.applying import import_worker
from shared.importing.ending import prune
from small_service import Small, serving
from tests.shared.test_imports import FILE, Lines, app_of, lines
from uploading import PIECE, TUS, begin, located, offset_of, send_in_pieces, send_piece

SAID = {"kind": "notes", "filename": "x.csv"}


@pytest.fixture
async def client(small: Small) -> AsyncIterator[httpx.AsyncClient]:
    """Of a service without a worker: an upload stays as it is."""
    async with serving(app_of(small), **small.headers("imports:write", name="csa")) as client:
        yield client


async def test_a_file_sent_in_pieces_is_applied_like_one_sent_whole(small: Small) -> None:
    async with serving(app_of(small, import_worker(Lines())), **small.headers("imports:write", name="csa")) as client:
        import_id = await send_in_pieces(client, FILE, 7, **SAID)

        async def completed() -> Any:
            state = (await client.get(f"/v1/imports/{import_id}")).json()
            return state if state["status"] == "completed" else None

        state = await until(completed, what="the import to end")

    assert (state["accepted"], state["rejected"], state["size"], state["received"]) == (4, 1, len(FILE), len(FILE))
    assert (state["percent"], state["lines_total"], state["lines_done"]) == (100, 5, 5)
    assert await lines(small) == ["alpha", "beta", "gamma", "delta"]


async def test_what_is_offered_is_told(client: httpx.AsyncClient) -> None:
    offered = await client.options("/v1/uploads")

    assert offered.status_code == 204
    assert offered.headers["tus-version"] == "1.0.0"
    assert offered.headers["tus-extension"] == "creation,creation-with-upload,expiration,checksum,termination"
    assert offered.headers["tus-max-size"] == str(1 << 30)
    assert offered.headers["tus-checksum-algorithm"] == "sha256,sha1"


async def test_the_address_is_relative_and_the_offset_is_told(client: httpx.AsyncClient) -> None:
    made = await begin(client, len(FILE), **SAID)
    where = located(made)
    await send_piece(client, where, 0, FILE[:10])

    told = await client.head(where, headers=TUS)

    assert made.headers["location"] == f"uploads/{made.json()['id']}"
    assert (made.json()["status"], made.json()["percent"]) == ("uploading", 0)
    assert (told.headers["upload-offset"], told.headers["upload-length"]) == ("10", str(len(FILE)))
    assert (told.headers["cache-control"], told.headers["tus-resumable"]) == ("no-store", "1.0.0")
    assert told.headers["upload-expires"].endswith("GMT")
    assert "upload-import" not in told.headers


async def test_the_first_piece_may_come_with_the_creation(client: httpx.AsyncClient) -> None:
    headers = {**PIECE, "Upload-Length": str(len(FILE))}

    made = await client.post("/v1/uploads", params=SAID, content=FILE[:12], headers=headers)

    assert (made.status_code, made.headers["upload-offset"]) == (201, "12")
    done = await send_piece(client, located(made), 12, FILE[12:])
    assert done.headers["upload-import"] == made.json()["id"]


async def test_a_piece_at_another_place_is_refused_and_told_where_to_go_on(client: httpx.AsyncClient) -> None:
    where = located(await begin(client, len(FILE), **SAID))
    await send_piece(client, where, 0, FILE[:10])

    for offset in (0, 9, 11):
        refused = await send_piece(client, where, offset, FILE[10:])
        assert (refused.status_code, refused.json()["code"]) == (409, "offset_mismatch")
        assert refused.headers["tus-resumable"] == "1.0.0"
    assert await offset_of(client, where) == 10


async def test_the_same_piece_twice_at_once_is_stored_once(client: httpx.AsyncClient) -> None:
    where = located(await begin(client, len(FILE), **SAID))

    answers = await asyncio.gather(*(send_piece(client, where, 0, FILE[:10]) for _ in range(3)))

    assert sorted(answer.status_code for answer in answers) == [204, 409, 409]
    assert await offset_of(client, where) == 10


async def test_a_damaged_piece_is_refused_whole(client: httpx.AsyncClient) -> None:
    where = located(await begin(client, len(FILE), **SAID))
    sums = {
        "sha256": base64.b64encode(hashlib.sha256(FILE).digest()).decode(),
        "sha1": base64.b64encode(hashlib.sha1(FILE).digest()).decode(),
    }

    damaged = await send_piece(client, where, 0, b"X" + FILE[1:], Upload_Checksum=f"sha256 {sums['sha256']}")
    unknown = await send_piece(client, where, 0, FILE, Upload_Checksum="crc32 AAAA")
    garbled = await send_piece(client, where, 0, FILE, Upload_Checksum="sha1 ?")

    assert [(one.status_code, one.json()["code"]) for one in (damaged, unknown, garbled)] == [
        (460, "checksum_mismatch"),
        (400, "checksum_not_known"),
        (400, "checksum_not_known"),
    ]
    assert await offset_of(client, where) == 0
    assert (await send_piece(client, where, 0, FILE, Upload_Checksum=f"sha1 {sums['sha1']}")).status_code == 204


async def test_other_versions_and_other_bodies_are_refused(client: httpx.AsyncClient) -> None:
    where = located(await begin(client, len(FILE), **SAID))

    silent = await client.head(where)
    later = await client.patch(where, content=FILE, headers={**PIECE, "Tus-Resumable": "2.0.0", "Upload-Offset": "0"})
    plain = await client.patch(where, content=FILE, headers={**TUS, "Upload-Offset": "0"})

    assert (silent.status_code, later.status_code, later.headers["tus-version"]) == (412, 412, "1.0.0")
    assert (plain.status_code, plain.json()["code"]) == (415, "not_a_piece_of_a_file")


@pytest.mark.parametrize(
    ("size", "filename", "said"),
    [
        (10 << 30, "x.csv", "1024 MB"),
        ((1 << 30) + 1, "x.csv", "1024 MB"),
        ((64 << 20) + 1, "x.xlsx", "64 MB"),
        (10 << 30, "x.xlsx", "64 MB"),
    ],
)
async def test_a_file_declared_too_large_is_refused_before_it_is_sent(
    small: Small, client: httpx.AsyncClient, size: int, filename: str, said: str
) -> None:
    client.headers["Accept-Language"] = "en"

    refused = await begin(client, size, kind="notes", filename=filename)

    assert (refused.status_code, refused.json()["code"]) == (413, "file_too_large")
    assert refused.json()["title"] == (
        f"The file is larger than the limit: {said} for this kind. Split it into several files."
    )
    assert await small.rows("SELECT * FROM imports") == []


async def test_a_stream_without_end_is_cut_at_the_bound_in_bounded_memory(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1 << 16
            yield b"x" * (1 << 16)

    where = located(await begin(client, 512 << 20, **SAID))
    monkeypatch.setattr("shared.importing.routes.LARGEST_BODY_BYTES", 16 << 20)
    tracemalloc.start()
    try:
        piece = await client.patch(where, content=endless(), headers={**PIECE, "Upload-Offset": "0"})
        of_a_piece, sent = sent, 0
        whole = await client.post("/v1/imports", params=SAID, content=endless())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert (piece.status_code, whole.status_code) == (413, 413)
    assert of_a_piece < 10 << 20 and sent < 18 << 20
    assert peak < 6 << 20
    assert await offset_of(client, where) == 0


async def test_more_than_was_announced_is_refused(client: httpx.AsyncClient) -> None:
    where = located(await begin(client, 5, **SAID))

    refused = await send_piece(client, where, 0, b"123456")

    assert refused.status_code == 413
    assert await offset_of(client, where) == 0


async def test_of_a_piece_cut_on_its_way_what_came_is_kept(small: Small) -> None:
    """The line in Néma: whatever reached us need not be sent again."""
    app = app_of(small)
    async with serving(app, **small.headers("imports:write", name="csa")) as client:
        where = located(await begin(client, len(FILE), **SAID))
        messages = [
            {"type": "http.request", "body": FILE[:9], "more_body": True},
            {"type": "http.disconnect"},
        ]

        async def receive() -> Any:
            return messages.pop(0) if messages else {"type": "http.disconnect"}

        async def send(_: Any) -> None:
            return None

        path = httpx.URL(where).path
        given = {**PIECE, "Upload-Offset": "0", **small.headers("imports:write", name="csa")}
        headers = [(name.lower().encode(), value.encode()) for name, value in given.items()]
        scope = {"type": "http", "method": "PATCH", "path": path, "raw_path": path.encode(), "query_string": b""}
        await app({**scope, "headers": headers, "http_version": "1.1", "scheme": "http"}, receive, send)

        assert await offset_of(client, where) == 9


async def test_an_upload_is_its_senders_alone(small: Small, client: httpx.AsyncClient) -> None:
    where = located(await begin(client, len(FILE), **SAID))
    other = small.headers("imports:write", name="wfp")

    answers = [
        await client.head(where, headers={**TUS, **other}),
        await client.patch(where, content=FILE, headers={**PIECE, **other, "Upload-Offset": "0"}),
        await client.delete(where, headers={**TUS, **other}),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert await offset_of(client, where) == 0


async def test_an_upload_can_be_given_up_until_it_is_whole(small: Small, client: httpx.AsyncClient) -> None:
    where = located(await begin(client, len(FILE), **SAID))
    await send_piece(client, where, 0, FILE[:5])
    whole = located(await begin(client, len(FILE), **SAID))
    await send_piece(client, whole, 0, FILE)

    gone = await client.delete(where, headers=TUS)
    refused = await client.delete(whole, headers=TUS)

    assert (gone.status_code, (await client.head(where, headers=TUS)).status_code) == (204, 404)
    assert (refused.status_code, refused.json()["code"]) == (409, "upload_complete")
    assert len(await small.rows("SELECT * FROM import_parts")) == 1


async def test_an_upload_left_alone_for_a_day_is_gone_and_one_that_goes_on_is_not(
    small: Small, client: httpx.AsyncClient
) -> None:
    left, going_on = located(await begin(client, 9, **SAID)), located(await begin(client, 9, **SAID))
    await send_piece(client, left, 0, b"abc")
    await small.execute("UPDATE imports SET expires_at = expires_at - interval '23 hours'")
    await send_piece(client, going_on, 0, b"abc")

    async with small.database.transaction() as tx:
        assert await prune(tx, now()) == 0
        assert await prune(tx, now() + timedelta(hours=2)) == 1

    assert (await client.head(left, headers=TUS)).status_code == 404
    assert await offset_of(client, going_on) == 3
    assert len(await small.rows("SELECT * FROM import_parts")) == 1


async def test_an_expired_upload_takes_no_more(small: Small, client: httpx.AsyncClient) -> None:
    where = located(await begin(client, 9, **SAID))
    await small.execute("UPDATE imports SET expires_at = now() - interval '1 second'")

    assert (await send_piece(client, where, 0, b"abc")).status_code == 404


async def test_the_same_file_uploaded_again_is_the_import_it_was(small: Small, client: httpx.AsyncClient) -> None:
    first = await send_in_pieces(client, FILE, 10, **SAID)
    where = located(await begin(client, len(FILE), **SAID))
    again = await send_piece(client, where, 0, FILE)
    state = (await client.get(f"/v1/imports/{where.rsplit('/', 1)[-1]}")).json()

    assert again.headers["upload-import"] == first
    assert (await client.head(where, headers=TUS)).headers["upload-import"] == first
    assert (state["status"], state["same_as"]) == ("repeated", first)
    assert len(await small.rows("SELECT * FROM import_parts")) == 3  # of the first alone


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"kind": "notes"}, "invalid_request"),
        ({"kind": "secrets", "filename": "x.csv"}, "not_permitted"),
        ({**SAID, "currency": "EUR"}, "invalid_request"),
        ({**SAID, "supersedes": "not an id"}, "invalid_request"),
        ({**SAID, "mapping": "[" * 60 + "]" * 60}, "mapping_not_accepted"),
        ({**SAID, "mapping": '{"a":' * 60 + "1" + "}" * 60}, "mapping_not_accepted"),
        ({**SAID, "mapping": '{"Nom": "nobody"}'}, "unknown_mapping_field"),
    ],
)
async def test_what_is_said_of_a_file_is_checked_before_it_is_sent(
    client: httpx.AsyncClient, said: dict[str, str], code: str
) -> None:
    assert (await begin(client, 9, **said)).json()["code"] == code


async def test_metadata_that_is_not_base64_is_refused_and_what_others_add_is_passed_over(
    client: httpx.AsyncClient,
) -> None:
    headers = {**TUS, "Upload-Length": "9", "Upload-Metadata": "kind ?,filename eC5jc3Y="}
    garbled = await client.post("/v1/uploads", headers=headers)
    extra = await begin(client, 9, **SAID, filetype="text/csv", relativePath="null")

    assert (garbled.status_code, garbled.json()["code"]) == (422, "invalid_request")
    assert extra.status_code == 201


async def test_unfinished_uploads_have_a_bound(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.importing.uploads.MOST_UPLOADS", 2)

    answers = [await begin(client, 9, **SAID) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [201, 201, 409]
    assert answers[2].json()["code"] == "too_many_uploads"


async def test_a_creation_repeated_with_its_key_is_one_upload(small: Small, client: httpx.AsyncClient) -> None:
    client.headers["Idempotency-Key"] = "one-creation"

    first, again = await begin(client, 9, **SAID), await begin(client, 9, **SAID)

    assert first.headers["location"] == again.headers["location"]
    assert len(await small.rows("SELECT * FROM imports")) == 1


async def test_an_empty_file_becomes_an_import_that_says_so(client: httpx.AsyncClient) -> None:
    made = await begin(client, 0, **SAID)

    assert (made.json()["status"], made.headers["upload-offset"]) == ("received", "0")
