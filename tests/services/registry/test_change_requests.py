"""Change requests: who proposes, who decides, what each of them sees, and what is refused."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from registry_cases import BOUGADOUM, Family, apply, member, propose, send, the_household
from running import Running

PARTNER = frozenset({"changes:propose"})


@pytest.fixture
async def partner(registry: Running) -> AsyncIterator[httpx.AsyncClient]:
    """The WFP: it may propose, and reads no household."""
    async with registry.client("wfp", PARTNER) as made:
        yield made


@pytest.fixture
async def household(client: httpx.AsyncClient) -> dict[str, Any]:
    await send(client, Family())
    return await the_household(client)


def a_move(household: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "move", "household_id": household["id"], "on": "2026-05-01", "commune_code": BOUGADOUM}


def a_removal(household: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "removal", "household_id": household["id"], "on": "2026-05-01", "reason": "left_country"}


async def decide(
    client: httpx.AsyncClient, request_id: str, official: str, *, verb: str = "approve", **body: str
) -> httpx.Response:
    read = await client.get(f"/v1/change-requests/{request_id}")
    return await client.post(
        f"/v1/change-requests/{request_id}/{verb}",
        json={"official": official, **body},
        headers={"If-Match": read.headers.get("ETag", "")},
    )


async def test_a_partner_proposes_with_evidence_and_taazour_decides(
    client: httpx.AsyncClient, partner: httpx.AsyncClient, household: dict[str, Any]
) -> None:
    evidence = [{"kind": "visit", "reference": "WFP/MR/2026/17", "on": "2026-05-02"}]
    sent = await propose(
        partner, a_move(household), official="WFP-7", if_match=None, reason="Déménagement", evidence=evidence
    )
    assert sent.status_code == 201, sent.text
    assert sent.json()["status"] == "proposed"
    assert (await the_household(client))["version"] == household["version"]  # trying it changed nothing

    seen = (await client.get("/v1/change-requests", params={"status": "proposed"})).json()["items"]
    assert [one["evidence"] for one in seen] == [evidence]
    assert seen[0]["diff"] == [
        {
            "record": "household",
            "id": household["id"],
            "number": "MR0110000001",
            "is_new": False,
            "fields": {"commune_code": ["MR011-C01", "MR011-C02"], "village": ["Oum Essafya", None]},
            "members": [[], []],
        }
    ]
    approved = await decide(client, sent.json()["id"], "TZR-0001")

    assert approved.json()["status"] == "applied"
    assert (await the_household(client))["commune_code"] == BOUGADOUM
    change = (await client.get(f"/v1/changes/{approved.json()['change_id']}")).json()
    assert (change["made_by"], change["reason"], change["request_id"]) == ("taazour", "Déménagement", sent.json()["id"])
    theirs = (await partner.get(f"/v1/change-requests/{sent.json()['id']}")).json()
    assert (theirs["status"], theirs["decisions"][0]["official"]) == ("applied", "TZR-0001")


async def test_a_partner_who_reads_no_household_learns_nothing_from_its_own_proposal(
    partner: httpx.AsyncClient, household: dict[str, Any]
) -> None:
    sent = await propose(partner, a_move(household), official="WFP-7", if_match=None)

    assert sent.json()["diff"] == []
    read = await partner.get(f"/v1/change-requests/{sent.json()['id']}")
    assert read.json()["diff"] == []
    assert "Essafya" not in sent.text + read.text


async def test_another_partners_request_answers_like_an_unknown_one(
    registry: Running, partner: httpx.AsyncClient, household: dict[str, Any]
) -> None:
    sent = await propose(partner, a_move(household), official="WFP-7", if_match=None)
    async with registry.client("csa", PARTNER) as other:
        for request_id in (sent.json()["id"], "0192d3a0-0000-7000-8000-000000000000"):
            answer = await other.get(f"/v1/change-requests/{request_id}")
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert (await other.get("/v1/change-requests")).json()["items"] == []
        withdrawn = await other.post(f"/v1/change-requests/{sent.json()['id']}/withdraw")
        assert withdrawn.status_code == 404


async def test_a_removal_needs_two_persons(client: httpx.AsyncClient, household: dict[str, Any]) -> None:
    sent = await propose(client, a_removal(household), approve=True, official="TZR-0001")
    request_id = sent.json()["id"]
    assert (sent.json()["status"], sent.json()["persons_needed"]) == ("proposed", 2)

    same = await decide(client, request_id, "TZR-0001")
    assert (same.status_code, same.json()["code"]) == (409, "second_person_needed")
    assert (await the_household(client))["status"] == "active"
    other = await decide(client, request_id, "TZR-0002")

    assert other.json()["status"] == "applied"
    assert (await the_household(client))["status"] == "left"
    again = await decide(client, request_id, "TZR-0003")
    assert (again.status_code, again.json()["code"]) == (409, "request_decided")


async def test_a_refusal_ends_a_request_and_says_why(
    client: httpx.AsyncClient, partner: httpx.AsyncClient, household: dict[str, Any]
) -> None:
    sent = await propose(partner, a_move(household), official="WFP-7", if_match=None)

    refused = await decide(client, sent.json()["id"], "TZR-0001", verb="refuse", reason="Aucune preuve")

    assert refused.json()["status"] == "refused"
    theirs = (await partner.get(f"/v1/change-requests/{sent.json()['id']}")).json()
    assert theirs["decisions"][0]["reason"] == "Aucune preuve"
    assert (await the_household(client))["version"] == household["version"]


async def test_a_proposer_withdraws_and_nobody_else_does(
    client: httpx.AsyncClient, partner: httpx.AsyncClient, household: dict[str, Any]
) -> None:
    sent = await propose(partner, a_move(household), official="WFP-7", if_match=None)

    not_theirs = await client.post(f"/v1/change-requests/{sent.json()['id']}/withdraw")
    assert (not_theirs.status_code, not_theirs.json()["code"]) == (403, "not_your_request")
    withdrawn = await partner.post(f"/v1/change-requests/{sent.json()['id']}/withdraw")

    assert withdrawn.json()["status"] == "withdrawn"
    late = await decide(client, sent.json()["id"], "TZR-0001")
    assert late.json()["code"] == "request_decided"


async def test_an_approval_of_what_has_changed_since_it_was_read_is_refused(
    client: httpx.AsyncClient, household: dict[str, Any]
) -> None:
    sent = await propose(client, a_move(household))
    etag = (await client.get(f"/v1/change-requests/{sent.json()['id']}")).headers["ETag"]
    await apply(client, {"kind": "correction", "household_id": household["id"], "household": {"phones": []}})

    stale = await client.post(
        f"/v1/change-requests/{sent.json()['id']}/approve",
        json={"official": "TZR-0001"},
        headers={"If-Match": etag},
    )

    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    read = (await client.get(f"/v1/change-requests/{sent.json()['id']}")).json()
    assert read["subject_changed"] is True
    assert (await decide(client, sent.json()["id"], "TZR-0001")).json()["status"] == "applied"


async def test_each_answer_gives_the_etag_with_which_the_next_official_approves(
    client: httpx.AsyncClient, household: dict[str, Any]
) -> None:
    sent = await propose(client, a_removal(household))
    path = f"/v1/change-requests/{sent.json()['id']}/approve"

    first = await client.post(path, json={"official": "TZR-0001"}, headers={"If-Match": sent.headers["ETag"]})
    late = await client.post(path, json={"official": "TZR-0002"}, headers={"If-Match": sent.headers["ETag"]})
    second = await client.post(path, json={"official": "TZR-0002"}, headers={"If-Match": first.headers["ETag"]})

    assert [one.json().get("status") for one in (sent, first)] == ["proposed", "proposed"]
    assert late.json()["code"] == "precondition_failed"
    assert second.json()["status"] == "applied"
    assert sent.headers["ETag"] == f'"{sent.json()["version"]}"'


async def test_the_same_proposal_again_has_the_etag_it_had(
    client: httpx.AsyncClient, household: dict[str, Any]
) -> None:
    """What was answered again was not read anew: it does not let anybody approve what has changed since."""
    sent = await propose(client, a_move(household), key="the-move-of-sidi")
    await apply(client, {"kind": "correction", "household_id": household["id"], "household": {"phones": []}})

    again = await propose(client, a_move(household), key="the-move-of-sidi")

    assert (again.json(), again.headers["ETag"]) == (sent.json(), sent.headers["ETag"])
    read = await client.get(f"/v1/change-requests/{sent.json()['id']}")
    assert read.headers["ETag"] != sent.headers["ETag"]


async def test_a_direct_change_needs_the_etag_of_what_was_read(
    client: httpx.AsyncClient, household: dict[str, Any]
) -> None:
    without = await propose(client, a_move(household), approve=True, if_match=None)
    assert (without.status_code, without.json()["code"]) == (428, "precondition_required")
    stale = await propose(client, a_move(household), approve=True, if_match='"77"')
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    seen = await propose(client, a_move(household), approve=True, if_match=f'"{household["version"]}"')
    assert seen.json()["status"] == "applied"


async def test_whoever_has_no_authority_decides_nothing(registry: Running, household: dict[str, Any]) -> None:
    async with registry.client("csa", frozenset({"changes:propose", "changes:decide"})) as csa:
        refused = await propose(csa, a_move(household), approve=True, official="CSA-1")
        assert (refused.status_code, refused.json()["code"]) == (403, "not_your_authority")
    async with registry.client("wfp", PARTNER) as wfp:
        refused = await propose(wfp, a_move(household), approve=True, official="WFP-7")
        assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted")
    async with registry.client("anrpts", frozenset({"changes:propose", "changes:decide"})) as civil:
        person = member(household, "1000000003")["individual_id"]
        sent = await propose(
            civil,
            {"kind": "correction", "individual_id": person, "individual": {"birth_date": "2004-07-18"}},
            approve=True,
            official="EC-12",
        )
        assert sent.json()["status"] == "applied"


async def test_the_same_key_proposes_once(client: httpx.AsyncClient, household: dict[str, Any]) -> None:
    headers = {"Idempotency-Key": "a-key-of-the-client", "If-Match": "*"}
    body = {"proposal": a_move(household), "official": "TZR-0001", "approve": True}

    first = await client.post("/v1/change-requests", json=body, headers=headers)
    second = await client.post("/v1/change-requests", json=body, headers=headers)

    assert first.content == second.content
    assert (await the_household(client))["version"] == household["version"] + 1


async def test_what_nobody_understands_is_refused(client: httpx.AsyncClient, household: dict[str, Any]) -> None:
    nested: Any = "x"
    for _ in range(60):
        nested = {"deeper": nested}
    long_name = {"kind": "correction", "household_id": household["id"], "household": {"village": "x" * 10_000_000}}
    both = {"kind": "correction", "household_id": household["id"], "individual": {"name_fr": "x"}}
    for proposal in (
        {"kind": "abolish"},
        {**a_move(household), "surprise": 1},
        {**a_move(household), "village": nested},
        long_name,
        both,
        {"kind": "move", "household_id": household["id"], "on": "2026-05-01"},
    ):
        refused = await propose(client, proposal)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request"), proposal["kind"]
    assert (await propose(client, a_move(household), official="M. Sidi Ould Ahmed")).status_code == 422
