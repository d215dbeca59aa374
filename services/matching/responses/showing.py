"""The figures of a plan as they are shown: in MRU, with names of places, and without what 1 to 4 households would be told by."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from services.matching.responses.plan_schemas import (
    BoundaryOut,
    ExclusionOut,
    FiguresOut,
    OverlapOut,
    PartOut,
    PlanCategory,
    PlanCommune,
    ReachOut,
)
from services.matching.responses.schemas import PlaceName
from services.matching.rules.area_counts import column
from services.matching.rules.suppressing import shown

Rows = Sequence[Mapping[str, Any]]
CENTS = Decimal(100)
COUNTED = ("households_there", "vertical", "horizontal", "left_out")
OF_THE_AREA = ("households_in_area", "people_in_area", "candidates", "households", "people")


def mru(hundredths: int | None) -> Decimal | None:
    return None if hundredths is None else hundredths / CENTS


def figures_out(figures: Mapping[str, Any], names: Mapping[str, PlaceName]) -> FiguresOut:
    """Of `households` alone, people and money are told: where they are few, nothing that speaks of them is."""
    few = shown(figures["households"]) is None
    return FiguresOut(
        day=figures["day"],
        months=figures["months"],
        **_whole(figures, few=few),
        already_in_program=shown(figures["already_in_program"]),
        parts=_parts(figures["parts"]),
        by_commune=[
            PlanCommune(commune=named(names, one["commune"]), **row)
            for one, row in zip(figures["by_commune"], _rows(figures["by_commune"]), strict=True)
        ],
        by_category=[
            PlanCategory(category=one["category"], **row)
            for one, row in zip(figures["by_category"], _rows(figures["by_category"]), strict=True)
        ],
        exclusions=exclusions_out(figures["exclusions"]),
        overlaps=overlaps_out(figures["overlaps"]),
        reach=_reach(figures),
        boundary=_boundary(figures["boundary"]),
    )


def named(names: Mapping[str, PlaceName], code: str) -> PlaceName:
    return names.get(code) or PlaceName(code=code, name_fr=None, name_ar=None)


def _whole(figures: Mapping[str, Any], *, few: bool) -> dict[str, Any]:
    counts = {name: shown(figures[name]) for name in OF_THE_AREA}
    money = {f"{name}_mru": mru(figures[name]) for name in ("spent", "remainder", "wanted", "next_amount")}
    if few:
        counts["people"] = None
        money |= {"spent_mru": None, "remainder_mru": None, "wanted_mru": None}
    return counts | money | {"budget_mru": mru(figures["budget"]), "stopped_by": figures["stopped_by"]}


def _parts(parts: Rows) -> list[PartOut]:
    counts, left = column([one["households"] for one in parts]), column([one["left_out"] for one in parts])
    told = zip(parts, counts, left, strict=True)
    return [
        PartOut(
            part=one["part"],
            households=count,
            people=None if count is None else one["people"],
            amount_mru=None if count is None else mru(one["amount"]),
            left_out=out,
        )
        for one, count, out in told
    ]


def _rows(rows: Rows) -> list[dict[str, Any]]:
    """Column by column, as the columns add up; people and money of whoever is planned for go with the counts of them."""
    columns = {name: column([one[name] for one in rows]) for name in COUNTED}
    shown = []
    for at, one in enumerate(rows):
        row: dict[str, Any] = {name: columns[name][at] for name in COUNTED}
        planned = row["vertical"] is not None and row["horizontal"] is not None
        shown.append(
            row
            | {
                "people_there": one["people_there"] if row["households_there"] is not None else None,
                "people": one["people"] if planned else None,
                "amount_mru": mru(one["amount"]) if planned else None,
            }
        )
    return shown


def exclusions_out(rows: Rows) -> list[ExclusionOut]:
    return [
        ExclusionOut(
            program=one["program"],
            how=one["how"],
            paid_by=one.get("paid_by"),
            households=shown(one["households"]),
            people=None if shown(one["households"]) is None else one["people"],
            poor=None if shown(one["households"] - one["poor"]) is None else shown(one["poor"]),
            doubtful=shown(one["doubtful"]),
        )
        for one in rows
    ]


def overlaps_out(rows: Rows) -> list[OverlapOut]:
    return [
        OverlapOut(
            program=one["program"],
            households=shown(one["households"]),
            doubtful=shown(one["doubtful"]),
            overlap_class=one["overlap_class"] or "undecided",
        )
        for one in rows
    ]


def _reach(figures: Mapping[str, Any]) -> ReachOut:
    unreached, eligible = figures["unreached"], figures["eligible"] or {}
    return ReachOut(
        unreached_before=shown(unreached["before"]),
        unreached_after=shown(unreached["after"]),
        poor_unreached_before=shown(unreached["poor_before"]),
        poor_unreached_after=shown(unreached["poor_after"]),
        eligible=shown(eligible.get("households")),
        eligible_unreached_before=shown(eligible.get("unreached_before")),
        eligible_unreached_after=shown(eligible.get("unreached_after")),
    )


def _boundary(boundary: Mapping[str, Any] | None) -> BoundaryOut | None:
    """Equals among whom the lot decided: those of one score are too many to be told apart, or it is not said."""
    if boundary is None or any(shown(boundary[name]) is None for name in ("alike", "taken")):
        return None
    return BoundaryOut(**boundary)
