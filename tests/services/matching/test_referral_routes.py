"""Referrals over HTTP: who may ask and move them on, which steps are refused in which words, once and with If-Match."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from referral_cases import CASH, CNAM, CSA, FOOD, INSURANCE, MASEF, a_country, announced, insured, line

from in_turn import in_turn
from matching_cases import Projection
from running import Running, Services
from shared.identity import Caller

LACKING = f"/v1/programs/{CASH}/without/{INSURANCE}"
BODY = {"from_program": CASH, "to_program": INSURANCE, "reason": "not_in_program", "enrollments": [str(line(1))]}
PERMISSIONS = frozenset({"referrals:read", "referrals:write"})


@pytest.fixture
async def matching(services: Services) -> Running:
    running = await services.start("matching")
    projection = Projection(running.platform.database)
    await projection.places()
    await a_country(projection)
    return running


def client_of(matching: Running, caller: Caller) -> httpx.AsyncClient:
    return matching.client(caller.name, PERMISSIONS, caller.programs, caller.covers)


@pytest.fixture
async def masef(matching: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(matching, MASEF) as made:
        yield made


@pytest.fixture
async def cnam(matching: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(matching, CNAM) as made:
        yield made


async def sent(masef: httpx.AsyncClient, number: int = 1) -> str:
    answer = await masef.post("/v1/referrals", json=BODY | {"enrollments": [str(line(number))]})
    assert answer.status_code == 200, answer.text
    referral_id: str = answer.json()["rows"][0]["referral_id"]
    return referral_id


async def step(client: httpx.AsyncClient, referral_id: str, name: str, version: int, **headers: str) -> httpx.Response:
    body: Any = {"reason": "no_capacity"} if name == "refuse" else None
    path = f"/v1/referrals/{referral_id}/{name}"
    return await client.post(path, json=body, headers={"If-Match": f'"{version}"'} | headers)


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_only_who_keeps_the_one_program_and_is_covered_for_the_other_learns_who_lacks_it(
    matching: Running, masef: httpx.AsyncClient
) -> None:
    keeps, covers = frozenset({CASH}), frozenset({CASH, INSURANCE})
    refused = [
        Caller("masef", frozenset(), keeps),  # a token of the version before: it covers nothing
        Caller("masef", frozenset(), keeps, frozenset({CASH, FOOD})),
        Caller("csa", frozenset(), frozenset({FOOD}), covers),
    ]
    for caller in refused:
        async with client_of(matching, caller) as client:
            answers = [await client.get(path) for path in (LACKING, f"{LACKING}/summary")]
            answers.append(await client.post("/v1/referrals", json=BODY))
        assert [told(one) for one in answers] == [(404, "not_found")] * 3, caller
    async with client_of(matching, Caller("masef", frozenset(), keeps, frozenset({"NOT_PUBLISHED"}))) as client:
        assert told(await client.get(f"/v1/programs/{CASH}/without/NOT_PUBLISHED")) == (404, "not_found")

    page = (await masef.get(LACKING, params={"limit": 5})).json()
    rest = (await masef.get(LACKING, params={"limit": 5, "cursor": page["next_cursor"]})).json()
    assert (len(page["items"]), len(rest["items"]), rest["next_cursor"]) == (5, 2, None)
    assert (await masef.get(f"{LACKING}/summary")).json()["households_not_in"] == 5
    assert told(await masef.get(LACKING, params={"standing": "in"})) == (422, "invalid_request")
    assert told(await masef.get(LACKING, params={"cursor": "x"})) == (422, "invalid_cursor")


@in_turn(
    "changed",
    [
        {"reason": "because"},
        {"enrollments": []},
        {"enrollments": "some"},
        {"enrollments": [str(line(1))] * 501},
        {"note": "free text"},
    ],
)
async def test_what_cannot_be_asked_is_refused(masef: httpx.AsyncClient, changed: dict[str, Any]) -> None:
    assert told(await masef.post("/v1/referrals", json=BODY | changed)) == (422, "invalid_request")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "A household is not referred from a program to itself. Accepted: two different programs."),
        (
            "fr",
            "Un ménage n'est pas orienté d'un programme vers lui-même. Accepté : deux programmes différents.",
        ),
        ("ar", "لا تُحال الأسرة من برنامج إلى البرنامج نفسه. المقبول: برنامجان مختلفان."),
    ],
)
async def test_a_program_refers_to_another_and_not_to_itself(
    masef: httpx.AsyncClient, language: str, words: str
) -> None:
    answer = await masef.post("/v1/referrals", json=BODY | {"to_program": CASH}, headers={"Accept-Language": language})

    assert told(answer) == (422, "referral_to_itself")
    assert answer.json()["title"] == words


async def test_a_request_sent_again_refers_once_and_gets_the_same_answer(
    matching: Running, masef: httpx.AsyncClient
) -> None:
    headers = {"Idempotency-Key": "referrals-of-today"}
    first = await masef.post("/v1/referrals", json=BODY, headers=headers)
    again = await masef.post("/v1/referrals", json=BODY, headers=headers)
    other = await masef.post("/v1/referrals", json=BODY | {"enrollments": "all"}, headers=headers)

    assert first.content == again.content
    assert first.json()["counts"]["referred"] == 1
    assert told(other) == (422, "idempotency_key_reused")
    assert len(await announced(matching.platform.database)) == 1


async def test_the_receiver_moves_a_referral_on_and_each_step_is_in_its_history(
    matching: Running, masef: httpx.AsyncClient, cnam: httpx.AsyncClient
) -> None:
    referral_id = await sent(masef)
    assert (await cnam.get(f"/v1/referrals/{referral_id}")).headers["etag"] == '"1"'

    steps = [await step(cnam, referral_id, name, n) for n, name in enumerate(("see", "accept", "serve", "close"), 1)]

    assert [(one.status_code, one.headers["etag"]) for one in steps] == [(200, f'"{n}"') for n in (2, 3, 4, 5)]
    seen = (await masef.get(f"/v1/referrals/{referral_id}")).json()
    assert [(one["version"], one["by"], one["status"], one["reason"]) for one in seen["history"]] == [
        (1, "masef", "sent", "not_in_program"),
        (2, "cnam", "seen", None),
        (3, "cnam", "accepted", None),
        (4, "cnam", "served", None),
        (5, "cnam", "closed", None),
    ]
    assert all(seen[f"{name}_at"] for name in ("sent", "seen", "accepted", "served", "closed"))
    assert [set(one) - {"from_program", "to_program"} for one in await announced(matching.platform.database)] == [
        {"sent"}, {"seen"}, {"accepted"}, {"served"}, {"closed"},
    ]  # fmt: skip


async def test_a_refusal_says_why_and_leaves_the_household_free_to_be_referred_anew(
    masef: httpx.AsyncClient, cnam: httpx.AsyncClient
) -> None:
    referral_id = await sent(masef)
    await step(cnam, referral_id, "see", 1)
    path = f"/v1/referrals/{referral_id}/refuse"
    for body in ({}, {"reason": "we do not like them"}):
        answer = await cnam.post(path, json=body, headers={"If-Match": '"2"'})
        assert told(answer) == (422, "invalid_request")

    refused = await step(cnam, referral_id, "refuse", 2)

    assert (refused.json()["status"], refused.json()["refusal"]) == ("refused", "no_capacity")
    assert (await masef.get(f"/v1/referrals/{referral_id}")).json()["history"][-1]["reason"] == "no_capacity"
    assert await sent(masef) != referral_id


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "This referral is sent and cannot become accepted. What may follow: seen."),
        ("fr", "Cette orientation est envoyée et ne peut pas devenir acceptée. Ce qui peut suivre : vue."),
        ("ar", "هذه الإحالة مُرسَلة، ولا يمكن أن تصبح مقبولة. ما يمكن أن يلي: مُطَّلَع عليها."),
    ],
)
async def test_a_step_out_of_order_is_refused_in_the_callers_language(
    matching: Running, masef: httpx.AsyncClient, cnam: httpx.AsyncClient, language: str, words: str
) -> None:
    referral_id = await sent(masef)

    refused = await step(cnam, referral_id, "accept", 1, **{"Accept-Language": language})

    assert told(refused) == (409, "referral_step_refused")
    assert refused.json()["title"] == words
    for name in ("serve", "refuse", "close"):
        assert told(await step(cnam, referral_id, name, 1)) == (409, "referral_step_refused"), name
    assert (await step(cnam, referral_id, "see", 1)).status_code == 200
    assert told(await step(cnam, referral_id, "see", 2)) == (409, "referral_step_refused")
    assert len(await announced(matching.platform.database)) == 2


async def test_nobody_overwrites_a_step_unseen_and_one_sent_again_is_taken_once(
    masef: httpx.AsyncClient, cnam: httpx.AsyncClient
) -> None:
    referral_id = await sent(masef)
    bare = await cnam.post(f"/v1/referrals/{referral_id}/see")
    first = await step(cnam, referral_id, "see", 1, **{"Idempotency-Key": "seen-once"})
    again = await step(cnam, referral_id, "see", 1, **{"Idempotency-Key": "seen-once"})
    stale = await step(cnam, referral_id, "accept", 1)

    assert told(bare) == (428, "precondition_required")
    assert (first.status_code, first.content) == (200, again.content)
    assert told(stale) == (412, "precondition_failed")


async def test_who_sent_it_does_not_move_it_on_and_a_stranger_does_not_find_it(
    matching: Running, masef: httpx.AsyncClient
) -> None:
    referral_id = await sent(masef)

    refused = [
        (await masef.post(
            f"/v1/referrals/{referral_id}/see", headers={"If-Match": '"1"', "Accept-Language": language}
        ))
        for language in ("ar", "fr", "en")
    ]  # fmt: skip
    async with client_of(matching, CSA) as stranger:
        hidden = [await stranger.get(f"/v1/referrals/{referral_id}"), await step(stranger, referral_id, "see", 1)]
        assert (await stranger.get("/v1/referrals", params={"direction": "received"})).json()["items"] == []

    assert [told(one) for one in refused] == [(403, "referral_not_received")] * 3
    assert [one.json()["title"] for one in refused] == [
        "هذه إحالة أرسلتموها؛ لا يغيّر حالتها إلا من يدير البرنامج الذي تلقاها.",
        "Vous avez envoyé cette orientation ; seul le responsable du programme qui l'a reçue la fait avancer.",
        "You sent this referral; only the keeper of the program that received it moves it on.",
    ]
    assert [told(one) for one in hidden] == [(404, "not_found")] * 2


async def test_reading_does_not_let_one_send_or_move(matching: Running, masef: httpx.AsyncClient) -> None:
    referral_id = await sent(masef)
    async with matching.client("cnam", frozenset({"referrals:read"}), CNAM.programs, CNAM.covers) as reader:
        answers = [await reader.post("/v1/referrals", json=BODY)]
        answers += [await step(reader, referral_id, name, 1) for name in ("see", "accept", "refuse", "serve", "close")]

    assert [told(one) for one in answers] == [(403, "not_permitted")] * 6


async def test_a_referral_served_by_an_enrollment_shows_in_the_figures(
    matching: Running, masef: httpx.AsyncClient, cnam: httpx.AsyncClient
) -> None:
    for number in range(1, 6):
        await sent(masef, number)
    projection = Projection(matching.platform.database)
    await projection.enrollments(*(insured(10 + n, n) for n in range(1, 6)))
    await projection.link()

    [mine] = (await masef.get("/v1/referrals/summary")).json()
    [theirs] = (await cnam.get("/v1/referrals/summary")).json()

    assert mine == theirs
    assert (mine["sent"], mine["served"], mine["uptake"], mine["median_days_to_served"]) == (5, 5, 1.0, 0.0)
    listed = (await cnam.get("/v1/referrals", params={"direction": "received", "status": "served"})).json()
    assert len(listed["items"]) == 5
