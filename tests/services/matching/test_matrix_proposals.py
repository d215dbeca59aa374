"""Decisions of the rules matrix take two officials; what contradicts is refused; what would change is told beforehand."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from matrix_cases import DISABLED, FORBIDDEN, LABEL, approve, propose, put
from sqlalchemy import select

from in_turn import in_turn
from matching_cases import PLACES, Projection, enrollment, household, member, program
from running import ALL_PERMISSIONS, Running, Services
from services.matching.models import Overlap
from services.matching.rules import suppressing
from shared.outbox import OutboxRow

CASH, FOOD, SHOP = "TEKAVOUL", "EL_MAOUNA", "TEMWINE"
PATH, OTHER, THIRD = (f"/v1/rules-matrix/{a}/{b}" for a, b in ((CASH, FOOD), (FOOD, SHOP), (CASH, SHOP)))
UNLESS_DISABLED = FORBIDDEN | {"exemptions": [{"overlap_class": "tolerated", "conditions": [DISABLED]}]}


@pytest.fixture
async def matching(services: Services) -> Running:
    """Three programs. In the east 12 households, 6 of them with a disabled member, and one of which nobody tells; in the south
    3. All get cash and food, household 20 cash alone."""
    running = await services.start("matching")
    projection = Projection(running.platform.database)
    await projection.places(PLACES)
    await projection.programs(program(CASH, "taazour"), program(FOOD, "csa"), program(SHOP, "taazour"))
    homes = [household(n, member(n, f"Salem Ould {NAMES[n]}", disability=n < 6)) for n in range(12)]
    unknown = household(12, member(12, f"Salem Ould {NAMES[12]}", disability=None))
    south = [household(n, member(n, f"Salem Ould {NAMES[n]}"), commune_code="MR032-C01") for n in (13, 14, 15)]
    alone = household(16, member(16, f"Salem Ould {NAMES[16]}"))
    await projection.households(*homes, unknown, *south, alone)
    named = {"name": None, "sex": None}
    told = [(n, {"name": f"Salem Ould {NAMES[n]}"}) for n in range(17)]
    await projection.enrollments(*(enrollment(CASH, n, n, **named | one) for n, one in told))
    await projection.enrollments(*(enrollment(FOOD, n, n, **named | one) for n, one in told[:16]), institution="csa")
    await projection.link()
    return running


NAMES = (
    "Tourad", "Moctar", "Brahim", "Cheikh", "Demba", "Khattri", "Lekhlive", "Sidi", "Bilal", "Yahya", "Zein", "Habib",
    "Maouloud", "Abdallahi", "Ethmane", "Vall", "Jiddou",
)  # fmt: skip


@pytest.fixture
async def client(matching: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with matching.client("taazour") as made:
        yield made


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def proposed(client: httpx.AsyncClient, body: Any = FORBIDDEN, path: str = PATH) -> str:
    answer = await propose(client, body, 0, path)
    assert answer.status_code == 200, answer.text
    found: str = answer.json()["proposal"]["id"]
    return found


async def test_a_proposal_is_in_force_only_when_another_official_has_approved_it(
    client: httpx.AsyncClient, matching: Running
) -> None:
    proposal_id = await proposed(client)
    waiting = (await client.get(PATH)).json()
    assert (waiting["overlap_class"], waiting["version"], waiting["proposal"]["id"]) == ("undecided", 0, proposal_id)

    for official in ("secretary-1", "SECRETARY-1"):
        herself = await approve(client, proposal_id, official=official)
        assert told(herself) == (403, "proposer_approves")
    async with matching.client(permissions=ALL_PERMISSIONS - {"matrix:approve"}) as other:
        assert told(await approve(other, proposal_id)) == (403, "not_permitted")
    assert (await client.get(PATH)).json()["overlap_class"] == "undecided"

    answer = await approve(client, proposal_id)
    assert (answer.status_code, answer.headers["ETag"], answer.json()["status"]) == (200, '"2"', "approved")
    assert (await client.get(PATH)).json()["overlap_class"] == "forbidden"
    again = await approve(client, proposal_id, official="chair-2")
    assert told(again) == (409, "proposal_decided")


async def test_a_proposal_is_rejected_with_the_reason_or_withdrawn_and_changes_nothing(
    client: httpx.AsyncClient,
) -> None:
    ends = []
    for official in ("chair-1", "secretary-1"):
        path = f"/v1/matrix-proposals/{await proposed(client)}/reject"
        body = {"official": official, "because": "l'arrêté n'est pas signé"}
        assert told(await client.post(path, json=body, headers={"If-Match": '"2"'})) == (412, "precondition_failed")
        assert told(await client.post(path, json=body)) == (428, "precondition_required")
        answer = await client.post(path, json=body, headers={"If-Match": '"1"'})
        ends.append((answer.json()["status"], answer.json()["because"]))

    assert ends == [("rejected", "l'arrêté n'est pas signé"), ("withdrawn", "l'arrêté n'est pas signé")]
    assert (await client.get(PATH)).headers["ETag"] == '"0"'
    listed = (await client.get("/v1/matrix-proposals", params={"limit": 1})).json()
    rest = (await client.get("/v1/matrix-proposals", params={"limit": 1, "cursor": listed["next_cursor"]})).json()
    assert [one["status"] for one in listed["items"] + rest["items"]] == ["withdrawn", "rejected"]
    assert (await client.get("/v1/matrix-proposals", params={"status": "open"})).json()["items"] == []


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "of EL_MAOUNA – TEMWINE – TEKAVOUL, each program is required with the next, yet EL_MAOUNA and TEKAVOUL are forbidden"),
        ("fr", "de EL_MAOUNA – TEMWINE – TEKAVOUL, deux programmes qui se suivent doivent aller ensemble"),
        ("ar", "الجمع مطلوب بين كل برنامجين متتاليين من EL_MAOUNA – TEMWINE – TEKAVOUL"),
    ],
)  # fmt: skip
async def test_rules_that_contradict_one_another_are_refused_with_the_programs_named(
    client: httpx.AsyncClient, language: str, words: str
) -> None:
    for path in (OTHER, THIRD):
        await put(client, FORBIDDEN | {"overlap_class": "required"}, 0, path)

    refused = await propose(client, FORBIDDEN, 0, PATH, **{"Accept-Language": language})
    tried = await client.post(f"{PATH}/simulate", json=FORBIDDEN)
    assert told(refused) == told(tried) == (409, "matrix_contradiction")
    assert words in refused.json()["title"]
    # Of those with a disabled member nothing is required any more: then nobody must and must not.
    exempt = {"overlap_class": "required", "exemptions": [{"overlap_class": "tolerated", "conditions": [DISABLED]}]}
    await put(client, FORBIDDEN | exempt, 1, OTHER)
    none = DISABLED | {"operator": "eq"}
    only = {"overlap_class": "tolerated", "exemptions": [{"overlap_class": "forbidden", "conditions": [none]}]}
    assert told(await propose(client, FORBIDDEN | only, 0, PATH)) == (409, "matrix_contradiction")
    assert (await propose(client, FORBIDDEN | only | {"exemptions": [
        {"overlap_class": "forbidden", "conditions": [DISABLED]}]}, 0, PATH)).status_code == 200  # fmt: skip


async def test_two_that_contradict_one_another_are_not_approved_at_once(client: httpx.AsyncClient) -> None:
    await put(client, FORBIDDEN | {"overlap_class": "required"}, 0, OTHER)
    ids = [await proposed(client), await proposed(client, FORBIDDEN | {"overlap_class": "required"}, THIRD)]

    answers = await asyncio.gather(*(approve(client, one) for one in ids))
    assert sorted(one.status_code for one in answers) == [200, 409]
    assert [one.json()["code"] for one in answers if one.status_code == 409] == ["matrix_contradiction"]


async def test_what_is_to_begin_later_contradicts_too(client: httpx.AsyncClient) -> None:
    later = FORBIDDEN | {"overlap_class": "required", "valid_from": "2099-01-01"}
    for path in (OTHER, THIRD):
        await put(client, later, 0, path)

    assert told(await propose(client, FORBIDDEN, 0, PATH)) == (409, "matrix_contradiction")


@in_turn(
    ("changed", "pointer", "said"),
    [
        ({"attribute": "wealth"}, "attribute", "Accepted: wilaya, moughataa"),
        ({"value": "two"}, "value", "Accepted: 0, 1, 2.5"),
        ({"attribute": "wilaya", "value": "MR01"}, "operator", "Accepted: eq, exists, in, ne, not_in"),
    ],
)
async def test_a_condition_that_cannot_be_evaluated_is_refused(
    client: httpx.AsyncClient, changed: dict[str, Any], pointer: str, said: str
) -> None:
    exemptions = [{"overlap_class": "tolerated", "conditions": [DISABLED | changed]}]
    refused = await propose(client, FORBIDDEN | {"exemptions": exemptions}, 0, PATH, **{"Accept-Language": "en"})

    assert told(refused) == (422, "condition_unsound")
    assert refused.json()["pointer"] == f"/exemptions/0/conditions/0/{pointer}"
    assert said in refused.json()["title"]


async def test_a_simulation_says_what_would_become_of_todays_overlaps_and_changes_nothing(
    client: httpx.AsyncClient, matching: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = (await client.post(f"{PATH}/simulate", json=UNLESS_DISABLED)).json()

    # 16 in both: 13 in the east, 3 in the south, which are few; so is the one of which nobody tells. Forbidden would be 6 in
    # the east, whom nobody tells, and 3 in the south; 6 are exempt.
    assert (made["households"], made["cases_opened"], made["cases_closed"], made["cannot_tell"]) == (16, 10, 0, None)
    assert made["before"] == dict.fromkeys(("required", "intended", "tolerated", "forbidden"), 0) | {"undecided": 16}
    assert (made["after"]["forbidden"], made["after"]["tolerated"]) == (10, 6)
    east, south = made["wilayas"]
    assert (east["wilaya_code"], south["wilaya_code"]) == ("MR01", "MR03")
    assert (south["households"], south["after"]["forbidden"]) == (None, None)
    assert (east["households"], east["after"]["forbidden"]) == (None, None), "it would tell the south's"
    assert (made["missing_before"], made["missing_after"]) == (0, 0)
    with monkeypatch.context() as hurried:
        hurried.setattr(suppressing, "MOST_TRIES", 0)  # no way is found to tell the wilayas, too
        all_ = (await client.post(f"{PATH}/simulate", json=UNLESS_DISABLED)).json()
    assert {name: all_[name] for name in ("households", "before", "after", "cases_opened", "cases_closed")} == {
        name: made[name] for name in ("households", "before", "after", "cases_opened", "cases_closed")
    }
    assert {value for one in all_["wilayas"] for value in (one["households"], *one["after"].values())} == {None}

    required = await client.post(f"{PATH}/simulate", json=FORBIDDEN | {"overlap_class": "required"})
    assert required.json()["missing_after"] is None, "one has cash alone"
    async with matching.platform.database.transaction() as tx:
        assert len((await tx.scalars(select(Overlap.id))).all()) == 16
        types = set(await tx.scalars(select(OutboxRow.type)))
    assert "matching.matrix.changed.v1" not in types
    assert (await client.get(PATH)).json()["proposal"] is None


async def test_a_simulation_compares_with_what_is_in_force(client: httpx.AsyncClient) -> None:
    await put(client, FORBIDDEN, 0, PATH)

    made = (await client.post(f"{PATH}/simulate", json=UNLESS_DISABLED)).json()
    assert (made["before"]["forbidden"], made["cases_opened"], made["cases_closed"]) == (16, 0, 6)
    in_the_south = {"attribute": "wilaya", "operator": "eq", "value": "MR03", "label": LABEL}
    few = FORBIDDEN | {"exemptions": [{"overlap_class": "tolerated", "conditions": [in_the_south]}]}
    made = (await client.post(f"{PATH}/simulate", json=few)).json()
    assert (made["cases_closed"], made["after"]["forbidden"]) == (None, None), "16 before and 13 after would tell three"


async def test_the_matrix_is_printed_in_three_languages(client: httpx.AsyncClient) -> None:
    await put(client, UNLESS_DISABLED, 0, PATH)

    pages = [await client.get("/v1/rules-matrix/pdf", params={"language": one}) for one in ("ar", "fr", "en")]
    assert [(one.status_code, one.headers["content-type"], one.content[:5]) for one in pages] == [
        (200, "application/pdf", b"%PDF-")
    ] * 3
    assert len({one.content for one in pages}) == 3
    assert told(await client.get("/v1/rules-matrix/pdf", params={"language": "wo"})) == (422, "invalid_request")


async def test_a_matrix_of_too_many_programs_is_not_printed(matching: Running, client: httpx.AsyncClient) -> None:
    await Projection(matching.platform.database).programs(*(program(f"P{n}", "taazour") for n in range(18)))

    assert told(await client.get("/v1/rules-matrix/pdf", params={"language": "fr"})) == (
        409,
        "matrix_too_large_to_print",
    )
