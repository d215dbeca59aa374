"""Gaps: kept current with every change, swept where the day or a rule is another, the same whatever the order."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from matching_cases import PLACES, Projection, enrollment, household, id_of, member, program
from services.matching import gaps
from services.matching.gap_models import EligibleHousehold
from services.matching.gaps import sweep_chunk
from services.matching.models import Household
from shared.outbox import OutboxRow


async def held(projection: Projection) -> dict[tuple[UUID, str], tuple[bool | None, str | None]]:
    async with projection.database.transaction() as tx:
        rows = await tx.scalars(select(EligibleHousehold))
        return {(one.household_id, one.program): (one.eligible, one.reason) for one in rows}


async def of(projection: Projection, number: int, code: str = "TEKAVOUL") -> tuple[bool | None, str | None] | None:
    return (await held(projection)).get((id_of(f"household {number}"), code))


async def sweep(projection: Projection, day: date | None = None, chunk: int = 2) -> int:
    """Sweep until nothing is left; in how many steps."""
    steps = 0
    while True:
        async with projection.database.transaction() as tx:
            if not await sweep_chunk(tx, day or datetime.now().date(), chunk):  # noqa: DTZ005
                return steps
        steps += 1


async def announced(projection: Projection) -> list[tuple[int, int]]:
    async with projection.database.transaction() as tx:
        rows = await tx.scalars(
            select(OutboxRow).where(OutboxRow.type == "matching.gaps.changed.v1").order_by(OutboxRow.position)
        )
        return [(one.data["began"], one.data["ceased"]) for one in rows]


async def test_a_household_that_is_meant_is_a_gap_until_it_is_enrolled_and_again_after(projection: Projection) -> None:
    await projection.programs(program("TEKAVOUL", "taazour"))
    await projection.households(household(1), household(2, vulnerability_category="poor"))
    assert await held(projection) == {(id_of("household 1"), "TEKAVOUL"): (True, "never_enrolled")}

    statuses = {"applied": "waiting", "enrolled": None, "suspended": "suspended", "exited": "exited"}
    for version, (status, reason) in enumerate(statuses.items(), 1):
        await projection.enrollments(enrollment("TEKAVOUL", 1, 1, version=version, status=status))
        await projection.link()
        assert await of(projection, 1) == (True, reason), status

    assert await announced(projection) == [(1, 0), (0, 1), (1, 0)]


async def test_who_is_in_a_substitute_is_not_missed_and_who_is_in_another_program_is(projection: Projection) -> None:
    meant = program("EL_MAOUNA", "csa") | {"substitutes": ["WFP_LEAN_SEASON"]}
    await projection.programs(
        meant, program("WFP_LEAN_SEASON", "partners", categories=[]), program("TEMWINE", "taazour")
    )
    await projection.households(household(1), household(2))
    await projection.enrollments(enrollment("WFP_LEAN_SEASON", 1, 1), enrollment("TEMWINE", 2, 2))
    await projection.link()

    assert await of(projection, 1, "EL_MAOUNA") == (True, None)
    assert await of(projection, 2, "EL_MAOUNA") == (True, "never_enrolled")
    assert await of(projection, 1, "TEMWINE") == (True, "never_enrolled")
    assert await of(projection, 2, "TEMWINE") == (True, None)
    assert await of(projection, 1, "WFP_LEAN_SEASON") is None  # it does not choose by household


async def test_unknown_eligibility_is_no_gap(projection: Projection) -> None:
    await projection.programs(program("DISABILITY_CASH", "masef", requires_disability=True))
    await projection.households(household(1, member(1, "Sidi", disability=None)))

    assert await of(projection, 1, "DISABILITY_CASH") == (None, "never_enrolled")
    assert await announced(projection) == []


async def test_a_household_that_leaves_leaves_no_gap(projection: Projection) -> None:
    await projection.programs(program("TEKAVOUL", "taazour"))
    await projection.households(household(1))
    await projection.households(household(1, version=2, status="left"))
    await projection.households(household(1, version=2, status="left"))  # a late event brings what is true now

    assert await held(projection) == {}
    assert await announced(projection) == [(1, 0), (0, 1)]


async def test_a_changed_rule_sweeps_everybody_once(projection: Projection) -> None:
    await projection.programs(program("TEKAVOUL", "taazour"))
    await projection.households(*(household(number) for number in range(5)))
    assert await sweep(projection) == 3  # five by two
    assert await sweep(projection) == 0

    changed = program("TEKAVOUL", "taazour", categories=["poor"]) | {"version": 2}
    await projection.programs(changed)
    assert await sweep(projection) == 3

    assert await held(projection) == {}
    assert sum(ceased for _, ceased in await announced(projection)) == 5


async def test_a_sweep_goes_on_where_it_stopped_and_begins_anew_where_a_rule_changes_meanwhile(
    projection: Projection,
) -> None:
    await projection.households(*(household(number) for number in range(4)))
    await projection.programs(program("TEKAVOUL", "taazour"))
    today = datetime.now().date()  # noqa: DTZ005
    async with projection.database.transaction() as tx:
        assert await sweep_chunk(tx, today, 2)
    assert len(await held(projection)) == 2
    await projection.programs(program("TEMWINE", "taazour"))

    assert await sweep(projection) == 3

    assert {code for _, code in await held(projection)} == {"TEKAVOUL", "TEMWINE"}
    assert len(await held(projection)) == 8


async def test_a_new_day_makes_children_older(projection: Projection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six years on 1 October 2026: of school age from that day on."""
    days = [date(2026, 9, 30)]
    monkeypatch.setattr(gaps, "now", lambda: datetime(days[-1].year, days[-1].month, days[-1].day))  # noqa: DTZ001
    await projection.programs(program("SCHOOL_FEEDING", "men", "pupil", categories=[]))
    child = member(2, "Enfant", relationship="child", birth_date="2020-10-01")
    await projection.households(household(1, member(1, "Ahmed"), child))
    assert await of(projection, 1, "SCHOOL_FEEDING") is None

    days.append(date(2026, 10, 1))
    await sweep(projection, days[-1])

    assert await of(projection, 1, "SCHOOL_FEEDING") == (True, "never_enrolled")


async def test_what_is_left_to_sweep_is_told_also_before_it_begins(projection: Projection) -> None:
    platform: Any = projection  # of which the database alone is asked
    await projection.households(*(household(number) for number in range(3)))
    await sweep(projection)
    assert await gaps.gaps_waiting(platform) == {"households_to_sweep": 0}

    await projection.programs(program("TEKAVOUL", "taazour"))
    assert await gaps.gaps_waiting(platform) == {"households_to_sweep": 3}
    async with projection.database.transaction() as tx:
        assert await sweep_chunk(tx, datetime.now().date(), 2)  # noqa: DTZ005

    assert await gaps.gaps_waiting(platform) == {"households_to_sweep": 1}


async def test_a_sweep_clears_away_what_the_version_before_left_behind(projection: Projection) -> None:
    await projection.programs(program("TEKAVOUL", "taazour"))
    await projection.households(household(1))
    async with projection.database.transaction() as tx:
        await tx.execute(update(EligibleHousehold).values(household_id=id_of("gone")))

    await sweep(projection)

    assert set(await held(projection)) == {(id_of("household 1"), "TEKAVOUL")}


async def test_a_moved_commune_moves_who_is_meant(projection: Projection) -> None:
    await projection.programs(program("EL_MAOUNA", "csa", wilayas=["MR03"]))
    await projection.households(household(1))
    await sweep(projection)
    assert await held(projection) == {}

    elsewhere = [one | ({"parent_code": "MR032"} if one["code"] == "MR011-C01" else {}) for one in PLACES]
    await projection.places(elsewhere)
    await sweep(projection)

    assert await of(projection, 1, "EL_MAOUNA") == (True, "never_enrolled")


def steps(projection: Projection) -> dict[str, Callable[[], Any]]:
    """What happens, by name; some of it twice."""
    enrolled = enrollment("TEKAVOUL", 1, 1)
    suspended = enrollment("TEKAVOUL", 1, 1, version=2, status="suspended")
    poorer = household(2, version=2, vulnerability_category="extreme_poor")
    return {
        "program": lambda: projection.programs(program("TEKAVOUL", "taazour")),
        "one": lambda: projection.households(household(1)),
        "two": lambda: projection.households(household(2, vulnerability_category="poor")),
        "two poorer": lambda: projection.households(poorer),
        "enrolled": lambda: projection.enrollments(enrolled),
        "suspended": lambda: projection.enrollments(suspended),
        "link": projection.link,
    }


ORDERS = (
    ("program", "one", "two", "two poorer", "enrolled", "link", "suspended", "link"),
    ("suspended", "link", "two poorer", "enrolled", "program", "two", "one", "link", "program", "suspended"),
    ("one", "one", "suspended", "two poorer", "two", "link", "enrolled", "link", "program", "link"),
)


@pytest.mark.parametrize("order", ORDERS)
async def test_twice_late_or_out_of_order_the_gaps_are_the_same(projection: Projection, order: Iterable[str]) -> None:
    can = steps(projection)
    for name in order:
        await can[name]()
        await sweep(projection)

    assert await held(projection) == {
        (id_of("household 1"), "TEKAVOUL"): (True, "suspended"),
        (id_of("household 2"), "TEKAVOUL"): (True, "never_enrolled"),
    }
    async with projection.database.transaction() as tx:
        assert set(await tx.scalars(select(Household.id))) == {id_of("household 1"), id_of("household 2")}
