"""A hand-over that a household's life proposes: once for a change, by rules and matrix, and for a person to decide."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from matrix_cases import decide
from sqlalchemy import func, select

from matching_cases import Projection, enrollment, household, id_of, member, program
from services.matching.gaps import sweep_chunk
from services.matching.life import commands, noticing, queries
from services.matching.life.errors import LifeProposalDecided, LifeProposalOutdated
from services.matching.life.models import NoticedChange
from services.matching.life.proposing import look_once
from services.matching.life.schemas import Body, Declined, LifeProposalOut
from services.matching.models import Referral
from shared.clock import now
from shared.errors import NotFound, PreconditionFailed
from shared.identity import Caller

NUTRITION, FOOD, CASH, SCHOOL = "NUTRITION", "TEMWINE", "DISABILITY_CASH", "SCHOOL_FEEDING"
EVERY = frozenset({NUTRITION, FOOD, CASH, SCHOOL})
KEEPER = Caller("unicef", frozenset(), frozenset({NUTRITION}), EVERY)
MINISTRY = Caller("men", frozenset(), frozenset({SCHOOL}), EVERY)
OFFICIAL = Body(official="agent-4")


def child(number: int, birth: date, **changed: Any) -> dict[str, Any]:
    return member(number, f"Mariem {number}", relationship="child", birth_date=birth.isoformat(), **changed)


def home(number: int, *children: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return household(number, household(number)["members"][0], *children, **changed)


@pytest.fixture
async def country(projection: Projection) -> Projection:
    """Nutrition reaches three households, and is meant to be followed by food; of cash it says itself that it completes it."""
    nutrition = program(NUTRITION, "unicef") | {"complements": [CASH]}
    await projection.programs(
        nutrition, program(FOOD, "taazour"), program(CASH, "masef", requires_disability=True),
        program(SCHOOL, "men", unit="pupil", categories=[]),
    )  # fmt: skip
    await decide(projection.database, NUTRITION, FOOD, "intended")
    await decide(projection.database, SCHOOL, FOOD, "required")
    today = now().date()
    two = today.replace(year=today.year - 2, day=min(today.day, 28))
    await projection.households(
        home(1, child(101, two)),
        home(2, child(102, two + timedelta(days=40))),
        home(3, child(103, two - timedelta(days=400))),
    )
    await projection.enrollments(*(enrollment(NUTRITION, n, n) for n in (1, 2, 3)), institution="unicef")
    await projection.link()
    return projection


async def look(projection: Projection, day: date | None = None) -> int:
    """What the two workers do until nothing is left for a day; in how many steps of the second."""
    day, steps = day or now().date(), 0
    moved = True
    while moved:
        async with projection.database.transaction() as tx:
            moved = await sweep_chunk(tx, day)
    while True:
        async with projection.database.transaction() as tx:
            if not await look_once(tx, day, households=2, changes=1):
                return steps
        steps += 1


async def proposed(projection: Projection, by: Caller = KEEPER, **asked: Any) -> list[LifeProposalOut]:
    found: list[LifeProposalOut] = []
    cursor = None
    while True:
        async with projection.database.transaction() as tx:
            page = await queries.life_proposals(
                tx, by, 1, cursor, "en", program=asked.get("program"), status=asked.get("status")
            )
        found, cursor = found + page.items, page.next_cursor
        if cursor is None:
            return found


def told(found: list[LifeProposalOut]) -> list[tuple[UUID, str, str, str]]:
    return sorted((one.enrollment_id, one.change, one.to_program, one.fit) for one in found)


async def test_a_child_who_turns_2_proposes_what_is_meant_to_follow_once(country: Projection) -> None:
    assert await look(country) == 3, "two steps through three households, one change"

    [one] = await proposed(country)
    assert told([one]) == [(id_of(f"{NUTRITION} 1"), "turned_2", FOOD, "intended")]
    assert one.explanation.startswith("A child of the household turned 2 on ")
    assert "the rules matrix intends the two programs together, and the rule of TEMWINE means" in one.explanation
    assert await look(country) == 0, "once a day"
    await look(country, now().date() + timedelta(days=1))
    assert [each.id for each in await proposed(country)] == [one.id], "and once for a birthday"

    # Forty days on the second child has its birthday.
    await look(country, now().date() + timedelta(days=41))
    assert told(await proposed(country)) == [
        (id_of(f"{NUTRITION} 1"), "turned_2", FOOD, "intended"),
        (id_of(f"{NUTRITION} 2"), "turned_2", FOOD, "intended"),
    ]


async def test_only_the_keeper_whose_agreement_covers_the_other_program_sees_it(country: Projection) -> None:
    await look(country)

    [one] = await proposed(country)
    for other in (MINISTRY, Caller("unicef", frozenset(), frozenset({NUTRITION}), frozenset({NUTRITION, CASH}))):
        assert await proposed(country, other) == []
        async with country.database.transaction() as tx:
            with pytest.raises(NotFound):
                await commands.refer_proposed(tx, one.id, OFFICIAL, by=other, if_match='"1"')
    assert await proposed(country, program=SCHOOL) == []


async def test_a_person_refers_it_and_nobody_does_so_twice(country: Projection) -> None:
    await look(country)
    [one] = await proposed(country)

    async with country.database.transaction() as tx:
        with pytest.raises(PreconditionFailed):
            await commands.refer_proposed(tx, one.id, OFFICIAL, by=KEEPER, if_match='"7"')
        await commands.refer_proposed(tx, one.id, OFFICIAL, by=KEEPER, if_match='"1"')
    async with country.database.transaction() as tx:
        decided = await queries.life_proposal(tx, one.id, KEEPER, "fr")
        referral = await tx.get_one(Referral, decided.referral_id)
        with pytest.raises(LifeProposalDecided):
            await commands.refer_proposed(tx, one.id, OFFICIAL, by=KEEPER, if_match='"2"')
    assert (decided.status, decided.official, decided.decided_by, decided.version) == (
        "referred", "agent-4", "unicef", 2,
    )  # fmt: skip
    assert (referral.from_program, referral.to_program, referral.reason, referral.status, referral.household_number) == (
        NUTRITION, FOOD, "situation_changed", "sent", "MR0110000001",
    )  # fmt: skip
    assert await proposed(country, status="open") == []


async def test_what_is_declined_is_not_proposed_again_for_the_same_change(country: Projection) -> None:
    await look(country)
    [one] = await proposed(country)

    async with country.database.transaction() as tx:
        said = Declined(official="agent-4", reason="A déménagé la semaine dernière")
        await commands.decline(tx, one.id, said, by=KEEPER, if_match='"1"')
    await look(country, now().date() + timedelta(days=2))

    [kept] = await proposed(country)
    assert (kept.status, kept.reason, kept.referral_id) == ("declined", "A déménagé la semaine dernière", None)


async def test_who_has_come_into_the_program_meanwhile_is_not_referred(country: Projection) -> None:
    await look(country)
    [one] = await proposed(country)
    await country.enrollments(enrollment(FOOD, 1, 1))
    await country.link()

    async with country.database.transaction() as tx:
        with pytest.raises(LifeProposalOutdated):
            await commands.refer_proposed(tx, one.id, OFFICIAL, by=KEEPER, if_match='"1"')


async def test_a_member_who_becomes_disabled_proposes_and_one_who_was_does_not(country: Projection) -> None:
    """As the consumer does it: what was held, the newer version, what has changed. Told twice, and the older one late."""
    was = child(103, date(2015, 1, 1))
    healthy, disabled = home(3, was, version=2), home(3, was | {"disability": True}, version=3)
    always = home(4, child(104, date(2015, 1, 1), disability=True))
    for one in (healthy, always, disabled, disabled, healthy):
        async with country.database.transaction() as tx:
            before = await noticing.disabilities_held(tx, [one])
        await country.households(one)
        async with country.database.transaction() as tx:
            await noticing.notice_disabilities(tx, before, [one], now().date())
    await country.enrollments(enrollment(NUTRITION, 4, 4), institution="unicef")
    await country.link()
    await look(country)

    # Food, which the matrix intends, before cash, which nutrition names itself.
    assert (id_of(f"{NUTRITION} 3"), "became_disabled", FOOD, "intended") in told(await proposed(country))
    assert not [one for one in await proposed(country) if one.enrollment_id == id_of(f"{NUTRITION} 4")]


async def test_a_pupil_who_leaves_the_schools_list_proposes_to_the_keeper_of_that_list(country: Projection) -> None:
    pupil = child(105, now().date().replace(year=now().date().year - 9, day=1))
    await country.households(home(5, pupil))
    listed = {"name": pupil["name_fr"], "sex": "M", "birth_date": pupil["birth_date"], "birth_precision": "day"}
    at_school = enrollment(SCHOOL, 1, 5, **listed)
    gone = enrollment(SCHOOL, 1, 5, version=2, status="exited", **listed)
    handed_over = enrollment(SCHOOL, 2, 5, version=2, status="exited", **listed) | {"hand_over_to": FOOD}
    for batch in ([at_school], [gone, handed_over], [gone], [at_school]):
        await country.enrollments(*batch, institution="men")
        async with country.database.transaction() as tx:
            await noticing.notice_exits(tx, batch)
    await country.link()
    await look(country)

    assert told(await proposed(country, MINISTRY)) == [(id_of(f"{SCHOOL} 1"), "left_school_list", FOOD, "required")]


async def test_a_change_waits_until_somebody_means_the_household_and_is_forgotten_after_a_month(
    country: Projection,
) -> None:
    """Food reaches the household at first; it lets it go ten days later."""
    await country.enrollments(enrollment(FOOD, 1, 1))
    await country.link()
    await look(country)
    assert await proposed(country) == []

    await country.enrollments(enrollment(FOOD, 1, 1, version=2, status="exited"))
    await country.link()
    await look(country, now().date() + timedelta(days=10))
    assert len(await proposed(country)) == 1

    async with country.database.transaction() as tx:
        late = now().date() - timedelta(days=40)
        await noticing.notice(tx, [(id_of("somebody"), id_of("household 2"), "became_disabled", late)])  # type: ignore[list-item]
    await look(country, now().date() + timedelta(days=11))
    async with country.database.transaction() as tx:
        open_ = select(func.count()).where(~NoticedChange.settled, NoticedChange.happened_on == late)
        assert await tx.scalar(open_) == 0
