"""Writes of the projections: what the registry and the programs announce, kept here for comparing and counting."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import date
from decimal import Decimal
from operator import attrgetter, itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, delete, func, insert, or_, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.matching.gaps import refresh_gaps, sweep_again
from services.matching.holding import compare_decided_again
from services.matching.household_facts import facts_rows, spans_of
from services.matching.locking import hold_linking_lock
from services.matching.models import (
    Beneficiary,
    BeneficiaryKey,
    Household,
    HouseholdFacts,
    HouseholdPhone,
    LinkRefusal,
    LinkStatus,
    Member,
    MemberRemoval,
    Place,
    Program,
    School,
)
from services.matching.rules.facts import IndividualFacts
from services.matching.weighing import keys_of_people
from shared.copying import copy_rows

SCHOOL_AGES = range(6, 15)
REMOVALS_KEPT = 200_000
"""Lines of removed members that are kept for an index that has not read them; whoever is further behind compares ids."""
FACTS = tuple(field.name for field in fields(IndividualFacts) if field.name != "phone_households")
"""The columns of `members` beside its id."""
read_facts: Callable[[IndividualFacts], tuple[Any, ...]] = attrgetter(*FACTS)
PLACE_COLUMNS = ("code", "kind", "parent_code", "name_fr", "name_ar", "names")


async def replace_places(tx: AsyncSession, places: Sequence[dict[str, Any]]) -> None:
    """Take over a new edition of the places; every beneficiary is compared again with it."""
    await hold_linking_lock(tx)
    edition = sorted(([place[name] for name in PLACE_COLUMNS] for place in places), key=itemgetter(0))
    held = await tx.execute(select(*(getattr(Place, name) for name in PLACE_COLUMNS)).order_by(Place.code))
    if edition == [list(row) for row in held]:
        return
    await tx.execute(delete(Place))
    await tx.execute(insert(Place), [dict(zip(PLACE_COLUMNS, row, strict=True)) for row in edition])
    await _take_along(tx)
    await sweep_again(tx)
    await tx.execute(
        update(Beneficiary).where(Beneficiary.link_status != LinkStatus.PENDING).values(link_status=LinkStatus.PENDING)
    )


async def _take_along(tx: AsyncSession) -> None:
    """Households whose commune now lies elsewhere lie there with it, and so do their members."""
    moughataa, wilaya = aliased(Place), aliased(Place)
    now_in = (
        select(Place.code, moughataa.code.label("moughataa"), wilaya.code.label("wilaya"))
        .join(moughataa, moughataa.code == Place.parent_code)
        .join(wilaya, wilaya.code == moughataa.parent_code)
        .subquery()
    )
    for table in (Household, Member):
        elsewhere = (
            table.commune_code == now_in.c.code,
            tuple_(table.moughataa_code, table.wilaya_code).is_distinct_from(
                tuple_(now_in.c.moughataa, now_in.c.wilaya)
            ),
        )
        moved: dict[str, Any] = {"moughataa_code": now_in.c.moughataa, "wilaya_code": now_in.c.wilaya}
        if table is Member:
            # A member is never changed in place: under another id whoever follows the table sees who moved.
            gone = select(Member.id, Member.phones).where(*elsewhere)
            await tx.execute(insert(MemberRemoval).from_select(["member_id", "phones"], gone))
            moved["id"] = text("DEFAULT")
        await tx.execute(update(table).where(*elsewhere).values(moved).execution_options(synchronize_session=False))


async def put_households(tx: AsyncSession, households: Sequence[dict[str, Any]], today: date) -> None:
    """Take over households as the registry gives them, where they are newer than what is held.

    One that has left the registry, or was merged into another, is forgotten: nobody can be linked to it.
    """
    await hold_linking_lock(tx)
    ids = [UUID(one["id"]) for one in households]
    held = dict((await tx.execute(select(Household.id, Household.version).where(Household.id.in_(ids)))).all())
    newer = [one for one in households if one["version"] > held.get(UUID(one["id"]), 0)]
    if not newer:
        return
    touched, people = await _drop_members(tx, [UUID(one["id"]) for one in newer if UUID(one["id"]) in held])
    changed = [UUID(one["id"]) for one in newer]
    gone = [one for one in newer if one["status"] != "active"]
    await tx.execute(delete(Household).where(Household.id.in_([UUID(one["id"]) for one in gone])))
    newer = [one for one in newer if one["status"] == "active"]
    if newer:
        touched |= await _add_households(tx, newer, today)
        people |= {UUID(member["individual_id"]) for one in newer for member in one["members"]}
    await compare_again(tx, touched)
    await compare_decided_again(tx, people)
    await refresh_gaps(tx, changed)


async def _add_households(tx: AsyncSession, newer: Sequence[dict[str, Any]], today: date) -> set[int]:
    """Households with their members; returns the keys under which something may now be found."""
    parents = dict((await tx.execute(select(Place.code, Place.parent_code))).all())
    await _put_rows(tx, Household, [household_row(one, parents, today) for one in newer])
    await _put_rows(tx, HouseholdFacts, facts_rows(newer))
    return await _add_members(tx, newer, parents)


async def _put_rows(tx: AsyncSession, table: type[Household | HouseholdFacts], rows: list[dict[str, Any]]) -> None:
    """Rows of households, in the place of those there are."""
    key, *columns = (column.key for column in table.__table__.columns)
    statement = upsert(table)
    replaced = {name: statement.excluded[name] for name in columns}
    await tx.execute(statement.on_conflict_do_update(index_elements=[key], set_=replaced), rows)


def household_row(household: dict[str, Any], parents: dict[str, str | None], today: date) -> dict[str, Any]:
    moughataa = parents.get(household["commune_code"])
    ages = [
        today.year - date.fromisoformat(day).year for member in household["members"] if (day := member["birth_date"])
    ]
    return {
        "id": UUID(household["id"]),
        "number": household["number"],
        "version": household["version"],
        "commune_code": household["commune_code"],
        "moughataa_code": moughataa,
        "wilaya_code": parents.get(moughataa or ""),
        "village": household.get("village"),
        "vulnerability_category": household["vulnerability_category"],
        "size": len(household["members"]),
        "disability": any(member["disability"] for member in household["members"]),
        "school_age": any(age in SCHOOL_AGES for age in ages),
    }


async def _drop_members(tx: AsyncSession, household_ids: list[UUID]) -> tuple[set[int], set[UUID]]:
    """Forget the members of households that changed; returns the keys they were found under, and who they are."""
    if not household_ids:
        return set(), set()
    gone = (
        await tx.execute(
            delete(Member)
            .where(Member.household_id.in_(household_ids))
            .returning(Member.id, *(getattr(Member, name) for name in FACTS))
        )
    ).all()
    people = [IndividualFacts(**dict(zip(FACTS, row[1:], strict=True)) | {"phones": tuple(row.phones)}) for row in gone]
    await _note_removals(tx, [(row.id, row.phones) for row in gone])
    await tx.execute(delete(HouseholdPhone).where(HouseholdPhone.household_id.in_(household_ids)))
    await tx.execute(
        update(Beneficiary).where(Beneficiary.household_id.in_(household_ids)).values(link_status=LinkStatus.PENDING)
    )
    return await asyncio.to_thread(keys_of_people, people), {one.individual_id for one in people}


async def _note_removals(tx: AsyncSession, gone: Sequence[tuple[int, list[str]]]) -> None:
    if gone:
        await tx.execute(insert(MemberRemoval), [{"member_id": id_, "phones": phones} for id_, phones in gone])
        oldest = select(func.max(MemberRemoval.id) - REMOVALS_KEPT).scalar_subquery()
        await tx.execute(delete(MemberRemoval).where(MemberRemoval.id <= oldest))


async def _add_members(
    tx: AsyncSession, households: Sequence[dict[str, Any]], parents: dict[str, str | None]
) -> set[int]:
    """Add the members and phones; returns every key under which something may now be found."""
    people = [
        facts_of_member(household, member, parents) for household in households for member in household["members"]
    ]
    await copy_rows(tx, "members", FACTS, [read_facts(one) for one in people])
    phones = {(phone, UUID(household["id"])) for household in households for phone in household["phones"]}
    if phones:
        await tx.execute(insert(HouseholdPhone), [{"phone": phone, "household_id": id_} for phone, id_ in phones])
    return await asyncio.to_thread(keys_of_people, people)


def facts_of_member(
    household: dict[str, Any], member: dict[str, Any], parents: dict[str, str | None]
) -> IndividualFacts:
    """What comparing needs of a member."""
    moughataa = parents.get(household["commune_code"])
    return IndividualFacts(
        individual_id=UUID(member["individual_id"]),
        individual_number=member["individual_number"],
        household_id=UUID(household["id"]),
        household_number=household["number"],
        name_fr=member["name_fr"],
        name_ar=member["name_ar"],
        father_name=_father_name(household, member),
        sex=member["sex"],
        birth_date=date.fromisoformat(member["birth_date"]) if member["birth_date"] else None,
        birth_precision=member["birth_precision"],
        nni=member["nni"],
        phones=tuple(household["phones"]),
        relationship=member["relationship"],
        wilaya_code=parents.get(moughataa or ""),
        moughataa_code=moughataa,
        commune_code=household["commune_code"],
    )


def _father_name(household: dict[str, Any], member: dict[str, Any]) -> str | None:
    """The male head's name, for a child of the household."""
    if member["relationship"] != "child":
        return None
    for other in household["members"]:
        if other["relationship"] == "head" and other["sex"] == "M":
            name: str | None = other["name_fr"] or other["name_ar"]
            return name
    return None


async def compare_again(tx: AsyncSession, keys: set[int]) -> None:
    """Queue the beneficiaries that could be one of the individuals found under `keys`."""
    touched = select(BeneficiaryKey.beneficiary_id).where(BeneficiaryKey.key == text("ANY(:keys)"))
    await tx.execute(
        update(Beneficiary)
        .where(Beneficiary.id.in_(touched), Beneficiary.link_status != LinkStatus.PENDING)
        .values(link_status=LinkStatus.PENDING),
        {"keys": list(keys)},
    )


async def put_beneficiaries(tx: AsyncSession, institution: str, changes: Sequence[dict[str, Any]]) -> None:
    """Take over enrollments as a programs service gives them, where they are newer than what is held."""
    rows = {UUID(change["enrollment_id"]): beneficiary_row(institution, change) for change in changes}
    if not rows:
        return
    statement = upsert(Beneficiary)
    replaced = ("version", "active", "spans", "monthly_value_mru", "import_id", "source_line", "listed", "link_status")
    await tx.execute(
        statement.on_conflict_do_update(
            index_elements=["id"],
            set_={name: statement.excluded[name] for name in replaced},
            where=Beneficiary.version < statement.excluded.version,
        ),
        list(rows.values()),
    )


def beneficiary_row(institution: str, change: dict[str, Any]) -> dict[str, Any]:
    """An enrollment as it is now, which may be newer than the change announced; it waits to be compared."""
    listed = change["beneficiary"]
    return {
        "id": UUID(change["enrollment_id"]),
        "institution": institution,
        "program": change["program"],
        "version": listed["version"],
        "active": listed["status"] == "enrolled",
        "spans": spans_of(listed),
        "monthly_value_mru": Decimal(value) if (value := listed["monthly_value_mru"]) is not None else None,
        "import_id": UUID(listed["import_id"]) if listed["import_id"] else None,
        "source_line": listed["source_line"],
        "listed": listed,
        "link_status": LinkStatus.PENDING,
        "link_version": 0,
    }


async def put_values(tx: AsyncSession, values: Sequence[dict[str, Any]]) -> None:
    """Take over what enrollments are worth in a month, as it is now; an enrollment that is not here yet brings its own."""
    rows = [
        {
            "enrollment": UUID(one["enrollment_id"]),
            "value": Decimal(value) if (value := one["monthly_value_mru"]) is not None else None,
        }
        for one in values
    ]
    if rows:
        connection = await tx.connection()
        table: Any = Beneficiary.__table__
        await connection.execute(
            update(table)
            .where(
                table.c.id == bindparam("enrollment"), table.c.monthly_value_mru.is_distinct_from(bindparam("value"))
            )
            .values(monthly_value_mru=bindparam("value")),
            rows,
        )


async def put_refusal(tx: AsyncSession, refusal: dict[str, Any]) -> None:
    """Take over an institution's refusal of a link, once; its beneficiary is compared again without whom it names."""
    stored = await tx.execute(
        upsert(LinkRefusal)
        .values(
            id=UUID(refusal["id"]),
            enrollment_id=UUID(refusal["enrollment_id"]),
            individual_id=UUID(refusal["individual_id"]) if refusal["individual_id"] else None,
            household_id=UUID(refusal["household_id"]) if refusal["household_id"] else None,
            person_version=refusal.get("person_version", 1),  # a programs service of the version before tells none
        )
        .on_conflict_do_nothing()
        .returning(LinkRefusal.enrollment_id)
    )
    if (enrollment_id := stored.scalar()) is not None:
        await tx.execute(
            update(Beneficiary).where(Beneficiary.id == enrollment_id).values(link_status=LinkStatus.PENDING)
        )


async def put_program(tx: AsyncSession, program: dict[str, Any]) -> None:
    statement = upsert(Program).values(
        code=program["code"],
        institution=program["institution"],
        version=program["version"],
        unit=program["unit"],
        names=program["names"],
        targeting=program["targeting"],
        document=program,
    )
    columns = ("institution", "version", "unit", "names", "targeting", "document")
    # One that the version before this one wrote has no document: it is written by the same version of the program, too.
    newer = or_(Program.version < statement.excluded.version, Program.document.is_(None))
    await tx.execute(
        statement.on_conflict_do_update(
            index_elements=["code"],
            set_={name: statement.excluded[name] for name in columns},
            where=and_(Program.version <= statement.excluded.version, newer),
        )
    )


async def replace_schools(tx: AsyncSession, institution: str, schools: Sequence[dict[str, Any]]) -> None:
    """Take over an institution's schools as they are now: the whole list, so that events late or twice end in the same."""
    await tx.execute(delete(School).where(School.institution == institution))
    if not schools:
        return
    days = ("canteen_from", "canteen_to")
    await tx.execute(
        insert(School),
        [
            {"institution": institution, **{name: one[name] for name in ("key", "name", "commune")}}
            | {name: date.fromisoformat(one[name]) if one[name] else None for name in days}
            for one in schools
        ],
    )
