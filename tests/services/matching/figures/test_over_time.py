"""Each wilaya month by month: nothing hidden can be told from its row, its column, or what comes of all programs together."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from country_cases import Home, country, many_homes
from services.matching.figures.cells import Cell
from services.matching.figures.computing import exact_cells, indicator_cells
from services.matching.figures.country import Country
from services.matching.rules.suppressing import is_small
from suppression_attacker import Equation, found

T, E = "TEKAVOUL", "EL_MAOUNA"
WORTH = {T: 1200, E: 450}
MONTHS = {6: "2026-06", 7: "2025-07", 8: "2025-08", 9: "2025-09"}
OF_ALL = ("combined_adequacy", "adequacy", "adequacy_of_group", "lean_season_adequacy", "benefit_incidence")
"""What comes of all programs together."""
BOUNDS = ("certain", "certain_and_probable")


def home(wilaya: str, months: dict[str, tuple[int, ...]], probable: tuple[str, ...] = ()) -> Home:
    gets = {program: dict.fromkeys(of, WORTH[program]) for program, of in months.items()}
    return Home(gets=gets, wilaya=wilaya, moughataa=f"{wilaya}1", probable=probable, score=1.0)


def some_country(seed: int) -> Country:
    """Four wilayas, two programs of one value to each household; some come late or leave early, and some are few."""
    draw = random.Random(seed)
    homes = []
    for wilaya in "ABCD":
        share = draw.choice((0.1, 0.5, 0.9))
        for _ in range(draw.choice((12, 40, 80))):
            months = {
                program: draw.choice(((6, 7, 8, 9), (6, 7, 8, 9), (7, 8, 9), (6, 7), (9,)))
                for program in (T, E)
                if draw.random() < share
            }
            homes.append(home(wilaya, months, (T,) if draw.random() < 0.1 else ()))
    return country(homes)


def seen(cells: list[Cell]) -> Iterator[Equation]:
    """What a reader sees: counts, and money as so many times what one household gets."""
    for cell in cells:
        if cell.reason == "hidden" or cell.numerator is None or cell.other:
            continue
        pairs = [(w, m) for w in "ABCD" for m in MONTHS.values()]
        if cell.by in ("wilaya", "wilaya_month"):
            pairs = [one for one in pairs if one[0] == cell.group[0]]
        if cell.by in ("month", "wilaya_month"):
            pairs = [one for one in pairs if one[1] == cell.group[-7:]]
        wanted = ("wilaya", "month", "wilaya_month")
        if cell.indicator == "coverage" and cell.unit == "households" and cell.program and cell.by in wanted[1:]:
            yield {(cell.program, cell.bound, *one): 1 for one in pairs}, cell.numerator
        elif (
            cell.indicator in ("adequacy", "adequacy_of_group")
            and cell.program in WORTH
            and cell.by in (*wanted, "total")
        ):
            yield {(cell.program, cell.bound, *one): 1 for one in pairs}, cell.numerator // WORTH[cell.program] // 100
        elif cell.indicator in OF_ALL and not cell.program and cell.by in (*wanted, "total"):
            if cell.indicator == "lean_season_adequacy":
                pairs = [one for one in pairs if one[1] != MONTHS[9]]
            row = {(program, cell.bound, *one): worth for program, worth in WORTH.items() for one in pairs}
            yield row, cell.numerator // 100


def of_course(cells: list[Cell]) -> Iterator[Equation]:
    """Who receives, and who does not, are the wilaya's households; who is probable is not below zero."""
    everyone = {
        c.group: c.denominator
        for c in cells
        if c.indicator == "coverage" and c.by == "wilaya" and c.unit == "households"
    }
    for program in WORTH:
        for one in ((w, m) for w in everyone for m in MONTHS.values()):
            for bound in BOUNDS:
                yield {(program, bound, *one): 1, ("rest", program, bound, *one): 1}, everyone[one[0]] or 0
            both, sure = ((program, bound, *one) for bound in BOUNDS[::-1])
            yield {both: 1, sure: -1, ("probable", program, *one): -1}, 0


@pytest.mark.parametrize("seed", (*range(5), 18, 67))
def test_no_small_count_of_a_wilaya_in_a_month_can_be_told(seed: int) -> None:
    one = some_country(seed)
    cells, exact = indicator_cells(one), exact_cells(one)
    told = found([*seen(cells), *of_course(exact)])

    assert {key: many for key, many in told.items() if is_small(many)} == {}


def test_what_the_seeds_draw_is_hidden_in_some_places_and_shown_in_others() -> None:
    """Without this the attack above could be on pages that show nothing, or hide nothing."""
    crossed = [
        one
        for seed in range(8)
        for one in indicator_cells(some_country(seed))
        if one.by == "wilaya_month" and one.program == T
    ]

    assert {one.reason for one in crossed if one.numerator is None} == {"hidden"}
    assert len({(one.group[0]) for one in crossed if one.numerator}) > 1
    assert any(one.reason == "hidden" for one in crossed)


@pytest.mark.parametrize("seed", range(12))
def test_where_all_programs_are_told_each_of_them_is(seed: int) -> None:
    """Money adds up over programs: what alone is hidden would be the difference."""
    cells = [one for one in indicator_cells(some_country(seed)) if one.unit == "money"]
    hidden = {(one.indicator, one.of, one.other, one.bound) for one in cells if one.program and one.reason == "hidden"}
    shown = [one for one in cells if not one.program and one.reason != "hidden"]

    assert {one.indicator for one in shown} >= {"adequacy_of_group", "benefit_incidence", "concentration"}
    assert not [one for one in shown if (one.indicator, one.of, one.other, one.bound) in hidden]
    monthly = {one[1:] for one in hidden if one[0] == "adequacy"}
    assert not [one for one in shown if one.indicator == "combined_adequacy" and (one.of, "", one.bound) in monthly]


def of(
    cells: list[Cell], indicator: str, by: str, unit: str, program: str = T, bound: str = "certain"
) -> dict[str, Any]:
    return {
        one.group: one.numerator if one.reason is None else one.reason
        for one in cells
        if (one.indicator, one.by, one.unit, one.program, one.bound) == (indicator, by, unit, program, bound)
    }


def test_three_in_one_month_hide_their_wilaya_in_all_months_and_the_lightest_other() -> None:
    homes = [
        *many_homes(3, home("A", {T: (6, 7, 8, 9)})),  # A: 3 in June, 13 from July to September
        *many_homes(10, home("A", {T: (7, 8, 9)})),
        *many_homes(10, home("A", {})),
        *many_homes(10, home("B", {T: (6, 7, 8, 9)})),
        *many_homes(10, home("B", {})),
        *many_homes(30, home("C", {T: (6, 7, 8, 9)})),
        *many_homes(30, home("C", {})),
        *many_homes(20, home("A", {E: (6, 7, 8, 9)})),  # with E shown, all programs together would tell T
        *many_homes(20, home("B", {E: (6, 7, 8, 9)})),
    ]
    shown = of(indicator_cells(country(homes)), "coverage", "wilaya_month", "households")
    value = of(indicator_cells(country(homes)), "adequacy", "wilaya_month", "money")
    together = of(indicator_cells(country(homes)), "combined_adequacy", "wilaya_month", "money", program="")

    june = {wilaya: shown[f"{wilaya}|2026-06"] for wilaya in "ABC"}
    assert june == {"A": "hidden", "B": "hidden", "C": 30}
    assert {shown[f"{wilaya}|2025-07"] for wilaya in "AB"} == {
        "hidden"
    }  # 16 of July would tell June, by the year's money
    assert {value[f"{wilaya}|2025-07"] for wilaya in "AB"} == {"hidden"}
    assert shown["A|2025-10"] == 0  # nobody receives in October, as the country's month says
    other = of(indicator_cells(country(homes)), "coverage", "wilaya_month", "households", E)
    assert (other["A|2026-06"], other["B|2026-06"]) == (20, 20)
    assert value["C|2025-07"] == together["C|2025-07"] == 30 * 1200 * 100
    assert {together[f"{wilaya}|2026-06"] for wilaya in "AB"} == {"hidden"}
    period = of(indicator_cells(country(homes)), "coverage", "wilaya", "households")
    assert period == {"A": 13, "B": 10, "C": 30}  # of the year itself nothing is few


def test_a_month_that_the_country_does_not_show_is_shown_of_no_wilaya() -> None:
    homes = [
        *many_homes(2, home("A", {T: (6, 7, 8, 9)})),
        *many_homes(20, home("A", {T: (7, 8, 9)})),
        *many_homes(20, home("B", {T: (7, 8, 9)})),
        *many_homes(20, home("A", {})),
        *many_homes(20, home("B", {})),
    ]
    cells = indicator_cells(country(homes))
    shown = of(cells, "coverage", "wilaya_month", "households")

    assert of(cells, "coverage", "month", "households")["2026-06"] == "hidden"  # two in all the country
    assert {shown["A|2026-06"], shown["B|2026-06"]} == {"hidden"}
    assert {shown["A|2025-09"], shown["B|2025-09"]} == {22, 20}
