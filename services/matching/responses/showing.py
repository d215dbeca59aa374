"""The figures of a plan as they are shown: in MRU, with names of places, and without what 1 to 4 households would be told by."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from services.matching.responses.plan_cells import told_of_plan
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
from services.matching.rules.suppressing import shown, told

Rows = Sequence[Mapping[str, Any]]
POOR_OF = (("households", "poor"),)
COUNTED = ("households_there", "vertical", "horizontal", "left_out")


def mru(hundredths: int | None) -> Decimal | None:
    return None if hundredths is None else Decimal(hundredths).scaleb(-2)


def figures_out(figures: Mapping[str, Any], names: Mapping[str, PlaceName]) -> FiguresOut:
    """Of `households` alone, people and money are told: where they are few, nothing that speaks of them is."""
    plan = told_of_plan(figures)
    return FiguresOut(
        day=plan["day"],
        months=plan["months"],
        **_whole(plan),
        already_in_program=plan["already_in_program"],
        parts=[_part(one) for one in plan["parts"]],
        by_commune=[PlanCommune(commune=named(names, one["commune"]), **_row(one)) for one in plan["by_commune"]],
        by_category=[PlanCategory(category=one["category"], **_row(one)) for one in plan["by_category"]],
        exclusions=exclusions_out(figures["exclusions"]),
        overlaps=[_overlap(one) for one in plan["overlaps"]],
        reach=_reach(plan),
        boundary=BoundaryOut(**plan["boundary"]) if plan["boundary"] else None,
    )


def named(names: Mapping[str, PlaceName], code: str) -> PlaceName:
    return names.get(code) or PlaceName(code=code, name_fr=None, name_ar=None)


def _whole(told: Mapping[str, Any]) -> dict[str, Any]:
    counts = {
        name: told[name] for name in ("households_in_area", "people_in_area", "candidates", "households", "people")
    }
    money = {f"{name}_mru": mru(told[name]) for name in ("spent", "remainder", "wanted", "next_amount", "budget")}
    return counts | money | {"stopped_by": told["stopped_by"]}


def _part(one: Mapping[str, Any]) -> PartOut:
    return PartOut(**{name: one[name] for name in ("part", "households", "people", "left_out")},
                   amount_mru=mru(one["amount"]))  # fmt: skip


def _row(one: Mapping[str, Any]) -> dict[str, Any]:
    return {name: one[name] for name in (*COUNTED, "people_there", "people")} | {"amount_mru": mru(one["amount"])}


def exclusions_out(rows: Rows) -> list[ExclusionOut]:
    """What each exclusion takes: the poor among them, those who are not, and both together."""
    return [_exclusion(one, told({name: one[name] for name in ("households", "poor", "doubtful")}, parts=POOR_OF))
            for one in rows]  # fmt: skip


def _exclusion(one: Mapping[str, Any], counts: Mapping[str, int | None]) -> ExclusionOut:
    people = None if counts["households"] is None else one["people"]
    return ExclusionOut(program=one["program"], how=one["how"], paid_by=one.get("paid_by"), people=people, **counts)


def overlaps_out(rows: Rows, of: int) -> list[OverlapOut]:
    """Of so many households listed, those that each other program has."""
    counts = [told({"all": of, "households": one["households"]}, parts=[("all", "households")]) for one in rows]
    return [_overlap({**one, "households": each["households"]}) for one, each in zip(rows, counts, strict=True)]


def _overlap(one: Mapping[str, Any]) -> OverlapOut:
    return OverlapOut(
        program=one["program"],
        households=one["households"],
        doubtful=shown(one["doubtful"]),
        overlap_class=one["overlap_class"] or "undecided",
    )


def _reach(told: Mapping[str, Any]) -> ReachOut:
    unreached, eligible = told["unreached"], told["eligible"] or {}
    return ReachOut(
        unreached_before=unreached["before"],
        unreached_after=unreached["after"],
        poor_unreached_before=unreached["poor_before"],
        poor_unreached_after=unreached["poor_after"],
        eligible=eligible.get("households"),
        eligible_unreached_before=eligible.get("unreached_before"),
        eligible_unreached_after=eligible.get("unreached_after"),
    )
