"""No hidden count can be told from what is shown: by an attacker who solves for it, on tables and on whole pages."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from country_cases import PROGRAMS, REASONS, Home, country
from services.matching.figures.cells import Cell
from services.matching.figures.computing import exact_cells, indicator_cells
from services.matching.figures.counting import Counted
from services.matching.figures.groups import TOTAL, Group, sums
from services.matching.figures.hiding import what_is_hidden
from services.matching.figures.states import states_of
from services.matching.figures.suppressing import (
    combinations_can_be_shown,
    hidden,
    hidden_in_table,
    partition,
    rounded,
    sizes,
)
from services.matching.rules.gap_reasons import GapReason
from services.matching.rules.suppressing import is_small
from suppression_attacker import Equation, found

WILAYAS: dict[Group, list[Group]] = {
    ("wilaya", "A"): [("moughataa", "A1"), ("moughataa", "A2")],
    ("wilaya", "B"): [("moughataa", "B1"), ("moughataa", "B2"), ("moughataa", "B3")],
    ("wilaya", "C"): [("moughataa", "C1")],
}
WITHIN = [(w[1], m[1]) for w, parts in WILAYAS.items() for m in parts]
LEAVES = [m for parts in WILAYAS.values() for m in parts]
counts = st.one_of(st.integers(0, 6), st.integers(0, 40))


def added(leaves: list[int]) -> dict[Group, int]:
    """Counts of the moughataas, of their wilayas and of all."""
    told: dict[Group, int] = dict(zip(LEAVES, leaves, strict=True))
    wilayas: dict[Group, int] = {w: sum(told[m] for m in parts) for w, parts in WILAYAS.items()}
    return {**told, **wilayas, TOTAL: sum(leaves)}


@settings(max_examples=120, deadline=None)
@given(st.lists(st.lists(counts, min_size=len(LEAVES), max_size=len(LEAVES)), min_size=2, max_size=3))
def test_no_hidden_part_of_a_group_can_be_told(drawn: list[list[int]]) -> None:
    parts = [added(one) for one in drawn]
    whole: dict[Group, int] = {group: sum(part[group] for part in parts) for group in parts[0]}
    adding = sums(list(whole), WITHIN)
    people = hidden(sizes(whole), adding)
    hid = hidden(partition(parts, whole), adding, people, people)

    equations: list[Equation] = []
    for group in whole:
        if group not in people:
            equations.append(({("all", group): 1}, whole[group]))
        equations.append(({("all", group): 1, **{(n, group): -1 for n in range(len(parts))}}, 0))
        if group not in hid:
            equations += [({(n, group): 1}, part[group]) for n, part in enumerate(parts)]
    for sum_of, members in adding:
        for n in ("all", *range(len(parts))):
            equations.append(({(n, sum_of): 1, **{(n, one): -1 for one in members}}, 0))
    told = found(equations)

    assert {group for part in parts for group, many in part.items() if is_small(many)} <= hid
    for group in hid:
        for n, part in enumerate(parts):
            assert (n, group) not in told or not is_small(told[n, group]), (n, group, part[group])


def test_one_small_group_takes_a_second_with_it() -> None:
    whole: dict[Group, int] = {TOTAL: 90, ("category", "a"): 40, ("category", "b"): 20, ("category", "c"): 30}
    part: dict[Group, int] = {TOTAL: 33, ("category", "a"): 20, ("category", "b"): 10, ("category", "c"): 3}
    rest = {group: many - part[group] for group, many in whole.items()}

    # c is small, and 33 - 20 - 10 would tell it: b, the lighter of the others, is hidden with it
    assert hidden(partition([part, rest], whole), sums(list(whole), [])) == {("category", "b"), ("category", "c")}


def test_what_all_but_a_few_receive_is_hidden_too() -> None:
    whole: dict[Group, int] = {TOTAL: 60, ("category", "a"): 20, ("category", "b"): 40}
    part: dict[Group, int] = {TOTAL: 37, ("category", "a"): 18, ("category", "b"): 19}  # 2 of a are without
    rest = {group: many - part[group] for group, many in whole.items()}

    assert hidden(partition([part, rest], whole), sums(list(whole), [])) == {("category", "a"), ("category", "b")}


def test_where_nobody_is_in_it_nothing_is_hidden() -> None:
    whole: dict[Group, int] = {TOTAL: 60, ("category", "a"): 20, ("category", "b"): 40}
    none = dict.fromkeys(whole, 0)

    assert hidden(partition([none, whole], whole), sums(list(whole), [])) == set()


tables = st.dictionaries(
    st.tuples(st.sampled_from("abcd"), st.sampled_from("wxyz")), st.tuples(counts, counts), min_size=1
)


@settings(max_examples=120, deadline=None)
@given(tables)
def test_no_hidden_cell_of_a_table_can_be_told_from_its_margins(table: dict[tuple[str, str], tuple[int, int]]) -> None:
    parts = {n: {cell: pair[n] for cell, pair in table.items()} for n in (0, 1)}
    parts[2] = {cell: sum(pair) for cell, pair in table.items()}
    hid = hidden_in_table(parts[0], parts[2])

    equations: list[Equation] = [({(0, cell): 1, (1, cell): 1, (2, cell): -1}, 0) for cell in table]
    for n, part in parts.items():
        equations += [({(n, cell): 1}, many) for cell, many in part.items() if cell not in hid]
        for place in (0, 1):
            for line in {cell[place] for cell in part}:
                members = [cell for cell in part if cell[place] == line]
                if hid != set(table):  # a table of which nothing is shown has no margins to tell from
                    equations.append(({(n, one): 1 for one in members}, sum(part[one] for one in members)))
    told = found(equations)

    assert not [(key, many) for key, many in told.items() if is_small(many) and key[1] in hid]  # type: ignore[index]


def test_combinations_are_in_fives_or_not_shown() -> None:
    bits = [1, 2, 4, 8]
    full = dict.fromkeys(range(16), 50)
    assert [rounded(many) for many in (0, 2, 3, 7, 8)] == [0, 0, 5, 5, 10]

    assert combinations_can_be_shown(full | {15: 3}, bits)  # 3 could be 4 by a cube of its seven neighbours
    assert not combinations_can_be_shown({0: 900, 15: 3}, bits)  # three who are in all: each pair would tell them
    assert not combinations_can_be_shown({0: 50, 1: 50, 2: 3}, [1, 2])


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.integers(0, 15), st.sampled_from((1, 2, 3, 4, 6, 9, 12, 30)), min_size=4))
def test_no_small_combination_can_be_told_from_the_pairs(exact: dict[int, int]) -> None:
    bits = [1, 2, 4, 8]
    if not combinations_can_be_shown(exact, bits):
        return
    masks = range(16)
    equations: list[Equation] = [(dict.fromkeys(masks, 1), sum(exact.values())), ({0: 1}, exact.get(0, 0))]
    for a in bits:
        for b in bits:
            inside = [mask for mask in masks if mask & a and mask & b]
            equations.append((dict.fromkeys(inside, 1), sum(exact.get(mask, 0) for mask in inside)))
    for mask in masks:  # shown in fives: from two below to two above
        base = rounded(exact.get(mask, 0))
        low, wide = (0, 2) if base == 0 else (base - 2, 4)
        equations += [({mask: 1, ("over", mask): -1}, low), ({("over", mask): 1, ("under", mask): 1}, wide)]
    told = found(equations)

    assert not [mask for mask in masks if is_small(exact.get(mask, 0)) and mask in told]


def some_country(seed: int) -> Any:
    """Some dozens of households, of few kinds: most counts are large enough to be shown, some are not."""
    draw, lists = random.Random(seed), random.Random(seed)
    codes = [one.code for one in PROGRAMS]
    doubt = draw.choice((0, 0.1, 0.3))
    homes = []
    for _ in range(draw.choice((60, 120, 240))):
        wilaya, moughataa = draw.choice((("A", "A1"), ("A", "A1"), ("A", "A2"), ("B", "B1"), ("B", "B2"), ("B", "B3")))
        of = [code for code, chance in zip(codes, (0.06, 0.3, 0.15, 0.5), strict=True) if draw.random() < chance]
        eligible = [code for code in codes if draw.random() < 0.6]
        homes.append(
            Home(
                gets=dict.fromkeys(of, 500),
                probable=[code for code in of if draw.random() < doubt],
                eligible=eligible,
                cannot_tell=[code for code in codes if code not in eligible and draw.random() < 0.2],
                standing={code: lists.choice(REASONS) for code in codes if code not in of and lists.random() < 0.4},
                wilaya=wilaya,
                moughataa=moughataa,
                category=draw.choice(("poor", "poor", "extreme_poor", "vulnerable")),
                size=draw.choice((2, 5, 5, 8, 8, 11)),
                head_sex=draw.choice(("F", "M", "M", None)),
                disabled=int(draw.random() < 0.1),
            )
        )
    return country(homes, matrix={("EL_MAOUNA", "TEKAVOUL"): "intended"})


SHOWN = {  # the counts that stand in a cell: its part, and its whole
    "coverage": ("got", "everyone"),
    "exclusion_error": ("missed", "eligible"),
    "inclusion_error": ("not_eligible_on", "on"),
    "inclusion_unknown": ("unknown_on", "on"),
    "gap": ("gap", "eligible"),
    "gap_by_reason": ("why", "gap"),
    "eligible_share": ("eligible", "everyone"),
    "eligibility_unknown": ("unknown", "everyone"),
    "overlap": ("pair", "everyone"),
    "overlap_of_first": ("pair", "on"),
    "overlap_of_second": ("pair", "on_b"),
    "overlap_jaccard": ("pair", "either"),
    "complementarity": ("pair", "on"),
}
OF_ALL = {"everyone"}
OF_THE_RULE = {"eligible", "unknown"}


def known(name: str, cell: Cell, group: Group) -> Any:
    if name in OF_ALL:
        return (name, group)
    if name in OF_THE_RULE:
        return (name, cell.program, group)
    if name == "on_b":
        return ("on", cell.other, cell.bound, group)
    if name == "why":
        return (name, cell.other, cell.program, cell.bound, group)
    if name in ("pair", "either"):
        return (name, cell.bound, group)
    return (name, cell.program, cell.bound, group)


def read(cells: list[Cell], programs: tuple[str, str]) -> list[Equation]:
    """What a reader sees of two programs and the households in both."""
    a, b = programs
    seen: list[Equation] = []
    for cell in cells:
        if (
            cell.unit != "households"
            or cell.by in ("month", "wilaya_month")
            or cell.indicator not in SHOWN
            or cell.reason == "hidden"
        ):
            continue
        if cell.program not in (a, b) or cell.other not in ("", b, "+".join(programs), *GapReason):
            continue
        if cell.indicator == "complementarity" and cell.program != a:
            continue
        for name, many in zip(SHOWN[cell.indicator], (cell.numerator, cell.denominator), strict=True):
            assert many is not None
            seen.append(({known(name, cell, cell.of): 1}, many))
    return seen


def of_course(groups: list[Group], programs: tuple[str, str]) -> list[Equation]:
    """What holds in every country, each rest named, so that it is known not to be below zero."""
    a, b = programs
    rules: list[Equation] = []

    def adds(whole: Any, *parts: Any) -> None:
        rules.append(({whole: 1, **dict.fromkeys(parts, -1)}, 0))

    for g in groups:
        for p in programs:
            adds(("everyone", g), ("eligible", p, g), ("unknown", p, g), ("rest", p, g))
            adds(("gap", p, "certain", g), *(("why", reason.value, p, "certain", g) for reason in GapReason))
            for name in ("got", "on"):
                adds((name, p, "certain_and_probable", g), (name, p, "certain", g), (name, p, "probable", g))
            for bound in ("certain", "certain_and_probable"):
                adds(("everyone", g), ("got", p, bound, g), ("without", p, bound, g))
                adds(("everyone", g), ("on", p, bound, g), ("off", p, bound, g))
                adds(("eligible", p, g), ("missed", p, bound, g), ("eligible_on", p, bound, g))
                adds(("unknown", p, g), ("unknown_on", p, bound, g), ("unknown_off", p, bound, g))
                adds(("rest", p, g), ("not_eligible_on", p, bound, g), ("not_eligible_off", p, bound, g))
                three = [(name, p, bound, g) for name in ("eligible_on", "unknown_on", "not_eligible_on")]
                adds(("on", p, bound, g), *three)
                adds(("missed", p, bound, g), ("gap", p, bound, g), ("instead", p, bound, g))
        for bound in ("certain", "certain_and_probable"):
            adds(("on", a, bound, g), ("pair", bound, g), ("only_a", bound, g))
            adds(("on", b, bound, g), ("pair", bound, g), ("only_b", bound, g))
            adds(("either", bound, g), ("pair", bound, g), ("only_a", bound, g), ("only_b", bound, g))
            adds(("everyone", g), ("either", bound, g), ("neither", bound, g))
        adds(("pair", "certain_and_probable", g), ("pair", "certain", g), ("pair", "probable", g))
    return rules


@pytest.mark.parametrize("seed", (0, 6))
def test_no_small_count_of_a_page_can_be_told(seed: int) -> None:
    one, programs = some_country(seed), ("EL_MAOUNA", "TEKAVOUL")
    cells = indicator_cells(one)
    counted = Counted(states_of(one))
    within = one.households.select("wilaya", "moughataa").unique().rows()
    adding = sums(counted.groups, within)
    equations = read(cells, programs) + of_course(counted.groups, programs)
    names = {key[:-1] for row, _ in equations for key in row}  # type: ignore[index]
    for whole, parts in adding:
        equations += [({(*name, whole): 1, **{(*name, part): -1 for part in parts}}, 0) for name in sorted(names)]
    shown = {next(iter(row)) for row, _ in read(cells, programs)}
    told = found(equations)

    leaks = {key: many for key, many in told.items() if is_small(many) and key not in shown}
    assert leaks == {}
    of_households = [one for one in cells if one.unit == "households" and one.indicator != "gap_months"]
    assert not [one for one in of_households if is_small(one.numerator or 0)]
    assert len(shown) > 20
    assert any(cell.reason == "hidden" for cell in cells)


def missed_country(seed: int) -> Any:
    """Of those whom TEKAVOUL means and misses, some stand in its list, differently in each moughataa."""
    draw, homes = random.Random(seed), []
    for wilaya, moughataas in {"A": 3, "B": 2, "C": 1}.items():
        for number in range(moughataas):
            served, listed = draw.choice((0.3, 0.6, 0.9)), draw.choice((0.0, 0.4, 0.9))
            for _ in range(draw.choice((20, 60, 120))):
                missed = draw.random() > served
                reason = draw.choice(REASONS[: draw.choice((1, 3))]) if draw.random() < listed else None
                homes.append(
                    Home(
                        gets={} if missed else {"TEKAVOUL": 1200},
                        eligible=["TEKAVOUL"] if draw.random() < 0.7 else [],
                        standing={"TEKAVOUL": reason} if missed and reason else {},
                        wilaya=wilaya,
                        moughataa=f"{wilaya}{number}",
                    )
                )
    return country(homes)


def of_reasons(seed: int) -> tuple[list[Cell], dict[Any, int], set[Any]]:
    """The cells of TEKAVOUL's gaps and reasons by place, what of them a reader can tell, and what is shown to her."""
    one = missed_country(seed)
    told = [
        cell
        for cell in indicator_cells(one)
        if cell.indicator in ("gap", "gap_by_reason", "exclusion_error")
        and (cell.program, cell.unit, cell.bound) == ("TEKAVOUL", "households", "certain")
        and cell.by in ("total", "wilaya", "moughataa")
    ]
    groups = sorted({cell.of for cell in told})
    equations: list[Equation] = [
        ({("gap", g): 1, **{(reason.value, g): -1 for reason in GapReason}}, 0) for g in groups
    ]
    equations += [({("eligible", g): 1, ("gap", g): -1, ("served", g): -1}, 0) for g in groups]
    for whole, parts in sums(groups, one.households.select("wilaya", "moughataa").unique().rows()):
        for name in ("gap", "eligible", "served", *(reason.value for reason in GapReason)):
            equations.append(({(name, whole): 1, **{(name, part): -1 for part in parts}}, 0))
    seen = {
        key: many
        for cell in told
        if cell.reason != "hidden"
        for key, many in (((cell.other or "gap", cell.of), cell.numerator), (
            ("gap" if cell.other else "eligible", cell.of), cell.denominator))
    }  # fmt: skip
    return told, found([*equations, *(({key: 1}, many or 0) for key, many in seen.items())]), set(seen)


def test_no_reason_of_a_few_gaps_can_be_told_and_others_are_shown() -> None:
    pages = [of_reasons(seed) for seed in range(40)]

    leaks = [(key, many) for _, told, seen in pages for key, many in told.items() if is_small(many) and key not in seen]
    assert leaks == []
    reasons = [cell for cells, _, _ in pages for cell in cells if cell.indicator == "gap_by_reason"]
    assert not [cell for cell in reasons if is_small(cell.numerator or 0)]
    gaps = {(id(cells), cell.of): cell.reason for cells, _, _ in pages for cell in cells if cell.indicator == "gap"}
    hidden_alone = [
        cell.of
        for cells, _, _ in pages
        for cell in cells
        if cell.indicator == "gap_by_reason" and cell.reason == "hidden" and gaps[id(cells), cell.of] is None
    ]
    assert len(hidden_alone) > 100, "of a gap that is shown the reasons may be hidden"
    assert sum(cell.reason is None for cell in reasons) > 200


def test_hiding_leaves_most_of_a_page_of_a_large_country() -> None:
    homes = [
        Home(gets={"TEKAVOUL": 1200} if number % 3 else {}, eligible=["TEKAVOUL"] if number % 2 else [], size=5)
        for number in range(600)
    ]
    cells = indicator_cells(country(homes))

    assert not [one for one in cells if one.reason == "hidden" and one.program == "TEKAVOUL" and one.family != "pair"]
    exact = {one[:7]: one for one in exact_cells(country(homes))}
    assert all(one == exact[one[:7]] for one in cells if one.reason != "hidden")


def test_a_country_of_four_shows_nothing() -> None:
    cells = indicator_cells(country([Home(gets={"TEKAVOUL": 1200})] * 4))

    assert {one.reason for one in cells if one.by not in ("month", "value_band") and one.numerator} <= {"hidden"}
    assert TOTAL in what_is_hidden(Counted(states_of(country([Home()] * 4))), {})["in:", "certain"]
