"""Seats of a limited program: how many are free, and by which place a beneficiary counts."""

from collections.abc import Callable

from sqlalchemy import select, update
from sqlalchemy import text as sql
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.models import Enrollment
from services.programs.queries.places import place_index
from services.programs.rules.program import Program
from services.programs.rules.seats import Seats

TAKEN = sql(  # as the index says it, so that nothing but the index is read
    "SELECT place_code, count(*) FROM enrollments"
    " WHERE program_code = :program AND status IN ('enrolled', 'suspended') GROUP BY place_code"
)


async def free_seats(tx: AsyncSession, program: Program) -> Seats:
    """The free seats of a program that `queries.programs.published_for_seats` gave; exact until the transaction ends."""
    if not program.is_limited:
        return Seats()
    taken = await tx.execute(TAKEN, {"program": program.code})
    return Seats.of(program, dict(taken.all()))


Finder = Callable[[str | None, str | None, str | None], str | None]


async def place_finder(tx: AsyncSession, program: Program) -> Finder:
    """Tells the p-code of a place by its names (wilaya, moughataa, commune), as deep as they tell.

    None where no quota counts by it: the table of places is not read then.
    """
    if not program.quotas:
        return lambda wilaya, moughataa, commune: None
    index = await place_index(tx)

    def find(wilaya: str | None, moughataa: str | None, commune: str | None) -> str | None:
        if not (wilaya or moughataa or commune):
            return None
        found = index.resolve(wilaya, moughataa, commune)
        return found.commune_code or found.moughataa_code or found.wilaya_code

    return find


async def place_seated(tx: AsyncSession, program: Program) -> None:
    """Give their p-code to those who were enrolled before the program had quotas, so that the quotas count them."""
    if not program.quotas:
        return
    names = (Enrollment.wilaya, Enrollment.moughataa, Enrollment.commune)
    unplaced = (Enrollment.program_code == program.code, Enrollment.place_code.is_(None))
    find = await place_finder(tx, program)
    for told in (await tx.execute(select(*names).where(*unplaced).distinct())).all():
        if code := find(*told):
            same = [column.is_not_distinct_from(name) for column, name in zip(names, told, strict=True)]
            await tx.execute(update(Enrollment).where(*unplaced, *same).values(place_code=code))
