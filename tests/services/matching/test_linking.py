"""Linking: the same decisions whatever came first, and a history of every change of a link."""

import random
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from matching_cases import PLACES, Projection, enrollment, household, id_of, member
from services.matching.engine.keys import LARGEST_BLOCK
from services.matching.models import Beneficiary, Household, Member
from shared.history import History
from shared.outbox import OutboxRow

Another = Callable[[], Awaitable[Projection]]
Decisions = dict[tuple[str, int | None], tuple[str | None, str | None, str | None, float | None]]


async def decisions(projection: Projection) -> Decisions:
    """What was decided, by program and line: status, individual's and household's number, probability."""
    async with projection.database.transaction() as tx:
        people = {one.individual_id: one.individual_number for one in await tx.scalars(select(Member))}
        households = {one.id: one.number for one in await tx.scalars(select(Household))}
        return {
            (one.program, one.source_line): (
                one.decided_as,
                people.get(one.individual_id) if one.individual_id else None,
                households.get(one.household_id) if one.household_id else None,
                one.probability,
            )
            for one in await tx.scalars(select(Beneficiary))
        }


async def announced(projection: Projection, kind: str) -> list[dict[str, Any]]:
    async with projection.database.transaction() as tx:
        rows = await tx.scalars(
            select(OutboxRow).where(OutboxRow.type == f"matching.{kind}.changed.v1").order_by(OutboxRow.position)
        )
        return [row.data for row in rows]


async def history(projection: Projection, enrollment_id: UUID) -> list[tuple[int, str | None, str | None, str | None]]:
    """Version, status before, status after, household after."""
    async with projection.database.transaction() as tx:
        rows = await tx.scalars(select(History).where(History.aggregate_id == enrollment_id).order_by(History.version))
        return [
            (one.version, one.change["from"]["status"], one.change["to"]["status"], one.change["to"]["household_id"])
            for one in rows
        ]


def a_country() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Households in several versions, and beneficiaries whose decision hangs on which of them are known.

    One phone on three households, then on two; a namesake who arrives and leaves; a household that moves; a man who
    heads two; pupils; a person no one knows.
    """
    child = {"relationship": "child", "birth_date": "2016-12-31", "birth_precision": "year"}
    households = [
        household(1, phones=["+22222334455"]),
        household(2, phones=["+22222334455", "+22233445566"]),
        household(3, phones=["+22222334455"]),
        household(3, phones=["+22244556677"], version=2),
        household(4, member(4, "Sidi Ould Ely Ould Salem"), phones=["+22233445566"]),
        household(5, member(5, "Sidi Ould Ely Ould Salem", birth_date="1981-03-07")),
        household(5, member(5, "Amadou Diallo"), version=2),
        household(6, member(6, "Cheikh Ould Ahmed"), member(61, "Mariem Mint Cheikh", sex="F", **child)),
        household(7, member(6, "Cheikh Ould Ahmed")),
        household(8, member(8, "Brahim Ould Demba"), commune_code="MR032-C01"),
        household(8, member(8, "Brahim Ould Demba"), version=2),
        *(household(n, member(n, "Mohamed Ould Ahmed", birth_date=f"19{n}-01-01")) for n in range(50, 90)),
    ]
    enrollments = [
        *(enrollment("TEKAVOUL", n, n) for n in range(1, 9)),
        enrollment("EL_MAOUNA", 1, None, name="Salem Ould Bellal Ould Moctar", phones=["22334455"]),
        enrollment("EL_MAOUNA", 2, None, name="Salem Ould Bellal", phones=["33445566"]),
        enrollment("EL_MAOUNA", 3, None, name="Sidi Ould Ely Ould Salem", birth_date="1980-03-07"),
        enrollment("EL_MAOUNA", 4, None, name="Cheikh Ould Ahmed", birth_date="1980-03-07"),
        enrollment("WFP_LEAN_SEASON", 1, None, name="Mohamed Ould Ahmed", birth_date="1960-12-31"),
        enrollment("WFP_LEAN_SEASON", 2, None, name="Brahim Ould Demba", birth_date="1980-03-07"),
        enrollment("WFP_LEAN_SEASON", 3, None, name="Penda Mint Samba", sex="F"),
        enrollment("SCHOOL_FEEDING", 1, None, name="Mariem Mint Cheikh", father_name="Cheikh Ould Ahmed", sex="F"),
        enrollment("HEALTH_INSURANCE", 1, 2, phones=["22334455"]),
        enrollment("HEALTH_INSURANCE", 1, 4, phones=["33445566"], version=2, name="Sidi Ould Ely"),
    ]
    return households, enrollments


async def put_in_some_order(projection: Projection, order: random.Random) -> None:
    """Everything in random order and random pieces, linking now and then, as events and the worker interleave."""
    households, enrollments = a_country()
    things = [("h", one) for one in households] + [("e", one) for one in enrollments]
    order.shuffle(things)
    while things:
        size = order.randint(1, 12)
        some, things = things[:size], things[size:]
        # One household or enrollment stands once in a batch: the newest that the piece holds.
        newest = {one["id"]: one for kind, one in sorted(some, key=_version) if kind == "h"}
        listed = {one["enrollment_id"]: one for kind, one in sorted(some, key=_version) if kind == "e"}
        if newest:
            await projection.households(*newest.values())
        if listed:
            await projection.enrollments(*listed.values())
        if order.random() < 0.5:
            await projection.link()
    await projection.link()


def _version(thing: tuple[str, dict[str, Any]]) -> int:
    version: int = thing[1]["version"]
    return version


async def test_the_order_in_which_things_come_decides_nothing(another: Another) -> None:
    households, enrollments = a_country()
    straight = await another()
    await straight.households(*{one["id"]: one for one in households}.values())
    await straight.enrollments(*{one["enrollment_id"]: one for one in enrollments}.values())
    await straight.link()
    expected = await decisions(straight)
    await straight.database.close()
    # The country is worth the trouble only where it holds every outcome.
    assert {status for status, *_ in expected.values()} == {"linked", "to_adjudicate", "unmatched"}

    for seed in range(8):
        projection = await another()
        await put_in_some_order(projection, random.Random(seed))
        found = await decisions(projection)
        await projection.database.close()
        assert found == expected, f"seed {seed}"


async def test_a_link_falls_and_rises_with_its_household_and_leaves_its_history(projection: Projection) -> None:
    await projection.households(household(1))
    await projection.enrollments(enrollment("TEKAVOUL", 1, 1))
    await projection.enrollments(enrollment("EL_MAOUNA", 1, 1), institution="csa")
    await projection.link()
    someone_else = household(1, member(77, "Penda Mint Samba", sex="F")) | {"number": "MR0110000777"}

    await projection.households(someone_else | {"version": 2})
    await projection.link()
    await projection.households(household(1, version=3))
    await projection.link()

    home = str(id_of("household 1"))
    assert await history(projection, id_of("TEKAVOUL 1")) == [
        (1, None, "linked", home),
        (2, "linked", "unmatched", None),
        (3, "unmatched", "linked", home),
    ]
    links = [one for one in await announced(projection, "links") if one["institution"] == "csa"]
    assert [(one["linked"], one["unmatched"]) for one in links] == [(1, 0), (0, 1), (1, 0)]
    overlaps = await announced(projection, "overlaps")
    assert [(one["began"], one["ceased"]) for one in overlaps] == [(1, 0), (0, 1), (1, 0)]


async def test_comparing_again_with_the_same_outcome_announces_nothing(projection: Projection) -> None:
    await projection.households(household(1))
    await projection.enrollments(enrollment("TEKAVOUL", 1, 1))
    await projection.link()

    await projection.households(household(1, version=2, phones=["+22222334455"]))

    assert await projection.link() == 1
    assert len(await announced(projection, "links")) == 1
    assert len(await history(projection, id_of("TEKAVOUL 1"))) == 1


async def test_an_older_version_changes_nothing(projection: Projection) -> None:
    await projection.households(household(1, version=2))
    await projection.enrollments(enrollment("TEKAVOUL", 1, 1, version=2))
    await projection.link()
    before = await decisions(projection)

    await projection.households(household(1, member(9, "Penda Mint Samba"), version=1))
    await projection.enrollments(enrollment("TEKAVOUL", 1, 5, version=1, name="Penda Mint Samba"))

    assert await projection.link() == 0
    assert await decisions(projection) == before
    assert before["TEKAVOUL", 1][:3] == ("linked", "0000000001", "MR0110000001")


async def test_the_same_places_again_ask_for_nothing_and_other_places_for_everything(projection: Projection) -> None:
    await projection.households(household(1))
    await projection.enrollments(enrollment("TEKAVOUL", 1, 1, commune="Amourj Centre"))
    await projection.link()

    await projection.places(list(reversed(PLACES)))
    assert await projection.link() == 0

    renamed = [one | ({"names": ["Amourj", "Amourj Centre"]} if one["code"] == "MR011-C01" else {}) for one in PLACES]
    await projection.places(renamed)
    assert await projection.link() == 1


@pytest.mark.parametrize(("spreading", "weighs_less"), [("+22222334455", True), ("+22233445566", False)])
async def test_how_widely_a_phone_is_shared_counts_for_the_phone_that_is_met(
    projection: Projection, spreading: str, weighs_less: bool
) -> None:
    """The row knows one of the two phones of the household; one of them spreads, then shrinks again."""
    await projection.households(household(1, phones=["+22222334455", "+22233445566"]))
    await projection.enrollments(enrollment("EL_MAOUNA", 1, None, name="Salem Ould Bellal", phones=["22334455"]))
    await projection.link()
    alone = (await decisions(projection))["EL_MAOUNA", 1][3]
    neighbours = [household(n, member(n, "Penda Mint Samba"), phones=[spreading]) for n in range(20, 27)]

    await projection.households(*neighbours)
    await projection.link()
    shared = (await decisions(projection))["EL_MAOUNA", 1][3]
    await projection.households(*(one | {"version": 2, "phones": []} for one in neighbours))
    await projection.link()

    assert alone is not None and shared is not None
    assert (shared < alone) is weighs_less
    assert (await decisions(projection))["EL_MAOUNA", 1][3] == alone


async def test_a_name_too_common_in_a_commune_is_found_by_narrower_keys(projection: Projection) -> None:
    crowd = [
        household(
            n, member(n, f"Mohamed Ould Ahmed Ould {('Sidi', 'Salem')[n % 2]}", birth_date=f"{1930 + n % 60}-05-06")
        )
        for n in range(100, 100 + LARGEST_BLOCK + 10)
    ]
    await projection.households(*crowd, household(1, member(1, "Mohamed Ould Ahmed Ould Tourad")))
    row = {"birth_date": "1980-03-07", "birth_precision": "day"}
    await projection.enrollments(enrollment("WFP_LEAN_SEASON", 1, None, name="Med Ould Ahmed Ould Tourad", **row))
    await projection.link()

    assert (await decisions(projection))["WFP_LEAN_SEASON", 1][:2] == ("linked", "0000000001")


async def test_a_block_past_the_largest_says_nothing(projection: Projection) -> None:
    crowd = [
        household(n, member(n, "Mohamed Ould Ahmed", birth_date=f"{1930 + n % 60}-05-06"))
        for n in range(100, 100 + LARGEST_BLOCK)
    ]
    await projection.households(*crowd)
    await projection.enrollments(enrollment("WFP_LEAN_SEASON", 1, None, name="Mohamed Ould Ahmed"))
    await projection.link()
    at_the_bound = (await decisions(projection))["WFP_LEAN_SEASON", 1]

    await projection.households(household(1, member(1, "Mohamed Ould Ahmed")))
    await projection.link()

    assert at_the_bound[0] == "to_adjudicate"
    assert (await decisions(projection))["WFP_LEAN_SEASON", 1][0] == "unmatched"


@pytest.mark.parametrize("status", ["suspended", "exited"])
async def test_who_no_longer_receives_stays_linked_and_ceases_to_overlap(projection: Projection, status: str) -> None:
    await projection.households(household(1))
    await projection.enrollments(enrollment("TEKAVOUL", 1, 1), enrollment("TEMWINE", 1, 1))
    await projection.link()

    await projection.enrollments(enrollment("TEMWINE", 1, 1, version=2, status=status))
    await projection.link()

    assert (await decisions(projection))["TEMWINE", 1][0] == "linked"
    overlaps = await announced(projection, "overlaps")
    assert [(one["began"], one["ceased"]) for one in overlaps] == [(1, 0), (0, 1)]


HOME, SIDI = str(id_of("household 1")), str(id_of("individual 1"))


async def test_a_refused_household_is_never_linked_again(projection: Projection) -> None:
    one = enrollment("TEKAVOUL", 1, 1)
    await projection.households(household(1))
    await projection.enrollments(one)
    await projection.link()

    await projection.refuse("first", one, household_id=HOME)
    assert await projection.link() == 1
    await projection.households(household(1, version=2, phones=["+22222334455"]))
    await projection.enrollments(enrollment("TEKAVOUL", 1, 1, version=2, phones=["+22222334455"]))
    await projection.link()

    assert await history(projection, id_of("TEKAVOUL 1")) == [
        (1, None, "linked", HOME),
        (2, "linked", "unmatched", None),
    ]
    links = await announced(projection, "links")
    assert [(each["linked"], each["unmatched"]) for each in links] == [(1, 0), (0, 1)]


async def test_of_a_refused_person_the_household_stays_open(projection: Projection) -> None:
    one = enrollment("TEKAVOUL", 1, 1, name="Salem Ould Bellal Ould Moctar")
    spouse = member(2, "Mariem Mint Vall", sex="F", relationship="spouse")
    await projection.households(household(1, member(1, "Salem Ould Bellal Ould Moctar"), spouse))
    await projection.enrollments(one)
    await projection.link()
    first = (await decisions(projection))["TEKAVOUL", 1]

    await projection.refuse("first", one, individual_id=SIDI)
    await projection.link()

    assert first[1:3] == ("0000000001", "MR0110000001")
    assert (await decisions(projection))["TEKAVOUL", 1][1] != "0000000001"


async def test_a_refused_person_is_found_once_another_receives_and_refused_again_where_that_is_undone(
    projection: Projection,
) -> None:
    await projection.households(household(1))
    await projection.enrollments(enrollment("TEKAVOUL", 1, 1))
    await projection.refuse("first", enrollment("TEKAVOUL", 1, 1), individual_id=SIDI, person_version=1)
    await projection.link()
    assert (await decisions(projection))["TEKAVOUL", 1][0] == "unmatched"

    await projection.enrollments(enrollment("TEKAVOUL", 1, 1, version=2, person_version=2))
    await projection.link()
    assert (await decisions(projection))["TEKAVOUL", 1][0] == "linked"

    await projection.enrollments(enrollment("TEKAVOUL", 1, 1, version=3, person_version=1))
    await projection.link()
    assert (await decisions(projection))["TEKAVOUL", 1][0] == "unmatched"


async def test_a_refused_household_stays_refused_whoever_receives(projection: Projection) -> None:
    await projection.households(household(1))
    await projection.enrollments(enrollment("TEKAVOUL", 1, 1, version=2, person_version=2))
    await projection.refuse("first", enrollment("TEKAVOUL", 1, 1), household_id=HOME, person_version=1)
    await projection.link()

    assert (await decisions(projection))["TEKAVOUL", 1][0] == "unmatched"


async def test_a_refusal_counts_once_and_before_its_beneficiary_comes(projection: Projection) -> None:
    one = enrollment("TEKAVOUL", 1, 1)
    await projection.refuse("early", one, household_id=HOME)
    await projection.refuse("early", one, household_id=HOME)
    await projection.households(household(1))
    await projection.enrollments(one)
    await projection.link()
    await projection.refuse("early", one, household_id=HOME)

    assert await projection.link() == 0  # the third time said nothing new
    assert (await decisions(projection))["TEKAVOUL", 1][0] == "unmatched"
