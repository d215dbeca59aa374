"""The indicators of a scenario: the same figures as a snapshot's, by a shorter way; and what is hidden of them."""

from hypothesis import given, settings
from scenario_cases import M, T, change, twelve

from country_cases import Home, country, many_homes, random_country
from services.matching.figures.cells import HIDDEN
from services.matching.figures.computing import exact_cells, indicator_cells
from services.matching.figures.country import Country
from services.matching.figures.overlaying import overlay
from services.matching.figures.scenario_indicators import WANTED, beside, scenario_cells
from services.matching.figures.states import BOTH


@settings(max_examples=25, deadline=None)
@given(random_country())
def test_they_are_the_figures_of_the_whole_engine(country: Country) -> None:
    whole = {
        (one.indicator, one.by, one.group, one.program, "" if one.indicator == "peak_month" else one.other): one
        for one in exact_cells(country)
        if one.bound == BOTH and one.unit == WANTED.get(one.indicator, ("",))[0]
    }
    for key, cell in scenario_cells(country, probable=True).items():
        if cell.reason != HIDDEN:
            assert cell == whole[key]


@settings(max_examples=25, deadline=None)
@given(random_country())
def test_nothing_is_shown_that_a_snapshot_hides_of_the_whole_country(country: Country) -> None:
    """By the same families; groupings that a scenario does not tell can only add to what a snapshot hides."""
    shown = {(one.indicator, one.program, one.other) for one in indicator_cells(country)
             if one.by == "total" and one.bound == BOTH and one.reason != HIDDEN}  # fmt: skip
    for cell in scenario_cells(country, probable=True).values():
        if cell.by == "total" and cell.unit == "households" and cell.reason is None and cell.numerator in range(1, 5):
            assert (cell.indicator, cell.program, cell.other) in shown


def test_before_and_after_by_hand() -> None:
    """Each household of `twelve` fifty times. El Maouna is merged into Tekavoul: 8 of 12 receive, as before; of the 7 eligible
    for Tekavoul two are missed, as before; nobody is in both any more."""
    before = twelve(50)
    after = overlay(before, [change("merge", M, into=T)])
    found = {
        (one.indicator, one.by, one.group, one.program, one.other): (one, other)
        for one, other in beside(scenario_cells(before, probable=False), scenario_cells(after, probable=False))
    }

    def told(*key: str) -> list[tuple[int | None, int | None]]:
        return [(one.numerator, one.denominator) for one in found[key]]  # type: ignore[index]

    assert told("coverage", "total", "all", "", "") == [(34 * 50, 60 * 50)] * 2
    assert told("coverage", "total", "all", T, "") == [(27 * 50, 60 * 50), (34 * 50, 60 * 50)]
    # 136,800 MRU over what 34 people need in a year (1,000 a month and person); then 115,200.
    assert told("adequacy", "total", "all", "", "") == [
        (136_800 * 50 * 100, 34 * 12_000 * 50 * 100),
        (115_200 * 50 * 100, 34 * 12_000 * 50 * 100),
    ]
    assert told("exclusion_error", "total", "all", T, "") == [(2 * 50, 7 * 50)] * 2
    assert told("inclusion_error", "total", "all", T, "") == [(2 * 50, 7 * 50), (3 * 50, 8 * 50)]
    assert ("overlap", "total", "all", M, T) not in found  # there is no such pair afterwards
    # In June (with El Maouna) 7 x 1,200 + 20 x 450 over the needs of 34 people; then 8 x 1,200.
    assert told("combined_adequacy", "month", "2026-06", "", "") == [
        (17_400 * 50 * 100, 34_000 * 50 * 100),
        (9_600 * 50 * 100, 34_000 * 50 * 100),
    ]


def test_what_a_scenario_does_to_a_few_is_not_told_by_the_difference() -> None:
    homes = [
        *many_homes(40, Home(gets={T: 1_200}, eligible=[T], score=1.0)),
        *many_homes(20, Home(eligible=[T], score=2.0)),
    ]
    before = country(homes)
    cells = scenario_cells(before, probable=False)

    few = overlay(before, [change("quota", most_households=42, fill=True)])
    many = overlay(before, [change("quota", most_households=50, fill=True)])

    for after, hidden in ((few, True), (many, False)):
        pairs = {one.indicator: other for one, other in beside(cells, scenario_cells(after, probable=False))
                 if one.by == "total" and one.program == T and not one.other}  # fmt: skip
        assert (pairs["exclusion_error"].reason == HIDDEN) is hidden
