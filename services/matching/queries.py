"""Reads of matching."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, String, and_, case, cast, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.matching.candidates import person_behind
from services.matching.gap_models import EligibleHousehold
from services.matching.linking import facts_of
from services.matching.matrix import classes
from services.matching.modeling import models_in_force
from services.matching.models import Beneficiary, Household, LinkStatus, Member, Place, Program, School
from services.matching.rules.gap_reasons import GapReason
from services.matching.rules.suppressing import SMALLEST_CELL, shown, told_by_table
from services.matching.schemas import (
    Cell,
    DecidedOut,
    EvidenceOut,
    GapOut,
    LinkageOut,
    LinkExplained,
    LinkOut,
    OverlapsOut,
    SchoolPupils,
)
from services.matching.together import weigh_as_decided
from shared.errors import NotFound
from shared.history import History
from shared.pagination import Page, decode_cursor, encode_cursor
from shared.place_names import PlaceIndex, PlaceRow
from shared.text import Language

RECEIVES = and_(Beneficiary.active, Beneficiary.decided_as == LinkStatus.LINKED)


async def links(
    tx: AsyncSession, limit: int, cursor: str | None, programs: Collection[str], status: str | None
) -> Page[LinkOut]:
    rows = select(Beneficiary).where(Beneficiary.program.in_(programs)).order_by(Beneficiary.id).limit(limit + 1)
    if status:
        rows = rows.where(Beneficiary.link_status == status)
    if cursor:
        rows = rows.where(Beneficiary.id > decode_cursor(cursor, UUID)[0])
    found = list(await tx.scalars(rows))
    shown = [LinkOut.model_validate(one) for one in await _numbered(tx, found[:limit])]
    return Page(items=shown, next_cursor=encode_cursor(found[limit - 1].id) if len(found) > limit else None)


async def _numbered(tx: AsyncSession, found: list[Beneficiary]) -> list[dict[str, Any]]:
    """Beneficiaries with the registry's numbers beside its ids."""
    members = [one.individual_id for one in found if one.individual_id]
    numbers = select(Member.individual_id, Member.individual_number).where(Member.individual_id.in_(members))
    individuals = dict((await tx.execute(numbers)).all())
    homes = [one.household_id for one in found if one.household_id]
    households = dict((await tx.execute(select(Household.id, Household.number).where(Household.id.in_(homes)))).all())
    return [
        {
            "enrollment_id": one.id,
            "program": one.program,
            "unit": one.listed["unit"],
            "import_id": one.import_id,
            "source_line": one.source_line,
            "status": one.link_status,
            "link_version": one.link_version,
            "individual_id": one.individual_id,
            "individual_number": individuals.get(one.individual_id) if one.individual_id else None,
            "household_id": one.household_id,
            "household_number": households.get(one.household_id) if one.household_id else None,
            "probability": one.probability,
        }
        for one in found
    ]


async def link(tx: AsyncSession, enrollment_id: UUID, programs: Collection[str], language: Language) -> LinkExplained:
    """One link with its evidence, compared anew from what is held. NotFound also where another keeps its program."""
    found = await tx.get(Beneficiary, enrollment_id)
    if found is None or found.program not in programs:
        raise NotFound
    places = PlaceIndex(
        PlaceRow(code=one.code, kind=one.kind, parent_code=one.parent_code, names=one.names)  # type: ignore[arg-type]
        for one in await tx.scalars(select(Place))
    )
    facts = facts_of(found, places)
    comparison = None
    if found.household_id is not None and found.individual_id is not None:
        person = await person_behind(tx, found.household_id, found.individual_id)
        if person is not None:
            (comparison,) = await weigh_as_decided(tx, found, facts, [person], await models_in_force(tx))
    history = await tx.scalars(
        select(History).where(History.aggregate_id == enrollment_id).order_by(History.version.desc()).limit(50)
    )
    return LinkExplained(
        **(await _numbered(tx, [found]))[0],
        model_version=comparison.model_version if comparison else None,
        evidence=[
            EvidenceOut(field=e.field, level=e.level, weight=round(e.weight, 2), reason=e.text.in_(language))
            for e in (comparison.evidence if comparison else ())
        ],
        history=[
            {"version": one.version, "at": one.changed_at, "by": one.changed_by, "change": one.change}
            for one in history
        ],
    )


async def batch(tx: AsyncSession, batch_id: UUID, limit: int, cursor: str | None) -> Page[DecidedOut]:
    """The outcomes of one announcement, as they are now."""
    rows = (
        select(Beneficiary)
        .join(History, (History.aggregate_id == Beneficiary.id) & (History.batch_id == batch_id))
        .order_by(Beneficiary.id)
        .limit(limit + 1)
    )
    if cursor:
        rows = rows.where(Beneficiary.id > decode_cursor(cursor, UUID)[0])
    found = list(await tx.scalars(rows))
    items = [
        DecidedOut(
            enrollment_id=one.id,
            link_version=one.link_version,
            status=one.decided_as or LinkStatus.PENDING,
            individual_id=one.individual_id,
            household_id=one.household_id,
            probability=one.probability,
        )
        for one in found[:limit]
    ]
    return Page(items=items, next_cursor=encode_cursor(found[limit - 1].id) if len(found) > limit else None)


async def linkage(tx: AsyncSession) -> list[LinkageOut]:
    def counted(status: LinkStatus) -> ColumnElement[int]:
        return func.count(Beneficiary.id).filter(Beneficiary.active, Beneficiary.link_status == status)

    rows = await tx.execute(
        select(
            Program.code,
            Program.institution,
            Program.names,
            func.count(Beneficiary.id).filter(Beneficiary.active),
            counted(LinkStatus.LINKED),
            counted(LinkStatus.TO_ADJUDICATE),
            counted(LinkStatus.UNMATCHED),
            counted(LinkStatus.PENDING),
        )
        .outerjoin(Beneficiary, Beneficiary.program == Program.code)
        .group_by(Program.code, Program.institution, cast(Program.names, String))
        .group_by(Program.names)
        .order_by(Program.code)
    )
    return [
        LinkageOut(
            program=code,
            institution=institution,
            names=names,
            enrolled=enrolled,
            linked=linked,
            to_adjudicate=to_adjudicate,
            unmatched=unmatched,
            pending=waiting,
        )
        for code, institution, names, enrolled, linked, to_adjudicate, unmatched, waiting in rows
    ]


async def overlaps(tx: AsyncSession, today: date) -> OverlapsOut:
    programs = list(await tx.scalars(select(Program.code).order_by(Program.code)))
    receiving = select(Beneficiary.household_id, Beneficiary.program).where(RECEIVES).distinct().cte("receiving")
    a, b = receiving.alias("a"), receiving.alias("b")
    counted = {
        (program_a, program_b): count
        for program_a, program_b, count in await tx.execute(
            select(a.c.program, b.c.program, func.count())
            .join(b, (a.c.household_id == b.c.household_id) & (a.c.program <= b.c.program))
            .group_by(a.c.program, b.c.program)
        )
    }
    decided = await classes(tx, today)
    counts = _told_of_pairs(programs, counted)
    cells = [
        Cell(
            program_a=x,
            program_b=y,
            count=counts[x, y],
            overlap_class=None if x == y else decided.get((x, y), "undecided"),
        )
        for x, y in counts
    ]
    return OverlapsOut(programs=programs, cells=cells, suppressed_below=SMALLEST_CELL)


def _told_of_pairs(
    programs: Sequence[str], counted: Mapping[tuple[str, str], int]
) -> dict[tuple[str, str], int | None]:
    """Households of each program and of each pair, as they may be shown: who is in one and not in the other follows."""
    pairs = [(x, y) for x in programs for y in programs if x <= y]
    parts = [((one, one), pair) for pair in pairs if pair[0] != pair[1] for one in pair]
    counts = {pair: counted.get(pair, 0) for pair in pairs}
    return told_by_table(counts, [], parts, [[(one, one) for one in programs], pairs])


async def gaps(tx: AsyncSession, limit: int) -> list[GapOut]:
    """The largest gaps first: wilayas where a program misses most of the households it is meant for.

    Where only 1 to 4 are served the unserved would tell them: they are hidden, and the gap ranks by those eligible.
    """
    wilaya, row = aliased(Place), EligibleHousehold
    meant = func.count().filter(row.eligible.is_(True))
    missed = {reason: func.count().filter(row.eligible.is_(True), row.reason == reason) for reason in GapReason}
    unserved = func.count().filter(row.eligible.is_(True), row.reason.is_not(None))
    rank = case(((meant - unserved).between(1, SMALLEST_CELL - 1), meant), else_=unserved)
    rows = await tx.execute(
        select(
            row.program,
            wilaya.code,
            wilaya.name_fr,
            wilaya.name_ar,
            meant,
            unserved,
            func.count().filter(row.eligible.is_(None)),
            *missed.values(),
        )
        .select_from(row)
        .join(Household, Household.id == row.household_id)
        .join(wilaya, wilaya.code == Household.wilaya_code)
        .group_by(row.program, wilaya.code, wilaya.name_fr, wilaya.name_ar)
        .having(unserved >= SMALLEST_CELL)
        .order_by(rank.desc(), row.program, wilaya.code)
        .limit(limit)
    )
    return [
        GapOut(
            program=program,
            wilaya_code=code,
            wilaya_fr=name_fr,
            wilaya_ar=name_ar,
            eligible=eligible,
            **_told_of_gap(eligible, missing, counts),
            cannot_tell=shown(unknown),
        )
        for program, code, name_fr, name_ar, eligible, missing, unknown, *counts in rows
    ]


def _told_of_gap(eligible: int, unserved: int, reasons: Sequence[int]) -> dict[str, Any]:
    """The unserved with their share and reasons: the reasons all or none; those who are served follow."""
    names = [reason.value for reason in GapReason]
    shown = told_by_table(
        {"eligible": eligible, "unserved": unserved, **dict(zip(names, reasons, strict=True))},
        [("unserved", names)],
        [("eligible", "unserved")],
        [("eligible", "unserved"), names],
        # Whom a program means in a wilaya is told elsewhere, too: the unserved are hidden, never the eligible.
        fixed=["eligible"],
        together=lambda cell: "reasons" if cell in names else cell,
    )
    return {
        "unserved": shown["unserved"],
        "share": None if shown["unserved"] is None else round(unserved / eligible, 4),
        "reasons": None if None in (found := {name: shown[name] for name in names}).values() else found,
    }


POOR = ("extreme_poor", "poor")


async def schools(
    tx: AsyncSession, program: str, today: date, limit: int, cursor: str | None, canteen: bool | None
) -> Page[SchoolPupils]:
    """Schools by pupils from poor households, most first. What is suppressed ranks as nothing, so that no rank tells it."""
    listed = Beneficiary.listed
    # Who was listed before schools had keys is found by the name as it was written.
    key = func.coalesce(listed["school_key"].astext, listed["school"].astext)
    linked = Beneficiary.decided_as == LinkStatus.LINKED
    counts = (
        select(
            key.label("key"),
            func.min(listed["school"].astext).label("school"),
            func.min(listed["commune"].astext).label("commune"),
            _counted(func.count()).label("pupils"),
            _counted(func.count().filter(linked)).label("linked"),
            _counted(func.count().filter(linked, Household.vulnerability_category.in_(POOR))).label("poor"),
        )
        .select_from(Beneficiary)
        .outerjoin(Household, Household.id == Beneficiary.household_id)
        .where(Beneficiary.program == program, Beneficiary.active, key.is_not(None))
        .group_by(key)
        .cte("counts")
    )
    open_today = and_(School.canteen_from <= today, or_(School.canteen_to.is_(None), School.canteen_to >= today))
    has_canteen = case((School.key.is_(None), None), else_=func.coalesce(open_today, false()))
    rank, institution = func.coalesce(counts.c.poor, 0), select(Program.institution).where(Program.code == program)
    mine = and_(School.key == counts.c.key, School.institution == institution.scalar_subquery())
    rows = (
        select(counts, func.coalesce(School.name, counts.c.school), has_canteen, rank)
        .outerjoin(School, mine)
        .order_by(rank.desc(), counts.c.key)
        .limit(limit + 1)
    )
    if canteen is not None:
        rows = rows.where(has_canteen.is_(canteen))
    if cursor:
        after_rank, after_key = decode_cursor(cursor, int, str)
        rows = rows.where(or_(rank < after_rank, and_(rank == after_rank, counts.c.key > after_key)))
    found = (await tx.execute(rows)).all()
    items = [
        SchoolPupils(
            key=one.key,
            school=name,
            commune=one.commune,
            canteen=served,
            pupils=one.pupils,
            linked=one.linked,
            share=round(one.linked / one.pupils, 4) if one.linked is not None and one.pupils else None,
            poor=one.poor,
        )
        for one, name, served in ((row, row[-3], row[-2]) for row in found[:limit])
    ]
    last = found[limit - 1] if len(found) > limit else None
    return Page(items=items, next_cursor=encode_cursor(last[-1], last.key) if last else None)


def _counted(count: ColumnElement[int]) -> ColumnElement[int | None]:
    """A count as it may be shown."""
    return case((count.between(1, SMALLEST_CELL - 1), None), else_=count)
