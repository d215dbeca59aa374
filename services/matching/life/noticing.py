"""Notice what happens in the life of households: birthdays by the day, the rest when it is told. Twice is once."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.household_facts import spans_of
from services.matching.life.models import NoticedChange
from services.matching.models import Beneficiary, Household, HouseholdFacts, Member
from services.matching.rules.life_changes import BIRTHDAYS, LifeChange, birthdays
from shared.clock import now
from shared.database import any_of
from shared.ids import new_id

PUPIL = "pupil"


async def notice(tx: AsyncSession, changes: Sequence[tuple[UUID, UUID | None, LifeChange, date]]) -> None:
    """Keep changes: whose, of which household, what, and on which day."""
    rows = [
        {
            "id": new_id(),
            "subject_id": subject,
            "household_id": home,
            "change": change,
            "happened_on": on,
            "settled": False,
        }
        for subject, home, change, on in changes
    ]
    if rows:
        await tx.execute(insert(NoticedChange).on_conflict_do_nothing(), rows)


async def notice_birthdays(tx: AsyncSession, household_ids: Sequence[UUID], day: date) -> None:
    """The birthdays of these households that fell into the days remembered."""
    spans = {change: birthdays(change, day) for change in BIRTHDAYS}
    born = [and_(Member.birth_date > after, Member.birth_date <= upto) for after, upto in spans.values()]
    rows = select(Member.individual_id, Member.household_id, Member.birth_date).where(
        Member.household_id == any_of(household_ids), or_(*born)
    )
    found = []
    for individual, home, birth in await tx.execute(rows):
        for change, (after, upto) in spans.items():
            if birth is not None and after < birth <= upto:
                found.append((individual, home, change, _birthday(birth, BIRTHDAYS[change])))
    await notice(tx, found)


def _birthday(birth: date, years: int) -> date:
    """Born on 29 February: on 1 March."""
    try:
        return birth.replace(year=birth.year + years)
    except ValueError:
        return date(birth.year + years, 3, 1)


async def disabilities_held(tx: AsyncSession, households: Sequence[Mapping[str, Any]]) -> dict[UUID, bool | None]:
    """By individual, whether a disability is told, as it is held before newer versions of their households are taken over."""
    newer = {UUID(one["id"]): one["version"] for one in households}
    facts = (
        select(HouseholdFacts.household_id, HouseholdFacts.version, HouseholdFacts.disabilities)
        .join(Household, and_(Household.id == HouseholdFacts.household_id, Household.version == HouseholdFacts.version))
        .where(Household.id == any_of(list(newer)))
    )
    told = {home: disabled for home, version, disabled in await tx.execute(facts) if version < newer[home]}
    members = select(Member.household_id, Member.individual_id).where(Member.household_id == any_of(list(told)))
    people: dict[UUID, list[UUID]] = {}
    for home, individual in await tx.execute(members.order_by(Member.individual_number)):
        people.setdefault(home, []).append(individual)
    return {
        individual: disabled
        for home, some in people.items()
        if len(told[home]) == len(some)
        for individual, disabled in zip(some, told[home], strict=True)
    }


async def notice_disabilities(
    tx: AsyncSession, before: Mapping[UUID, bool | None], households: Sequence[Mapping[str, Any]], day: date
) -> None:
    """Members of whom the registry said that they have no disability, and says now that they have."""
    found = [
        (individual, UUID(one["id"]), LifeChange.BECAME_DISABLED, day)
        for one in households
        for member in one["members"]
        if member["disability"] and before.get(individual := UUID(member["individual_id"])) is False
    ]
    await notice(tx, found)


async def notice_exits(tx: AsyncSession, changes: Sequence[Mapping[str, Any]]) -> None:
    """Pupils who left the list of their school, and were not handed over to another program with it."""
    left = [
        UUID(one["enrollment_id"])
        for one in changes
        if one["beneficiary"]["unit"] == PUPIL and not one.get("hand_over_to")
    ]
    if not left:
        return
    # As it is held by now: an exit that was undone since is none.
    rows = select(Beneficiary.id, Beneficiary.listed).where(
        Beneficiary.id == any_of(left), Beneficiary.listed["status"].astext == "exited"
    )
    await notice(
        tx, [(id_, None, LifeChange.LEFT_SCHOOL_LIST, _left_on(listed)) for id_, listed in await tx.execute(rows)]
    )


def _left_on(listed: Mapping[str, Any]) -> date:
    """The day from which it is not enrolled; today where the institution tells no days."""
    until = [span.upper for span in spans_of(listed) or () if span.upper is not None]
    return max(until, default=now().date())
