"""Who leaves a program with a proposal to another institution's is referred there once it is surely known who it is."""

from typing import Any
from uuid import UUID

import pytest
from referral_cases import CASH, CNAM, FOOD, INSURANCE, MASEF, a_country, announced, cash, insured, line
from sqlalchemy import select

from matching_cases import Projection, household, program
from services.matching import referral_queries as queries
from services.matching import referring
from services.matching.handing_over import settle_waiting, take_over_proposals
from services.matching.models import Referral
from services.matching.referring import Step
from services.matching.rules.referring import HandOverOutcome, ReferralStatus
from services.matching.schemas import HandOverOut, ReferralOut
from shared.database import Database
from shared.identity import Caller

AT = "2026-11-20T10:00:00+00:00"


@pytest.fixture
async def country(projection: Projection) -> Projection:
    await a_country(projection)
    return projection


def leaves(number: int, of: int | None, to: str = INSURANCE, **listed: Any) -> dict[str, Any]:
    """Line `number` of MASEF's list ends, and is handed over."""
    change = cash(number, of, **{"status": "exited", "version": 2} | listed)
    return change | {"version": 2, "hand_over_to": to, "by": "masef", "at": AT}


async def told(projection: Projection, *changes: dict[str, Any]) -> None:
    """What the consumer does with a batch."""
    await projection.enrollments(*changes, institution="masef")
    async with projection.database.transaction() as tx:
        await take_over_proposals(tx, changes)


async def outcomes(database: Database, by: Caller = MASEF) -> list[HandOverOut]:
    async with database.transaction() as tx:
        return (await queries.hand_overs(tx, by, 50, None, None)).items


async def received(database: Database) -> list[ReferralOut]:
    async with database.transaction() as tx:
        return (await queries.referrals(tx, CNAM, "received", 50, None, None, None)).items


async def test_a_household_that_leaves_is_referred_to_the_program_it_is_handed_over_to(country: Projection) -> None:
    exit_ = leaves(2, 2)

    await told(country, exit_)
    await told(country, exit_)

    [referral] = await received(country.database)
    assert (referral.household_number, referral.reason, referral.status) == ("MR0110000002", "left_program", "sent")
    assert (referral.sent_by, referral.to_program, referral.from_program) == ("masef", INSURANCE, None)
    [hand_over] = await outcomes(country.database)
    assert (hand_over.enrollment_id, hand_over.outcome, hand_over.referral_id) == (line(2), "referred", referral.id)
    assert await announced(country.database) == [{"from_program": CASH, "to_program": INSURANCE, "sent": 1}]

    # The insurer enrolls it: that serves the referral.
    await country.enrollments(insured(9, 2))
    await country.link()
    assert [one.status for one in await received(country.database)] == ["served"]


async def test_who_is_in_the_program_or_referred_already_is_not_referred_again(country: Projection) -> None:
    await told(country, leaves(0, 0), leaves(5, 5), leaves(6, 5))

    assert {(one.enrollment_id, one.outcome) for one in await outcomes(country.database)} == {
        (line(0), "in_program"),
        (line(5), "referred"),
        (line(6), "referred_already"),
    }
    assert len(await received(country.database)) == 1


async def test_a_stranger_waits_until_the_registry_knows_the_household(country: Projection) -> None:
    await told(country, leaves(7, 13))
    assert [(one.outcome, one.because) for one in await outcomes(country.database)] == [("waiting", "not_linked")]
    await country.link()
    assert await received(country.database) == []

    await country.households(household(13))
    await country.link()

    assert [one.household_number for one in await received(country.database)] == ["MR0110000013"]
    assert [(one.outcome, one.because) for one in await outcomes(country.database)] == [("referred", None)]


async def test_a_program_that_is_not_published_here_yet_is_waited_for(country: Projection) -> None:
    by = Caller("masef", frozenset(), frozenset({CASH}), frozenset({"CARE"}))
    await told(country, leaves(2, 2, to="CARE"))
    assert [(one.outcome, one.because) for one in await outcomes(country.database, by)] == [
        ("waiting", "not_published")
    ]

    await country.programs(program("CARE", "msante"))
    async with country.database.transaction() as tx:
        await settle_waiting(tx, "CARE")

    assert [one.outcome for one in await outcomes(country.database, by)] == ["referred"]


async def test_an_undone_exit_takes_the_referral_back_until_it_is_accepted(country: Projection) -> None:
    await told(country, leaves(2, 2), leaves(3, 3))
    first, second = (one.id for one in await received(country.database))
    for step in (ReferralStatus.SEEN, ReferralStatus.ACCEPTED):
        async with country.database.transaction() as tx:
            await referring.move(tx, second, Step(step), by=CNAM, if_match="*")

    back = [cash(n, n, version=3) | {"at": AT, "by": "masef"} for n in (2, 3)]
    await told(country, *back)

    async with country.database.transaction() as tx:
        found = {one.id: (one.status, one.refusal) for one in await tx.scalars(select(Referral))}
    assert found == {first: ("refused", "sent_in_error"), second: ("accepted", None)}
    assert {one.outcome for one in await outcomes(country.database)} == {HandOverOutcome.WITHDRAWN}


async def test_an_exit_that_is_heard_of_after_its_undo_refers_nobody(country: Projection) -> None:
    back = cash(2, 2, version=3) | {"at": AT, "by": "masef"}
    await told(country, back)
    # Pulled late, the change of version 2 comes with the enrollment as it is now.
    await told(country, leaves(2, 2) | {"beneficiary": back["beneficiary"]})

    assert await received(country.database) == []
    assert [one.outcome for one in await outcomes(country.database)] == ["withdrawn"]


async def test_what_an_institution_hands_over_to_itself_is_its_own_application(country: Projection) -> None:
    await country.programs(program("ORPHANS", "masef"))
    await told(country, leaves(2, 2, to="ORPHANS"))

    async with country.database.transaction() as tx:
        assert list(await tx.scalars(select(Referral))) == []


async def test_hand_overs_are_shown_to_who_made_them_and_by_the_page(country: Projection) -> None:
    await told(country, *(leaves(n, n) for n in (2, 3, 4)))

    assert await outcomes(country.database, CNAM) == []
    assert await outcomes(country.database, Caller("masef", frozenset(), frozenset({CASH}), frozenset({FOOD}))) == []
    seen: list[UUID] = []
    cursor = None
    while True:
        async with country.database.transaction() as tx:
            page = await queries.hand_overs(tx, MASEF, 2, cursor, HandOverOutcome.REFERRED)
        seen += [one.enrollment_id for one in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert sorted(seen) == sorted(line(n) for n in (2, 3, 4))
