"""Deadlines of referrals and their reminders, and referrals to services that are no program."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from matrix_cases import decide
from referral_cases import CASH, CNAM, INSURANCE, MASEF, a_country, line
from sqlalchemy import select, update

from gateway.partners.file import load_partners
from matching_cases import Projection, household, id_of
from running import Running, Services
from services.matching.case_models import OverlapCase, Reminder
from services.matching.models import Household, Referral
from services.matching.overlap_cases import sweep
from services.matching.referring import directory
from services.matching.reminding import remind_of_cases, remind_of_referrals
from services.matching.rules.service_directory import read_directory
from shared.clock import now
from shared.identity import Caller
from shared.outbox import OutboxRow

PERMISSIONS = frozenset({"referrals:read", "referrals:write"})
SCHOOL, NUTRITION = "SCHOOL_ENROLLMENT", "NUTRITION_CENTER"
DEADLINES = f"/v1/referral-deadlines/{INSURANCE}"
MEN = Caller("men", frozenset(), frozenset({"SCHOOL_FEEDING"}))


@pytest.fixture
async def matching(services: Services) -> Running:
    """MASEF's list and the insured, as in referral_cases; household 3 lives in Assaba, where no nutrition center is."""
    running = await services.start("matching")
    projection = Projection(running.platform.database)
    await projection.places()
    await a_country(projection)
    await projection.households(household(3, version=2, commune_code="MR032-C01"))
    await projection.link()
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


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def refer(client: httpx.AsyncClient, to: str, *lines: int, **changed: Any) -> httpx.Response:
    body = {"from_program": CASH, "to_program": to, "reason": "household_asked"}
    return await client.post("/v1/referrals", json=body | {"enrollments": [str(line(n)) for n in lines]} | changed)


async def step(client: httpx.AsyncClient, referral_id: str, name: str, version: int) -> httpx.Response:
    return await client.post(f"/v1/referrals/{referral_id}/{name}", headers={"If-Match": f'"{version}"'})


async def sent_days_ago(matching: Running, days: int) -> None:
    async with matching.platform.database.transaction() as tx:
        await tx.execute(update(Referral).values(sent_at=now() - timedelta(days=days)))


async def reminded(matching: Running) -> list[dict[str, Any]]:
    async with matching.platform.database.transaction() as tx:
        rows = await tx.scalars(
            select(OutboxRow).where(OutboxRow.type.like("matching.%.due.v1")).order_by(OutboxRow.position)
        )
        return [
            {name: told for name, told in row.data.items() if name not in ("version", "batch_id") and told}
            for row in rows
        ]


async def remind(matching: Running) -> int:
    async with matching.platform.database.transaction() as tx:
        return await remind_of_referrals(tx)


async def test_a_referral_shows_its_next_deadline_which_its_receiver_sets(
    matching: Running, masef: httpx.AsyncClient, cnam: httpx.AsyncClient
) -> None:
    await refer(masef, INSURANCE, 1, 2)
    [one, _] = (await cnam.get("/v1/referrals", params={"direction": "received"})).json()["items"]
    day = now().date()
    assert (one["due_at"][:10], one["overdue"]) == (str(day + timedelta(days=7)), False)

    default = await cnam.get(DEADLINES)
    wanted = {"days_to_see": 2, "days_to_answer": 5, "days_to_serve": 30}
    assert (default.headers["ETag"], default.json()) == (
        '"0"',
        {"receiver": INSURANCE, "version": 0, "days_to_see": 7, "days_to_answer": 14, "days_to_serve": 60},
    )
    set_ = await cnam.put(DEADLINES, json=wanted, headers={"If-Match": '"0"'})
    assert (set_.status_code, set_.headers["ETag"], set_.json()["days_to_answer"]) == (200, '"1"', 5)
    assert told(await cnam.put(DEADLINES, json=wanted, headers={"If-Match": '"0"'})) == (412, "precondition_failed")
    assert told(await cnam.put(DEADLINES, json=wanted)) == (428, "precondition_required")
    for wrong in ({"days_to_see": 0}, {"days_to_see": 367}, {"note": "x"}):
        assert told(await cnam.put(DEADLINES, json=wanted | wrong, headers={"If-Match": '"1"'})) == (
            422,
            "invalid_request",
        )

    seen = await step(cnam, one["id"], "see", 1)
    assert seen.json()["due_at"][:10] == str(day + timedelta(days=5))
    accepted = await step(cnam, one["id"], "accept", 2)
    assert accepted.json()["due_at"][:10] == str(day + timedelta(days=30))
    served = await step(cnam, one["id"], "serve", 3)
    assert (served.json()["due_at"], served.json()["overdue"]) == (None, False)
    assert told(await cnam.get("/v1/referral-deadlines/NOBODYS")) == (404, "not_found")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "You do not receive the referrals to HEALTH_INSURANCE"),
        ("fr", "Vous ne recevez pas les orientations vers HEALTH_INSURANCE"),
        ("ar", "لا تتلقون الإحالات إلى HEALTH_INSURANCE"),
    ],
)
async def test_only_the_receiver_sets_its_deadlines(masef: httpx.AsyncClient, language: str, words: str) -> None:
    body = {"days_to_see": 2, "days_to_answer": 5, "days_to_serve": 30}
    refused = await masef.put(DEADLINES, json=body, headers={"If-Match": '"0"', "Accept-Language": language})
    assert told(refused) == (403, "deadlines_not_yours")
    assert refused.json()["title"].startswith(words)


async def test_what_is_late_is_shown_and_announced_once_for_each_deadline_whoever_looks(
    matching: Running, masef: httpx.AsyncClient, cnam: httpx.AsyncClient
) -> None:
    await refer(masef, INSURANCE, 1, 2, 3)
    assert await remind(matching) == 0
    await sent_days_ago(matching, 8)

    # Two processes look at once, and a third after a restart.
    assert sorted(await asyncio.gather(remind(matching), remind(matching))) == [0, 3]
    assert await remind(matching) == 0
    pair = {"from_program": CASH, "to_program": INSURANCE}
    assert await reminded(matching) == [pair | {"to_see": 3}]
    for client, direction in ((cnam, "received"), (masef, "sent")):
        late = (await client.get("/v1/referrals", params={"direction": direction, "overdue": True})).json()["items"]
        assert [one["overdue"] for one in late] == [True] * 3
    [figures] = (await masef.get("/v1/referrals/summary")).json()
    assert figures["overdue"] is None, "three are few"

    await step(cnam, late[0]["id"], "see", 1)
    assert len((await cnam.get("/v1/referrals?direction=received&overdue=false")).json()["items"]) == 1
    assert await remind(matching) == 0, "seen in time: the next deadline is a fortnight away"
    async with matching.platform.database.transaction() as tx:
        await tx.execute(
            update(Referral).where(Referral.id == late[0]["id"]).values(seen_at=now() - timedelta(days=15))
        )
    assert await remind(matching) == 1
    assert (await reminded(matching))[1:] == [pair | {"to_answer": 1}]
    async with matching.platform.database.transaction() as tx:
        assert len(set(await tx.scalars(select(Reminder.batch_id)))) == 2


async def test_a_case_past_its_deadline_is_announced_once_for_each_opening(matching: Running) -> None:
    await decide(matching.platform.database, CASH, INSURANCE, "forbidden")
    await sweep(matching.platform)
    for _ in range(2):
        async with matching.platform.database.transaction() as tx:
            assert await remind_of_cases(tx) == 0
    async with matching.platform.database.transaction() as tx:
        await tx.execute(update(OverlapCase).values(due_at=now() - timedelta(days=1)))
    counts = []
    for _ in range(2):
        async with matching.platform.database.transaction() as tx:
            counts.append(await remind_of_cases(tx))

    assert counts == [1, 0]
    assert await reminded(matching) == [{"program_a": CASH, "program_b": INSURANCE, "due": 1}]


async def test_a_household_is_referred_to_a_service_and_followed_until_it_is_served(
    matching: Running, masef: httpx.AsyncClient
) -> None:
    listed = {one["code"]: one for one in (await masef.get("/v1/services")).json()}
    assert (listed[SCHOOL]["partner"], listed[SCHOOL]["wilayas"], listed[SCHOOL]["kind"]) == ("men", None, "education")

    sent = (await refer(masef, SCHOOL, 0, 3, 7)).json()
    assert [one["outcome"] for one in sent["rows"]] == ["referred", "referred", "not_linked"]
    again = (await refer(masef, SCHOOL, 0)).json()
    assert [one["outcome"] for one in again["rows"]] == ["unchanged"]
    async with client_of(matching, MEN) as school:
        received = (await school.get("/v1/referrals", params={"direction": "received", "program": SCHOOL})).json()[
            "items"
        ]
        assert {(one["from_program"], one["sent_by"], one["household_number"] is None) for one in received} == {
            (None, "masef", False)
        }
        for version, name in enumerate(("see", "accept", "serve", "close"), 1):
            moved = await step(school, received[0]["id"], name, version)
            assert moved.status_code == 200, moved.text
        deadlines = {"days_to_see": 3, "days_to_answer": 3, "days_to_serve": 3}
        path = f"/v1/referral-deadlines/{SCHOOL}"
        assert (await school.put(path, json=deadlines, headers={"If-Match": '"0"'})).status_code == 200
    mine = (await masef.get(f"/v1/referrals/{received[0]['id']}")).json()
    assert (mine["status"], mine["to_program"]) == ("closed", SCHOOL)
    async with client_of(matching, CNAM) as stranger:
        assert told(await stranger.get(f"/v1/referrals/{received[0]['id']}")) == (404, "not_found")
        assert told(await refer(stranger, SCHOOL, 0)) == (404, "not_found"), "it does not keep the sending program"


async def test_a_service_takes_households_of_its_area_alone(matching: Running, masef: httpx.AsyncClient) -> None:
    async with matching.platform.database.transaction() as tx:
        await tx.execute(update(Household).where(Household.id == id_of("household 3")).values(wilaya_code="MR12"))

    sent = (await refer(masef, NUTRITION, 1, 3)).json()
    assert [one["outcome"] for one in sent["rows"]] == ["referred", "outside_area"]
    assert (sent["counts"]["outside_area"], sent["rows"][1]["referral_id"]) == (1, None)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "The service SCHOOL_ENROLLMENT has no list"),
        ("fr", "Le service SCHOOL_ENROLLMENT n'a pas de liste"),
        ("ar", "الخدمة SCHOOL_ENROLLMENT ليس لها لائحة"),
    ],
)
async def test_who_lacks_a_service_nobody_knows(masef: httpx.AsyncClient, language: str, words: str) -> None:
    masef.headers["Accept-Language"] = language
    refused = await refer(masef, SCHOOL, enrollments="all")
    assert told(refused) == (422, "service_needs_names")
    assert refused.json()["title"].startswith(words)
    lacking = (await masef.get(f"/v1/programs/{CASH}/without/{SCHOOL}")).json()["items"]
    assert {(one["standing"], one["because"]) for one in lacking} == {
        ("cannot_tell", "no_list"), ("cannot_tell", "not_linked"),
    }  # fmt: skip


def test_a_directory_that_is_none_is_not_read() -> None:
    names = {"ar": "ا", "fr": "a", "en": "a"}
    one = {"code": "A", "kind": "education", "partner": "men", "wilayas": ["MR01"], "names": names}
    found = read_directory({"services": [one]})["A"]
    assert [found.reaches(wilaya) for wilaya in ("MR01", "MR02", None)] == [True, False, True]
    for wrong in ([one, one], [one | {"kind": "weather"}]):
        with pytest.raises(ValueError, match="service A"):
            read_directory({"services": wrong})
    with pytest.raises(KeyError):
        read_directory({"services": [one | {"names": {"ar": "ا"}}]})


def test_every_service_has_a_partner_who_may_take_its_referrals() -> None:
    partners = load_partners(Path("gateway/partners.toml"))
    for one in directory().values():
        assert {"referrals:read", "referrals:write"} <= set(partners[one.partner].permissions), one.code
