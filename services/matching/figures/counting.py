"""Indicators that count households and people: coverage, incidence, errors of targeting, gaps, overlaps, packages."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations

import polars as pl

from services.matching.figures.cells import Cell, share
from services.matching.figures.country import Country, ProgramFacts
from services.matching.figures.groups import FINE, TOTAL, WILAYA_MONTH, Group, crossed
from services.matching.figures.states import (
    ANY,
    BOTH,
    BOUNDS,
    CERTAIN,
    UNITS,
    Counts,
    States,
    count,
    has,
    has_all,
    in_order,
    month_groups,
    together,
)
from services.matching.rules.matrix import OverlapClass

SUFFIX: Mapping[str, str] = {CERTAIN: "certain", BOTH: "both"}
LAYERS: frozenset[OverlapClass] = frozenset({"required", "intended"})
"""Classes of the rules matrix by which another program belongs to a program's package."""
EVERYONE = "everyone"


class Counted:
    """The counts of a country by unit, name and group, and the names of what was counted."""

    def __init__(self, states: States) -> None:
        self.states = states
        self.programs = in_order(states.country.programs)
        self.pairs = list(combinations([one.code for one in self.programs], 2))
        self.packages = {one.code: package(states.country, one.code) for one in self.programs}
        self._by_unit = count(states.kinds.filter(pl.col("by") != FINE), _conditions(self))
        self.groups: list[Group] = sorted(self.of("households", EVERYONE))

    def of(self, unit: str, name: str) -> Mapping[Group, int]:
        return self._by_unit[unit][name]

    def households(self, name: str) -> Mapping[Group, int]:
        return self.of("households", name)


def package(country: Country, program: str) -> tuple[str, ...]:
    """The program with all that the matrix marks as required or intended with it; empty where nothing is."""
    codes = {one.code for one in country.programs}
    beside = {
        other
        for pair, said in country.matrix.items()
        if said in LAYERS and program in pair
        for other in pair
        if other != program and other in codes
    }
    return tuple(sorted({program, *beside})) if beside else ()


def _conditions(counted: Counted) -> dict[str, pl.Expr]:
    bits, found = counted.states.bits, {EVERYONE: pl.lit(True)}
    for bound, suffix in SUFFIX.items():
        on, got = f"on_{suffix}", f"got_{suffix}"
        found[f"got::{bound}"] = pl.col(got) != 0
        for one in counted.programs:
            found |= _of_one(one, bits, on, got, bound)
            if held := counted.packages[one.code]:
                found[f"package:{one.code}:{bound}"] = has_all(on, together(bits, held))
        for a, b in counted.pairs:
            found[f"pair:{a}:{b}:{bound}"] = has_all(on, bits[a] | bits[b])
            found[f"either:{a}:{b}:{bound}"] = has(on, bits[a] | bits[b])
    found |= {f"loose:{a}:{b}": _loose(bits[a], bits[b]) for a, b in counted.pairs}
    found |= {f"loose_pair:{a}:{b}": has("on_both", bits[a]) & _loose(0, bits[b]) for a, b in counted.pairs}
    for one in counted.programs:
        away = has("eligible", bits[one.code]) & ~has("on_both", bits[one.code])
        found[f"loose_instead:{one.code}"] = away & _loose(0, together(bits, one.substitutes))
    for code, bit in bits.items():
        found[f"eligible:{code}"], found[f"unknown:{code}"] = has("eligible", bit), has("unknown", bit)
    return found


def _loose(without: int, bits: int) -> pl.Expr:
    """In one of these programs by a probable link alone, and in none of those without which it is asked."""
    return has("on_both", bits) & ~has("on_certain", bits) & ~has("on_both", without)


def _of_one(program: ProgramFacts, bits: Mapping[str, int], on: str, got: str, bound: str) -> dict[str, pl.Expr]:
    code, bit = program.code, bits[program.code]
    here, eligible, unknown = has(on, bit), has("eligible", bit), has("unknown", bit)
    served = has(on, bit | together(bits, program.substitutes))
    return {
        f"got:{code}:{bound}": has(got, bit),
        f"on:{code}:{bound}": here,
        f"missed:{code}:{bound}": eligible & ~here,
        f"gap:{code}:{bound}": eligible & ~served,
        f"not_eligible_on:{code}:{bound}": here & ~eligible & ~unknown,
        f"unknown_on:{code}:{bound}": here & unknown,
    }


def counting_cells(counted: Counted) -> Iterator[Cell]:
    """Every figure that is a count of households or people over another one."""
    for unit in UNITS:
        for bound in BOUNDS:
            for program in (ANY, *(one.code for one in counted.programs)):
                yield from _coverage(counted, unit, bound, program)
            for one in counted.programs:
                yield from _targeting(counted, unit, bound, one.code)
                yield from _packages(counted, unit, bound, one.code)
            for pair in counted.pairs:
                yield from _overlap(counted, unit, bound, pair)
    yield from _combinations(counted.states)
    yield from _months(counted.states, counted.pairs)


def _coverage(counted: Counted, unit: str, bound: str, program: str) -> Iterator[Cell]:
    got, everyone = counted.of(unit, f"got:{program}:{bound}"), counted.of(unit, EVERYONE)
    family = in_family(program)
    for group in counted.groups:
        wholes = {"coverage": everyone[group], "beneficiary_incidence": got[TOTAL]}
        for indicator, whole in wholes.items() if group != TOTAL else [("coverage", everyone[group])]:
            yield share(indicator, group, got[group], whole, unit=unit, bound=bound, program=program, family=family)


def in_family(program: str) -> str:
    return f"in:{program}"


def _targeting(counted: Counted, unit: str, bound: str, program: str) -> Iterator[Cell]:
    def of(name: str) -> Mapping[Group, int]:
        return counted.of(unit, f"{name}:{program}:{bound}")

    eligible, unknown = (counted.of(unit, f"{name}:{program}") for name in ("eligible", "unknown"))
    everyone = counted.of(unit, EVERYONE)
    shares = (
        ("exclusion_error", of("missed"), eligible, f"errors:{program}"),
        ("inclusion_error", of("not_eligible_on"), of("on"), f"errors:{program}"),
        ("inclusion_unknown", of("unknown_on"), of("on"), f"errors:{program}"),
        ("gap", of("gap"), eligible, f"gap:{program}"),
    )
    for group in counted.groups:
        for indicator, part, whole, family in shares:
            yield share(
                indicator, group, part[group], whole[group], unit=unit, bound=bound, program=program, family=family
            )
        if bound == CERTAIN:  # a link has no part in who is eligible
            for indicator, part in (("eligible_share", eligible), ("eligibility_unknown", unknown)):
                yield share(
                    indicator,
                    group,
                    part[group],
                    everyone[group],
                    unit=unit,
                    bound="",
                    program=program,
                    family=f"eligible:{program}",
                )


def _packages(counted: Counted, unit: str, bound: str, program: str) -> Iterator[Cell]:
    held = counted.packages[program]
    if not held:
        return
    part, whole = counted.of(unit, f"package:{program}:{bound}"), counted.of(unit, f"on:{program}:{bound}")
    family = f"pair:{held[0]}:{held[1]}" if len(held) == 2 else f"package:{program}"
    for group in counted.groups:
        yield share(
            "complementarity",
            group,
            part[group],
            whole[group],
            unit=unit,
            bound=bound,
            program=program,
            other="+".join(held),
            family=family,
        )


def _overlap(counted: Counted, unit: str, bound: str, pair: tuple[str, str]) -> Iterator[Cell]:
    a, b = pair
    said = counted.states.country.matrix.get(pair)
    wholes = {
        "overlap": counted.of(unit, EVERYONE),
        "overlap_of_first": counted.of(unit, f"on:{a}:{bound}"),
        "overlap_of_second": counted.of(unit, f"on:{b}:{bound}"),
        "overlap_jaccard": counted.of(unit, f"either:{a}:{b}:{bound}"),
    }
    both = counted.of(unit, f"pair:{a}:{b}:{bound}")
    for indicator, whole in wholes.items():
        for group in counted.groups:
            yield share(
                indicator,
                group,
                both[group],
                whole[group],
                unit=unit,
                bound=bound,
                program=a,
                other=b,
                overlap_class=said,
                family=f"pair:{a}:{b}",
            )


def _combinations(states: States) -> Iterator[Cell]:
    """In which programs, and in no other, households are on the day: the sets of an UpSet chart."""
    whole = states.kinds.filter(pl.col("by") == "total")
    for bound, suffix in SUFFIX.items():
        found = whole.group_by(pl.col(f"on_{suffix}").alias("on")).agg(pl.col(UNITS).sum()).sort("on")
        for unit in UNITS:
            for on, many in zip(found["on"].to_list(), found[unit].to_list(), strict=True):
                yield share(
                    "combination",
                    TOTAL,
                    many,
                    int(found[unit].sum()),
                    unit=unit,
                    bound=bound,
                    other=names_of(states.bits, on),
                    family=COMBINATIONS,
                )


COMBINATIONS = "combinations"


def names_of(bits: Mapping[str, int], mask: int) -> str:
    return "+".join(code for code, bit in sorted(bits.items()) if mask & bit)


def month_counts(states: States, names: Mapping[str, tuple[str, int]], by: str = "month") -> dict[str, Counts]:
    """By unit and name, how many received in each month: `any` of the bits, or `all` of them; by WILAYA_MONTH, in each wilaya.

    Months in which nobody received anything count none.
    """
    conditions: dict[str, pl.Expr] = {}
    for bound, suffix in SUFFIX.items():
        for name, (how, bits) in names.items():
            test = has if how == "any" else has_all
            conditions[f"{name}:{bound}"] = test(f"got_{suffix}", bits)
    group, every = pl.col("month").dt.strftime("%Y-%m"), dict.fromkeys(month_groups(states.country.months), 0)
    if by == WILAYA_MONTH:
        group = pl.concat_str("wilaya", group, separator="|")
        wilayas = states.households["wilaya"].unique().sort()
        every = {crossed(wilaya, month): 0 for wilaya in wilayas for _, month in every}
    counts = count(states.months.with_columns(by=pl.lit(by), group=group), conditions)
    return {unit: {name: every | found for name, found in by_name.items()} for unit, by_name in counts.items()}


def month_names(states: States, pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, int]]:
    bits = states.bits
    one = {f"got:{code}": ("any", bit) for code, bit in bits.items()}
    both = {f"pair:{a}:{b}": ("all", bits[a] | bits[b]) for a, b in pairs}
    either = {f"either:{a}:{b}": ("any", bits[a] | bits[b]) for a, b in pairs}
    return {"got:": ("any", sum(bits.values()))} | one | both | either


def _months(states: States, pairs: list[tuple[str, str]]) -> Iterator[Cell]:
    counts = month_counts(states, month_names(states, pairs))
    sizes = states.kinds.filter(pl.col("by") == "total")
    for unit in UNITS:
        everyone = int(sizes[unit].sum())
        for bound in BOUNDS:
            for program in (ANY, *states.bits):
                for group, many in counts[unit][f"got:{program}:{bound}"].items():
                    yield share(
                        "coverage",
                        group,
                        many,
                        everyone,
                        unit=unit,
                        bound=bound,
                        program=program,
                        family=in_family(program),
                    )
            for pair in pairs:
                yield from _overlap_in_months(states, counts[unit], everyone, unit, bound, pair)


def _overlap_in_months(
    states: States, counts: Counts, everyone: int, unit: str, bound: str, pair: tuple[str, str]
) -> Iterator[Cell]:
    a, b = pair
    for group, many in counts[f"pair:{a}:{b}:{bound}"].items():
        wholes = {
            "overlap": everyone,
            "overlap_of_first": counts[f"got:{a}:{bound}"][group],
            "overlap_of_second": counts[f"got:{b}:{bound}"][group],
            "overlap_jaccard": counts[f"either:{a}:{b}:{bound}"][group],
        }
        for indicator, whole in wholes.items():
            yield share(
                indicator,
                group,
                many,
                whole,
                unit=unit,
                bound=bound,
                program=a,
                other=b,
                overlap_class=states.country.matrix.get(pair),
                family=f"pair:{a}:{b}",
            )
