"""Eligibility over the database: the country's answer is each household's own; reasons; who may ask."""

import random
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import httpx
import pytest
from eligibility_cases import rules
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from matching_cases import PLACES, TODAY, Projection, household, id_of, member, program
from running import Running, Services
from services.matching import projecting
from services.matching.eligibility.queries import counts
from services.matching.eligible import eligible_in
from services.matching.gap_models import EligibleHousehold
from services.matching.household_facts import households_on
from services.matching.rules.eligibility import Group, eligible
from services.matching.rules.household import attributes_on
from shared.clock import now

DAY = date(2026, 6, 1)
DISABILITY = program("DISABILITY_CASH", "masef", requires_disability=True)


def some_household(number: int, order: random.Random) -> dict[str, Any]:
    """Any household, of whose members any fact may be unknown."""
    members = [
        member(
            number * 10 + place,
            f"Quelqu'un {number} {place}",
            relationship="other" if place else order.choice(["head", "other"]),
            sex=order.choice(["F", "M", None]),
            birth_date=order.choice([None, "2025-03-01", "2024-05-31", "2000-01-01", "1980-01-01"]),
            disability=order.choice([True, False, None]),
        )
        for place in range(order.randint(1, 3))
    ]
    return household(
        number,
        *members,
        score=order.choice([None, "0", "1.00", "2.00", "2.50", "3.00"]),
        vulnerability_category=order.choice(["extreme_poor", "poor", "not_poor"]),
        commune_code=order.choice(["MR011-C01", "MR032-C01", "MR999-C01"]),
    )


@pytest.fixture
async def populated(projection: Projection) -> Projection:
    order = random.Random(7)
    await projection.households(*(some_household(number, order) for number in range(1, 81)))
    return projection


# The database is filled once, and only read in each example.
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some=st.lists(rules(), min_size=8, max_size=8))
async def test_the_country_in_sql_says_of_each_household_what_python_says(
    populated: Projection, some: list[Group]
) -> None:
    facts = households_on(DAY).subquery()
    said = [eligible_in(group, facts.c) for group in some]
    async with populated.database.transaction() as tx:
        attributes = (await tx.execute(select(facts).order_by(facts.c.household_id))).mappings().all()
        answers = (await tx.execute(select(*said).order_by(facts.c.household_id))).all()

    assert len(answers) == 80
    for household_, answer in zip(attributes, answers, strict=True):
        assert list(answer) == [eligible(group, household_) for group in some]


async def test_a_country_has_all_three_answers(populated: Projection) -> None:
    """So that the test above compares something."""
    facts = households_on(DAY).subquery()
    async with populated.database.transaction() as tx:
        known = (await tx.execute(select(facts))).mappings().all()
    for name in ("score", "head_sex", "wilaya", "under_2", "women_15_49", "disabled"):
        assert len({one[name] for one in known}) >= 3, name
        assert any(one[name] is None for one in known), name


async def test_one_households_attributes_in_python_are_those_of_the_country_in_sql(populated: Projection) -> None:
    order = random.Random(7)
    put = {one["id"]: one for one in (some_household(number, order) for number in range(1, 81))}
    parents = {one["code"]: one["parent_code"] for one in PLACES}
    async with populated.database.transaction() as tx:
        rows = (await tx.execute(households_on(DAY))).mappings().all()

    assert len(rows) == 80
    for row in rows:
        moughataa = parents.get(put[str(row["household_id"])]["commune_code"])
        found = attributes_on(put[str(row["household_id"])], parents.get(moughataa or ""), moughataa, DAY)
        assert {"household_id": row["household_id"], **found} == dict(row)


async def test_counts_by_wilaya_hide_one_to_four(projection: Projection) -> None:
    await projection.programs(DISABILITY)
    disabled = [household(number, member(number, "A", disability=True)) for number in range(1, 7)]
    unsure = [household(number, member(number, "A", disability=None)) for number in range(11, 14)]
    elsewhere = household(20, member(20, "A", disability=True), commune_code="MR032-C01")
    await projection.households(*disabled, *unsure, elsewhere, household(30))

    async with projection.database.transaction() as tx:
        found = await counts(tx, "DISABILITY_CASH", DAY)

    assert (found.as_of, found.known_on) == (DAY, now().date())
    assert [(one.wilaya_code, one.wilaya_fr, one.eligible, one.cannot_tell) for one in found.wilayas] == [
        ("MR01", "Hodh Ech Chargui", 6, None),
        ("MR03", "Assaba", None, 0),
    ]


@pytest.fixture
async def matching(services: Services) -> Running:
    running = await services.start("matching")
    async with running.platform.database.transaction() as tx:
        await projecting.replace_places(tx, PLACES)
        await projecting.put_program(tx, DISABILITY)
        await projecting.put_program(tx, program("VOUCHERS", "csa", categories=[]))
        households = [
            household(1, member(1, "A", disability=True)),
            household(2, member(2, "A", disability=None)),
            household(3, vulnerability_category="poor"),
        ]
        await projecting.put_households(tx, households, TODAY)
    return running


@pytest.fixture
async def masef(matching: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with matching.client("masef", programs=frozenset({"DISABILITY_CASH"})) as client:
        yield client


async def asked(client: httpx.AsyncClient, number: int, language: str = "en", **more: str) -> dict[str, Any]:
    answer = await client.get(
        f"/v1/households/{id_of(f'household {number}')}/eligibility",
        params={"program": "DISABILITY_CASH", **more},
        headers={"Accept-Language": language},
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_the_reasons_are_told_criterion_by_criterion_in_three_languages(masef: httpx.AsyncClient) -> None:
    yes, unsure, no = [await asked(masef, number) for number in (1, 2, 3)]

    assert (yes["status"], yes["reason"]) == ("eligible", "The program's rule means this household.")
    assert [(one["code"], one["met"]) for one in yes["criteria"]] == [("category", True), ("disabled", True)]
    assert (yes["rule_version"], yes["rule_from"], yes["missing"]) == (0, None, [])
    assert unsure["status"] == "cannot_tell"
    assert unsure["reason"] == "It cannot be told: the registry does not know members with a disability."
    assert unsure["missing"] == ["disabled"]
    assert (no["status"], [one["met"] for one in no["criteria"]]) == ("not_eligible", [False, False])
    french, arabic = await asked(masef, 2, "fr"), await asked(masef, 2, "ar")
    assert french["reason"] == "On ne peut le dire : le registre ne connaît pas membres handicapés."
    assert arabic["criteria"][1]["attribute_label"] == "أفراد معاقون"


async def test_who_may_ask_and_what_is_not_there(matching: Running, masef: httpx.AsyncClient) -> None:
    path = f"/v1/households/{id_of('household 1')}/eligibility"
    async with matching.client("csa", programs=frozenset({"VOUCHERS"})) as csa:
        foreign = await csa.get(path, params={"program": "DISABILITY_CASH"})
        otherwise = await csa.get(path, params={"program": "VOUCHERS"})
        gaps = await csa.get("/v1/programs/DISABILITY_CASH/gaps")
    unknown = await masef.get(f"/v1/households/{id_of('nobody')}/eligibility", params={"program": "DISABILITY_CASH"})
    no_program = await masef.get("/v1/programs/NONE/eligibility")

    assert [(one.status_code, one.json()["code"]) for one in (foreign, otherwise, gaps, unknown, no_program)] == [
        (404, "not_found"),
        (409, "program_not_by_household"),
        (404, "not_found"),
        (404, "not_found"),
        (404, "program_unknown"),
    ]


async def test_a_keeper_reads_its_gaps_by_household_number(masef: httpx.AsyncClient) -> None:
    missed = (await masef.get("/v1/programs/DISABILITY_CASH/gaps")).json()
    unsure = (await masef.get("/v1/programs/DISABILITY_CASH/gaps", params={"told": "cannot_tell"})).json()
    none = (await masef.get("/v1/programs/DISABILITY_CASH/gaps", params={"reason": "exited"})).json()

    [gap] = missed["items"]
    assert (gap["household_number"], gap["reason"], gap["eligible"]) == ("MR0110000001", "never_enrolled", True)
    assert (gap["commune_code"], gap["commune_fr"]) == ("MR011-C01", "Amourj")
    assert [one["household_number"] for one in unsure["items"]] == ["MR0110000002"]
    assert none == {"items": [], "next_cursor": None}


async def test_the_list_of_gaps_is_paged(matching: Running, masef: httpx.AsyncClient) -> None:
    async with matching.platform.database.transaction() as tx:
        more = [household(number, member(number, "A", disability=True)) for number in range(40, 45)]
        await projecting.put_households(tx, more, TODAY)
    numbers, cursor = [], None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await masef.get("/v1/programs/DISABILITY_CASH/gaps", params=params)).json()
        numbers += [one["household_number"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert sorted(numbers) == ["MR0110000001", *(f"MR01100000{number}" for number in range(40, 45))]


async def test_the_gap_page_counts_reasons(matching: Running) -> None:
    async with matching.platform.database.transaction() as tx:
        more = [household(number, member(number, "A", disability=True)) for number in range(40, 45)]
        await projecting.put_households(tx, more, TODAY)
    async with matching.client() as client:
        [gap] = (await client.get("/v1/gaps")).json()

    assert (gap["program"], gap["eligible"], gap["unserved"]) == ("DISABILITY_CASH", 6, 6)
    assert gap["reasons"] == {"never_enrolled": 6, "waiting": 0, "suspended": 0, "exited": 0}
    assert gap["cannot_tell"] is None

    async with matching.platform.database.transaction() as tx:
        for at, reason in enumerate(("suspended", "waiting", "exited")):
            two = [id_of(f"household {number}") for number in (1, 40, 41, 42, 43, 44)[2 * at : 2 * at + 2]]
            await tx.execute(
                update(EligibleHousehold).where(EligibleHousehold.household_id.in_(two)).values(reason=reason)
            )
    async with matching.client() as client:
        [gap] = (await client.get("/v1/gaps")).json()
    assert (gap["unserved"], gap["share"], gap["reasons"]) == (6, 1.0, None), "two of each are few, and all six are not"
