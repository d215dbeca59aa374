"""Which figures of a country are hidden: the counts that belong together, and what could be told from what."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import polars as pl

from services.matching.figures.cells import Cell, hide
from services.matching.figures.counting import COMBINATIONS, Counted, in_family
from services.matching.figures.equity import ALIKE
from services.matching.figures.gap_reasons import ByReason, households_of, reasons_family
from services.matching.figures.groups import FINE, TOTAL, Group
from services.matching.figures.hiding_groups import Hidden, Hiding, less, of_bounds, some
from services.matching.figures.hiding_months import all_value, by_months, over_time
from services.matching.figures.received import DISTRIBUTION
from services.matching.figures.states import ANY, BOTH, CERTAIN
from services.matching.figures.suppressing import (
    Cell as TableCell,
)
from services.matching.figures.suppressing import (
    Counts,
    Family,
    Move,
    combinations_can_be_shown,
    hidden,
    hidden_in_table,
    partition,
    rounded,
    sizes,
)
from services.matching.rules.suppressing import is_small


def published(cells: Iterable[Cell], counted: Counted, reasons: Mapping[str, ByReason] | None = None) -> list[Cell]:
    """The cells as anybody may see them. `reasons`: by program the gaps by reason, where they are told."""
    found = what_is_hidden(counted, reasons or {})
    shown = [hide(one) if _is_hidden(one, found) else one for one in cells]
    return _rounded_combinations(_distribution(shown), counted)


def _is_hidden(cell: Cell, found: Hidden) -> bool:
    groups = found.get((cell.family, cell.bound), ())
    return cell.of in groups or (cell.indicator == "peak_month" and ("month", cell.other) in groups)


def what_is_hidden(counted: Counted, reasons: Mapping[str, ByReason]) -> Hidden:
    """Of every family but the combinations and the distribution, which are tables of one row."""
    hiding = Hiding(counted)
    for program in (ANY, *(one.code for one in counted.programs)):
        _in_program(hiding, program)
    for one in counted.programs:
        moves = _by_rule(hiding, one.code)
        if one.code in reasons:
            _reasons(hiding, one.code, reasons[one.code], moves)
    for a, b in counted.pairs:
        hiding.both_bounds(
            f"pair:{a}:{b}", [_pair(hiding, a, b)], [_wider_pair(hiding, a, b)], (in_family(a), in_family(b))
        )
    for program, held in counted.packages.items():
        if len(held) > 2:
            _package(hiding, program, held)
    found = _together(hiding.found, by_months(counted))
    found = _together(found, over_time(hiding, found))
    return found | all_value(hiding, found) | _alike(counted)


def _together(one: Hidden, other: Hidden) -> Hidden:
    return {key: one.get(key, set()) | other.get(key, set()) for key in one.keys() | other.keys()}


def _in_program(hiding: Hiding, program: str) -> None:
    """Who is in the program, on the day and in the period: mostly the same households, so hidden together."""
    told = [of_bounds(hiding, f"{name}:{program}") for name in (("got",) if program == ANY else ("got", "on"))]
    hiding.both_bounds(
        in_family(program),
        [hiding.split(certain, hiding.everyone) for certain, _ in told],
        [hiding.widened(certain, both, hiding.everyone) for certain, both in told],
    )


def _by_rule(hiding: Hiding, program: str) -> Sequence[Move]:
    """What alters a gap by certain links: there, a household leaves it."""
    eligible, unknown = (hiding.counted.households(f"{name}:{program}") for name in ("eligible", "unknown"))
    rule = (eligible, unknown, less(less(hiding.everyone, eligible), unknown))
    for_all = hiding.hide([partition(rule, hiding.everyone)])
    hiding.found |= {(f"eligible:{program}", bound): for_all for bound in ("", CERTAIN, BOTH)}
    certain, both = _held(hiding, program, rule, CERTAIN), _held(hiding, program, rule, BOTH)
    probable = [less(many, sure) for many, sure in zip(both, certain, strict=True)]
    errors = _errors(hiding, rule, certain, certain)
    hiding.both_bounds(
        f"errors:{program}",
        [errors],
        [_errors(hiding, rule, both, probable)],
        (f"eligible:{program}", in_family(program)),
    )
    gap, missed = of_bounds(hiding, f"gap:{program}"), of_bounds(hiding, f"missed:{program}")
    loose = hiding.counted.households(f"loose_instead:{program}")
    gaps = _gap(hiding, gap[0], missed[0], less(missed[0], gap[0]))
    hiding.both_bounds(
        f"gap:{program}",
        [gaps],
        [_gap(hiding, gap[1], missed[1], loose), _apart(hiding, gap)],
        (f"errors:{program}",),
    )
    return (gaps if gaps.moves else errors).moves[0]


def _reasons(hiding: Hiding, program: str, by_unit: ByReason, moves: Sequence[Move]) -> None:
    """The reasons of a gap make it up: one household has another reason, or, where gaps are hidden, there is another gap."""
    gone, counts = hiding.found[f"gap:{program}", CERTAIN], households_of(by_unit)
    family = partition(counts, {group: hiding.everyone[group] for group in counts[0]})
    altered = [
        [*among, *(Move(one.there & gone & some(part), one.back & gone) for one in moves)]
        for part, among in zip(counts, family.moves, strict=True)
    ]
    hiding.found[reasons_family(program), CERTAIN] = hiding.hide([replace(family, moves=altered)], gone)


def _held(hiding: Hiding, program: str, rule: Sequence[Counts], bound: str) -> list[Counts]:
    """Of the eligible, of those of whom it cannot be told, and of the others: who is in the program."""
    missed, unknown, others = (
        hiding.counted.households(f"{name}:{program}:{bound}") for name in ("missed", "unknown_on", "not_eligible_on")
    )
    return [less(rule[0], missed), unknown, others]


def _errors(hiding: Hiding, rule: Sequence[Counts], on: Sequence[Counts], may_leave: Sequence[Counts]) -> Family:
    """A household leaves the program, and one of another standing by the rule comes in: nothing else that is told moves."""
    off = [less(whole, part) for whole, part in zip(rule, on, strict=True)]
    moves = [
        [
            Move(some(may_leave[other], off[place]), some(may_leave[place], off[other]))
            for other in range(3)
            if other != place
        ]
        for place in range(3)
    ]
    return Family([*on, *off, *may_leave], moves * 3, hiding.everyone)


def _gap(hiding: Hiding, gap: Counts, missed: Counts, may_leave: Counts) -> Family:
    """Of the eligible who are not in the program: in no substitute, or in one."""
    instead = less(missed, gap)
    if not any(instead.values()):
        return Family([], [], hiding.everyone)  # the same as the error, and hidden with it
    return Family([gap, instead], [[Move(some(gap), some(may_leave))]] * 2, hiding.everyone)


def _apart(hiding: Hiding, told: tuple[Counts, Counts]) -> Family:
    """The few by whom two bounds differ: to hide the larger one is enough, wherever the others are."""
    everywhere = set(hiding.everyone)
    between = {group: abs(many - told[0][group]) for group, many in told[1].items()}
    return Family([between], [[Move(everywhere, everywhere)]], hiding.everyone)


def _pair(hiding: Hiding, a: str, b: str) -> Family:
    """In both, in one, in the other, in neither, by certain links."""
    return _four(hiding, a, b, CERTAIN, None)


def _wider_pair(hiding: Hiding, a: str, b: str) -> Family:
    """The same by all links, of which those to `b` that are probable may be otherwise."""
    return _four(hiding, a, b, BOTH, (f"loose:{a}:{b}", f"loose_pair:{a}:{b}"))


def _four(hiding: Hiding, a: str, b: str, bound: str, loose: tuple[str, str] | None) -> Family:
    counted = hiding.counted
    pair = counted.households(f"pair:{a}:{b}:{bound}")
    only_a, only_b = (less(counted.households(f"on:{one}:{bound}"), pair) for one in (a, b))
    neither = less(hiding.everyone, counted.households(f"either:{a}:{b}:{bound}"))
    alone, together = (only_b, pair) if loose is None else map(counted.households, loose)
    move = Move(some(only_a, alone), some(together, neither))
    parts = [pair, only_a, only_b, neither]
    if loose is not None:
        parts.append(less(pair, counted.households(f"pair:{a}:{b}:{CERTAIN}")))
    return Family(parts, [[move]] * len(parts), hiding.everyone)


def _package(hiding: Hiding, program: str, held: tuple[str, ...]) -> None:
    """Of three programs and more: hidden where a pair of them is, too."""
    on, all_ = of_bounds(hiding, f"on:{program}"), of_bounds(hiding, f"package:{program}")
    pairs = [f"pair:{a}:{b}" for a, b in hiding.counted.pairs if {a, b} <= set(held)]
    hiding.both_bounds(f"package:{program}", [hiding.split(all_[0], on[0])], [hiding.widened(*all_, on[1])], pairs)


def _alike(counted: Counted) -> Hidden:
    """Of the table of households alike by wilaya: those in it, those given nothing. Hidden in both bounds alike; where the
    two differ by few anywhere, the larger is not told."""
    kinds = (
        counted.states.kinds.filter(pl.col("by") == FINE)
        .group_by("group")
        .agg(
            pl.col("households").sum(),
            certain=pl.col("households").filter(pl.col("got_certain") != 0).sum(),
            both=pl.col("households").filter(pl.col("got_both") != 0).sum(),
        )
        .sort("group")
    )
    whole, certain, both = (
        {_row_and_column(name): many for name, many in zip(kinds["group"], kinds[column], strict=True)}
        for column in ("households", "certain", "both")
    )
    cells = {cell for part in (certain, both) for cell in hidden_in_table(part, whole)}
    few = any(is_small(both[cell] - certain[cell]) for cell in whole)
    told: Hidden = {(ALIKE, CERTAIN): _named(cells), (ALIKE, BOTH): _named(whole if few else cells)}
    return told


def _row_and_column(name: str) -> TableCell:
    row, column = name.rsplit("|", 1)
    return row, column


def _named(cells: Iterable[TableCell]) -> set[Group]:
    return {(FINE, f"{row}|{column}") for row, column in cells}


def _distribution(cells: list[Cell]) -> list[Cell]:
    """The bands of what is received: hidden alike in both bounds; where the two differ by few, the larger is not told."""
    bands: dict[str, dict[Group, int]] = {CERTAIN: {}, BOTH: {}}
    for one in cells:
        if one.family == DISTRIBUTION and one.unit == "households":
            bands[one.bound][one.of] = one.numerator or 0
    found: set[Group] = set()
    for counts in bands.values():
        whole = {**counts, TOTAL: sum(counts.values())}
        found |= hidden(sizes(whole), [(TOTAL, list(counts))])
    few = any(is_small(abs(many - bands[CERTAIN][band])) for band, many in bands[BOTH].items())
    return [
        hide(one) if one.family == DISTRIBUTION and (one.of in found or (few and one.bound == BOTH)) else one
        for one in cells
    ]


def _rounded_combinations(cells: list[Cell], counted: Counted) -> list[Cell]:
    """Combinations are told in fives, or not at all where one of the small ones could still be found."""
    states = counted.states
    whole, can = states.kinds.filter(pl.col("by") == "total"), True
    for suffix in ("certain", "both"):
        exact = dict(whole.group_by(f"on_{suffix}").agg(pl.col("households").sum()).iter_rows())
        can = can and combinations_can_be_shown(exact, list(states.bits.values()))
    return [_rounded(one, can) if one.family == COMBINATIONS else one for one in cells]


def _rounded(cell: Cell, can: bool) -> Cell:
    if not can or cell.denominator is None or cell.numerator is None:
        return hide(cell)
    many = rounded(cell.numerator)
    return cell._replace(numerator=many, value=many / cell.denominator)
