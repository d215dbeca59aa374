"""A list comes back with remarks: they become proposals at the registry, and the list shows what became of each."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select
from targeting_cases import AGREEMENT, FOOD, LISTS, PURPOSE, asked, partner, stepped

from matching_cases import Projection, program
from registry_cases import Family, mariem, send, sidi, the_household
from running import Running, Services, until
from services.matching.consumers import consumers as matchings
from services.matching.models import Household
from services.registry.consumers import consumers as registrys
from services.registry.models import ChangeRequest, ListedRemark
from shared.clock import now
from shared.consuming import Delivery
from shared.contracts.matching import RemarksProposed
from shared.contracts.registry import RemarksAnswered
from shared.ids import new_id

HEADER = "Rang;N° ménage;Nom du chef de ménage;Code commune;Village;Remarque;Date de l'événement"
ROWS = [
    "1;MR0110000001;Sidi Ould Ahmed;MR011-C01;Oum Essafya;متوفى;01/11/2026",
    "2;MR0110000002;;MR011-C01;Oum Essafya;a quitté le pays;03/11/2026",
    "3;MR0110000003;;MR011-C01;Oum Essafya;Absent;",
    "4;MR0110000004;;MR011-C01;Oum Essafya;;",  # nothing is said of it
    "5;MR0110000005;;MR011-C01;Oum Essafya;non pauvre;",
    "6;MR0110000003;;MR011-C01;Oum Essafya;doublon de MR0110000004;",
    "7;MR0110000004;;MR011-C01;Oum Essafya;a déménagé;03/11/2026",  # and the columns say where the list has it
    "8;MR0110000099;;MR011-C01;Oum Essafya;Absent;",
    "9;MR0110000004;;MR011-C01;Oum Essafya;peut-être;",
    "10;MR0110000004;;MR011-C01;Oum Essafya;doublon;",
]
PERMISSIONS = frozenset({"lists:request", "lists:read", "imports:write"})


@pytest.fixture
async def registry(services: Services) -> Running:
    running = await services.start("registry")
    others = [
        Family(f"MR011000000{n}", members=[sidi(f"10000000{n}1", ""), mariem(f"10000000{n}2")], phone="")
        for n in (2, 3, 4, 5)
    ]
    async with running.client("taazour") as client:
        await send(client, Family(), *others)
    return running


@pytest.fixture
async def matching(services: Services, registry: Running) -> Running:
    running = await services.start("matching")
    await Projection(running.platform.database).programs(program(FOOD, "csa"))

    async def known() -> bool:
        async with running.platform.database.transaction() as tx:
            return await tx.scalar(select(func.count()).select_from(Household)) == 5

    await until(known, what="the registry's households to arrive")
    return running


def csa_of(matching: Running, permissions: frozenset[str] = PERMISSIONS) -> httpx.AsyncClient:
    return matching.client("csa", permissions, frozenset({FOOD}), frozenset(), AGREEMENT, PURPOSE)


async def returned(csa: httpx.AsyncClient, *rows: str) -> dict[str, Any]:
    content = "\r\n".join(["Mise à disposition de csa", HEADER, *rows]).encode("utf-8-sig")
    sent = await csa.post("/v1/imports", params={"kind": "remarks", "filename": "retour.csv"}, content=content)
    assert sent.status_code == 202, sent.text

    async def ended() -> dict[str, Any] | None:
        state = (await csa.get(f"/v1/imports/{sent.json()['id']}")).json()
        return state if state["status"] in ("completed", "failed") else None

    found: dict[str, Any] = await until(ended, what="the remarks to be read")
    assert found["status"] == "completed", found
    return found


async def remarks(client: httpx.AsyncClient, list_id: str) -> dict[int, tuple[str, str]]:
    """By line, what was said and what became of it."""
    items = (await client.get(f"{LISTS}/{list_id}/remarks")).json()["items"]
    return {one["line"]: (one["kind"], one["outcome"]) for one in items}


async def settled(client: httpx.AsyncClient, list_id: str, outcome: str) -> dict[int, tuple[str, str]]:
    async def told() -> dict[int, tuple[str, str]] | None:
        found = await remarks(client, list_id)
        return found if outcome in {one for _, one in found.values()} else None

    return await until(told, what=f"a remark to be {outcome}")  # type: ignore[no-any-return]


async def test_remarks_become_change_requests_and_the_list_shows_their_outcome(
    matching: Running, registry: Running
) -> None:
    async with csa_of(matching) as csa, partner(matching, "taazour") as taazour, registry.client("taazour") as operator:
        found = await stepped(
            taazour, await asked(csa, number=5, fields=["household_number", "village"]), "approve", "release"
        )
        state = await returned(csa, *ROWS)

        assert (state["accepted"], state["unchanged"], state["rejected"]) == (6, 1, 3)
        issues = (await csa.get(f"/v1/imports/{state['id']}/issues", headers={"Accept-Language": "en"})).json()["items"]
        assert [(one["line"], one["code"]) for one in issues] == [
            (10, "not_on_a_list"),
            (11, "remark_not_understood"),
            (12, "duplicate_of_missing"),
        ]
        assert (await csa.get(f"{LISTS}/{found['id']}")).json()["status"] == "returned"

        assert await settled(csa, found["id"], "proposed") == {
            3: ("death", "proposed"),
            4: ("removal", "proposed"),
            5: ("absent", "noted"),
            7: ("not_poor", "proposed"),
            8: ("duplicate", "proposed"),
            9: ("move", "not_proposed"),
        }
        items = (await taazour.get(f"{LISTS}/{found['id']}/remarks", headers={"Accept-Language": "fr"})).json()["items"]
        assert "lieu" in next(one["reason"] for one in items if one["line"] == 9)

        waiting = (await operator.get("/v1/change-requests", params={"status": "proposed"})).json()["items"]
        assert sorted((one["kind"], one["proposed_by"]) for one in waiting) == [
            ("correction", "csa"), ("death", "csa"), ("merge", "csa"), ("removal", "csa"),
        ]  # fmt: skip
        by_kind = {one["kind"]: one for one in waiting}
        dead = await the_household(operator)
        assert by_kind["death"]["proposal"]["individual_id"] == dead["members"][0]["individual_id"]

        # The registry decides, and the list shows it.
        refused = await operator.post(
            f"/v1/change-requests/{by_kind['removal']['id']}/refuse", json={"official": "T-1", "reason": "seen in May"}
        )
        assert refused.status_code == 200, refused.text
        assert (await settled(csa, found["id"], "refused"))[4] == ("removal", "refused")
        read = await operator.get(f"/v1/change-requests/{by_kind['death']['id']}")
        applied = await operator.post(
            f"/v1/change-requests/{by_kind['death']['id']}/approve",
            json={"official": "T-1"},
            headers={"If-Match": read.headers["etag"]},
        )
        assert applied.status_code == 200, applied.text
        assert (await settled(csa, found["id"], "applied"))[3] == ("death", "applied")

        # Sent again, what waits is not proposed twice, and what was refused is asked anew; a closed list takes no remarks.
        again = await returned(csa, ROWS[1], ROWS[4])
        assert again["accepted"] == 2
        await until(lambda: taken_over(registry, 7), what="the second file to arrive")
        async with registry.platform.database.transaction() as tx:
            assert await tx.scalar(select(func.count()).select_from(ChangeRequest)) == 5
        now_ = (await csa.get(f"{LISTS}/{found['id']}")).json()
        await stepped(csa, now_, "close", body={"official": "CSA-1"})
        assert (await returned(csa, ROWS[2]))["rejected"] == 1

        # Both consumers, twice and late: nothing more is proposed, and what is known stays.
        async def answered() -> bool:
            return "sent" not in {one for _, one in (await remarks(csa, found["id"])).values()}

        await until(answered, what="every remark to be answered")
        before = await remarks(csa, found["id"])
        await heard_again(matching, registry, UUID(state["id"]))
        assert await remarks(csa, found["id"]) == before


async def taken_over(registry: Running, remarks: int) -> bool:
    async with registry.platform.database.transaction() as tx:
        return await tx.scalar(select(func.count()).select_from(ListedRemark)) == remarks


async def heard_again(matching: Running, registry: Running, batch_id: UUID) -> None:
    proposed = RemarksProposed(batch_id=batch_id, partner="csa", remarks=5)
    answered = RemarksAnswered(answer_id=new_id(), batch_id=batch_id, remarks=5)
    for _ in range(2):
        async with registry.platform.database.transaction() as tx:
            count = await tx.scalar(select(func.count()).select_from(ListedRemark))
            await registrys.handlers[RemarksProposed.type][1](tx, proposed, delivery(registry, "matching"))
            await tx.flush()
            assert await tx.scalar(select(func.count()).select_from(ListedRemark)) == count
        async with matching.platform.database.transaction() as tx:
            await matchings.handlers[RemarksAnswered.type][1](tx, answered, delivery(matching, "registry"))


def delivery(running: Running, process: str) -> Delivery:
    return Delivery(process, running.process, new_id(), now(), running.platform.owners)


async def test_only_who_may_ask_for_lists_returns_them_and_others_do_not_see_the_remarks(matching: Running) -> None:
    async with csa_of(matching, frozenset({"imports:write", "lists:read"})) as reader:
        refused = await reader.post("/v1/imports", params={"kind": "remarks", "filename": "retour.csv"}, content=b"x")
        assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted")
    async with csa_of(matching) as csa, partner(matching, "wfp") as stranger:
        found = await asked(csa, number=5, fields=["household_number"])
        answer = await stranger.get(f"{LISTS}/{found['id']}/remarks")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
