"""Cases of forbidden overlaps over HTTP: each institution sees and answers for its own side; what they dispute a third settles."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from matrix_cases import DISABLED, decide
from sqlalchemy import select, update

from matching_cases import Projection, enrollment, household, id_of, program
from running import Running, Services, until
from services.matching.case_models import OverlapCase
from services.matching.overlap_cases import sweep
from shared.clock import now
from shared.history import History
from shared.outbox import OutboxRow

CASH, FOOD, SHOP = "TEKAVOUL", "EL_MAOUNA", "TEMWINE"
KEEPER = frozenset({"overlap-cases:read", "overlap-cases:answer", "referrals:read"})
COVERED = frozenset({CASH, FOOD, SHOP})


@pytest.fixture
async def matching(services: Services) -> Running:
    """Seven households in cash and food, which are forbidden together; shop is required with cash, unless somebody is
    disabled, and one household has it."""
    running = await services.start("matching")
    projection = Projection(running.platform.database)
    await projection.places()
    await projection.programs(program(CASH, "taazour"), program(FOOD, "csa"), program(SHOP, "taazour"))
    await projection.households(*(household(n) for n in range(7)))
    await projection.enrollments(*(enrollment(CASH, n, n) for n in range(7)), enrollment(SHOP, 0, 0))
    await projection.enrollments(*(enrollment(FOOD, n, n) for n in range(7)), institution="csa")
    await projection.link()
    await decide(projection.database, CASH, FOOD, "forbidden")
    exempt = [{"overlap_class": "tolerated", "conditions": [DISABLED]}]
    await decide(projection.database, CASH, SHOP, "required", exemptions=exempt)
    await sweep(running.platform)
    return running


def taazour(matching: Running, covers: frozenset[str] = COVERED) -> httpx.AsyncClient:
    return matching.client("taazour", KEEPER, frozenset({CASH, SHOP}), covers)


def csa(matching: Running, covers: frozenset[str] = COVERED) -> httpx.AsyncClient:
    return matching.client("csa", KEEPER, frozenset({FOOD}), covers)


@pytest.fixture
async def keeper(matching: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with taazour(matching) as made:
        yield made


@pytest.fixture
async def other(matching: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with csa(matching) as made:
        yield made


def said(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


async def case_of(client: httpx.AsyncClient, number: int = 0) -> dict[str, Any]:
    items = (await client.get("/v1/overlap-cases")).json()["items"]
    wanted = {str(id_of(f"{CASH} {number}")), str(id_of(f"{FOOD} {number}"))}
    return next(one for one in items if any(wanted & set(side["enrollment_ids"]) for side in one["sides"]))


async def answer(client: httpx.AsyncClient, case: dict[str, Any], what: str, **told: Any) -> httpx.Response:
    version = told.pop("version", case["version"])
    body = {"official": "officer-1", "answer": what} | told
    return await client.post(f"/v1/overlap-cases/{case['id']}/answer", json=body, headers={"If-Match": f'"{version}"'})


async def test_each_institution_sees_its_own_side_and_of_the_other_what_its_agreement_covers(
    matching: Running, keeper: httpx.AsyncClient
) -> None:
    covered = await case_of(keeper)
    food, cash = covered["sides"]
    assert (food["program"], food["mine"], food["enrollment_ids"], food["household_number"]) == (FOOD, False, [], None)
    assert (cash["program"], cash["mine"], cash["enrollment_ids"]) == (CASH, True, [str(id_of(f"{CASH} 0"))])
    assert (cash["household_number"], covered["status"], covered["overdue"]) == ("MR0110000000", "open", False)
    async with csa(matching, frozenset()) as client:
        mine = await case_of(client)
    assert [(one["program"], one["mine"]) for one in mine["sides"]] == [(FOOD, True), (None, False)]
    assert mine["id"] == covered["id"]

    async with matching.client("masef", KEEPER, frozenset({"DISABILITY_CASH"}), COVERED) as stranger:
        assert (await stranger.get("/v1/overlap-cases")).json()["items"] == []
        assert said(await stranger.get(f"/v1/overlap-cases/{mine['id']}")) == (404, "not_found")
        assert said(await answer(stranger, mine, "keep_here")) == (404, "not_found")


async def test_two_answers_that_fit_together_resolve_a_case_and_are_told(
    matching: Running, keeper: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    case = await case_of(keeper)
    first = await answer(keeper, case, "keep_here")
    assert (first.status_code, first.headers["ETag"], first.json()["status"]) == (200, '"2"', "open")
    assert said(await answer(other, case, "end_here")) == (412, "precondition_failed")

    second = await answer(other, case, "end_here", version=2)
    made = second.json()
    assert (made["status"], made["outcome"], made["ended_at"]) == ("resolved", "one_ends", None)
    assert [(one["what"], one["by"]) for one in made["history"]] == [
        ("opened", "matching"), ("answered", "taazour"), ("resolved", "csa"),
    ]  # fmt: skip
    assert said(await answer(other, made, "keep_here")) == (409, "case_closed")
    async with csa(matching, frozenset()) as uncovered:
        hidden = (await uncovered.get(f"/v1/overlap-cases/{case['id']}")).json()
    assert [(one["by"], one["reason"]) for one in hidden["history"]][1] == (None, None)
    assert hidden["sides"][1]["answer"] is None
    async with matching.platform.database.transaction() as tx:
        rows = await tx.scalars(
            select(OutboxRow).where(OutboxRow.type == "matching.overlap-cases.changed.v1").order_by(OutboxRow.position)
        )
        assert [{name for name, count in row.data.items() if count == 1} - {"version"} for row in rows][-2:] == [
            {"answered"}, {"resolved"},
        ]  # fmt: skip
        turns = await tx.scalars(select(History).where(History.changed_by == "csa"))
        assert "officer" not in str([one.change for one in turns])


async def test_the_same_answer_sent_twice_is_one(keeper: httpx.AsyncClient) -> None:
    case = await case_of(keeper)
    headers = {"If-Match": '"1"', "Idempotency-Key": "answer-once"}
    body = {"official": "officer-1", "answer": "keep_here"}
    path = f"/v1/overlap-cases/{case['id']}/answer"

    first, again = [await keeper.post(path, json=body, headers=headers) for _ in range(2)]
    assert (first.content, first.headers["ETag"]) == (again.content, again.headers["ETag"])
    assert (await case_of(keeper))["version"] == 2


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "An exception rests on a text."),
        ("fr", "Une exception s'appuie sur un texte."),
        ("ar", "الاستثناء يستند إلى نص."),
    ],
)
async def test_an_exception_names_its_text(keeper: httpx.AsyncClient, language: str, words: str) -> None:
    case = await case_of(keeper)
    keeper.headers["Accept-Language"] = language
    refused = await answer(keeper, case, "exception")
    assert said(refused) == (422, "reference_missing")
    assert refused.json()["title"].startswith(words)
    made = await answer(keeper, case, "exception", legal_reference="Arrêté 12/2026")
    assert made.json()["sides"][1]["legal_reference"] == "Arrêté 12/2026"


async def test_one_answers_for_one_own_program(matching: Running, keeper: httpx.AsyncClient) -> None:
    case = await case_of(keeper)
    assert said(await answer(keeper, case, "keep_here", program=FOOD)) == (422, "side_not_yours")
    assert said(await answer(keeper, case, "because")) == (422, "invalid_request")
    assert said(await answer(keeper, case, "keep_here", note="x")) == (422, "invalid_request")
    async with matching.client("both", KEEPER, frozenset({CASH, FOOD})) as both:
        assert said(await answer(both, case, "keep_here")) == (422, "side_not_yours"), "which of the two?"
        assert (await answer(both, case, "keep_here", program=FOOD)).status_code == 200


async def test_what_two_institutions_dispute_a_third_person_settles(
    matching: Running, keeper: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    case = await case_of(keeper)
    settler = matching.client("taazour", KEEPER | {"overlap-cases:settle"}, frozenset({CASH}), COVERED)

    async def settle(version: int, official: str = "director-1") -> httpx.Response:
        body = {"official": official, "outcome": "exception", "legal_reference": "Arrêté 12/2026"}
        path = f"/v1/overlap-cases/{case['id']}/settle"
        return await settler.post(path, json=body, headers={"If-Match": f'"{version}"', "Accept-Language": "en"})

    async with settler:
        early = await settle(1)
        assert said(early) == (409, "case_not_disputed")
        assert str(now().date() + timedelta(days=30)) in early.json()["title"]
        await answer(keeper, case, "keep_here")
        disputed = await answer(other, case, "keep_here", version=2)
        assert (disputed.json()["status"], disputed.json()["outcome"]) == ("disputed", None)
        assert said(await settle(3, "OFFICER-1")) == (403, "case_settled_by_a_party")
        assert said(await keeper.post(f"/v1/overlap-cases/{case['id']}/settle", json={})) == (403, "not_permitted")
        made = await settle(3)
        assert (made.json()["status"], made.json()["outcome"]) == ("resolved", "exception")
        assert said(await settle(4)) == (409, "case_closed")
        everywhere = (await settler.get("/v1/overlap-cases", params={"program": FOOD})).json()["items"]
        assert len(everywhere) == 7 and {one["program"] for case in everywhere for one in case["sides"]} == {CASH, FOOD}


async def test_a_case_past_its_deadline_is_overdue_and_may_be_settled(
    matching: Running, keeper: httpx.AsyncClient
) -> None:
    case = await case_of(keeper)
    assert (await keeper.get("/v1/overlap-cases", params={"overdue": True})).json()["items"] == []
    async with matching.platform.database.transaction() as tx:
        late = update(OverlapCase).where(OverlapCase.id == case["id"]).values(due_at=now() - timedelta(days=1))
        await tx.execute(late)

    assert [one["id"] for one in (await keeper.get("/v1/overlap-cases?overdue=true")).json()["items"]] == [case["id"]]
    assert len((await keeper.get("/v1/overlap-cases?overdue=false")).json()["items"]) == 6
    body = {"official": "director-1", "outcome": "one_ends", "legal_reference": "Arrêté 12/2026"}
    async with matching.client("taazour", frozenset({"overlap-cases:settle"})) as settler:
        path = f"/v1/overlap-cases/{case['id']}/settle"
        made = await settler.post(path, json=body, headers={"If-Match": '"1"'})
    assert (made.status_code, made.json()["outcome"]) == (200, "one_ends")


async def test_cases_come_page_by_page_and_are_counted_with_few_left_out(
    matching: Running, keeper: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    page = (await keeper.get("/v1/overlap-cases", params={"limit": 4})).json()
    rest = (await keeper.get("/v1/overlap-cases", params={"limit": 4, "cursor": page["next_cursor"]})).json()
    assert (len(page["items"]), len(rest["items"]), rest["next_cursor"]) == (4, 3, None)
    for case in page["items"]:
        await answer(keeper, case, "keep_here")
        await answer(other, case, "end_here", version=2)

    [figures] = (await keeper.get("/v1/overlap-cases/summary")).json()
    assert (figures["opened"], figures["resolved"], figures["waiting"], figures["median_days_to_resolved"]) == (
        7, None, None, None,
    )  # fmt: skip
    for case in rest["items"]:
        await answer(keeper, case, "keep_here")
        await answer(other, case, "end_here", version=2)
    [figures] = (await other.get("/v1/overlap-cases/summary")).json()
    assert (figures["resolved"], figures["waiting"], figures["median_days_to_resolved"]) == (7, 0, 0.0)
    assert (await other.get("/v1/overlap-cases/summary", params={"opened_to": "2026-01-01"})).json() == []
    async with csa(matching, frozenset()) as uncovered:
        assert (await uncovered.get("/v1/overlap-cases/summary")).json() == []


async def test_a_required_program_that_is_missing_is_counted(matching: Running, keeper: httpx.AsyncClient) -> None:
    found = (await keeper.get("/v1/missing-complements")).json()

    # Of 7 households with cash one has the shop, and 6 lacking it would tell that one; the one with the shop has cash too.
    assert [(one["program"], one["other"], one["households"], one["missing"]) for one in found] == [
        (CASH, SHOP, 7, None), (SHOP, CASH, None, 0),
    ]  # fmt: skip
    async with taazour(matching, frozenset({FOOD})) as uncovered:
        assert (await uncovered.get("/v1/missing-complements")).json() == []


async def test_the_worker_opens_cases_by_itself_when_a_rule_comes_into_force(services: Services) -> None:
    running = await services.start("matching")
    projection = Projection(running.platform.database)
    await projection.places()
    await projection.programs(program(CASH, "taazour"), program(FOOD, "csa"))
    await projection.households(household(0))
    await projection.enrollments(enrollment(CASH, 0, 0), enrollment(FOOD, 0, 0))
    await projection.link()
    await decide(projection.database, CASH, FOOD, "forbidden")

    async with taazour(running) as client:

        async def opened() -> bool:
            return len((await client.get("/v1/overlap-cases")).json()["items"]) == 1

        await until(opened, what="the worker to open a case")
