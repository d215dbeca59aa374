"""Decisions over HTTP: who may, what must have been seen, once for each key, and in whose language."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from decision_cases import LIST, ROW, TWO, namesake, row

from matching_cases import PLACES, TODAY, id_of, program
from running import ALL_PERMISSIONS, Running, Services, until
from services.matching import projecting

UNKNOWN = "00000000-0000-7000-8000-000000000000"
WRITES = {
    f"/v1/adjudications/{UNKNOWN}/decide": ("adjudications:decide", {"outcome": "same"}),
    f"/v1/adjudications/{UNKNOWN}/skip": ("adjudications:decide", {}),
    f"/v1/adjudications/{UNKNOWN}/undo": ("adjudications:decide", {}),
    f"/v1/links/{UNKNOWN}/link": ("links:write", {"individual_id": UNKNOWN}),
    f"/v1/links/{UNKNOWN}/unlink": ("links:write", {"reason": "mistake"}),
    f"/v1/links/{UNKNOWN}/undo": ("links:write", {}),
}


@pytest.fixture
async def matching(services: Services) -> Running:
    """Matching with a row in doubt between two namesakes, of a program that gives money."""
    running = await services.start("matching")
    async with running.platform.database.transaction() as tx:
        await projecting.replace_places(tx, PLACES)
        await projecting.put_program(tx, program(LIST, "partners"))
        await projecting.put_households(tx, [namesake(1), namesake(2)], TODAY)
        await projecting.put_beneficiaries(tx, "partners", [row(monthly_value_mru="450.00")])
    return running


@pytest.fixture
async def wfp(matching: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with matching.client("wfp", programs=frozenset({LIST})) as made:
        yield made


async def the_question(wfp: httpx.AsyncClient) -> dict[str, Any]:
    async def there() -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await wfp.get("/v1/adjudications")).json()["items"]
        return items

    (found,) = await until(there, what="the question")
    return dict(found)


async def test_every_write_refuses_who_lacks_its_permission_and_knows_nothing_unknown(services: Services) -> None:
    matching = await services.start("matching")
    for path, (permission, body) in WRITES.items():
        told, seen = {"official": "WFP-1", **body}, {"If-Match": "*"}
        async with matching.client(permissions=ALL_PERMISSIONS - {permission}) as without:
            refused = await without.post(path, json=told, headers=seen)
        async with matching.client(permissions=frozenset({permission})) as alone:
            unknown = await alone.post(path, json=told, headers=seen)
            unseen = await alone.post(path, json=told)
            nobody = await alone.post(path, json=body, headers=seen)
        assert (refused.status_code, unknown.status_code) == (403, 404), path
        assert (unseen.status_code, nobody.status_code) == (428, 422), path


async def test_two_officials_link_a_dear_row_and_a_third_undoes_it(wfp: httpx.AsyncClient) -> None:
    question = await the_question(wfp)
    path = f"/v1/adjudications/{question['id']}"
    read = await wfp.get(path, headers={"Accept-Language": "fr"})
    assert read.json()["reason"] == "la ressemblance ne suffit pas pour lier sans vérification"
    assert read.json()["listed_candidates"][0]["evidence"][0]["reason"] == "numéro national absent d'un côté"

    body = {"outcome": "same", "individual_id": str(TWO), "official": "WFP-1", "note": "she showed her card"}
    headers = {"If-Match": read.headers["ETag"], "Idempotency-Key": "a-first-key"}
    first = await wfp.post(f"{path}/decide", json=body, headers=headers)
    again = await wfp.post(f"{path}/decide", json=body, headers=headers)
    stale = await wfp.post(
        f"{path}/decide", json=body | {"official": "WFP-2"}, headers={"If-Match": headers["If-Match"]}
    )
    assert (first.status_code, first.json()["status"]) == (200, "awaiting_second")
    assert again.content == first.content
    assert stale.status_code == 412

    second = await wfp.post(
        f"{path}/decide", json=body | {"official": "WFP-2"}, headers={"If-Match": first.headers["ETag"]}
    )
    assert (second.json()["status"], second.json()["outcome"]) == ("decided", "same")
    assert [(one["said"], one["official"]) for one in second.json()["steps"]] == [("same", "WFP-1"), ("same", "WFP-2")]
    links = (await wfp.get(f"/v1/individuals/{TWO}/links")).json()["links"]
    assert [(one["program"], one["by_a_person"], one["status"]) for one in links] == [(LIST, True, "linked")]

    undone = await wfp.post(f"{path}/undo", json={"official": "WFP-3"}, headers={"If-Match": second.headers["ETag"]})
    assert (undone.json()["status"], (await wfp.get(f"/v1/individuals/{TWO}/links")).json()["links"]) == (
        "awaiting_second", [],
    )  # fmt: skip


async def test_a_link_by_hand_needs_the_version_that_was_seen(wfp: httpx.AsyncClient) -> None:
    await the_question(wfp)
    link = await wfp.get(f"/v1/links/{ROW}")
    body = {"individual_id": str(id_of("individual 1")), "official": "WFP-1"}

    stale = await wfp.post(f"/v1/links/{ROW}/link", json=body, headers={"If-Match": '"7"'})
    done = await wfp.post(f"/v1/links/{ROW}/link", json=body, headers={"If-Match": link.headers["ETag"]})

    assert stale.status_code == 412
    assert (done.json()["status"], done.json()["adjudication_status"]) == ("to_adjudicate", "awaiting_second")
    undone = await wfp.post(
        f"/v1/links/{ROW}/undo", json={"official": "WFP-1"}, headers={"If-Match": done.headers["ETag"]}
    )
    assert undone.json()["adjudication_status"] == "open"


async def test_a_foreign_cursor_and_a_strange_note_are_refused(wfp: httpx.AsyncClient) -> None:
    cursor = await wfp.get("/v1/adjudications", params={"cursor": "WzEsIngiLDJd"})
    note = await wfp.post(
        f"/v1/adjudications/{UNKNOWN}/skip", json={"official": "WFP-1", "note": "\0"}, headers={"If-Match": "*"}
    )

    assert (cursor.json()["code"], note.json()["code"]) == ("invalid_cursor", "invalid_request")


async def test_a_program_of_others_shows_no_question(matching: Running, wfp: httpx.AsyncClient) -> None:
    question = await the_question(wfp)
    async with matching.client("csa", programs=frozenset({"EL_MAOUNA"})) as csa:
        listed = await csa.get("/v1/adjudications", params={"program": LIST})
        one = await csa.get(f"/v1/adjudications/{question['id']}")
    assert (listed.json()["items"], one.status_code) == ([], 404)


async def test_a_rebuild_is_asked_for_followed_and_cancelled_by_who_may(
    matching: Running, wfp: httpx.AsyncClient
) -> None:
    await the_question(wfp)
    async with matching.client("wfp", permissions=ALL_PERMISSIONS - {"links:rebuild"}) as without:
        refused = await without.post("/v1/rebuild", json={})
        stop = await without.post(f"/v1/rebuild/{UNKNOWN}/cancel")
    begun = await wfp.post("/v1/rebuild", json={"program": LIST})
    unknown = await wfp.post("/v1/rebuild", json={"program": "NOBODYS"})

    async def ended() -> bool:
        state = await wfp.get(f"/v1/rebuild/{begun.json()['id']}")
        return bool(state.json()["status"] == "done")

    assert (refused.status_code, stop.status_code, unknown.json()["code"]) == (403, 403, "program_unknown")
    assert (begun.status_code, begun.json()["total"]) == (202, 1)
    await until(ended, what="the rebuild to end")
    late = await wfp.post(f"/v1/rebuild/{begun.json()['id']}/cancel")
    assert (late.status_code, late.json()["code"]) == (409, "rebuild_ended")
