"""Matching's routes: who may ask, what is answered, in whose language."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from in_turn import in_turn
from matching_cases import PLACES, TODAY, enrollment, household, id_of, program
from running import ALL_PERMISSIONS, Running, Services, status_of, until
from services.matching import projecting
from shared.history import History

UNKNOWN = "00000000-0000-7000-8000-000000000000"
ROUTES = {
    "/v1/links?program=TEKAVOUL": "links:read",
    f"/v1/links/{UNKNOWN}": "links:read",
    "/v1/linkage": "overlaps:read",
    "/v1/overlaps": "overlaps:read",
    "/v1/rules-matrix": "overlaps:read",
    "/v1/rules-matrix/pdf?language=fr": "overlaps:read",
    "/v1/matrix-proposals": "overlaps:read",
    f"/v1/matrix-proposals/{UNKNOWN}": "overlaps:read",
    "/v1/overlap-cases": "overlap-cases:read",
    "/v1/overlap-cases/summary": "overlap-cases:read",
    "/v1/missing-complements": "overlap-cases:read",
    f"/v1/overlap-cases/{UNKNOWN}": "overlap-cases:read",
    f"/v1/rules-matrix/{UNKNOWN}/TEKAVOUL": "overlaps:read",
    f"/v1/rules-matrix/{UNKNOWN}/TEKAVOUL/history": "overlaps:read",
    "/v1/gaps": "overlaps:read",
    "/v1/schools?program=TEKAVOUL": "schools:read",
    "/v1/household-values": "overlaps:read",
    f"/v1/household-values/{UNKNOWN}": "overlaps:read",
    f"/v1/households/{UNKNOWN}/eligibility?program=TEKAVOUL": "eligibility:read",
    "/v1/programs/TEKAVOUL/eligibility": "eligibility:read",
    "/v1/programs/TEKAVOUL/gaps": "gaps:read",
    "/v1/programs/TEKAVOUL/hand-over-proposals": "referrals:read",
    "/v1/eligibility-replays": "eligibility:replay",
    f"/v1/eligibility-replays/{UNKNOWN}": "eligibility:replay",
    f"/v1/eligibility-replays/{UNKNOWN}/households/{UNKNOWN}": "eligibility:replay",
    "/v1/programs/TEKAVOUL/without/TEMWINE": "referrals:read",
    "/v1/programs/TEKAVOUL/without/TEMWINE/summary": "referrals:read",
    "/v1/referrals?direction=sent": "referrals:read",
    "/v1/referrals/summary": "referrals:read",
    f"/v1/referrals/{UNKNOWN}": "referrals:read",
    "/v1/services": "referrals:read",
    "/v1/grievances": "grievances:read",
    "/v1/grievances/summary": "grievances:read",
    f"/v1/grievances/{UNKNOWN}": "grievances:read",
    f"/v1/households/{UNKNOWN}/picture-reads": "households:picture-reads",
    f"/v1/referral-deadlines/{UNKNOWN}": "referrals:read",
    "/v1/adjudications": "adjudications:read",
    f"/v1/adjudications/{UNKNOWN}": "adjudications:read",
    f"/v1/links/{UNKNOWN}/history": "adjudications:read",
    f"/v1/individuals/{UNKNOWN}/links": "individuals:links",
    f"/v1/rebuild/{UNKNOWN}": "links:rebuild",
    "/v1/clusters": "clusters:read",
    f"/v1/clusters/{UNKNOWN}": "clusters:read",
    f"/internal/link-batches/{UNKNOWN}": "internal",
}


@pytest.fixture
async def matching(services: Services) -> Running:
    """Matching with two households, and three beneficiaries its own worker has linked."""
    running = await services.start("matching")
    async with running.platform.database.transaction() as tx:
        await projecting.replace_places(tx, PLACES)
        await projecting.put_program(tx, program("TEKAVOUL", "taazour"))
        await projecting.put_households(tx, [household(1, phones=["+22222334455"]), household(2)], TODAY)
        listed = [enrollment("TEKAVOUL", 1, 1, phones=["22334455"]), enrollment("TEKAVOUL", 2, 2)]
        stranger = enrollment("TEKAVOUL", 3, None, name="Penda Mint Samba", sex="F")
        await projecting.put_beneficiaries(tx, "taazour", [*listed, stranger])
    async with running.client() as client:

        async def linked() -> bool:
            return all(one["pending"] == 0 for one in (await client.get("/v1/linkage")).json())

        await until(linked, what="everyone to be compared")
    return running


@pytest.fixture
async def client(matching: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with matching.client("taazour", programs=frozenset({"TEKAVOUL"})) as made:
        yield made


async def test_every_route_refuses_who_lacks_its_permission_and_no_other(services: Services) -> None:
    matching = await services.start("matching")
    paths = {path.split("?")[0].split(UNKNOWN)[0] for path in ROUTES}
    declared = {
        route.path.split("{")[0]
        for route in matching.app.routes
        if getattr(route, "path", "").startswith(("/v1/", "/internal/"))
    }
    assert declared <= paths

    for path, permission in ROUTES.items():
        async with matching.client(permissions=ALL_PERMISSIONS - {permission}) as without:
            refused = await without.get(path)
        async with matching.client(permissions=frozenset({permission})) as alone:
            allowed = await alone.get(path)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted"), path
        assert allowed.status_code in (200, 404), path
    async with httpx.AsyncClient(base_url=matching.url, trust_env=False) as nobody:
        assert (await nobody.get("/v1/overlaps")).status_code == 401


async def test_what_is_not_held_is_not_found_and_a_foreign_cursor_refused(client: httpx.AsyncClient) -> None:
    link = await client.get(f"/v1/links/{UNKNOWN}")
    value = await client.get(f"/v1/household-values/{UNKNOWN}")
    cursor = await client.get("/v1/links", params={"program": "TEKAVOUL", "cursor": "x"})

    assert [one.json()["code"] for one in (link, value, cursor)] == ["not_found", "not_found", "invalid_cursor"]
    assert (await client.get("/v1/links", params={"program": "NOBODYS"})).json() == {"items": [], "next_cursor": None}


async def test_links_are_the_keepers_alone_and_anothers_are_as_if_there_were_none(
    client: httpx.AsyncClient, matching: Running
) -> None:
    path = f"/v1/links/{id_of('TEKAVOUL 1')}"
    own = (await client.get("/v1/links", params={"program": "TEKAVOUL"})).json()["items"]
    assert str(id_of("TEKAVOUL 1")) in {one["enrollment_id"] for one in own}
    covered = frozenset({"TEKAVOUL"})
    async with matching.client("csa", programs=frozenset({"EL_MAOUNA"}), covers=covered) as other:
        foreign, unknown = await other.get(path), await other.get(f"/v1/links/{UNKNOWN}")
        assert (await other.get("/v1/links", params={"program": "TEKAVOUL"})).json()["items"] == []

    assert [(one.status_code, one.json()["code"]) for one in (foreign, unknown)] == [(404, "not_found")] * 2


@in_turn(
    ("language", "phone", "number"),
    [
        ("en", "same phone", "same household number"),
        ("fr", "même téléphone", "même numéro de ménage"),
        ("ar", "رقم الهاتف نفسه", "رقم الأسرة مطابق"),
    ],
)
async def test_a_link_explains_itself_in_the_callers_language(
    client: httpx.AsyncClient, language: str, phone: str, number: str
) -> None:
    answer = await client.get(f"/v1/links/{id_of('TEKAVOUL 1')}", headers={"Accept-Language": language})

    link = answer.json()
    reasons = {one["field"]: one["reason"] for one in link["evidence"]}
    assert (link["status"], link["individual_number"], link["household_number"]) == (
        "linked", "0000000001", "MR0110000001",
    )  # fmt: skip
    assert (reasons["phone"], reasons["household_number"]) == (phone, number)
    weights = {one["field"]: one["weight"] for one in link["evidence"]}
    # 12 for the number, 8 for the phone, 3 for the commune, 2.5 for the head, 0.9 for the sex, 11 less 0 for the name.
    assert (weights["household_number"], weights["phone"], weights["place"], weights["role"]) == (12.0, 8.0, 3.0, 2.5)
    assert [(one["version"], one["change"]["to"]["status"]) for one in link["history"]] == [(1, "linked")]
    assert link["history"][0]["by"] == f"model {link['model_version']}"


async def test_who_is_not_in_the_registry_has_no_evidence_but_a_history(client: httpx.AsyncClient) -> None:
    link = (await client.get(f"/v1/links/{id_of('TEKAVOUL 3')}")).json()

    assert (link["status"], link["individual_id"], link["household_id"], link["evidence"]) == (
        "unmatched",
        None,
        None,
        [],
    )
    assert (link["probability"], link["model_version"]) == (0.0, None)
    assert [one["change"]["to"]["status"] for one in link["history"]] == ["unmatched"]


async def test_the_outcomes_of_an_announcement_are_pulled_page_by_page(
    client: httpx.AsyncClient, matching: Running
) -> None:
    async with matching.platform.database.transaction() as tx:
        batch_id = (await tx.get_one(History, (id_of("TEKAVOUL 1"), 1))).batch_id
    path = f"/internal/link-batches/{batch_id}"

    first = (await client.get(path, params={"limit": 2})).json()
    second = (await client.get(path, params={"limit": 2, "cursor": first["next_cursor"]})).json()

    outcomes = {one["enrollment_id"]: (one["status"], one["household_id"]) for one in first["items"] + second["items"]}
    assert (len(first["items"]), len(second["items"]), second["next_cursor"]) == (2, 1, None)
    assert outcomes == {
        str(id_of("TEKAVOUL 1")): ("linked", str(id_of("household 1"))),
        str(id_of("TEKAVOUL 2")): ("linked", str(id_of("household 2"))),
        str(id_of("TEKAVOUL 3")): ("unmatched", None),
    }


async def test_the_status_page_says_how_many_wait(client: httpx.AsyncClient) -> None:
    status = await status_of(client)
    while status["work"]["households_to_sweep"]:  # a worker looks for whom programs miss, at its own pace
        await asyncio.sleep(0.05)
        status = await status_of(client)

    kinds = (
        "beneficiaries_pending",
        "households_to_sweep",
        "members_to_index",
        "beneficiaries_to_rebuild",
        "projections_to_read",
        "rows_to_cluster",
        "imports_waiting",
        "exports_waiting",
    )
    assert set(kinds) <= status["work"].keys()
    assert not any(status["work"].values())
