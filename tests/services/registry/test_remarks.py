"""Remarks of a program's list: in any shape of list, proposals for those who decide, each row reported."""

from typing import Any

import httpx
import pytest

from registry_cases import Family, mariem, member, send, sidi, the_household
from running import Running, until

HEADER = (
    "N° registre social;Nom complet;N° individu;Wilaya;Moughataa;Commune;Observations;Date de l'événement;Remplaçant"
)
ROWS = [
    "MR0110000001;سيدي ولد أحمد;;;;;متوفى في الخريف;01/11/2026;1000000002",
    "MR0110000002;;;Hodh Ech Chargui;Amourj;Bougadoum;Déménagé;02/11/2026;",
    "MR0110000003;;;;;;Absent;;",
    "MR0110000004;;;;;;a quitté le pays;03/11/2026;",
    "MR0110000003;;;;;;Remplacé par son fils;03/11/2026;1000000033",
    "MR0110000099;;;;;;Déménagé;03/11/2026;",
    "MR0110000003;;;;;;en voyage peut-être;03/11/2026;",
    "MR0110000003;Quelqu'un d'autre;;;;;Décédé;03/11/2026;",
    "MR0110000003;;;Hodh Ech Chargui;Amourj;Atlantide;Déménagé;03/11/2026;",
    "MR0110000003;;;;;;Décédé;31/02/2026;",
    ";;;;;;Décédé;03/11/2026;",
]


@pytest.fixture
async def families(client: httpx.AsyncClient) -> None:
    others = [
        Family(f"MR011000000{n}", members=[sidi(f"10000000{n}1", ""), mariem(f"10000000{n}2")], phone="")
        for n in (2, 4)
    ]
    third = Family("MR0110000003", members=[sidi("1000000031", ""), mariem("1000000032")], phone="")
    third.members.append(mariem("1000000033"))
    third.members[2].relationship = "child"
    await send(client, Family(), *others, third)


async def send_remarks(client: httpx.AsyncClient, *rows: str) -> dict[str, Any]:
    content = "\r\n".join(["Retour de la liste El Maouna;;;;;;;;", HEADER, *rows, "TOTAL;;;;;;;;"]).encode("utf-8-sig")
    sent = await client.post("/v1/imports", params={"kind": "remarks", "filename": "retour.csv"}, content=content)
    assert sent.status_code == 202, sent.text

    async def ended() -> dict[str, Any] | None:
        state = (await client.get(f"/v1/imports/{sent.json()['id']}")).json()
        return state if state["status"] in ("completed", "failed") else None

    found: dict[str, Any] = await until(ended, what="the remarks to be read")
    assert found["status"] == "completed", found
    return found


@pytest.mark.usefixtures("families")
async def test_remarks_become_proposals_and_each_bad_row_says_why(registry: Running, client: httpx.AsyncClient) -> None:
    async with registry.client("csa", frozenset({"changes:propose", "imports:write"})) as csa:
        state = await send_remarks(csa, *ROWS)
        issues = (await csa.get(f"/v1/imports/{state['id']}/issues", headers={"Accept-Language": "fr"})).json()["items"]

    assert (state["accepted"], state["unchanged"], state["rejected"]) == (4, 1, 6)
    assert [(one["line"], one["field"], one["code"]) for one in issues] == [
        (5, "remark", "nothing_proposed"),
        (8, "household_number", "household_unknown"),
        (9, "remark", "remark_not_understood"),
        (10, "individual_number", "person_unknown"),
        (11, "commune", "commune_not_found"),
        (12, "event_on", "date_impossible"),
        (13, "household_number", "value_missing"),
    ]
    assert "décédé" in issues[2]["reason"]
    waiting = (await client.get("/v1/change-requests", params={"status": "proposed"})).json()["items"]
    assert sorted((one["kind"], one["proposed_by"], one["reason"]) for one in waiting) == [
        ("death", "csa", "متوفى في الخريف"),
        ("move", "csa", "Déménagé"),
        ("removal", "csa", "a quitté le pays"),
        ("succession", "csa", "Remplacé par son fils"),
    ]
    head = member(await the_household(client), "1000000001")["individual_id"]
    death = next(one for one in waiting if one["kind"] == "death")
    assert death["proposal"]["individual_id"] == head
    assert len(death["proposal"]["successors"]) == 1


@pytest.mark.usefixtures("families")
async def test_the_same_remarks_in_another_file_propose_nothing_twice(registry: Running) -> None:
    async with registry.client("csa", frozenset({"changes:propose", "imports:write"})) as csa:
        await send_remarks(csa, ROWS[1])

        again = await send_remarks(csa, ROWS[1], ROWS[3])

    assert (again["accepted"], again["unchanged"]) == (1, 1)


async def test_a_sender_who_may_not_propose_sends_no_remarks(registry: Running) -> None:
    async with registry.client("cnam", frozenset({"imports:write"})) as outsider:
        refused = await outsider.post("/v1/imports", params={"kind": "remarks", "filename": "retour.csv"}, content=b"x")

    assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted")
