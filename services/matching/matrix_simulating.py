"""What a decision of the rules matrix would change for the households that are in its two programs; nothing is changed."""

from collections import Counter
from collections.abc import Mapping, Sequence
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
from services.matching.rules.suppressing import Sum, shown, told_by_table
from services.matching.schemas import CellClass
from shared.clock import now

CLASSES: tuple[str, ...] = (*get_args(get_args(CellClass)[0]), "undecided")

NOWHERE = "-"
"""Households of which no wilaya is known, among the places."""


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
    places = sorted(
        {(one.wilaya or NOWHERE, one.wilaya, one.name_fr, one.name_ar) for one in both}, key=lambda one: one[0]
    )
    classes = _shown(both, [place[0] for place in places])

    required = {
        name: _count(
            rows, lambda one, sides=sides: not one.both and all(getattr(one, side) == "required" for side in sides)
        )
        for name, sides in (("before", ("before",)), ("after", ("after",)), ("both", ("before", "after")))
    }
    missing = told_by_table(
        required, [], [("before", "both"), ("after", "both")], [["before"], required], following=["both"]
    )
    return SimulationOut(
        program_a=pair[0],
        program_b=pair[1],
        day=day,
        households=classes["", "all"],
        before=_classes(classes, "before", ""),
        after=_classes(classes, "after", ""),
        cases_opened=classes["opened", ""],
        cases_closed=classes["closed", ""],
        missing_before=missing["before"],
        missing_after=missing["after"],
        cannot_tell=shown(_count(both, lambda one: one.unknown)),
        wilayas=[
            PlaceSimulated(
                wilaya_code=place[1],
                wilaya_fr=place[2],
                wilaya_ar=place[3],
                households=classes[place[0], "all"],
                before=_classes(classes, "before", place[0]),
                after=_classes(classes, "after", place[0]),
            )
            for place in places
        ],
    )


def _shown(both: Sequence[Row[Any]], places: Sequence[str]) -> dict[tuple[str, ...], int | None]:
    """The classes before and after, by wilaya ("" is all of them), and the cases opened and closed. Both tables are told side
    by side, so that who moves from one class to another, which follows from them, may be few nowhere either."""
    moves: Counter[tuple[str, str, str]] = Counter()
    for one in both:
        moves[one.wilaya or NOWHERE, one.before, one.after] += one.households
    ways = sorted({(was, will) for _, was, will in moves})
    counts: dict[tuple[str, ...], int] = {}
    sums: list[Sum[tuple[str, ...]]] = []
    counts |= {("moved", place, *way): moves[place, *way] for place in places for way in ways}
    counts |= {("moved", "all", *way): sum(moves[place, *way] for place in places) for way in ways}
    sums += [(("moved", "all", *way), [("moved", place, *way) for place in places]) for way in ways]
    following = list(counts)
    for side, at in (("before", 0), ("after", 1)):
        for each in CLASSES:
            for place in places:
                parts = [("moved", place, *way) for way in ways if way[at] == each]
                counts[side, place, each] = sum(counts[one] for one in parts)
                sums.append(((side, place, each), parts))
            parts = [("moved", "all", *way) for way in ways if way[at] == each]
            counts[side, "all", each] = sum(counts[one] for one in parts)
            sums += [((side, "all", each), parts), ((side, "all", each), [(side, place, each) for place in places])]
        sums += [((place, "all"), [(side, place, each) for each in CLASSES]) for place in places]
        sums.append((("", "all"), [(side, "all", each) for each in CLASSES]))
    counts |= {(place, "all"): sum(counts["before", place, each] for each in CLASSES) for place in places}
    counts["", "all"] = sum(counts[place, "all"] for place in places)
    sums.append((("", "all"), [(place, "all") for place in places]))
    for name, cell in (("opened", 1), ("closed", 0)):
        turned = [("moved", "all", *way) for way in ways if way[cell] == "forbidden" != way[1 - cell]]
        counts[name, ""] = sum(counts[one] for one in turned)
        sums.append(((name, ""), turned))
    # How many are in both programs now, and of which class, is told with the overlaps, too.
    now = [("", "all"), *(("before", "all", each) for each in CLASSES)]
    then = [
        ("opened", ""),
        ("closed", ""),
        *(cell for cell in counts if cell[0] in ("after", "moved") and cell[1] == "all"),
    ]
    return told_by_table(counts, sums, [], [now, then, list(counts)], following=following, fixed=now)


def _count(rows: Sequence[Row[Any]], which: Any) -> int:
    return sum(one.households for one in rows if which(one))


def _classes(classes: Mapping[tuple[str, ...], int | None], side: str, place: str) -> ClassCounts:
    return ClassCounts(**{each: classes[side, place or "all", each] for each in CLASSES})
