"""One person matched over HTTP: as a list of the caller's program would write the person, and nothing is written."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from list_cases import PEOPLE, YAHYA, ZEINEBOU
from sqlalchemy import func, select

from matching_cases import PLACES, TODAY, household, id_of, member, program
from running import ALL_PERMISSIONS, Running, Services, until
from services.matching import projecting
from services.matching.list_models import MatchedLine
from services.matching.models import Beneficiary
from shared.contracts.matching import GapsChanged
from shared.history import History
from shared.outbox import OutboxRow

MASEF = frozenset({"DISABILITY_CASH", "WFP_LEAN_SEASON"})


@pytest.fixture
async def matching(services: Services) -> Running:
    running = await services.start("matching")
    async with running.platform.database.transaction() as tx:
        await projecting.replace_places(tx, PLACES)
        await projecting.put_program(tx, program("DISABILITY_CASH", "masef", unit="individual"))
        await projecting.put_households(tx, PEOPLE, TODAY)
    return running


@pytest.fixture
async def masef(matching: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with matching.client(name="masef", programs=MASEF) as client:
        yield client


async def asked(client: httpx.AsyncClient, language: str = "en", **person: Any) -> httpx.Response:
    body = {"program": "DISABILITY_CASH"} | person
    return await client.post("/v1/match", json=body, headers={"Accept-Language": language})


async def test_a_person_is_told_with_the_evidence_and_nothing_is_written(
    matching: Running, masef: httpx.AsyncClient
) -> None:
    answer = await asked(
        masef, "ar", name="زينب منت سيداتي ولد لخليفه", phone="22 33 44 55", birth_date="20/11/1975", commune="Amourj"
    )
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["found"], told["individual_id"]) == ("link", str(id_of(f"individual {ZEINEBOU}")))
    assert told["probability"] >= 0.97
    assert told["candidates"][0]["household_number"] == f"MR011{ZEINEBOU:07d}"
    assert {one["field"]: one["level"] for one in told["candidates"][0]["evidence"]}["birth"] == "same_day"
    assert told["index"] == {"members": 3, "behind": 0}
    async with matching.platform.database.transaction() as tx:
        for table in (MatchedLine, Beneficiary, History):
            assert await tx.scalar(select(func.count()).select_from(table)) == 0
        # Whom programs miss is announced by a worker, whoever is asked about.
        assert set(await tx.scalars(select(OutboxRow.type))) <= {GapsChanged.type}


async def test_a_stranger_is_nobody_and_who_registers_is_found_at_once(
    matching: Running, masef: httpx.AsyncClient
) -> None:
    penda = {"name": "Penda Mint Samba Ould Diallo", "birth_date": "02/02/1999", "commune": "Guerou"}
    stranger = (await asked(masef, **penda)).json()
    assert (stranger["found"], stranger["individual_id"], stranger["candidates"]) == ("unmatched", None, [])
    new = member(9, penda["name"], sex="F", birth_date="1999-02-02")
    async with matching.platform.database.transaction() as tx:
        await projecting.put_households(tx, [household(9, new, commune_code="MR032-C01")], TODAY)
    told = (await asked(masef, **penda)).json()
    assert told["individual_id"] == str(id_of("individual 9"))
    assert told["index"]["members"] == 4


async def test_what_cannot_be_read_is_left_out_with_a_word_or_refused(masef: httpx.AsyncClient) -> None:
    told = (await asked(masef, "fr", name="Yahya Ould Cheikhna", nni="9900000033", sex="oui")).json()
    assert told["individual_id"] == str(id_of(f"individual {YAHYA}"))
    assert [one["field"] for one in told["warnings"]] == ["sex"]
    for person, pointer in (
        ({"name": "Yahya", "birth_date": "avant la pluie"}, "/birth_date"),
        ({"sex": "M"}, "/name"),
    ):
        answer = await asked(masef, **person)
        assert (answer.status_code, answer.json()["code"], answer.json()["pointer"]) == (
            422, "person_not_readable", pointer,
        )  # fmt: skip


@pytest.mark.parametrize(
    "name", ["م", "x", "Mohamed " * 60, "😀😀", "Yahya\u200eيحيى O\u202euld", "\t\n", "٠١٢٣", "'; DROP TABLE members"]
)
async def test_no_name_is_too_strange(masef: httpx.AsyncClient, name: str) -> None:
    answer = await asked(masef, name=name)
    assert answer.status_code in (200, 422), answer.text
    if answer.status_code == 200:
        assert answer.json()["found"] in ("unmatched", "adjudicate")


async def test_who_may_not_ask_is_told_why(matching: Running, masef: httpx.AsyncClient) -> None:
    async with matching.client("masef", ALL_PERMISSIONS - {"lists:match"}, MASEF) as client:
        assert (await asked(client, name="Yahya")).status_code == 403
    other = await asked(masef, name="Yahya", program="TEKAVOUL")
    assert (other.status_code, other.json()["code"], other.json()["pointer"]) == (403, "not_permitted", "/program")
    unpublished = await asked(masef, name="Yahya", program="WFP_LEAN_SEASON")
    assert (unpublished.status_code, unpublished.json()["code"]) == (409, "program_not_published")
    long = await asked(masef, name="x" * 501)
    assert (long.status_code, long.json()["code"]) == (422, "invalid_request")


async def test_while_the_registry_is_read_whoever_asks_is_told_to_try_again(
    matching: Running, masef: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.matching.registry_index.AT_ONCE", 1)
    monkeypatch.setattr("services.matching.indexing.READ_AT_ONCE", 0)
    people = [household(n, member(n, f"Salem Ould Bellal Ould Tourad {n}")) for n in range(20, 24)]
    async with matching.platform.database.transaction() as tx:
        await projecting.put_households(tx, people, TODAY)
    codes = set()

    async def caught_up() -> bool:
        answer = await asked(masef, name="Salem Ould Bellal Ould Tourad")
        codes.add((answer.status_code, answer.headers.get("Retry-After") is not None))
        return answer.status_code == 200

    await until(caught_up, what="the index to have read the registry")
    assert codes >= {(503, True)}
