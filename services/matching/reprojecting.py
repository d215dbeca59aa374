"""Projections read anew: what an owner tells, page by page, in the place of what is held, which may be wrong or missing.

The caller holds the owner's lock from before it asks, so that a page is what the owner holds while it is kept. What is held
as it is told is left alone: nobody is compared again, and no reader waits.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, delete, func, or_, select, tuple_, union, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.decision_models import Adjudication, ClusterMember, HeldLink, MergedRecord, PersonStep
from services.matching.deliveries import delivery_row
from services.matching.delivery_models import ProgramDelivery
from services.matching.enrolled_households import refresh_enrolled, tell_again
from services.matching.gaps import refresh_gaps
from services.matching.holding import put_merge
from services.matching.household_facts import facts_rows
from services.matching.locking import hold_linking_lock
from services.matching.models import (
    Base,
    Beneficiary,
    HandOver,
    Household,
    HouseholdFacts,
    HouseholdPhone,
    LinkRefusal,
    LinkStatus,
    Member,
    Place,
    Program,
    Referral,
    School,
)
from services.matching.overlapping import refresh_overlaps
from services.matching.projecting import (
    FACTS,
    PLACE_COLUMNS,
    beneficiary_row,
    facts_of_member,
    household_row,
    put_households,
    put_program,
    put_refusal,
    read_facts,
    replace_places,
    replace_schools,
)
from shared.clock import now
from shared.database import any_of
from shared.history import History

Told = Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Span:
    """What of an owner's list a page is: everything after one id, up to another; None where there is no bound."""

    process: str
    after: UUID | None
    upto: UUID | None

    @property
    def institution(self) -> str:
        return self.process.partition("-")[2]

    def holds(self, id_: Any) -> ColumnElement[bool]:
        bounds = [id_ > self.after] if self.after is not None else []
        return and_(True, *bounds, *([id_ <= self.upto] if self.upto is not None else []))


@dataclass(frozen=True, slots=True)
class Differences:
    """How many rows were not as told, or missing; and how many nobody tells of."""

    put: int = 0
    dropped: int = 0


async def renew_places(tx: AsyncSession, told: Told, span: Span) -> Differences:
    held = {row[0]: list(row) for row in await tx.execute(select(*(getattr(Place, name) for name in PLACE_COLUMNS)))}
    wanted = {one["code"]: [one[name] for name in PLACE_COLUMNS] for one in told}
    await replace_places(tx, told)
    return Differences(sum(held.get(code) != row for code, row in wanted.items()), len(held.keys() - wanted.keys()))


async def renew_programs(tx: AsyncSession, told: Told, span: Span) -> Differences:
    held = {one.code: one for one in await tx.scalars(select(Program))}
    wrong = [one for one in told if not _is_as_told(held.get(one["code"]), one)]
    gone = {code for code, one in held.items() if one.institution == span.institution} - {one["code"] for one in told}
    await tx.execute(delete(Program).where(Program.code.in_([*gone, *(one["code"] for one in wrong)])))
    for one in wrong:
        await put_program(tx, one)
    return Differences(len(wrong), len(gone))


def _is_as_told(held: Program | None, told: Mapping[str, Any]) -> bool:
    if held is None or held.document != told:
        return False
    return all(getattr(held, name) == told[name] for name in ("institution", "version", "unit", "names", "targeting"))


async def renew_schools(tx: AsyncSession, told: Told, span: Span) -> Differences:
    async def held() -> dict[str, tuple[Any, ...]]:
        columns = (School.key, School.name, School.commune, School.canteen_from, School.canteen_to)
        rows = await tx.execute(select(*columns).where(School.institution == span.institution))
        return {row.key: tuple(row) for row in rows}

    before = await held()
    await replace_schools(tx, span.institution, told)
    after = await held()
    return Differences(sum(before.get(key) != row for key, row in after.items()), len(before.keys() - after.keys()))


# ---- households ------------------------------------------------------------------------------------------


async def renew_households(tx: AsyncSession, told: Told, span: Span) -> Differences:
    today = now().date()
    parents: dict[str, str | None] = dict((await tx.execute(select(Place.code, Place.parent_code))).all())
    ids = [UUID(one["id"]) for one in told]
    held = await _held_households(tx, ids)
    wrong = [one for one in told if held.get(UUID(one["id"])) != _Home.told(one, parents, today, facts_rows([one])[0])]
    gone = list(await tx.scalars(select(Household.id).where(span.holds(Household.id), ~(Household.id == any_of(ids)))))
    if not wrong and not gone:
        await tell_again(tx, ids)  # whoever reads the registry anew may have restored it
        return Differences()
    await hold_linking_lock(tx)
    await tell_again(tx, [*ids, *gone])
    # Of a version before all there are: what is told then takes its place as any change does.
    await tx.execute(
        update(Household).where(Household.id == any_of([UUID(one["id"]) for one in wrong] + gone)).values(version=0)
    )
    left = [{"id": str(id_), "version": 1, "status": "left", "members": []} for id_ in gone]
    await put_households(tx, [*wrong, *left], today)
    return Differences(len(wrong), len(gone))


@dataclass(frozen=True, slots=True)
class _Home:
    """All that is held of a household: to be compared."""

    row: Mapping[str, Any]
    facts: Mapping[str, Any] | None
    members: Sequence[tuple[Any, ...]]
    phones: frozenset[str]

    @classmethod
    def told(
        cls,
        one: Mapping[str, Any],
        parents: dict[str, str | None],
        today: date,
        facts: dict[str, Any],
    ) -> "_Home":
        household = dict(one)
        members = [facts_of_member(household, person, parents) for person in one["members"]]
        return cls(
            household_row(household, parents, today),
            _scored(facts),
            sorted(_comparable(read_facts(person)) for person in members),
            frozenset(one["phones"]),
        )


def _comparable(facts: tuple[Any, ...]) -> tuple[Any, ...]:
    """Texts in the place of lists and ids, so that members can be put in one order."""
    return tuple(str(list(one)) if isinstance(one, list | tuple) else str(one) for one in facts)


async def _held_households(tx: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, _Home]:
    rows = await _rows(tx, Household, Household.id, ids)
    facts = await _rows(tx, HouseholdFacts, HouseholdFacts.household_id, ids)
    members: dict[UUID, list[tuple[Any, ...]]] = defaultdict(list)
    columns = [getattr(Member, name) for name in FACTS]
    for row in await tx.execute(select(Member.household_id, *columns).where(Member.household_id == any_of(ids))):
        members[row[0]].append(_comparable(tuple(row[1:])))
    phones: dict[UUID, set[str]] = defaultdict(set)
    for phone, id_ in await tx.execute(
        select(HouseholdPhone.phone, HouseholdPhone.household_id).where(HouseholdPhone.household_id == any_of(ids))
    ):
        phones[id_].add(phone)
    return {
        id_: _Home(row, _scored(facts.get(id_)), sorted(members[id_]), frozenset(phones[id_]))
        for id_, row in rows.items()
    }


def _scored(facts: dict[str, Any] | None) -> dict[str, Any] | None:
    """A score is told as text and held as a number."""
    return facts and facts | {"score": None if facts["score"] is None else str(facts["score"])}


async def _rows(tx: AsyncSession, table: type[Base], key: Any, ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """Rows by their key, as columns: past what the session may remember of them."""
    found = await tx.execute(select(*table.__table__.columns).where(key == any_of(ids)))
    return {row[0]: dict(row._mapping) for row in found}


async def renew_merges(tx: AsyncSession, told: Told, span: Span) -> Differences:
    wanted = {UUID(one["id"]): (one["version"], UUID(one["into_id"])) for one in told}
    held = {
        one.id: (one.version, one.into_id)
        for one in await tx.scalars(select(MergedRecord).where(span.holds(MergedRecord.id)))
    }
    wrong = [id_ for id_, row in wanted.items() if held.get(id_) != row]
    unknown = held.keys() - wanted.keys()
    # One that was undone is kept, and says nothing: its record is here again (holding.leads_to).
    gone = unknown - await _records_held(tx, unknown)
    if wrong or gone:
        await hold_linking_lock(tx)
        await tx.execute(delete(MergedRecord).where(MergedRecord.id == any_of([*wrong, *gone])))
    for id_ in wrong:
        await put_merge(tx, id_, *wanted[id_])
    return Differences(len(wrong), len(gone))


async def _records_held(tx: AsyncSession, ids: Collection[UUID]) -> set[UUID]:
    """Those of them that are a household or an individual held now."""
    households = select(Household.id).where(Household.id == any_of(ids))
    members = select(Member.individual_id).where(Member.individual_id == any_of(ids))
    return set((await tx.execute(union(households, members))).scalars())


# ---- enrollments, refusals, deliveries -------------------------------------------------------------------

OF_A_BENEFICIARY = (
    "institution", "program", "version", "active", "spans", "monthly_value_mru", "import_id", "source_line", "listed",
)  # fmt: skip
NOT_COMPARED = "monthly_value_mru"
"""Of what is listed: it follows the program's value, so that one published anew has nobody compared again."""


async def renew_enrollments(tx: AsyncSession, told: Told, span: Span) -> Differences:
    rows = [beneficiary_row(span.institution, one) for one in told]
    ids = [row["id"] for row in rows]
    changed = await _put_beneficiaries(tx, rows) if rows else 0
    await _count_on(tx, ids)
    held = span.holds(Beneficiary.id), Beneficiary.institution == span.institution
    gone = list(await tx.scalars(select(Beneficiary.id).where(*held, ~(Beneficiary.id == any_of(ids)))))
    return Differences(changed, await _drop_beneficiaries(tx, gone) if gone else 0)


async def _put_beneficiaries(tx: AsyncSession, rows: Sequence[dict[str, Any]]) -> int:
    statement = upsert(Beneficiary)
    new, held = statement.excluded, Beneficiary
    differs = tuple_(*(getattr(held, name) for name in OF_A_BENEFICIARY)).is_distinct_from(
        tuple_(*(new[name] for name in OF_A_BENEFICIARY))
    )
    listed = tuple_(held.program, held.active, held.listed.op("-")(NOT_COMPARED))
    compared = listed.is_distinct_from(tuple_(new.program, new.active, new.listed.op("-")(NOT_COMPARED)))
    changed = await tx.scalars(
        statement.on_conflict_do_update(
            index_elements=["id"],
            set_={name: new[name] for name in OF_A_BENEFICIARY}
            | {"link_status": case((compared, LinkStatus.PENDING), else_=held.link_status)},
            where=differs,
        ).returning(held.id),
        list(rows),
    )
    return len(changed.all())


async def _count_on(tx: AsyncSession, ids: Collection[UUID]) -> None:
    """Links of enrollments that were lost go on from their last version, which their institution has seen."""
    last = select(func.max(History.version)).where(History.aggregate_id == Beneficiary.id).scalar_subquery()
    lost = Beneficiary.id == any_of(ids), Beneficiary.link_version == 0, last.is_not(None)
    await tx.execute(
        update(Beneficiary).where(*lost).values(link_version=last).execution_options(synchronize_session=False)
    )


REFERRING = (Adjudication, PersonStep, HeldLink, ClusterMember, HandOver, Referral)


async def _drop_beneficiaries(tx: AsyncSession, ids: Sequence[UUID]) -> int:
    """Enrollments of which their institution knows nothing; what persons decided on one stays, and so does its row, which
    counts nowhere. How many were dropped that had not been before."""
    referred = set(
        await tx.scalars(
            union(*(select(one.enrollment_id).where(one.enrollment_id == any_of(ids)) for one in REFERRING))
        )
    )
    held = (
        await tx.execute(
            select(Beneficiary.id, Beneficiary.active, Beneficiary.household_id).where(Beneficiary.id == any_of(ids))
        )
    ).all()
    some = [one for one in held if one.active or one.id not in referred]
    if not some:
        return 0
    await hold_linking_lock(tx)
    these = Beneficiary.id == any_of([one.id for one in some])
    ended = update(Beneficiary).where(these).values(active=False, spans=[], link_status=LinkStatus.PENDING)
    await tx.execute(ended.execution_options(synchronize_session=False))
    dropped = delete(Beneficiary).where(these, ~(Beneficiary.id == any_of(referred)))
    await tx.execute(dropped.execution_options(synchronize_session=False))
    homes = {one.household_id for one in some if one.household_id}
    await refresh_overlaps(tx, homes)
    await refresh_gaps(tx, homes)
    await refresh_enrolled(tx, homes)
    return len(some)


async def renew_refusals(tx: AsyncSession, told: Told, span: Span) -> Differences:
    """Of institutions; what persons refused here has the id of their step, and stands."""
    columns = (
        LinkRefusal.enrollment_id,
        LinkRefusal.individual_id,
        LinkRefusal.household_id,
        LinkRefusal.person_version,
    )
    mine = select(Beneficiary.id).where(Beneficiary.institution == span.institution)
    ids = [UUID(one["id"]) for one in told]
    rows = await tx.execute(
        select(LinkRefusal.id, *columns).where(
            or_(
                LinkRefusal.id == any_of(ids),
                and_(
                    span.holds(LinkRefusal.id),
                    LinkRefusal.enrollment_id.in_(mine),
                    LinkRefusal.id.not_in(select(PersonStep.id)),
                ),
            )
        )
    )
    held = {row[0]: tuple(row[1:]) for row in rows}
    wrong = [one for one in told if held.get(UUID(one["id"])) != _refusal(one)]
    gone = held.keys() - set(ids)
    await tx.execute(delete(LinkRefusal).where(LinkRefusal.id == any_of([*gone, *(UUID(one["id"]) for one in wrong)])))
    for one in wrong:
        await put_refusal(tx, one)
    freed = [held[id_][0] for id_ in gone]
    await tx.execute(
        update(Beneficiary)
        .where(Beneficiary.id == any_of(freed))
        .values(link_status=LinkStatus.PENDING)
        .execution_options(synchronize_session=False)
    )
    return Differences(len(wrong), len(gone))


def _refusal(one: Mapping[str, Any]) -> tuple[Any, ...]:
    ids = (UUID(id_) if (id_ := one[name]) else None for name in ("enrollment_id", "individual_id", "household_id"))
    return (*ids, one["person_version"])


async def renew_deliveries(tx: AsyncSession, told: Told, span: Span) -> Differences:
    rows = [delivery_row(span.institution, one) for one in told]
    changed = 0
    if rows:
        statement = upsert(ProgramDelivery)
        names = [name for name in rows[0] if name != "id"]
        new, held = statement.excluded, ProgramDelivery
        differs = tuple_(*(getattr(held, name) for name in names)).is_distinct_from(
            tuple_(*(new[name] for name in names))
        )
        put = statement.on_conflict_do_update(
            index_elements=["id"], set_={name: new[name] for name in names}, where=differs
        )
        changed = len((await tx.scalars(put.returning(held.id), rows)).all())
    gone = await tx.scalars(
        delete(ProgramDelivery)
        .where(
            span.holds(ProgramDelivery.id),
            ProgramDelivery.institution == span.institution,
            ~(ProgramDelivery.id == any_of([row["id"] for row in rows])),
        )
        .returning(ProgramDelivery.id)
    )
    return Differences(changed, len(gone.all()))
