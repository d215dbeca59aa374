"""Who is enrolled where, as the registry is told: kept with every link and every end of one, swept for what came before."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from matching_cases import Projection, enrollment, household, id_of, program
from services.matching.enrolled_households import tell_again, told_of
from services.matching.gaps import sweep_chunk
from services.matching.models import EnrolledHousehold
from shared.clock import now
from shared.outbox import OutboxRow


async def held(projection: Projection) -> dict[tuple[UUID, str], tuple[bool, int]]:
    async with projection.database.transaction() as tx:
        rows = await tx.scalars(select(EnrolledHousehold))
        return {(one.household_id, one.program): (one.enrolled, one.version) for one in rows}


async def enrolled(projection: Projection) -> dict[tuple[UUID, str], bool]:
    return {key: is_ for key, (is_, _) in (await held(projection)).items()}


async def announced(projection: Projection) -> list[dict[str, Any]]:
    async with projection.database.transaction() as tx:
        asked = select(OutboxRow).where(OutboxRow.type == "matching.enrolled-households.changed.v1")
        return [one.data for one in await tx.scalars(asked.order_by(OutboxRow.position))]


def of(number: int, code: str = "TEKAVOUL") -> tuple[UUID, str]:
    return id_of(f"household {number}"), code


async def test_each_turn_of_a_household_is_told_once_with_a_greater_version(projection: Projection) -> None:
    await projection.programs(program("TEKAVOUL", "taazour"), program("TEMWINE", "taazour"))
    await projection.households(household(1), household(2))
    versions = []
    for version, status in enumerate(("applied", "enrolled", "suspended", "enrolled", "exited"), 1):
        await projection.enrollments(enrollment("TEKAVOUL", 1, 1, version=version, status=status))
        await projection.link()
        versions += [one for _, one in (await held(projection)).values()]
    await projection.enrollments(enrollment("TEMWINE", 1, 2))
    await projection.link()
    await projection.enrollments(enrollment("TEMWINE", 1, 2, version=2, monthly_value_mru="900.00"))
    await projection.link()

    assert await enrolled(projection) == {of(1): False, of(2, "TEMWINE"): True}
    assert versions == sorted(set(versions)), "each turn has a greater one, also within a millisecond"
    turns = [(one["began"], one["ceased"]) for one in await announced(projection)]
    assert turns == [(1, 0), (0, 1), (1, 0), (0, 1), (1, 0)]


async def test_a_household_stays_enrolled_while_any_of_its_enrollments_holds(projection: Projection) -> None:
    await projection.programs(program("TEKAVOUL", "taazour"))
    await projection.households(household(1))
    await projection.enrollments(enrollment("TEKAVOUL", 1, 1), enrollment("TEKAVOUL", 2, 1))
    await projection.link()
    await projection.enrollments(enrollment("TEKAVOUL", 1, 1, version=2, status="exited"))
    await projection.link()
    assert await enrolled(projection) == {of(1): True}

    await projection.enrollments(enrollment("TEKAVOUL", 2, 1, version=2, status="exited"))
    await projection.link()
    assert await enrolled(projection) == {of(1): False}


async def test_the_sweep_tells_what_a_version_that_did_not_keep_it_has_linked(projection: Projection) -> None:
    await projection.programs(program("TEKAVOUL", "taazour"))
    await projection.households(*(household(number) for number in range(1, 6)))
    await projection.enrollments(*(enrollment("TEKAVOUL", number, number) for number in range(1, 6)))
    await projection.link()
    before = await enrolled(projection)
    assert len(before) == 5
    async with projection.database.transaction() as tx:
        await tx.execute(text("DELETE FROM enrolled_households WHERE household_id = :one"), {"one": of(1)[0]})
        await tx.execute(text("UPDATE beneficiaries SET active = false WHERE household_id = :two"), {"two": of(2)[0]})
    while True:
        async with projection.database.transaction() as tx:
            if not await sweep_chunk(tx, now().date(), 2):
                break

    assert await enrolled(projection) == before | {of(2): False}


async def test_a_batch_is_pulled_page_by_page_without_what_turned_again_since(projection: Projection) -> None:
    await projection.programs(program("TEKAVOUL", "taazour"), program("TEMWINE", "taazour"))
    await projection.households(household(1), household(2))
    lists = [enrollment(code, number, number) for code in ("TEKAVOUL", "TEMWINE") for number in (1, 2)]
    await projection.enrollments(*lists)
    await projection.link()
    (batch,) = [UUID(one["batch_id"]) for one in await announced(projection)]

    async def pulled() -> list[tuple[UUID, str]]:
        found, cursor = [], None
        while True:
            async with projection.database.transaction() as tx:
                page = await told_of(tx, batch, 1, cursor)
            found += [(one.household_id, one.program) for one in page.items]
            if (cursor := page.next_cursor) is None:
                return found

    assert await pulled() == sorted([of(1), of(2), of(1, "TEMWINE"), of(2, "TEMWINE")])
    await projection.enrollments(enrollment("TEKAVOUL", 1, 1, version=2, status="exited"))
    await projection.link()
    assert await pulled() == sorted([of(2), of(1, "TEMWINE"), of(2, "TEMWINE")])


async def test_who_reads_the_registry_anew_tells_it_all_again_with_greater_versions(projection: Projection) -> None:
    """Also from a copy of this database that is older than what the registry has been told."""
    await projection.programs(program("TEKAVOUL", "taazour"))
    await projection.households(household(1))
    await projection.enrollments(enrollment("TEKAVOUL", 1, 1))
    await projection.link()
    ((_, told),) = (await held(projection)).values()
    async with projection.database.transaction() as tx:
        await tx.execute(text("UPDATE enrolled_households SET version = 5"))

    async with projection.database.transaction() as tx:
        await tell_again(tx, [of(1)[0], of(7)[0]])

    ((is_, version),) = (await held(projection)).values()
    assert is_ and version > told > 1_700_000_000_000
    assert [(one["began"], one["ceased"]) for one in await announced(projection)] == [(1, 0), (0, 0)]
