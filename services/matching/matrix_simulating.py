"""What a decision of the rules matrix would change for the households that are in its two programs; nothing is changed."""

from collections.abc import Sequence
from datetime import date
from typing import Any, get_args

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.household_facts import households_on
from services.matching.matrix import refuse_unknown, rules_on
from services.matching.matrix_conditions import cannot_tell, class_of
from services.matching.matrix_proposing import refuse_unsound
from services.matching.matrix_schemas import ClassCounts, DecisionDraft, PlaceSimulated, SimulationOut
from services.matching.models import Beneficiary, Household, Place
from services.matching.queries import RECEIVES
from services.matching.rules.matrix import Pair, PairRule, pair_of
from services.matching.rules.suppressing import shown, suppress
from services.matching.schemas import CellClass
from shared.clock import now

CLASSES: tuple[str, ...] = (*get_args(get_args(CellClass)[0]), "undecided")


async def simulate(tx: AsyncSession, one: str, other: str, draft: DecisionDraft) -> SimulationOut:
    """Count by today's links, with the households as they are on the day from which the decision would hold.

    Refuses what a proposal would be refused for.
    """
    pair = pair_of(one, other)
    await refuse_unknown(tx, one, other)
    await refuse_unsound(tx, pair, draft.rule, draft.valid_from)
    day = max(now().date(), draft.valid_from)
    rows = await _counted(tx, pair, (await rules_on(tx, day)).get(pair), draft.rule, day)
    return _told(pair, day, rows)


async def _counted(
    tx: AsyncSession, pair: Pair, before: PairRule | None, after: PairRule, day: date
) -> Sequence[Row[Any]]:
    """Households in either program, by wilaya, whether they are in both, the class before and after, and whether it can be told."""
    receiving = (
        select(Beneficiary.household_id, (func.count(Beneficiary.program.distinct()) > 1).label("both"))
        .where(Beneficiary.program.in_(pair), RECEIVES)
        .group_by(Beneficiary.household_id)
        .cte("receiving")
    )
    households = households_on(day).where(Household.id.in_(select(receiving.c.household_id)))
    known = households.subquery("known")
    groups = (
        known.c.wilaya,
        receiving.c.both,
        class_of(before, known).label("before"),
        class_of(after, known).label("after"),
        cannot_tell(after, known).label("unknown"),
    )
    told = select(*groups).join(known, known.c.household_id == receiving.c.household_id).subquery("told")
    rows = (
        select(told, Place.name_fr, Place.name_ar, func.count().label("households"))
        .outerjoin(Place, Place.code == told.c.wilaya)
        .group_by(*told.c, Place.name_fr, Place.name_ar)
    )
    return (await tx.execute(rows)).all()


def _told(pair: Pair, day: date, rows: Sequence[Row[Any]]) -> SimulationOut:
    both = [one for one in rows if one.both]
    places = sorted({(one.wilaya or "", one.wilaya, one.name_fr, one.name_ar) for one in both}, key=lambda one: one[0])
    opened = _count(both, lambda one: one.after == "forbidden" != one.before)
    closed = _count(both, lambda one: one.before == "forbidden" != one.after)
    # What moved would be told by the sums before and after, where it is few.
    few = shown(opened) is None or shown(closed) is None
    forbidden = CLASSES.index("forbidden")
    tables = {}
    for side in ("before", "after"):
        counts = [[_in(both, side, each, place[1]) for each in CLASSES] for place in places]
        table = [[*line, sum(line)] for line in counts]
        table.append([sum(column) for column in zip(*table, strict=True)] or [0] * (len(CLASSES) + 1))
        tables[side] = suppress(table, {(len(table) - 1, forbidden)} if few and side == "after" else ())
    before, after = tables["before"], tables["after"]
    return SimulationOut(
        program_a=pair[0],
        program_b=pair[1],
        day=day,
        households=before[-1][-1],
        before=_classes(before[-1]),
        after=_classes(after[-1]),
        cases_opened=shown(opened),
        cases_closed=shown(closed),
        missing_before=shown(_count(rows, lambda one: not one.both and one.before == "required")),
        missing_after=shown(_count(rows, lambda one: not one.both and one.after == "required")),
        cannot_tell=shown(_count(both, lambda one: one.unknown)),
        wilayas=[
            PlaceSimulated(
                wilaya_code=place[1],
                wilaya_fr=place[2],
                wilaya_ar=place[3],
                households=None if None in (was[-1], would[-1]) else was[-1],
                before=_classes(was),
                after=_classes(would),
            )
            for place, was, would in zip(places, before, after, strict=False)
        ],
    )


def _count(rows: Sequence[Row[Any]], which: Any) -> int:
    return sum(one.households for one in rows if which(one))


def _in(rows: Sequence[Row[Any]], side: str, overlap_class: str, wilaya: str | None) -> int:
    return _count(rows, lambda one: getattr(one, side) == overlap_class and one.wilaya == wilaya)


def _classes(line: Sequence[int | None]) -> ClassCounts:
    return ClassCounts(**dict(zip(CLASSES, line, strict=False)))
