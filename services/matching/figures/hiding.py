"""Which figures of a country are hidden: the counts that belong together, and what could be told from what."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import polars as pl

from services.matching.figures.cells import Cell, hide
from services.matching.figures.counting import COMBINATIONS, EVERYONE, Counted, in_family, month_counts, month_names
from services.matching.figures.equity import ALIKE
from services.matching.figures.groups import FINE, TOTAL, WILAYA_MONTH, Group, crossed, sums
from services.matching.figures.over_time import ALL_VALUE
from services.matching.figures.received import DISTRIBUTION, LEAN_MONTHS, harmony_family
from services.matching.figures.states import ANY, BOTH, CERTAIN, in_order, month_groups
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

Hidden = dict[tuple[str, str], set[Group]]
"""By family and bound, the groups of which it is hidden."""


def published(cells: Iterable[Cell], counted: Counted) -> list[Cell]:
    """The cells as anybody may see them."""
    found = what_is_hidden(counted)
    shown = [hide(one) if _is_hidden(one, found) else one for one in cells]
    return _rounded_combinations(_distribution(shown), counted)


def _is_hidden(cell: Cell, found: Hidden) -> bool:
    groups = found.get((cell.family, cell.bound), ())
    return cell.of in groups or (cell.indicator == "peak_month" and ("month", cell.other) in groups)


class _Hiding:
    """The counts of a country, and which groups of them are hidden so far.

    What is told by certain and probable links differs from what is told by the certain ones in the probable ones: where these
    are few, the larger figure is hidden. So what is hidden of the certain is hidden of both.
    """

    def __init__(self, counted: Counted) -> None:
        self.counted = counted
        within = counted.states.households.select("wilaya", "moughataa").unique().sort("wilaya", "moughataa").rows()
        self.sums = sums(counted.groups, within)
        self.everyone = counted.households(EVERYONE)
        self.people = hidden(sizes(self.everyone), self.sums)
        self.found: Hidden = {}

    def hide(self, families: Sequence[Family], *forced: set[Group]) -> set[Group]:
        """Hidden in one of several families is hidden in all: they are told side by side."""
        found, before = self.people.union(*forced), -1
        while before != len(found):
            before = len(found)
            for family in families:
                found |= hidden(family, self.sums, found, self.people)
        return found

    def both_bounds(
        self, name: str, certain: Sequence[Family], both: Sequence[Family], forced: Iterable[str] = ()
    ) -> None:
        """`forced`: the families without which nothing is told of this one."""
        before: set[Group] = set()
        for bound, families in ((CERTAIN, certain), (BOTH, both)):
            before = self.hide(families, before, *(self.found[one, bound] for one in forced))
            self.found[name, bound] = before

    def split(self, part: Counts, whole: Counts) -> Family:
        return partition([part, _less(whole, part)], self.everyone)

    def widened(self, certain: Counts, both: Counts, whole: Counts) -> Family:
        """The probable ones, and the rest: what may be otherwise while the certain ones stay."""
        probable, rest = _less(both, certain), _less(whole, both)
        move = Move(_some(probable), _some(rest))
        return Family([probable, both, rest], [[move]] * 3, self.everyone)


def what_is_hidden(counted: Counted) -> Hidden:
    """Of every family but the combinations and the distribution, which are tables of one row."""
    hiding = _Hiding(counted)
    for program in (ANY, *(one.code for one in counted.programs)):
        _in_program(hiding, program)
    for one in counted.programs:
        _by_rule(hiding, one.code)
    for a, b in counted.pairs:
        hiding.both_bounds(
            f"pair:{a}:{b}", [_pair(hiding, a, b)], [_wider_pair(hiding, a, b)], (in_family(a), in_family(b))
        )
    for program, held in counted.packages.items():
        if len(held) > 2:
            _package(hiding, program, held)
    months = _months(counted)
    found = _together(hiding.found, months)
    return _together(found, _over_time(hiding, found)) | _alike(counted)


def _together(one: Hidden, other: Hidden) -> Hidden:
    return {key: one.get(key, set()) | other.get(key, set()) for key in one.keys() | other.keys()}


def _less(whole: Counts, part: Counts) -> Counts:
    return {group: many - part[group] for group, many in whole.items()}


def _some(*counts: Counts) -> set[Group]:
    """The groups in which each of these counts is more than none."""
    return {group for group in counts[0] if all(one[group] for one in counts)}


def _of(hiding: _Hiding, name: str) -> tuple[Counts, Counts]:
    """A count by certain links, and by all."""
    certain, both = (hiding.counted.households(f"{name}:{bound}") for bound in (CERTAIN, BOTH))
    return certain, both


def _in_program(hiding: _Hiding, program: str) -> None:
    """Who is in the program, on the day and in the period: mostly the same households, so hidden together."""
    told = [_of(hiding, f"{name}:{program}") for name in (("got",) if program == ANY else ("got", "on"))]
    hiding.both_bounds(
        in_family(program),
        [hiding.split(certain, hiding.everyone) for certain, _ in told],
        [hiding.widened(certain, both, hiding.everyone) for certain, both in told],
    )


def _by_rule(hiding: _Hiding, program: str) -> None:
    eligible, unknown = (hiding.counted.households(f"{name}:{program}") for name in ("eligible", "unknown"))
    rule = (eligible, unknown, _less(_less(hiding.everyone, eligible), unknown))
    for_all = hiding.hide([partition(rule, hiding.everyone)])
    hiding.found |= {(f"eligible:{program}", bound): for_all for bound in ("", CERTAIN, BOTH)}
    certain, both = _held(hiding, program, rule, CERTAIN), _held(hiding, program, rule, BOTH)
    probable = [_less(many, sure) for many, sure in zip(both, certain, strict=True)]
    hiding.both_bounds(
        f"errors:{program}",
        [_errors(hiding, rule, certain, certain)],
        [_errors(hiding, rule, both, probable)],
        (f"eligible:{program}", in_family(program)),
    )
    gap, missed = _of(hiding, f"gap:{program}"), _of(hiding, f"missed:{program}")
    loose = hiding.counted.households(f"loose_instead:{program}")
    hiding.both_bounds(
        f"gap:{program}",
        [_gap(hiding, gap[0], missed[0], _less(missed[0], gap[0]))],
        [_gap(hiding, gap[1], missed[1], loose), _apart(hiding, gap)],
        (f"errors:{program}",),
    )


def _held(hiding: _Hiding, program: str, rule: Sequence[Counts], bound: str) -> list[Counts]:
    """Of the eligible, of those of whom it cannot be told, and of the others: who is in the program."""
    missed, unknown, others = (
        hiding.counted.households(f"{name}:{program}:{bound}") for name in ("missed", "unknown_on", "not_eligible_on")
    )
    return [_less(rule[0], missed), unknown, others]


def _errors(hiding: _Hiding, rule: Sequence[Counts], on: Sequence[Counts], may_leave: Sequence[Counts]) -> Family:
    """A household leaves the program, and one of another standing by the rule comes in: nothing else that is told moves."""
    off = [_less(whole, part) for whole, part in zip(rule, on, strict=True)]
    moves = [
        [
            Move(_some(may_leave[other], off[place]), _some(may_leave[place], off[other]))
            for other in range(3)
            if other != place
        ]
        for place in range(3)
    ]
    return Family([*on, *off, *may_leave], moves * 3, hiding.everyone)


def _gap(hiding: _Hiding, gap: Counts, missed: Counts, may_leave: Counts) -> Family:
    """Of the eligible who are not in the program: in no substitute, or in one."""
    instead = _less(missed, gap)
    if not any(instead.values()):
        return Family([], [], hiding.everyone)  # the same as the error, and hidden with it
    return Family([gap, instead], [[Move(_some(gap), _some(may_leave))]] * 2, hiding.everyone)


def _apart(hiding: _Hiding, told: tuple[Counts, Counts]) -> Family:
    """The few by whom two bounds differ: to hide the larger one is enough, wherever the others are."""
    everywhere = set(hiding.everyone)
    between = {group: abs(many - told[0][group]) for group, many in told[1].items()}
    return Family([between], [[Move(everywhere, everywhere)]], hiding.everyone)


def _pair(hiding: _Hiding, a: str, b: str) -> Family:
    """In both, in one, in the other, in neither, by certain links."""
    return _four(hiding, a, b, CERTAIN, None)


def _wider_pair(hiding: _Hiding, a: str, b: str) -> Family:
    """The same by all links, of which those to `b` that are probable may be otherwise."""
    return _four(hiding, a, b, BOTH, (f"loose:{a}:{b}", f"loose_pair:{a}:{b}"))


def _four(hiding: _Hiding, a: str, b: str, bound: str, loose: tuple[str, str] | None) -> Family:
    counted = hiding.counted
    pair = counted.households(f"pair:{a}:{b}:{bound}")
    only_a, only_b = (_less(counted.households(f"on:{one}:{bound}"), pair) for one in (a, b))
    neither = _less(hiding.everyone, counted.households(f"either:{a}:{b}:{bound}"))
    alone, together = (only_b, pair) if loose is None else map(counted.households, loose)
    move = Move(_some(only_a, alone), _some(together, neither))
    parts = [pair, only_a, only_b, neither]
    if loose is not None:
        parts.append(_less(pair, counted.households(f"pair:{a}:{b}:{CERTAIN}")))
    return Family(parts, [[move]] * len(parts), hiding.everyone)


def _package(hiding: _Hiding, program: str, held: tuple[str, ...]) -> None:
    """Of three programs and more: hidden where a pair of them is, too."""
    on, all_ = _of(hiding, f"on:{program}"), _of(hiding, f"package:{program}")
    pairs = [f"pair:{a}:{b}" for a, b in hiding.counted.pairs if {a, b} <= set(held)]
    hiding.both_bounds(f"package:{program}", [hiding.split(all_[0], on[0])], [hiding.widened(*all_, on[1])], pairs)


def _months(counted: Counted) -> Hidden:
    """Households of months add up to nothing: what is small in one, or its rest, is hidden there."""
    states, pairs = counted.states, counted.pairs
    counts = month_counts(states, month_names(states, pairs))["households"]
    everyone = counted.households(EVERYONE).get(TOTAL, 0)
    found: Hidden = {}
    for program in (ANY, *states.bits):
        certain, both = (counts[f"got:{program}:{bound}"] for bound in (CERTAIN, BOTH))
        small = _small_months(certain, _less(dict.fromkeys(certain, everyone), certain))
        found[in_family(program), CERTAIN] = _never_alone(small, certain)
        small = small | _small_months(both, _less(dict.fromkeys(both, everyone), both), _less(both, certain))
        found[in_family(program), BOTH] = _never_alone(small | found[in_family(program), CERTAIN], both)
    for a, b in pairs:
        before: set[Group] = set()
        for bound in (CERTAIN, BOTH):
            before = before | found[in_family(a), bound] | found[in_family(b), bound]
            before = found[f"pair:{a}:{b}", bound] = before | _small_pairs(counts, a, b, everyone, bound)
    return found | _harmony(counted, found)


def _small_months(*counts: Counts) -> set[Group]:
    return {month for one in counts for month, many in one.items() if is_small(many)}


def _small_pairs(counts: Mapping[str, Counts], a: str, b: str, everyone: int, bound: str) -> set[Group]:
    pair, either = counts[f"pair:{a}:{b}:{bound}"], counts[f"either:{a}:{b}:{bound}"]
    ones = (_less(counts[f"got:{one}:{bound}"], pair) for one in (a, b))
    neither = _less(dict.fromkeys(either, everyone), either)
    return _small_months(pair, *ones, neither, _less(pair, counts[f"pair:{a}:{b}:{CERTAIN}"]))


def _harmony(counted: Counted, months: Hidden) -> Hidden:
    found: Hidden = {}
    for one in in_order(counted.states.country.programs):
        for bound in (CERTAIN, BOTH):
            found.setdefault((harmony_family(one.benefit), bound), set()).update(months[in_family(one.code), bound])
    return found


def _never_alone(months: set[Group], served: Counts) -> set[Group]:
    """Money of all months adds up to that of the period, and of the lean months to that of the season: where one month is
    hidden there, a second one is."""
    found = set(months)
    lean = {month for month in served if int(month[1][-2:]) in LEAN_MONTHS}
    for season in (lean, served.keys() - lean):
        if len(inside := {month for month in season & found if served[month]}) == 1:
            found.update(sorted(season - inside, key=lambda month: (not served[month], served[month], month))[:1])
    return found


def _over_time(hiding: _Hiding, found: Hidden) -> Hidden:
    """Of each program in each wilaya month by month. What comes in the months of a wilaya adds up to that of its period, and
    what comes in the wilayas in a month to that of the country: a wilaya is hidden in all months or in none of them, and
    a month that the country does not show is shown of no wilaya. What comes of all programs together, where all are shown.
    """
    states = hiding.counted.states
    months = month_groups(states.country.months)
    wilayas = [group for group in hiding.everyone if group[0] == "wilaya"]
    counts = month_counts(states, month_names(states, ()), WILAYA_MONTH)["households"]
    told: Hidden = {(ALL_VALUE, bound): set() for bound in (CERTAIN, BOTH)}
    for program in (ANY, *states.bits):
        period = _of(hiding, f"got:{program}")
        by_month = {
            month: [
                {w: counts[f"got:{program}:{bound}"][crossed(w[1], month[1])] for w in wilayas}
                for bound in (CERTAIN, BOTH)
            ]
            for month in months
        }
        before: set[Group] = set()
        for place, bound in enumerate((CERTAIN, BOTH)):
            shut = found[in_family(program), bound]
            # Of whom the year shows that nothing comes to them, all months are known: nobody hides behind them.
            may = period[0] if bound == CERTAIN else _less(period[1], period[0])
            open_ = {w: hiding.everyone[w] for w in wilayas if may[w] or w in shut}
            given = [month for month, told_of in by_month.items() if any(told_of[place].values())]
            families = [_of_wilayas(hiding, by_month[month], open_, bound) for month in given if month not in shut]
            before = hiding.hide(families, before, shut)
            gone = {crossed(w[1], month[1]) for w in before.intersection(wilayas) for month in given}
            gone |= {crossed(w[1], month[1]) for w in wilayas for month in shut.intersection(months)}
            told[in_family(program), bound] = gone
            told[ALL_VALUE, bound] |= gone
    return told


def _of_wilayas(hiding: _Hiding, by_bound: Sequence[Counts], open_: Counts, bound: str) -> Family:
    """The family of one month's wilayas, of those behind whom somebody can be hidden."""
    sure, all_ = ({w: many[w] for w in open_} for many in by_bound)
    weight = {**open_, TOTAL: 1}
    if bound == CERTAIN:
        return replace(hiding.split(sure, open_), weight=weight)
    if sure == all_:
        return Family([], [], weight)  # the same as by certain links, and hidden with it
    return replace(hiding.widened(sure, all_, open_), weight=weight)


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
