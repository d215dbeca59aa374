"""Why the eligible are not served: the gaps of a program by the way in which a household stands in its list.

By certain links alone, and by place: a reason is of use to whoever can go there.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import polars as pl

from services.matching.figures.cells import Cell, share
from services.matching.figures.counting import Counted
from services.matching.figures.country import ProgramFacts
from services.matching.figures.groups import Group
from services.matching.figures.states import CERTAIN, UNITS, has, together
from services.matching.rules.gap_reasons import GapReason

BY: Final = ("total", "wilaya", "moughataa")
ByReason = Mapping[str, Mapping[str, Mapping[Group, int]]]
"""By unit and reason how many of each group are gaps; every group of BY is there."""


def reasons_family(program: str) -> str:
    return f"gap_reasons:{program}"


def gaps_by_reason(counted: Counted) -> dict[str, ByReason]:
    """By program; empty of a country of which it is not kept how households stand."""
    standing = counted.states.country.standing
    if standing is None:
        return {}
    return {one.code: _of_program(counted, one, standing) for one in counted.programs}


def _of_program(counted: Counted, program: ProgramFacts, standing: pl.DataFrame) -> ByReason:
    bits = counted.states.bits
    missed = has("eligible", bits[program.code]) & ~has(
        "on_certain", together(bits, (program.code, *program.substitutes))
    )
    why = standing.filter("certain", program=program.code).select("household", "reason")
    gaps = (
        counted.states.households.filter(missed)
        .join(why, on="household", how="left")
        .with_columns(pl.col("reason").fill_null(GapReason.NEVER_ENROLLED.value), size=pl.col("size").cast(pl.Int64))
    )
    found: dict[str, dict[str, dict[Group, int]]] = {
        unit: {reason.value: {group: 0 for group in counted.groups if group[0] in BY} for reason in GapReason}
        for unit in UNITS
    }
    for way in (one for one in BY if one in counted.states.ways):
        table = gaps.group_by(way, "reason").agg(households=pl.len(), people=pl.col("size").sum())
        for name, reason, *many in table.iter_rows():
            for unit, number in zip(UNITS, many, strict=True):
                found[unit][reason][way, name] = number
    return found


def gap_reason_cells(counted: Counted, by_program: Mapping[str, ByReason]) -> Iterator[Cell]:
    for program, by_unit in by_program.items():
        for unit, by_reason in by_unit.items():
            gaps = counted.of(unit, f"gap:{program}:{CERTAIN}")
            for reason, counts in by_reason.items():
                for group, many in counts.items():
                    yield share(
                        "gap_by_reason",
                        group,
                        many,
                        gaps[group],
                        unit=unit,
                        bound=CERTAIN,
                        program=program,
                        other=reason,
                        family=reasons_family(program),
                    )


def households_of(by_unit: ByReason) -> Sequence[Mapping[Group, int]]:
    """The counts of households, one for each reason."""
    return list(by_unit["households"].values())
