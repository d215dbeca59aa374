"""Grievances: to whom they go, who sees them, what may follow, in which language; and what an agent sees of a household."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from matrix_cases import decide
from sqlalchemy import select, update

from matching_cases import Projection, enrollment, household, id_of, program
from running import Running, Services
from services.matching.grievances.models import Grievance, PictureRead
from services.matching.grievances.reminding import remind_of_grievances
from services.matching.overlap_cases import sweep
from services.matching.rules.grieving import (
    LEADS,
    Category,
    Desk,
    GrievanceStatus,
    GrievanceStep,
    desk_of,
    may_take,
)
from shared.clock import now
from shared.history import History
from shared.idempotency import IdempotencyKey
from shared.outbox import OutboxRow

CASH, FOOD, SHOP = "TEKAVOUL", "EL_MAOUNA", "TEMWINE"
AGENT = frozenset({"grievances:read", "grievances:write", "grievances:answer", "households:picture"})
UNIT = AGENT | {"grievances:unit", "grievances:registry", "households:picture-reads"}
SECRET = "لم يدفعوا لي منذ رمضان، وهاتفي 22334455"
BODY: dict[str, Any] = {
    "official": "agent-1",
    "category": "payment_missing",
    "text": SECRET,
    "language": "ar",
    "program": CASH,
    "household_number": "MR0110000000",
}
CONDUCT = BODY | {"category": "conduct", "about": "csa", "program": None}


@pytest.fixture
async def matching(services: Services) -> Running:
    """Household 0 in cash since March and in food, which is forbidden; waiting for the shop. Household 1 left cash."""
    running = await services.start("matching")
    projection = Projection(running.platform.database)
    await projection.places()
    await projection.programs(program(CASH, "taazour"), program(FOOD, "csa"), program(SHOP, "taazour"))
    await projection.households(household(0), household(1), household(2))
    since = {
        "spans": [{"from_on": "2025-01-01", "until_on": "2025-06-01"}, {"from_on": "2026-03-04", "until_on": None}]
    }
    left = {"status": "exited", "spans": [{"from_on": "2026-01-01", "until_on": "2026-08-15"}]}
    await projection.enrollments(
        enrollment(CASH, 0, 0, **since), enrollment(CASH, 1, 1, **left), enrollment(SHOP, 0, 0, status="applied")
    )
    await projection.enrollments(enrollment(FOOD, 0, 0), institution="csa")
    await projection.link()
    await decide(projection.database, CASH, FOOD, "forbidden")
    await sweep(running.platform)
    return running


def csa(matching: Running) -> httpx.AsyncClient:
    """Whose agents sit at the counter: it keeps food, and its agreement covers cash."""
    return matching.client("csa", AGENT, frozenset({FOOD}), frozenset({FOOD, CASH}))


def taazour(matching: Running, permissions: frozenset[str] = AGENT) -> httpx.AsyncClient:
    return matching.client("taazour", permissions, frozenset({CASH, SHOP}), frozenset({CASH, SHOP}))


@pytest.fixture
async def agent(matching: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with csa(matching) as made:
        yield made


@pytest.fixture
async def keeper(matching: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with taazour(matching) as made:
        yield made


@pytest.fixture
async def unit(matching: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with taazour(matching, UNIT) as made:
        yield made


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def opened(client: httpx.AsyncClient, **changed: Any) -> dict[str, Any]:
    answer = await client.post("/v1/grievances", json=BODY | changed)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def step(client: httpx.AsyncClient, made: dict[str, Any], name: str, version: int, **body: Any) -> httpx.Response:
    path = f"/v1/grievances/{made['id']}/{name}"
    return await client.post(path, json={"official": "officer-1"} | body, headers={"If-Match": f'"{version}"'})


ANSWER = {"verdict": "upheld", "text": "ستدفع الدفعة يوم 5", "language": "ar"}


async def test_a_grievance_goes_to_the_keeper_of_the_program_and_is_followed_to_its_end(
    matching: Running, agent: httpx.AsyncClient, keeper: httpx.AsyncClient
) -> None:
    made = await opened(agent)
    assert (made["desk"], made["status"], made["version"], made["household_number"]) == (
        "program", "opened", 1, "MR0110000000",
    )  # fmt: skip
    assert made["due_at"][:10] == str(now().date() + timedelta(days=3))
    [waiting] = (await keeper.get("/v1/grievances", params={"status": "opened"})).json()["items"]
    assert (waiting["text"], waiting["opened_by"]) == (SECRET, "csa")

    assert told(await step(agent, made, "acknowledge", 1)) == (403, "grievance_not_yours")
    assert (await step(keeper, made, "acknowledge", 1)).json()["status"] == "acknowledged"
    assert told(await step(keeper, made, "answer", 1, **ANSWER)) == (412, "precondition_failed")
    answered = await step(keeper, made, "answer", 2, **ANSWER)
    assert (answered.json()["status"], answered.json()["verdict"], answered.headers["ETag"]) == (
        "answered",
        "upheld",
        '"3"',
    )
    assert told(await step(keeper, made, "accept", 3)) == (403, "grievance_not_yours")
    assert (await step(agent, made, "accept", 3)).json()["status"] == "accepted"
    assert (await step(keeper, made, "close", 4)).json()["status"] == "closed"
    assert (await step(agent, made, "reopen", 5)).json()["status"] == "opened"
    for version, (client, name, body) in enumerate(
        ((keeper, "acknowledge", {}), (keeper, "answer", ANSWER), (agent, "accept", {}), (keeper, "close", {})), 6
    ):
        await step(client, made, name, version, **body)
    assert told(await step(agent, made, "reopen", 10)) == (409, "grievance_step_refused"), "once"
    seen = (await agent.get(f"/v1/grievances/{made['id']}")).json()
    assert [(one["step"], one["by"]) for one in seen["history"]][:4] == [
        ("open", "csa"), ("acknowledge", "taazour"), ("answer", "taazour"), ("accept", "csa"),
    ]  # fmt: skip


async def test_an_answer_not_accepted_goes_to_the_unit_once(
    agent: httpx.AsyncClient, keeper: httpx.AsyncClient, unit: httpx.AsyncClient
) -> None:
    made = await opened(agent)
    await step(keeper, made, "acknowledge", 1)
    await step(keeper, made, "answer", 2, **ANSWER | {"verdict": "rejected"})
    escalated = await step(agent, made, "escalate", 3)
    assert (escalated.json()["status"], escalated.json()["desk"]) == ("escalated", "unit")
    assert told(await step(keeper, made, "answer", 4, **ANSWER)) == (403, "grievance_not_yours")
    assert (await step(unit, made, "answer", 4, **ANSWER)).json()["verdict"] == "upheld"
    assert told(await step(agent, made, "escalate", 5)) == (409, "grievance_step_refused")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "This grievance is opened; it does not allow this step."),
        ("fr", "Cette plainte est ouverte ; cette étape n'est pas possible."),
        ("ar", "هذا التظلم مفتوح، ولا يقبل هذه الخطوة."),
    ],
)
async def test_a_step_too_early_is_refused_in_three_languages(
    agent: httpx.AsyncClient, keeper: httpx.AsyncClient, language: str, words: str
) -> None:
    made = await opened(agent)
    keeper.headers["Accept-Language"] = language
    refused = await step(keeper, made, "answer", 1, **ANSWER)
    assert told(refused) == (409, "grievance_step_refused")
    assert refused.json()["title"] == words
    await step(keeper, made, "acknowledge", 1)
    assert told(await step(keeper, made, "answer", 2, **ANSWER | {"language": "fr"})) == (
        422,
        "answer_in_another_language",
    )


async def test_conduct_is_never_shown_to_the_institution_it_is_about(
    matching: Running, agent: httpx.AsyncClient, keeper: httpx.AsyncClient, unit: httpx.AsyncClient
) -> None:
    made = await opened(agent, **CONDUCT | {"program": FOOD})
    assert (made["desk"], made["about"]) == ("unit", "csa")
    for client in (agent, keeper):
        assert told(await client.get(f"/v1/grievances/{made['id']}")) == (404, "not_found")
        assert (await client.get("/v1/grievances")).json()["items"] == []
        assert (await client.get("/v1/grievances/summary")).json() == []
    assert [one["id"] for one in (await unit.get("/v1/grievances")).json()["items"]] == [made["id"]]
    assert (await agent.get("/v1/households/MR0110000000/picture?reference=c1", headers=OFFICIAL)).json()[
        "open_grievances"
    ] == 0
    async with matching.platform.database.transaction() as tx:
        [row] = await tx.scalars(select(OutboxRow).where(OutboxRow.type == "matching.grievances.changed.v1"))
        assert (row.data["desk"], row.data["program"], "csa" in json.dumps(row.data)) == ("unit", None, False)


async def test_an_anonymous_one_keeps_nothing_of_who_said_it(
    matching: Running, agent: httpx.AsyncClient, unit: httpx.AsyncClient
) -> None:
    body = CONDUCT | {"anonymous": True, "contact": "Mariem, 22334455"}
    made = (await agent.post("/v1/grievances", json=BODY | body, headers={"Idempotency-Key": "said-once"})).json()
    assert (made["opened_by"], made["household_number"], made["contact"]) == (None, None, None)
    async with matching.platform.database.transaction() as tx:
        kept = (await tx.scalars(select(Grievance))).one()
        turn = (await tx.scalars(select(History).where(History.aggregate_id == kept.id))).one()
        assert (kept.official, turn.changed_by) == (None, "anonymous")
        assert (await tx.scalars(select(IdempotencyKey))).all() == []
    await step(unit, made, "acknowledge", 1)
    await step(unit, made, "answer", 2, **ANSWER)
    assert (await step(unit, made, "close", 3)).json()["status"] == "closed", "nobody could accept it"


async def test_what_is_said_is_in_no_event_no_history_and_no_log(
    matching: Running, agent: httpx.AsyncClient, keeper: httpx.AsyncClient, capfd: pytest.CaptureFixture[str]
) -> None:
    made = await opened(agent, contact="Mariem, 22334455")
    await step(keeper, made, "acknowledge", 1)
    await step(keeper, made, "answer", 2, **ANSWER)
    async with matching.platform.database.transaction() as tx:
        rows = [row.data for row in await tx.scalars(select(OutboxRow))]
        turns = [row.change for row in await tx.scalars(select(History).where(History.aggregate_id == made["id"]))]
    printed = capfd.readouterr()
    for where in (json.dumps([rows, turns], ensure_ascii=False), printed.out, printed.err):
        assert not [said for said in (SECRET, "22334455", ANSWER["text"]) if said in where]


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"program": None}, 422, "grievance_needs_program"),
        ({"anonymous": True}, 422, "grievance_not_anonymous"),
        ({"household_number": None}, 422, "grievance_of_nobody"),
        ({"household_number": "MR0119999999"}, 422, "household_number_unknown"),
        ({"program": "NOBODYS"}, 404, "program_unknown"),
        ({"about": "csa"}, 422, "conduct_of_whom"),
        ({"category": "conduct"}, 422, "conduct_of_whom"),
        ({"disputes": [{"kind": "link", "id": str(id_of("nobody"))}]}, 422, "disputed_unknown"),
        ({"disputes": [{"kind": "link", "id": str(id_of(f"{SHOP} 0"))}]}, 422, "disputed_unknown"),
        ({"disputes": [{"kind": "eligibility"}]}, 422, "disputed_unknown"),
        ({"disputes": [{"kind": "referral"}]}, 422, "disputed_unknown"),
        ({"disputes": [{"kind": "overlap_case", "id": str(id_of("x"))}]}, 422, "disputed_unknown"),
        ({"text": "x" * 2001}, 422, "invalid_request"),
        ({"text": " "}, 422, "invalid_request"),
        ({"category": "weather"}, 422, "invalid_request"),
        ({"note": "x"}, 422, "invalid_request"),
    ],
)  # fmt: skip
async def test_what_cannot_be_taken_down_is_refused(
    agent: httpx.AsyncClient, changed: dict[str, Any], status: int, code: str
) -> None:
    assert told(await agent.post("/v1/grievances", json=BODY | changed)) == (status, code)
    assert (await agent.get("/v1/grievances")).json()["items"] == []


async def test_what_is_disputed_leads_to_its_evidence(agent: httpx.AsyncClient, keeper: httpx.AsyncClient) -> None:
    link, due = str(id_of(f"{CASH} 0")), str(id_of("an entitlement"))
    disputes = [
        {"kind": "link", "id": link},
        {"kind": "eligibility", "program": CASH},
        {"kind": "entitlement", "id": due, "program": CASH},
    ]
    made = await opened(agent, disputes=disputes)
    assert [one["evidence"] for one in made["disputes"]] == [
        f"/matching/v1/links/{link}",
        f"/matching/v1/programs/{CASH}/eligibility",
        f"/programs/taazour/v1/entitlements/{due}",
    ]


async def test_somebody_not_in_the_registry_complains_to_the_registry(
    agent: httpx.AsyncClient, keeper: httpx.AsyncClient, unit: httpx.AsyncClient
) -> None:
    made = await opened(
        agent, category="exclusion", program=None, household_number=None, contact="Mariem, Amourj, 22334455"
    )
    assert (made["desk"], made["contact"]) == ("registry", "Mariem, Amourj, 22334455")
    assert told(await keeper.get(f"/v1/grievances/{made['id']}")) == (404, "not_found")
    assert (await step(unit, made, "acknowledge", 1)).status_code == 200


async def test_one_taken_down_twice_under_one_key_is_one(agent: httpx.AsyncClient) -> None:
    answers = [
        await agent.post("/v1/grievances", json=BODY, headers={"Idempotency-Key": "counter-7-1"}) for _ in range(2)
    ]
    assert answers[0].content == answers[1].content
    assert len((await agent.get("/v1/grievances")).json()["items"]) == 1


async def test_they_come_page_by_page_are_counted_and_reminded_of_once(
    matching: Running, agent: httpx.AsyncClient, keeper: httpx.AsyncClient
) -> None:
    for _ in range(5):
        made = await opened(agent)
        await step(keeper, made, "acknowledge", 1)
        await step(keeper, made, "answer", 2, **ANSWER)
    late = await opened(agent)
    page = (await keeper.get("/v1/grievances", params={"limit": 4})).json()
    rest = (await keeper.get("/v1/grievances", params={"limit": 4, "cursor": page["next_cursor"]})).json()
    assert (len(page["items"]), len(rest["items"]), rest["next_cursor"]) == (4, 2, None)
    [figures] = (await keeper.get("/v1/grievances/summary")).json()
    assert (figures["desk"], figures["program"], figures["opened"], figures["answered"], figures["upheld"]) == (
        "program", CASH, 6, None, None,
    ), "five answered of six would tell the one that is not"  # fmt: skip
    assert (figures["waiting"], figures["median_days_to_answer"], figures["overdue"]) == (6, 0.0, 0)
    assert (await keeper.get("/v1/grievances/summary", params={"opened_to": "2026-01-01"})).json() == []

    async with matching.platform.database.transaction() as tx:
        past = update(Grievance).where(Grievance.id == late["id"]).values(due_at=now() - timedelta(hours=1))
        await tx.execute(past)
    counts = []
    for _ in range(2):
        async with matching.platform.database.transaction() as tx:
            counts.append(await remind_of_grievances(tx))
    assert counts == [1, 0]
    assert [one["id"] for one in (await keeper.get("/v1/grievances?overdue=true")).json()["items"]] == [late["id"]]
    assert len((await keeper.get("/v1/grievances?overdue=false")).json()["items"]) == 5


@pytest.mark.parametrize(
    ("category", "program", "desk"),
    [
        (Category.EXCLUSION, CASH, Desk.PROGRAM), (Category.EXCLUSION, None, Desk.REGISTRY),
        (Category.WRONG_DATA, CASH, Desk.REGISTRY), (Category.PAYMENT_MISSING, CASH, Desk.PROGRAM),
        (Category.OTHER, None, Desk.REGISTRY), (Category.CONDUCT, CASH, Desk.UNIT),
    ],
)  # fmt: skip
def test_a_rule_says_to_whom_a_grievance_goes(category: Category, program: str | None, desk: Desk) -> None:
    assert desk_of(category, program) is desk


def test_no_step_leads_from_where_it_does_not_and_two_are_taken_once() -> None:
    free = {"escalated": False, "reopened": False, "late": False}
    for one in GrievanceStep:
        for status in GrievanceStatus:
            allowed = status in LEADS[one][0] and (one, status) != (GrievanceStep.CLOSE, GrievanceStatus.ANSWERED)
            assert may_take(one, status, **free) is allowed
    assert may_take(GrievanceStep.CLOSE, GrievanceStatus.ANSWERED, **free | {"late": True})
    assert not may_take(GrievanceStep.ESCALATE, GrievanceStatus.ANSWERED, **free | {"escalated": True})
    assert not may_take(GrievanceStep.REOPEN, GrievanceStatus.CLOSED, **free | {"reopened": True})


OFFICIAL = {"Tekamoul-Official": "agent-1"}
PICTURE = "/v1/households/MR0110000000/picture"


async def test_an_agent_sees_how_a_household_stands_to_what_the_agreement_covers_and_nothing_else(
    matching: Running, agent: httpx.AsyncClient, keeper: httpx.AsyncClient
) -> None:
    await opened(agent)
    seen = (await agent.get(PICTURE, params={"reference": "counter 7"}, headers=OFFICIAL)).json()
    assert {(one["program"], one["standing"], one["since"]) for one in seen["programs"]} == {
        (CASH, "enrolled", "2026-03"), (FOOD, "enrolled", None),
    }  # fmt: skip
    assert set(seen) == {"household_id", "household_number", "programs", "open_cases", "open_grievances"}
    assert (seen["open_cases"], seen["open_grievances"]) == (1, 1)
    by_id = f"/v1/households/{seen['household_id']}/picture"
    kept = (await keeper.get(by_id, params={"reference": "c2"}, headers=OFFICIAL)).json()
    assert {(one["program"], one["standing"]) for one in kept["programs"]} == {(CASH, "enrolled"), (SHOP, "waiting")}
    assert (kept["open_cases"], kept["open_grievances"]) == (0, 0), "food is not covered"
    first, second = ("MR0110000001", "MR0110000002")
    gone = (await keeper.get(f"/v1/households/{first}/picture?reference=c3", headers=OFFICIAL)).json()
    none = (await keeper.get(f"/v1/households/{second}/picture?reference=c3", headers=OFFICIAL)).json()
    assert [(one["standing"], one["since"]) for one in gone["programs"]] == [("left", "2026-08"), ("not_in", None)]
    assert [one["standing"] for one in none["programs"]] == ["not_in", "not_in"]


async def test_whoever_looks_says_for_which_case_and_it_is_recorded(
    matching: Running, agent: httpx.AsyncClient, unit: httpx.AsyncClient
) -> None:
    assert told(await agent.get(PICTURE, headers=OFFICIAL)) == (422, "invalid_request")
    assert told(await agent.get(PICTURE, params={"reference": "c1"})) == (422, "invalid_request")
    missing = await agent.get("/v1/households/MR0119999999/picture?reference=c1", headers=OFFICIAL)
    assert told(missing) == (404, "not_found")
    for reference in ("c1", "c2"):
        await agent.get(PICTURE, params={"reference": reference}, headers=OFFICIAL)

    first = (await unit.get(f"{PICTURE}-reads", params={"limit": 1})).json()
    rest = (await unit.get(f"{PICTURE}-reads", params={"limit": 1, "cursor": first["next_cursor"]})).json()
    assert [
        (one["read_by"], one["official"], one["reference"], one["programs"]) for one in first["items"] + rest["items"]
    ] == [
        ("csa", "agent-1", "c2", [FOOD, CASH]),
        ("csa", "agent-1", "c1", [FOOD, CASH]),
    ]
    assert told(await agent.get(f"{PICTURE}-reads")) == (403, "not_permitted")
    async with matching.platform.database.transaction() as tx:
        assert len((await tx.scalars(select(PictureRead.id))).all()) == 2
