"""What every route shares: one transaction, one effect per key, versions, pages, refusals in three languages, callers."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated, Any
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Query, Response
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from shared.database import Tx
from shared.errors import InvalidCursor, NotFound, Unauthenticated
from shared.etags import IfMatch, refuse_stale, tag
from shared.idempotency import OnceOnly
from shared.identity import Caller, InternalKey, UndeclaredPermission, open_to_all, permitted
from shared.ids import new_id
from shared.outbox import record
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor
from shared.service import create_service
from small_service import Note, NoteWritten, Small, serving

SECRET = "Zahra mint Sample 9912345678"
LANGUAGES = ("ar", "fr", "en")


class NoteIn(BaseModel):
    text: Annotated[str, Field(max_length=40)]
    written_on: date | None = None


class NoteOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    text: str
    version: int


router = APIRouter(prefix="/v1", dependencies=[permitted("notes:use")])


@router.post("/notes")
async def write_note(body: NoteIn, tx: Tx, once: OnceOnly) -> Response:
    async def write() -> NoteOut:
        note = Note(id=new_id(), text=body.text, version=1)
        tx.add(note)
        record(tx, NoteWritten(note_id=note.id))
        return NoteOut.model_validate(note)

    return await once.answer(write, status=201, body=body.model_dump_json().encode())


@router.get("/notes")
async def list_notes(tx: Tx, limit: Limit = 3, cursor: Cursor = None) -> Page[NoteOut]:
    rows = select(Note).order_by(Note.version, Note.id).limit(limit + 1)
    if cursor:
        version, note = decode_cursor(cursor, int, UUID)
        rows = rows.where((Note.version > version) | ((Note.version == version) & (Note.id > note)))
    found = list((await tx.scalars(rows)).all())
    more = encode_cursor(found[limit - 1].version, found[limit - 1].id) if len(found) > limit else None
    return Page(items=[NoteOut.model_validate(one) for one in found[:limit]], next_cursor=more)


@router.get("/notes/{note_id}")
async def get_note(note_id: UUID, tx: Tx, response: Response) -> NoteOut:
    note = await tx.get(Note, note_id)
    if note is None:
        raise NotFound
    tag(response, note.version)
    return NoteOut.model_validate(note)


@router.put("/notes/{note_id}")
async def change_note(note_id: UUID, body: NoteIn, tx: Tx, if_match: IfMatch, response: Response) -> NoteOut:
    note = await tx.get_one(Note, note_id, with_for_update=True)
    refuse_stale(if_match, note.version)
    note.text, note.version = body.text, note.version + 1
    tag(response, note.version)
    return NoteOut.model_validate(note)


@router.get("/search")
async def search_notes(tx: Tx, text: Annotated[str, Query()], version: int = 1) -> list[NoteOut]:
    rows = await tx.scalars(select(Note).where(Note.text == text, Note.version == version))
    return [NoteOut.model_validate(one) for one in rows]


@router.get("/fault")
async def fault() -> None:
    raise ValueError(SECRET)


def app_of(small: Small, *routers: APIRouter) -> FastAPI:
    return create_service(
        small.settings, title="Small", description="", routers=routers or [router], migrations=small.migrations
    )


@pytest.fixture
async def client(small: Small) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(app_of(small), **small.headers("notes:use")) as client:
        yield client


# One transaction per request, committed before the answer leaves


async def test_a_commit_that_fails_is_no_success(client: httpx.AsyncClient, small: Small) -> None:
    first = await client.post("/v1/notes", json={"text": "same"})
    second = await client.post("/v1/notes", json={"text": "same"})  # refused by a constraint that waits for the commit

    assert (first.status_code, second.status_code) == (201, 500)
    assert second.json()["code"] == "internal_fault"
    assert len(await small.rows("SELECT * FROM notes")) == 1
    assert len(await small.rows("SELECT * FROM outbox")) == 1


# One effect per Idempotency-Key


async def test_a_repeated_key_gets_the_first_answer_byte_for_byte(client: httpx.AsyncClient, small: Small) -> None:
    key = {"Idempotency-Key": "key-of-the-first"}

    first = await client.post("/v1/notes", json={"text": "once"}, headers=key)
    again = await client.post("/v1/notes", json={"text": "once"}, headers=key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert first.headers["content-type"] == again.headers["content-type"]
    assert len(await small.rows("SELECT * FROM notes")) == len(await small.rows("SELECT * FROM outbox")) == 1


async def test_twins_at_the_same_moment_have_one_effect_and_one_answer(client: httpx.AsyncClient, small: Small) -> None:
    key = {"Idempotency-Key": "key-of-the-twins"}

    answers = await asyncio.gather(*(client.post("/v1/notes", json={"text": "twin"}, headers=key) for _ in range(8)))

    assert [answer.status_code for answer in answers] == [201] * 8
    assert len({answer.content for answer in answers}) == 1
    assert len(await small.rows("SELECT * FROM notes")) == 1


async def test_a_key_with_another_request_is_refused(client: httpx.AsyncClient, small: Small) -> None:
    key = {"Idempotency-Key": "key-of-the-other"}
    await client.post("/v1/notes", json={"text": "one"}, headers=key)

    other = await client.post("/v1/notes", json={"text": "two"}, headers=key)

    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert other.json()["pointer"] == "/header/Idempotency-Key"
    assert len(await small.rows("SELECT * FROM notes")) == 1


async def test_two_callers_may_choose_the_same_key(client: httpx.AsyncClient, small: Small) -> None:
    key = {"Idempotency-Key": "everybodys-key"}

    mine = await client.post("/v1/notes", json={"text": "mine"}, headers=key)
    other = small.headers("notes:use", name="another")
    theirs = await client.post("/v1/notes", json={"text": "theirs"}, headers=key | other)

    assert (mine.json()["text"], theirs.json()["text"]) == ("mine", "theirs")


async def test_a_refused_request_leaves_its_key_free(client: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "key-of-the-refused"}
    taken = await client.post("/v1/notes", json={"text": "taken"})
    refused = await client.post("/v1/notes", json={"text": "taken"}, headers=key)

    after = await client.post("/v1/notes", json={"text": "free"}, headers=key)

    assert [one.status_code for one in (taken, refused, after)] == [201, 500, 201]


# Versions


async def test_a_change_needs_the_version_it_was_made_from(client: httpx.AsyncClient) -> None:
    note = (await client.post("/v1/notes", json={"text": "first"})).json()
    seen = await client.get(f"/v1/notes/{note['id']}")
    path, change = f"/v1/notes/{note['id']}", {"text": "second"}

    blind = await client.put(path, json=change)
    right = await client.put(path, json=change, headers={"If-Match": seen.headers["etag"]})
    late = await client.put(path, json={"text": "third"}, headers={"If-Match": seen.headers["etag"]})
    listed = await client.put(path, json={"text": "fourth"}, headers={"If-Match": '"7", "2"'})
    any_version = await client.put(path, json={"text": "fifth"}, headers={"If-Match": "*"})

    assert seen.headers["etag"] == '"1"'
    assert (blind.status_code, blind.json()["code"]) == (428, "precondition_required")
    assert (right.status_code, right.headers["etag"]) == (200, '"2"')
    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    assert (listed.status_code, any_version.status_code) == (200, 200)
    assert (await client.get(path)).json()["text"] == "fifth"


# Pages


async def test_pages_lead_through_every_row_once(client: httpx.AsyncClient) -> None:
    written = [(await client.post("/v1/notes", json={"text": str(n)})).json()["id"] for n in range(7)]
    found: list[str] = []
    cursor: dict[str, Any] = {}
    sizes = []
    while True:
        page = (await client.get("/v1/notes", params=cursor)).json()
        found += [one["id"] for one in page["items"]]
        sizes.append(len(page["items"]))
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert found == written
    assert sizes == [3, 3, 1]


@pytest.mark.parametrize("limit", ["0", "201", "-1", "many"])
async def test_a_page_is_bounded(client: httpx.AsyncClient, limit: str) -> None:
    refused = await client.get("/v1/notes", params={"limit": limit})

    assert (refused.status_code, refused.json()["pointer"]) == (422, "/limit")


@given(st.integers(-(2**63), 2**63 - 1), st.uuids(), st.text())
def test_a_cursor_gives_back_its_keys(number: int, key: UUID, word: str) -> None:
    assert decode_cursor(encode_cursor(number, key, word), int, UUID, str) == [number, key, word]


@given(st.text(max_size=60) | st.binary(max_size=40).map(lambda b: base64.urlsafe_b64encode(b).decode()))
def test_what_is_no_cursor_of_ours_is_refused(cursor: str) -> None:
    try:
        [version, key] = decode_cursor(cursor, int, UUID)
    except InvalidCursor as refused:
        assert refused.pointer == "/cursor"
    else:
        assert isinstance(version, int) and isinstance(key, UUID)


def cursor_of(json: bytes) -> str:
    return base64.urlsafe_b64encode(json).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "é",
        cursor_of(b"{}"),
        cursor_of(b"[]"),
        cursor_of(b"[1]"),
        cursor_of(b'[1,"not an id"]'),
        cursor_of(b"[1,5]"),
        cursor_of(b'[1e400,"01989a4e-5b00-7c3d-8e21-6f0a4d7b9c10"]'),
        cursor_of(b'[null,"01989a4e-5b00-7c3d-8e21-6f0a4d7b9c10"]'),
        cursor_of(b'[3000000000,"01989a4e-5b00-7c3d-8e21-6f0a4d7b9c10"]'),
        cursor_of(b'[99999999999999999999,"01989a4e-5b00-7c3d-8e21-6f0a4d7b9c10"]'),
    ],
)
async def test_a_tampered_cursor_is_refused_and_never_a_fault_of_ours(client: httpx.AsyncClient, cursor: str) -> None:
    refused = await client.get("/v1/notes", params={"cursor": cursor})

    assert refused.status_code == 422
    assert refused.json()["code"] in ("invalid_cursor", "value_not_storable")


# Refusals


async def in_languages(client: httpx.AsyncClient, method: str, path: str, **request: Any) -> dict[str, httpx.Response]:
    return {
        one: await client.request(method, path, headers={"Accept-Language": f"{one}-MR,de;q=0.5"}, **request)
        for one in LANGUAGES
    }


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing/here", 404, "not_found"),
        ("GET", f"/v1/notes/{UUID(int=7)}", 404, "not_found"),
        ("DELETE", "/v1/notes", 405, "method_not_allowed"),
        ("GET", "/v1/notes/Zahra-9912345678", 422, "invalid_request"),
        ("GET", "/v1/fault", 500, "internal_fault"),
    ],
)
async def test_a_refusal_is_a_problem_in_the_callers_language(
    client: httpx.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    answers = await in_languages(client, method, path)

    for language, answer in answers.items():
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["content-language"] == language
        assert answer.json()["code"] == code
        assert answer.json()["type"] == f"/docs/errors/{code}"
        assert len(answer.json()["trace_id"]) == 32
        assert "9912345678" not in answer.text and "Zahra" not in answer.text and "Traceback" not in answer.text
    assert len({answer.json()["title"] for answer in answers.values()}) == 3
    assert any("؀" <= letter <= "ۿ" for letter in answers["ar"].json()["title"])


async def test_french_is_spoken_to_whoever_names_no_language_of_ours(client: httpx.AsyncClient) -> None:
    answer = await client.get("/nothing", headers={"Accept-Language": "de, wo;q=0.8"})

    assert answer.headers["content-language"] == "fr"


async def test_the_other_methods_of_an_address_are_named(client: httpx.AsyncClient) -> None:
    refused = await client.delete(f"/v1/notes/{UUID(int=7)}")

    assert refused.status_code == 405
    assert set(refused.headers["allow"].split(", ")) & {"GET", "PUT"}


async def test_every_reason_of_an_invalid_body_is_named_by_place_and_nothing_sent_is_repeated(
    client: httpx.AsyncClient,
) -> None:
    refused = await client.post("/v1/notes", json={"text": SECRET * 3, "written_on": "Zahra 9912345678"})

    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
    assert [one["pointer"] for one in refused.json()["errors"]] == ["/text", "/written_on"]
    assert refused.json()["pointer"] == "/text"
    assert "9912345678" not in refused.text and "Zahra" not in refused.text


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"text": ', 422, "invalid_request"),
        (b"\xff\xfe{", 400, "unreadable_request"),
        (b"", 422, "invalid_request"),
        (b"[" * 50_000, 400, "unreadable_request"),
    ],
    ids=["cut off", "not UTF-8", "empty", "too deep"],
)
async def test_a_body_that_cannot_be_read_is_the_callers_fault(
    client: httpx.AsyncClient, body: bytes, status: int, code: str
) -> None:
    refused = await client.post("/v1/notes", content=body, headers={"Content-Type": "application/json"})

    assert (refused.status_code, refused.json()["code"]) == (status, code)


@pytest.mark.parametrize("params", [{"text": "a\x00b"}, {"text": "a", "version": "3000000000"}, {"text": "\ud800"}])
async def test_a_value_the_database_cannot_hold_is_the_callers_fault(
    client: httpx.AsyncClient, params: dict[str, str]
) -> None:
    query = "&".join(f"{name}={_percent(value)}" for name, value in params.items())
    refused = await client.get(f"/v1/search?{query}")

    assert refused.status_code in (200, 422)
    if params["text"] != "\ud800":
        assert (refused.status_code, refused.json()["code"]) == (422, "value_not_storable")


def _percent(value: str) -> str:
    return "".join(f"%{byte:02x}" for byte in value.encode("utf-8", "surrogatepass"))


# Callers


def token_of(small: Small, **changes: Any) -> str:
    claims = {
        "aud": "tekamoul-internal",
        "sub": "x",
        "exp": int(time.time()) + 60,
        "scope": "notes:use",
        "programs": [],
    }
    key = OctKey.import_key(changes.pop("key", None) or small.key_file.read_bytes())
    kept = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    return jwt.encode({"alg": changes.get("alg", "HS256")}, kept, key)


async def test_a_token_of_ours_passes(client: httpx.AsyncClient, small: Small) -> None:
    answer = await client.get("/v1/notes", headers={"Authorization": f"bearer {token_of(small)}"})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "changes",
    [{"exp": 1_700_000_000}, {"aud": "somebody-else"}, {"key": b"k" * 32}, {"aud": None}, {"exp": None}, {"sub": None}],
    ids=["expired", "for another audience", "another key", "no audience", "no end", "nobody"],
)
async def test_a_token_that_is_not_quite_ours_is_refused(
    client: httpx.AsyncClient, small: Small, changes: dict[str, Any]
) -> None:
    refused = await client.get("/v1/notes", headers={"Authorization": f"Bearer {token_of(small, **changes)}"})

    assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")
    assert refused.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic dGVzdA==", "Bearer x.y.z", "Bearer \xff\xfe", "Bearer eyJhbGciOiJub25lIn0.e30."],
)
async def test_what_is_no_token_is_refused(client: httpx.AsyncClient, header: str) -> None:
    refused = await client.get("/v1/notes", headers=[(b"authorization", header.encode("latin-1"))])

    assert refused.status_code == 401


async def test_a_token_expires_also_where_it_was_seen_before(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    token = token_of(small, exp=int(time.time()) + 60)
    key = InternalKey(small.key_file)
    assert key.caller(token).name == "x"
    later = time.time() + 61
    monkeypatch.setattr(time, "time", lambda: later)

    with pytest.raises(Exception, match="unauthenticated"):
        key.caller(token)


@pytest.mark.parametrize(("ahead", "believed"), [(-3600, True), (0, True), (18, True), (61, False), (3600, False)])
def test_a_service_believes_the_gateway_while_its_clock_is_a_few_seconds_ahead_or_any_time_behind(
    small: Small, monkeypatch: pytest.MonkeyPatch, ahead: int, believed: bool
) -> None:
    """At every age of a token that is used again; further ahead it believes nobody, rather than somebody for too long."""
    gateway, started, caller = InternalKey(small.key_file), int(time.time()), Caller("csa", frozenset({"notes:use"}))
    for second in range(0, 120, 3):
        at_the_gateway = started + second
        monkeypatch.setattr(time, "time", lambda at=at_the_gateway: at)
        token = gateway.token(caller)
        monkeypatch.setattr(time, "time", lambda at=at_the_gateway + ahead: at)
        if believed:
            assert InternalKey(small.key_file).caller(token) == caller
        else:
            with pytest.raises(Unauthenticated):
                InternalKey(small.key_file).caller(token)


async def test_a_caller_without_the_permission_is_told_which_and_the_log_who(
    client: httpx.AsyncClient, small: Small, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = await client.get("/v1/notes", headers=small.headers("other:use"))

    assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted")
    assert "notes:use" in refused.json()["title"]
    (line,) = [json.loads(one) for one in capsys.readouterr().out.splitlines() if "permission_missing" in one]
    assert (line["caller"], line["permission"]) == ("tester", "notes:use")


async def test_headers_that_claim_an_identity_count_for_nothing(client: httpx.AsyncClient) -> None:
    claims = {"Authorization": "", "X-User": "admin", "X-Caller": "registry", "X-Forwarded-User": "admin"}

    assert (await client.get("/v1/notes", headers=claims)).status_code == 401


def test_a_short_key_is_no_key(small_key_file: Any) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        InternalKey(small_key_file)


@pytest.fixture
def small_key_file(tmp_path: Any) -> Any:
    file = tmp_path / "short.key"
    file.write_bytes(b"k" * 31 + b"\n")
    return file


def test_a_token_is_used_again_while_it_lasts_and_minted_anew_before_it_ends(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller, moment = Caller("registry", frozenset({"internal"})), time.time()
    monkeypatch.setattr(time, "time", lambda: moment)
    first = small.key.token(caller)
    monkeypatch.setattr(time, "time", lambda: moment + 39)
    assert small.key.token(caller) == first
    monkeypatch.setattr(time, "time", lambda: moment + 41)
    assert small.key.token(caller) != first


def test_a_token_of_the_version_before_covers_nothing(small: Small) -> None:
    key = OctKey.import_key(small.key_file.read_bytes().strip())
    before = {
        "aud": "tekamoul-internal", "sub": "masef", "exp": int(time.time()) + 60, "scope": "a:b", "programs": ["ONE"],
    }  # fmt: skip
    token = jwt.encode({"alg": "HS256"}, before, key, algorithms=["HS256"])

    assert small.key.caller(token) == Caller("masef", frozenset({"a:b"}), frozenset({"ONE"}), frozenset())
    now = Caller("masef", frozenset({"a:b"}), frozenset({"ONE"}), frozenset({"TWO"}))
    assert small.key.caller(small.key.token(now)) == now


# Every route says who may call it


def undeclared() -> APIRouter:
    made = APIRouter(prefix="/v1/things")

    @made.get("/{thing}")
    async def get_thing(thing: str) -> str:
        return thing

    return made


def nested(inner: APIRouter, **options: Any) -> APIRouter:
    outer = APIRouter(prefix="/outer", **options)
    outer.include_router(inner)
    return outer


async def test_a_service_with_a_route_that_says_nothing_refuses_to_start(small: Small) -> None:
    for routes in (undeclared(), nested(undeclared())):
        with pytest.raises(UndeclaredPermission, match=r"GET.*/v1/things/\{thing\} declares no permission"):
            app_of(small, router, routes)


async def test_a_router_may_speak_for_its_routes(small: Small) -> None:
    app_of(small, nested(undeclared(), dependencies=[permitted("things:read")]))
    app_of(small, nested(undeclared(), dependencies=[open_to_all]))


# The trace


async def test_a_callers_trace_goes_on_into_the_answer_and_the_outbox(client: httpx.AsyncClient, small: Small) -> None:
    given = "00-" + "5a" * 16 + "-" + "6b" * 8 + "-01"

    answer = await client.post("/v1/notes", json={"text": "traced"}, headers={"traceparent": given})
    refused = await client.get("/nothing", headers={"traceparent": given})

    [(recorded,)] = await small.rows("SELECT traceparent FROM outbox")
    for traceparent in (answer.headers["traceparent"], recorded):
        version, trace, span, flags = traceparent.split("-")
        assert (version, trace, flags) == ("00", "5a" * 16, "01")
        assert span != "6b" * 8
    assert refused.json()["trace_id"] == "5a" * 16


@pytest.mark.parametrize(
    "given", ["", "rubbish", "00-" + "G" * 32 + "-" + "6b" * 8 + "-01", "00-" + "0" * 32 + "-" + "6b" * 8 + "-01"]
)
async def test_without_a_valid_trace_a_new_one_begins(client: httpx.AsyncClient, given: str) -> None:
    answer = await client.get("/nothing", headers={"traceparent": given})

    trace = answer.json()["trace_id"]
    assert len(trace) == 32 and set(trace) <= set("0123456789abcdef") and set(trace) != {"0"}


async def test_two_requests_at_once_keep_their_traces_apart(client: httpx.AsyncClient) -> None:
    wanted = [f"{n:02x}" * 16 for n in range(1, 21)]
    answers = await asyncio.gather(
        *(client.get("/nothing", headers={"traceparent": f"00-{one}-{'6b' * 8}-01"}) for one in wanted)
    )

    assert [answer.json()["trace_id"] for answer in answers] == wanted


# Metrics


async def test_metrics_name_routes_by_template_and_never_ids(client: httpx.AsyncClient) -> None:
    note = (await client.post("/v1/notes", json={"text": "counted"})).json()["id"]
    await client.get(f"/v1/notes/{note}")
    await client.get("/v1/notes/Zahra")

    shown = (await client.get("/metrics")).text

    assert note not in shown and "Zahra" not in shown
    line = 'tekamoul_http_requests_total{method="GET",route="/v1/notes/{note_id}",status="200"}'
    assert any(one.startswith(line) for one in shown.splitlines())
