"""The routes of enrollments: who sees what, and each turn with its refusals."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from in_turn import in_turn
from running import Running

Csv = Callable[..., bytes]
Start = Callable[[str], Awaitable[Running]]
Send = Callable[..., Awaitable[dict[str, Any]]]
Announced = Callable[[Running], Awaitable[list[dict[str, Any]]]]

UNKNOWN = "0192d3a0-0000-7000-8000-000000000000"
TURNS = [("suspend", "absent"), ("resume", "returned"), ("exit", "withdrew")]


@pytest.fixture
async def taazour(start: Start, send: Send, csv_file: Csv) -> Running:
    """Three households of Tekavoul and one of the insurance."""
    programs = await start("taazour")
    async with programs.client("taazour", programs=frozenset({"TEKAVOUL", "HEALTH_INSURANCE"})) as client:
        rows = [[f"MR051000000{number}", f"Sidi {number}", 4] for number in (1, 2, 3)]
        await send(client, "TEKAVOUL", csv_file(["N° Ménage", "Nom complet", "Taille ménage"], *rows))
        rows = [["MR0510000001", "Sidi 1", "add"]]
        await send(client, "HEALTH_INSURANCE", csv_file(["N° Ménage", "Nom complet", "Action"], *rows))
    return programs


@pytest.fixture
async def client(taazour: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with taazour.client("taazour", programs=frozenset({"TEKAVOUL"})) as made:
        made.headers["Accept-Language"] = "en"
        yield made


async def first(client: httpx.AsyncClient) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get("/v1/enrollments")).json()["items"][0]
    return found


async def turn(
    client: httpx.AsyncClient, id_: str, verb: str, reason: str, version: int, key: str | None = None
) -> httpx.Response:
    headers = {"If-Match": f'"{version}"'} | ({"Idempotency-Key": key} if key else {})
    return await client.post(f"/v1/enrollments/{id_}/{verb}", json={"reason": reason}, headers=headers)


async def test_a_caller_sees_the_enrollments_of_its_programs_page_by_page(client: httpx.AsyncClient) -> None:
    page = (await client.get("/v1/enrollments", params={"limit": 2})).json()
    rest = (await client.get("/v1/enrollments", params={"limit": 2, "cursor": page["next_cursor"]})).json()

    names = [one["name"] for one in page["items"] + rest["items"]]
    assert names == ["Sidi 1", "Sidi 2", "Sidi 3"]
    assert rest["next_cursor"] is None
    assert {one["program"] for one in page["items"]} == {"TEKAVOUL"}


@in_turn(
    ("query", "found"),
    [
        ({"program": "TEKAVOUL"}, 3),
        ({"program": "HEALTH_INSURANCE"}, 0),  # not this caller's
        ({"status": "enrolled"}, 3),
        ({"status": "exited"}, 0),
        ({"link_status": "pending"}, 3),
        ({"link_status": "linked"}, 0),
        ({"import_id": UNKNOWN}, 0),
        ({"household_id": UNKNOWN}, 0),
    ],
)
async def test_the_list_is_filtered(client: httpx.AsyncClient, query: dict[str, str], found: int) -> None:
    assert len((await client.get("/v1/enrollments", params=query)).json()["items"]) == found


async def test_a_filter_by_import_finds_its_rows(client: httpx.AsyncClient) -> None:
    import_id = (await first(client))["import_id"]

    assert len((await client.get("/v1/enrollments", params={"import_id": import_id})).json()["items"]) == 3


async def test_an_enrollment_is_suspended_resumed_and_exited(
    client: httpx.AsyncClient, taazour: Running, announced: Announced
) -> None:
    id_ = (await first(client))["id"]
    before = len(await announced(taazour))

    for version, ((verb, reason), status) in enumerate(zip(TURNS, ("suspended", "enrolled", "exited"), strict=True), 1):
        answer = await turn(client, id_, verb, reason, version)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert (body["status"], body["reason"], body["version"]) == (status, reason, version + 1)
        assert answer.headers["ETag"] == f'"{version + 1}"'

    detail = await client.get(f"/v1/enrollments/{id_}")
    assert detail.headers["ETag"] == '"4"' and detail.json()["exited_on"] is not None
    history = (await client.get(f"/v1/enrollments/{id_}/history")).json()
    assert [(one["version"], one["from"], one["to"], one["reason"], one["by"]) for one in history] == [
        (4, "enrolled", "exited", "withdrew", "taazour"),
        (3, "suspended", "enrolled", "returned", "taazour"),
        (2, "enrolled", "suspended", "absent", "taazour"),
        (1, None, "enrolled", "listed", "taazour"),
    ]
    events = (await announced(taazour))[before:]
    assert [(one["suspended"], one["enrolled"], one["exited"]) for one in events] == [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
    assert {one["institution"] for one in events} == {"taazour"}


@pytest.mark.parametrize(
    ("so_far", "verb", "reason", "code"),
    [
        ([("suspend", "absent")], "suspend", "absent", "enrollment_not_active"),
        ([("exit", "deceased")], "suspend", "absent", "enrollment_not_active"),
        ([], "resume", "returned", "enrollment_not_suspended"),
        ([("exit", "deceased")], "resume", "returned", "enrollment_not_suspended"),
        ([("exit", "deceased")], "exit", "deceased", "enrollment_exited"),
    ],
)
async def test_a_turn_that_cannot_be_is_refused_and_announces_nothing(
    client: httpx.AsyncClient,
    taazour: Running,
    announced: Announced,
    so_far: list[tuple[str, str]],
    verb: str,
    reason: str,
    code: str,
) -> None:
    id_ = (await first(client))["id"]
    for version, (earlier, why) in enumerate(so_far, 1):
        assert (await turn(client, id_, earlier, why, version)).status_code == 200
    before = await announced(taazour)

    refused = await turn(client, id_, verb, reason, len(so_far) + 1)

    assert (refused.status_code, refused.json()["code"]) == (409, code)
    assert await announced(taazour) == before
    assert (await client.get(f"/v1/enrollments/{id_}")).json()["version"] == len(so_far) + 1


async def test_a_refusal_speaks_the_callers_language_and_names_the_state(client: httpx.AsyncClient) -> None:
    id_ = (await first(client))["id"]
    titles = []
    for language in ("ar", "fr", "en"):
        client.headers["Accept-Language"] = language
        titles.append((await turn(client, id_, "resume", "returned", 1)).json()["title"])

    assert all("enrolled" in title and "suspended" in title for title in titles)
    assert len(set(titles)) == 3


@in_turn(("verb", "reason"), TURNS)
async def test_a_turn_needs_the_version_it_was_read_at(client: httpx.AsyncClient, verb: str, reason: str) -> None:
    id_ = (await first(client))["id"]

    without = await client.post(f"/v1/enrollments/{id_}/{verb}", json={"reason": reason})
    stale = await turn(client, id_, verb, reason, 7)

    assert (without.status_code, without.json()["code"]) == (428, "precondition_required")
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")


async def test_a_turn_needs_a_known_reason_and_nothing_else(client: httpx.AsyncClient) -> None:
    id_ = (await first(client))["id"]
    wrong: list[dict[str, Any]] = [
        {},
        {"reason": "because Sidi said so"},
        {"reason": None},
        {"reason": "moved", "x": 1},
    ]

    for verb, _ in TURNS:
        for body in wrong:
            refused = await client.post(f"/v1/enrollments/{id_}/{verb}", json=body, headers={"If-Match": '"1"'})

            assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
            assert "Sidi" not in refused.text


async def test_one_key_has_one_effect_and_the_same_answer(
    client: httpx.AsyncClient, taazour: Running, announced: Announced
) -> None:
    id_ = (await first(client))["id"]

    once = await turn(client, id_, "suspend", "absent", 1, key="a-key-of-this-test")
    again = await turn(client, id_, "suspend", "absent", 1, key="a-key-of-this-test")
    other = await turn(client, id_, "suspend", "moved", 1, key="a-key-of-this-test")

    assert once.status_code == again.status_code == 200
    assert again.content == once.content and again.headers["ETag"] == once.headers["ETag"] == '"2"'
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert sum(one["suspended"] for one in await announced(taazour)) == 1


@in_turn(
    ("method", "path"),
    [("GET", ""), ("GET", "/history"), ("POST", "/suspend"), ("POST", "/resume"), ("POST", "/exit")],
)
async def test_another_programs_enrollment_answers_like_an_unknown_id(
    taazour: Running, client: httpx.AsyncClient, method: str, path: str
) -> None:
    theirs = (await first(client))["id"]
    reason = dict(TURNS).get(path.strip("/"), "")
    async with taazour.client("cnam", programs=frozenset({"HEALTH_INSURANCE"})) as cnam:
        answers = []
        for id_ in (theirs, UNKNOWN):
            headers = {"If-Match": '"1"', "traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"}
            body = {"reason": reason} if method == "POST" else None
            answers.append(await cnam.request(method, f"/v1/enrollments/{id_}{path}", headers=headers, json=body))

    assert [one.status_code for one in answers] == [404, 404]
    assert answers[0].content == answers[1].content


VERBS = ("enroll", "reject", "transfer", "recertify", "correct", "undo", "refuse-link")
PERMISSIONS = [
    ("programs:read", "GET", "/v1/programs"),
    ("programs:read", "GET", "/v1/programs/TEKAVOUL"),
    ("programs:read", "GET", "/v1/counts"),
    ("enrollments:read", "GET", "/v1/enrollments"),
    ("enrollments:read", "GET", f"/v1/enrollments/{UNKNOWN}"),
    ("enrollments:read", "GET", f"/v1/enrollments/{UNKNOWN}/history"),
    ("enrollments:write", "POST", f"/v1/enrollments/{UNKNOWN}/suspend"),
    ("enrollments:write", "POST", f"/v1/enrollments/{UNKNOWN}/resume"),
    ("enrollments:write", "POST", f"/v1/enrollments/{UNKNOWN}/exit"),
    *(("enrollments:write", "POST", f"/v1/enrollments/{UNKNOWN}/{verb}") for verb in VERBS),
    ("enrollments:write", "POST", "/v1/enrollments"),
    ("enrollments:read", "GET", "/v1/waiting-list"),
    ("enrollments:write", "POST", "/v1/waiting-list/admit"),
    ("enrollments:check", "POST", "/v1/enrolled"),
    ("internal", "GET", f"/internal/link-refusals/{UNKNOWN}"),
    ("imports:write", "GET", "/v1/imports"),
    ("internal", "GET", "/internal/programs"),
    ("internal", "GET", "/internal/programs/TEKAVOUL"),
    ("internal", "GET", f"/internal/enrollment-batches/{UNKNOWN}"),
]


async def test_every_route_needs_its_own_permission(taazour: Running) -> None:
    every = frozenset(permission for permission, _, _ in PERMISSIONS)
    for permission, method, path in PERMISSIONS:
        statuses = []
        for held in (every - {permission}, frozenset({permission})):
            async with taazour.client("x", held, frozenset({"TEKAVOUL"})) as caller:
                headers = {"If-Match": '"1"'}
                answer = await caller.request(method, path, headers=headers, json={"reason": "moved"})
            statuses.append(answer.status_code)
        assert statuses[0] == 403 and statuses[1] != 403, (permission, method, path, statuses)


async def test_a_list_may_be_pushed_only_to_a_program_of_ones_own(taazour: Running) -> None:
    async with taazour.client("cnam", programs=frozenset({"HEALTH_INSURANCE", "EL_MAOUNA"})) as cnam:
        answers = {
            kind: await cnam.post("/v1/imports", params={"kind": kind, "filename": "a.csv"}, content=b"x")
            for kind in ("TEKAVOUL", "EL_MAOUNA", "nothing")
        }

    assert (answers["TEKAVOUL"].status_code, answers["TEKAVOUL"].json()["code"]) == (403, "not_permitted")
    assert answers["EL_MAOUNA"].status_code == 404  # another institution's program
    assert answers["nothing"].status_code == 404


async def test_counts_tell_status_and_links_by_program(client: httpx.AsyncClient) -> None:
    one, two, _ = (await client.get("/v1/enrollments")).json()["items"]
    await turn(client, one["id"], "suspend", "absent", 1)
    await turn(client, two["id"], "exit", "deceased", 1)

    counts = (await client.get("/v1/counts")).json()

    assert counts["institution"] == "taazour"
    by_program = {row["program"]: row for row in counts["programs"]}
    assert set(by_program) == {"TEKAVOUL", "TEKAVOUL_SEASONAL", "TEMWINE", "HEALTH_INSURANCE"}
    nothing = {"applied": 0, "linked": 0, "to_adjudicate": 0, "unmatched": 0}
    assert by_program["TEKAVOUL"] == nothing | {
        "program": "TEKAVOUL", "enrolled": 1, "suspended": 1, "exited": 1, "pending": 2,
    }  # fmt: skip


async def test_programs_are_shown_with_their_values_and_targeting(client: httpx.AsyncClient) -> None:
    found = (await client.get("/v1/programs")).json()["items"]
    one = await client.get("/v1/programs/TEKAVOUL")

    assert [program["code"] for program in found] == ["HEALTH_INSURANCE", "TEKAVOUL", "TEKAVOUL_SEASONAL", "TEMWINE"]
    tekavoul = one.json()
    assert one.headers["ETag"] == '"1"' and tekavoul["institution"] == "taazour"
    assert [(value["from_on"], value["amount_mru"], value["months_per_payment"]) for value in tekavoul["values"]] == [
        ("2016-01-01", "1500.00", 3),
        ("2024-01-01", "3600.00", 3),
    ]
    assert tekavoul["targeting"]["categories"] == ["extreme_poor"] and tekavoul["targeting"]["wilayas"] is None
    assert tekavoul["names"]["ar"] == "تكافل"
    assert (await client.get("/v1/programs/EL_MAOUNA")).status_code == 404
