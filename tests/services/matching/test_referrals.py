"""Referrals: who is referred, who is not, what becomes of it, and what its figures are."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from referral_cases import CASH, CNAM, CSA, FOOD, INSURANCE, MASEF, a_country, announced, cash, insured, line, refer
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from matching_cases import Projection, enrollment, household, id_of
from services.matching import referral_queries as queries
from services.matching import referring
from services.matching.models import Referral
from services.matching.referring import Step
from services.matching.rules.referring import ReferralRefusal, ReferralStatus
from services.matching.schemas import ReferralDetail, WithoutOut
from shared.database import Database
from shared.identity import Caller
from shared.ids import new_id

SENT = {"from_program": CASH, "to_program": INSURANCE}


@pytest.fixture
async def country(projection: Projection) -> Projection:
    await a_country(projection)
    return projection


async def without(database: Database, other: str = INSURANCE, **asked: Any) -> list[WithoutOut]:
    async with database.transaction() as tx:
        page = await queries.without(tx, CASH, other, asked.get("limit", 50), None, asked.get("standing"))
    return page.items


async def moved(database: Database, referral_id: UUID, *steps: str) -> None:
    """The insurer takes these steps, the last of which may be a refusal."""
    for name in steps:
        step = Step(ReferralStatus(name), ReferralRefusal.NOT_ELIGIBLE if name == "refused" else None)
        async with database.transaction() as tx:
            await referring.move(tx, referral_id, step, by=CNAM, if_match="*")


async def shown(database: Database, referral_id: UUID, by: Caller = MASEF) -> ReferralDetail:
    async with database.transaction() as tx:
        return await queries.referral(tx, referral_id, by)


async def sent(database: Database, number: int) -> UUID:
    """The referral of one line of MASEF's list."""
    (row,) = (await refer(database, number)).rows
    assert row.referral_id is not None, row
    return row.referral_id


# Who lacks another program


async def test_an_officer_sees_who_is_not_insured_and_of_whom_nobody_can_tell(country: Projection) -> None:
    found = {one.enrollment_id: one for one in await without(country.database)}

    assert {id_: one.standing for id_, one in found.items()} == {
        **{line(n): "not_in" for n in (1, 2, 3, 4, 5, 6)},
        line(7): "cannot_tell",
    }
    assert (found[line(7)].because, found[line(7)].link_status, found[line(7)].household_number) == (
        "not_linked", "unmatched", None,
    )  # fmt: skip
    assert (found[line(6)].because, found[line(6)].link_status, found[line(6)].household_number) == (
        None, "linked", "MR0110000005",
    )  # fmt: skip
    async with country.database.transaction() as tx:
        counts = await queries.without_summary(tx, CASH, INSURANCE)
    assert counts.model_dump() == {
        "program": CASH, "other": INSURANCE, "enrolled": 8, "in_other": 1, "not_in": 6, "households_not_in": 5,
        "not_linked": 1, "no_list": 0, "others_not_linked": None,
    }  # fmt: skip


async def test_unknown_is_not_false(country: Projection) -> None:
    await country.enrollments(cash(9, 4), institution="masef")

    waiting = [one for one in await without(country.database) if one.enrollment_id == line(9)]
    assert [(one.standing, one.because, one.link_status) for one in waiting] == [
        ("cannot_tell", "not_linked", "pending")
    ]
    nobody_listed = await without(country.database, FOOD)
    assert {one.standing for one in nobody_listed} == {"cannot_tell"}
    assert sum(one.because == "no_list" for one in nobody_listed) == 7
    async with country.database.transaction() as tx:
        counts = await queries.without_summary(tx, CASH, FOOD)
    assert (counts.not_in, counts.no_list, counts.not_linked, counts.others_not_linked) == (0, 7, 2, 0)


async def test_who_lacks_it_comes_by_the_page_and_by_standing(country: Projection) -> None:
    found, cursor = [], None
    while True:
        async with country.database.transaction() as tx:
            page = await queries.without(tx, CASH, INSURANCE, 2, cursor, None)
        found += [one.enrollment_id for one in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break

    assert found == sorted(line(n) for n in range(1, 8))
    assert [one.enrollment_id for one in await without(country.database, standing="cannot_tell")] == [line(7)]
    assert len(await without(country.database, standing="not_in")) == 6


# Sending


async def test_each_named_enrollment_is_told_what_became_of_it(country: Projection) -> None:
    first = await refer(country.database, 1, 0, 7, 8, 5, 6, 1)
    again = await refer(country.database, 1, 2)

    # Line 8 has left the program; line 6 is the household of line 5; line 1 is named twice.
    assert [(one.enrollment_id, one.outcome) for one in first.rows] == [
        (line(1), "referred"),
        (line(0), "in_program"),
        (line(7), "not_linked"),
        (line(8), "not_found"),
        (line(5), "referred"),
        (line(6), "unchanged"),
    ]
    assert first.counts == {
        "referred": 2,
        "unchanged": 1,
        "in_program": 1,
        "not_linked": 1,
        "outside_area": 0,
        "not_found": 1,
    }
    assert [one.outcome for one in again.rows] == ["unchanged", "referred"]
    assert [one.referral_id is None for one in again.rows] == [True, False]
    assert await announced(country.database) == [SENT | {"sent": 2}, SENT | {"sent": 1}]
    assert {one.enrollment_id: one.referral for one in await without(country.database)}[line(5)] == "sent"


async def test_nothing_sent_announces_nothing(country: Projection) -> None:
    answer = await refer(country.database, 0, 7)

    assert (answer.batch_id, answer.counts["referred"]) == (None, 0)
    assert await announced(country.database) == []


async def test_a_household_has_one_open_referral_to_a_program_whoever_sends_it(country: Projection) -> None:
    await country.enrollments(enrollment(FOOD, 1, 1), enrollment(FOOD, 2, 2), institution="csa")
    await country.link()
    await refer(country.database, 1)

    theirs = [id_of(f"{FOOD} {n}") for n in (1, 2)]
    answer = await refer(country.database, by=CSA, from_program=FOOD, enrollments=theirs)

    assert [one.outcome for one in answer.rows] == ["unchanged", "referred"]


async def test_all_that_lack_it_are_referred_and_nobody_twice(country: Projection) -> None:
    first = await refer(country.database, most=2)
    rest = await refer(country.database)
    again = await refer(country.database)

    assert (first.more, rest.more, again.more) == (True, False, False)
    assert first.rows == rest.rows == []
    assert first.counts["referred"] + rest.counts["referred"] == 5
    assert again.counts["referred"] == 0
    async with country.database.transaction() as tx:
        households = set(await tx.scalars(select(Referral.household_number)))
    assert households == {f"MR011000000{n}" for n in (1, 2, 3, 4, 5)}


async def test_who_was_refused_is_not_among_all_and_may_be_named(country: Projection) -> None:
    refused = await sent(country.database, 1)
    await moved(country.database, refused, "seen", "refused")

    assert (await refer(country.database)).counts["referred"] == 4
    assert (await refer(country.database, 1)).counts["referred"] == 1


async def test_a_program_that_has_no_list_yet_may_be_sent_households_by_name_alone(country: Projection) -> None:
    everyone = await refer(country.database, to_program=FOOD)
    named = await refer(country.database, 1, to_program=FOOD)

    assert (everyone.counts["referred"], named.counts["referred"]) == (0, 1)


async def test_two_who_refer_at_once_make_one_referral(country: Projection) -> None:
    answers = await asyncio.gather(*(refer(country.database, 1, 2) for _ in range(2)))

    assert sorted(one.counts["referred"] for one in answers) == [0, 2]


async def test_the_database_refuses_a_second_open_referral_and_one_to_itself(country: Projection) -> None:
    first = await sent(country.database, 1)
    async with country.database.transaction() as tx:
        held = await tx.get_one(Referral, first)
        columns = {column.key: getattr(held, column.key) for column in Referral.__table__.columns}

    for changed in (
        {},
        {"household_id": new_id(), "from_program": INSURANCE},
        {"household_id": new_id(), "status": "?"},
    ):
        with pytest.raises(IntegrityError):
            async with country.database.transaction() as tx:
                tx.add(Referral(**columns | {"id": new_id()} | changed))


# What each side sees


async def test_each_side_sees_what_it_needs_and_no_more(country: Projection) -> None:
    referral_id = await sent(country.database, 1)
    written_otherwise = cash(1, 1, version=2)
    written_otherwise["beneficiary"]["household_number"] = "MR 011/1"
    await country.enrollments(written_otherwise, institution="masef")

    mine = await shown(country.database, referral_id, MASEF)
    theirs = await shown(country.database, referral_id, CNAM)

    assert (mine.direction, mine.enrollment_id, mine.from_program, mine.household_number) == (
        "sent", line(1), CASH, "MR 011/1",
    )  # fmt: skip
    assert (mine.moughataa_code, mine.commune_code, mine.commune_fr) == (None, None, None)
    assert (theirs.direction, theirs.sent_by, theirs.household_number) == ("received", "masef", "MR0110000001")
    assert (theirs.moughataa_code, theirs.commune_code, theirs.commune_fr) == ("MR011", "MR011-C01", "Amourj")
    # CNAM's agreement does not cover disability cash: who sent it is told, and not of which program it is.
    assert (theirs.enrollment_id, theirs.from_program) == (None, None)
    covered = Caller("cnam", frozenset(), frozenset({INSURANCE}), frozenset({CASH}))
    assert (await shown(country.database, referral_id, covered)).from_program == CASH


async def test_a_list_shows_each_its_own_by_status(country: Projection) -> None:
    first, second = await sent(country.database, 1), await sent(country.database, 2)
    await moved(country.database, second, "seen")

    async def listed(by: Caller, direction: Any, status: Any = None, program: str | None = None) -> list[UUID]:
        found: list[UUID] = []
        cursor = None
        while True:
            async with country.database.transaction() as tx:
                page = await queries.referrals(tx, by, direction, 1, cursor, status, program)
            found += [one.id for one in page.items]
            cursor = page.next_cursor
            if cursor is None:
                return found

    assert await listed(CNAM, "received") == await listed(MASEF, "sent") == [first, second]
    assert await listed(CNAM, "received", ReferralStatus.SEEN) == [second]
    assert await listed(CNAM, "sent") == await listed(MASEF, "received") == await listed(CSA, "received") == []
    assert await listed(CNAM, "received", program=CASH) == []


# Served by an enrollment


@pytest.mark.parametrize("steps", [(), ("seen",), ("seen", "accepted")])
async def test_an_enrollment_serves_a_referral_wherever_it_stands(country: Projection, steps: tuple[str, ...]) -> None:
    referral_id = await sent(country.database, 2)
    other = await sent(country.database, 3)
    await moved(country.database, referral_id, *steps)

    await country.enrollments(insured(5, 2))
    await country.link()

    served = await shown(country.database, referral_id)
    assert served.status == "served" and served.served_at is not None
    assert [one.status for one in served.history] == ["sent", *steps, "served"]
    assert (served.history[-1].by, served.version) == ("matching", 2 + len(steps))
    assert (await shown(country.database, other)).status == "sent"
    assert (await announced(country.database))[-1] == SENT | {"served": 1}


async def test_what_comes_twice_late_or_in_the_wrong_order_serves_once_or_not_at_all(country: Projection) -> None:
    once, never = await sent(country.database, 2), await sent(country.database, 3)

    await country.enrollments(insured(6, 3, version=2, status="exited"))
    for _ in range(2):
        await country.enrollments(insured(5, 2), insured(6, 3))  # of household 3 an older version, which says enrolled
        await country.link()
    await country.enrollments(insured(5, 2, version=2, status="exited"))
    await country.link()

    assert [one.status for one in (await shown(country.database, once)).history] == ["sent", "served"]
    assert (await shown(country.database, never)).status == "sent"
    assert (await announced(country.database))[2:] == [SENT | {"served": 1}]


async def test_an_enrollment_that_comes_before_the_referral_leaves_nothing_to_refer(country: Projection) -> None:
    await country.enrollments(insured(5, 2))
    await country.link()

    assert [one.outcome for one in (await refer(country.database, 2)).rows] == ["in_program"]


async def test_who_was_refused_and_is_enrolled_after_all_stays_refused(country: Projection) -> None:
    referral_id = await sent(country.database, 2)
    await moved(country.database, referral_id, "seen", "refused")

    await country.enrollments(insured(5, 2))
    await country.link()

    assert (await shown(country.database, referral_id)).status == "refused"


async def test_a_merge_of_the_household_leads_to_the_referral_all_the_same(country: Projection) -> None:
    """Household 2 goes into household 6: MASEF's line says the new number, and household 6 is insured later."""
    referral_id = await sent(country.database, 2)
    gone = household(2, version=2, status="merged")
    await country.households(gone, household(6, version=2))
    await country.enrollments(cash(2, 6, version=2), institution="masef")
    await country.link()
    received = await shown(country.database, referral_id, CNAM)
    assert (received.status, received.household_number, received.commune_code) == ("sent", "MR0110000002", None)

    await country.enrollments(insured(5, 6))
    await country.link()

    assert (await shown(country.database, referral_id)).status == "served"


# Figures

SIX = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def with_moments(database: Database, days: list[tuple[int | None, int | None, int | None]]) -> None:
    """One referral each, sent on 1 March, which was accepted, refused, served after so many days."""
    for accepted, refused, served in days:
        at = {
            "accepted_at": None if accepted is None else SIX + timedelta(days=accepted),
            "refused_at": None if refused is None else SIX + timedelta(days=refused),
            "served_at": None if served is None else SIX + timedelta(days=served),
        }
        referral = Referral(
            id=new_id(), version=1, from_program=CASH, enrollment_id=line(1), to_program=INSURANCE,
            household_id=new_id(), household_number="x", reason="not_in_program",
            status="refused" if refused is not None else "served" if served is not None else "sent",
            refusal="no_capacity" if refused is not None else None, sent_by="masef", sent_at=SIX, **at,
        )  # fmt: skip
        async with database.transaction() as tx:
            tx.add(referral)


async def figures(database: Database, by: Caller = MASEF, **period: date) -> list[dict[str, Any]]:
    async with database.transaction() as tx:
        found = await queries.summary(tx, by, period.get("sent_from"), period.get("sent_to"))
    return [one.model_dump() for one in found]


async def test_uptake_and_median_days_are_counted_by_hand_and_small_cells_are_not_told(country: Projection) -> None:
    # Ten referrals: six accepted after 2, 4, 4, 6, 8, 30 days, of which five were served after 10, 12, 20, 40, 50; one
    # refused after 1 day; three without an answer.
    accepted = [(2, None, 10), (4, None, 12), (4, None, 20), (6, None, 40), (8, None, 50), (30, None, None)]
    await with_moments(country.database, [*accepted, (None, 1, None), *[(None, None, None)] * 3])  # type: ignore[list-item]

    [counted] = await figures(country.database)

    assert counted == SENT | {
        "sent": 10, "seen": 0, "accepted": None, "refused": None, "served": 5, "closed": 0, "uptake": 0.5,
        "overdue": None,  # four that nobody has looked at, and six accepted of ten would tell as many
        "median_days_to_answer": 4.0, "median_days_to_served": 20.0,
    }  # fmt: skip
    assert await figures(country.database, CNAM) == [counted]
    assert await figures(country.database, CSA) == []
    day = SIX.date()
    assert await figures(country.database, sent_from=day, sent_to=day) == [counted]
    assert await figures(country.database, sent_from=day + timedelta(days=1)) == []
    assert await figures(country.database, sent_to=day - timedelta(days=1)) == []


async def test_of_few_nothing_is_told(country: Projection) -> None:
    await with_moments(country.database, [(2, None, 10)] * 4)

    assert await figures(country.database) == [
        SENT
        | {"sent": None, "seen": 0, "accepted": None, "refused": 0, "served": None, "closed": 0, "uptake": None}
        | {"overdue": 0}
        | {"median_days_to_answer": None, "median_days_to_served": None}
    ]


async def test_a_share_that_would_tell_a_small_count_is_not_told(country: Projection) -> None:
    await with_moments(country.database, [(2, None, 10)] * 3 + [(None, None, None)] * 7)

    [counted] = await figures(country.database)
    assert (counted["sent"], counted["served"], counted["uptake"]) == (10, None, None)
    async with country.database.transaction() as tx:
        await tx.execute(update(Referral).values(served_at=None))
    assert (await figures(country.database))[0]["uptake"] == 0.0
