"""The registry's news, as they touch enrollments linked to it.

By link alone, and only by a certain one: a household number on a list holds nobody's payment. A record is always looked
at as it is now, so that news late, twice or in the wrong order end in the same place.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.commands.reviewing import News, lift_reviews, lock_enrollments, open_reviews
from services.programs.models import Enrollment, ProgramRow, Review
from services.programs.rules.program import Unit
from services.programs.rules.reviewing import MEMBERS, ReviewKind
from services.programs.rules.status import LinkStatus, Status
from services.programs.schemas.registry import HouseholdStanding, IndividualStanding

LINKED = (Enrollment.link_status == LinkStatus.LINKED) & (Enrollment.status != Status.EXITED)
UNITS_OF_HOUSEHOLDS = [unit for unit in Unit if unit.of_households]
OF_HOUSEHOLDS = ProgramRow.unit.in_(UNITS_OF_HOUSEHOLDS)


async def concerns_us(tx: AsyncSession, *record_ids: UUID) -> bool:
    """Whether an enrollment is linked to one of these households or individuals, or a review is about one."""
    linked = exists().where(
        LINKED,
        or_(Enrollment.registry_household_id.in_(record_ids), Enrollment.registry_individual_id.in_(record_ids)),
    )
    return bool(await tx.scalar(select(linked))) or await under_review(tx, *record_ids)


async def of_concern(tx: AsyncSession, household_ids: Collection[UUID]) -> list[UUID]:
    """Those of these households to which an enrollment is linked, or about which a review is, in one order for all."""
    if not household_ids:
        return []
    linked = select(Enrollment.registry_household_id).where(LINKED, Enrollment.registry_household_id.in_(household_ids))
    reviewed = select(Review.subject_id).where(Review.subject_id.in_(household_ids))
    return sorted({*await tx.scalars(linked), *await tx.scalars(reviewed)})


async def under_review(tx: AsyncSession, *record_ids: UUID) -> bool:
    """Whether a review is, or was, about one of these records."""
    return bool(await tx.scalar(select(exists().where(Review.subject_id.in_(record_ids)))))


async def look_at_individual(tx: AsyncSession, person: IndividualStanding, change_id: UUID, *, fresh: bool) -> None:
    """Open or lift what a death or a merge of this person asks for."""
    death = News(ReviewKind.DEATH, person.id, change_id, fresh)
    if person.status == "deceased":
        await open_reviews(tx, death, await _bereaved(tx, person))
    else:
        await lift_reviews(tx, death.kind, person.id)
    merge = News(ReviewKind.MERGED, person.id, change_id, fresh)
    if person.merged_into is not None:
        pair = Enrollment.registry_individual_id.in_((person.id, person.merged_into))
        await open_reviews(tx, merge, await _doubles(tx, ~OF_HOUSEHOLDS & pair, person.merged_into))
    else:
        await lift_reviews(tx, merge.kind, person.id)


async def look_at_household(
    tx: AsyncSession, household: HouseholdStanding, change_id: UUID, *, fresh: bool, moved: bool = False
) -> None:
    """Open or lift what a merge, a removal or a move of this household asks for. `moved`: it has just moved."""
    ours = Enrollment.registry_household_id == household.id
    merge = News(ReviewKind.MERGED, household.id, change_id, fresh)
    if household.merged_into is not None:
        pair = Enrollment.registry_household_id.in_((household.id, household.merged_into))
        await open_reviews(tx, merge, await _doubles(tx, OF_HOUSEHOLDS & pair, household.merged_into))
    else:
        await lift_reviews(tx, merge.kind, household.id)
    removal = News(ReviewKind.LEFT_REGISTRY, household.id, change_id, fresh)
    if household.status == "left":
        details = {"reason": household.left_reason}
        await open_reviews(tx, removal, dict.fromkeys(await _linked(tx, ours), details))
    else:
        await lift_reviews(tx, removal.kind, household.id)
    if household.status == "active":
        await _look_at_place(tx, household, News(ReviewKind.MOVED, household.id, change_id, fresh and moved))


async def look_at_split(
    tx: AsyncSession, new_household: HouseholdStanding, from_household_id: UUID | None, change_id: UUID, *, fresh: bool
) -> None:
    """Open or lift what it asks for that members left a household (`from_household_id`) and made this new one."""
    split = News(ReviewKind.SPLIT, new_household.id, change_id, fresh)
    if new_household.left_reason == "undone":
        await lift_reviews(tx, split.kind, new_household.id)
    elif from_household_id is not None:
        ours = OF_HOUSEHOLDS & (Enrollment.registry_household_id == from_household_id)
        details = {"household_id": str(from_household_id), "new_household_id": str(new_household.id)}
        await open_reviews(tx, split, dict.fromkeys(await _linked(tx, ours), details))


async def _bereaved(tx: AsyncSession, person: IndividualStanding) -> dict[UUID, dict[str, Any]]:
    """The enrollments of a person who died, and those of the households he or she headed: with who might follow."""
    homes = {one.household_id: one for one in person.bereaved}
    headed = [one.household_id for one in person.bereaved if one.was_head]
    receives = Enrollment.registry_individual_id == person.id
    rows = await tx.execute(
        select(Enrollment.id, Enrollment.registry_household_id, ProgramRow.unit)
        .join(ProgramRow, ProgramRow.code == Enrollment.program_code)
        .where(LINKED, or_(receives, OF_HOUSEHOLDS & Enrollment.registry_household_id.in_(headed)))
    )
    found = {}
    for enrollment_id, household_id, unit in rows:
        home = homes.get(household_id) if household_id and Unit(unit).of_households else None
        found[enrollment_id] = {
            "died_on": person.died_on and person.died_on.isoformat(),
            "household_id": str(household_id) if household_id else None,
            "head_id": str(home.head_id) if home and home.head_id else None,
            "candidates": [str(one) for one in home.candidates] if home else [],
            MEMBERS: [one.model_dump(mode="json") for one in home.members] if home else [],
        }
    return found


async def _doubles(tx: AsyncSession, pair: ColumnElement[bool], kept_id: UUID) -> dict[UUID, dict[str, Any]]:
    """Of enrollments of one household or person in one program: all but the oldest, each with the others' ids."""
    rows = await tx.execute(
        select(Enrollment.program_code, Enrollment.id)
        .join(ProgramRow, ProgramRow.code == Enrollment.program_code)
        .where(LINKED, pair)
        .order_by(Enrollment.program_code, Enrollment.enrolled_on.nulls_last(), Enrollment.id)
    )
    by_program: dict[str, list[UUID]] = defaultdict(list)
    for program, enrollment_id in rows:
        by_program[program].append(enrollment_id)
    return {
        one: {"kept_id": str(kept_id), "enrollment_ids": [str(other) for other in same if other != one]}
        for same in by_program.values()
        for one in same[1:]
    }


async def _look_at_place(tx: AsyncSession, household: HouseholdStanding, moved: News) -> None:
    """The program's places are the wilayas of its targeting; a quota is about who is admitted, and puts nobody out."""
    rows = await tx.execute(
        select(Enrollment.id, ProgramRow.targeting)
        .join(ProgramRow, ProgramRow.code == Enrollment.program_code)
        .where(LINKED, Enrollment.registry_household_id == household.id)
    )
    inside, outside = set[UUID](), set[UUID]()
    for enrollment_id, targeting in rows:
        wilayas = targeting["wilayas"]
        (inside if wilayas is None or household.wilaya_code in wilayas else outside).add(enrollment_id)
    if moved.fresh:
        await _count_in(tx, inside | outside, household.commune_code)
    details = {"commune_code": household.commune_code, "wilaya_code": household.wilaya_code}
    await lift_reviews(tx, moved.kind, household.id, of=inside)
    await open_reviews(tx, moved, dict.fromkeys(outside, details))


async def _count_in(tx: AsyncSession, ids: Collection[UUID], commune_code: str) -> None:
    """The quotas of a program count a household where it lives now; one that is not counted by place stays so."""
    for enrollment in (await lock_enrollments(tx, ids)).values():
        if enrollment.place_code is not None:
            enrollment.place_code = commune_code


async def _linked(tx: AsyncSession, ours: ColumnElement[bool]) -> Sequence[UUID]:
    rows = await tx.scalars(
        select(Enrollment.id).join(ProgramRow, ProgramRow.code == Enrollment.program_code).where(LINKED, ours)
    )
    return rows.all()
