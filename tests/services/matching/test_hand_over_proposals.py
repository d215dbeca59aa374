"""Hand-overs that the life of a household proposes to the keeper of a program it is in."""

from typing import Any
from uuid import UUID

import pytest

from matching_cases import Projection, enrollment, household, id_of, program
from services.matching.eligibility.proposals import proposals
from services.matching.errors import ProgramUnknown
from services.matching.referring import refer
from services.matching.rules.referring import ReferralReason
from services.matching.schemas import ReferralsIn
from shared.identity import Caller

TAAZOUR = Caller("taazour", frozenset(), frozenset({"TEKAVOUL"}), frozenset({"TEKAVOUL", "DISABILITY_CASH"}))


async def proposed(projection: Projection, by: Caller = TAAZOUR, limit: int = 50) -> list[tuple[UUID, str, str]]:
    found: list[Any] = []
    cursor = None
    async with projection.database.transaction() as tx:
        while True:
            page = await proposals(tx, "TEKAVOUL", limit, cursor, by=by)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return [(one.enrollment_id, one.to_program, one.reason) for one in found]


@pytest.fixture
async def country(projection: Projection) -> Projection:
    """Three households in Tekavoul, whose complement is disability cash; nobody is disabled."""
    tekavoul = program("TEKAVOUL", "taazour") | {"complements": ["DISABILITY_CASH", "TEMWINE"]}
    await projection.programs(
        tekavoul, program("DISABILITY_CASH", "masef", requires_disability=True), program("TEMWINE", "taazour")
    )
    await projection.households(*(household(number) for number in (1, 2, 3)))
    await projection.enrollments(*(enrollment("TEKAVOUL", number, number) for number in (1, 2, 3)))
    await projection.link()
    return projection


async def become_disabled(projection: Projection, *numbers: int) -> None:
    for number in numbers:
        head = household(number)["members"][0] | {"disability": True}
        await projection.households(household(number, head, version=2))
    await projection.link()


async def test_a_member_who_becomes_disabled_proposes_the_complement(country: Projection) -> None:
    assert await proposed(country) == []

    await become_disabled(country, 1, 3)

    expected = sorted((id_of(f"TEKAVOUL {number}"), "DISABILITY_CASH", "never_enrolled") for number in (1, 3))
    assert sorted(await proposed(country)) == expected
    assert sorted(await proposed(country, limit=1)) == expected


async def test_who_is_referred_or_served_is_proposed_no_more(country: Projection) -> None:
    await become_disabled(country, 1, 2)
    asked = ReferralsIn(
        from_program="TEKAVOUL",
        to_program="DISABILITY_CASH",
        reason=ReferralReason.SITUATION_CHANGED,
        enrollments=[id_of("TEKAVOUL 1")],
    )
    async with country.database.transaction() as tx:
        await refer(tx, asked, by=TAAZOUR)
    await country.enrollments(enrollment("DISABILITY_CASH", 2, 2), institution="masef")
    await country.link()

    assert await proposed(country) == []


async def test_only_complements_that_the_agreement_covers_are_proposed(country: Projection) -> None:
    await become_disabled(country, 1)
    uncovered = Caller("taazour", frozenset(), frozenset({"TEKAVOUL"}), frozenset({"TEKAVOUL"}))

    assert await proposed(country, uncovered) == []
    async with country.database.transaction() as tx:
        with pytest.raises(ProgramUnknown):
            await proposals(tx, "NONE", 50, None, by=TAAZOUR)
