"""What moved between two countries, part by part, adds up to the whole difference."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from country_cases import Home, country, many_homes, random_country
from services.matching.figures.cells import Cell
from services.matching.figures.computing import exact_cells
from services.matching.figures.country import Country
from services.matching.figures.differing import PARTS, Explained, explain, what_moved
from services.matching.figures.freezing import bytes_of, freeze, hash_of, is_whole, thaw


def both(before: Country, after: Country) -> list[tuple[Cell, Cell]]:
    def of(one: Country) -> dict[tuple[str, ...], Cell]:
        return {(c.indicator, c.program, c.other, c.unit, c.bound): c for c in exact_cells(one) if c.by == "total"}

    first, second = of(before), of(after)
    return [(first[key], second[key]) for key in sorted(first.keys() & second.keys())]


def of(found: list[Explained], indicator: str, program: str, unit: str) -> Explained:
    (one,) = [
        it for it in found if (it.indicator, it.program, it.unit, it.bound) == (indicator, program, unit, "certain")
    ]
    return one


def test_ten_households_entered_and_ten_were_enrolled() -> None:
    """Of 40 households 20 are in TEKAVOUL. Then 10 enter who are in nothing, and 10 of the 20 others are enrolled:
    20/40, 20/50, 30/50."""
    inside, outside = Home({"TEKAVOUL": 1200}), Home()
    before = country([*many_homes(20, inside), *many_homes(20, outside)])
    after = country([*many_homes(30, inside), *many_homes(10, outside), *many_homes(10, outside)])

    found = explain(before, after, both(before, after))
    moved = what_moved(before, after)

    coverage = of(found, "coverage", "TEKAVOUL", "households")
    assert (coverage.before, coverage.after) == (0.5, 0.6)
    assert coverage.steps == pytest.approx(dict.fromkeys(PARTS, 0.0) | {"households": -0.1, "enrollments": 0.2})
    assert (moved.households_entered, moved.households_left, moved.enrollments_begun) == (10, 0, 10)
    assert (moved.enrollments_ended, moved.links_changed, moved.values_changed) == (0, 0, 0)


def test_values_rules_and_baskets_are_told_apart() -> None:
    homes = many_homes(10, Home({"TEKAVOUL": 1200}, eligible=["TEKAVOUL"], size=5))
    before = country([*homes, *many_homes(10, Home(size=5, eligible=["TEKAVOUL"]))])
    after = country(
        [*many_homes(10, Home({"TEKAVOUL": 1500}, eligible=["TEKAVOUL"], size=5)), *many_homes(10, Home(size=5))],
        basket=1_250,
    )

    found = explain(before, after, both(before, after))

    # 1,200 / 5,000 = 0.24; 1,500 / 5,000 = 0.30; 1,500 / 6,250 = 0.24: as large as before, and two things moved
    adequacy = [one for one in found if one.indicator == "adequacy"]
    assert adequacy == []
    of_group = of(found, "exclusion_error", "TEKAVOUL", "households")  # 10 of 20, then 0 of 10
    assert (of_group.before, of_group.after, of_group.steps["rules"]) == (0.5, 0.0, -0.5)
    assert what_moved(before, after).eligibility_changed == 10
    assert what_moved(before, after).values_changed == 120


def test_a_link_that_became_certain_moves_the_certain_figure() -> None:
    before = country([*many_homes(10, Home({"TEKAVOUL": 1200}, probable=["TEKAVOUL"])), *many_homes(10, Home())])
    after = country([*many_homes(10, Home({"TEKAVOUL": 1200})), *many_homes(10, Home())])

    found = explain(before, after, both(before, after))

    coverage = of(found, "coverage", "TEKAVOUL", "people")
    assert (coverage.before, coverage.after, coverage.steps["links"]) == (0.0, 0.5, 0.5)
    assert what_moved(before, after).links_changed == 10


def test_few_that_moved_are_not_counted_out() -> None:
    before, after = country(many_homes(20, Home())), country(many_homes(23, Home()))

    assert what_moved(before, after).households_entered is None


def test_why_somebody_is_not_served_moves_with_enrollments_links_and_households() -> None:
    """Of 20 who are missed 10 are suspended, of whom 5 surely: then all surely; then 10 of the others have left."""
    never = Home(eligible=["TEKAVOUL"])
    sure = replace(never, standing={"TEKAVOUL": "suspended"})
    before = country(
        [*many_homes(5, sure), *many_homes(5, replace(sure, probable=["TEKAVOUL"])), *many_homes(10, never)]
    )
    after = country([*many_homes(10, sure), *many_homes(10, replace(never, standing={"TEKAVOUL": "exited"}))])

    steps = {
        one.other: (one.before, one.after, one.steps["enrollments"], one.steps["links"])
        for one in explain(before, after, both(before, after))
        if one.indicator == "gap_by_reason" and one.unit == "people"
    }

    assert steps == {
        "suspended": (0.25, 0.5, 0.0, 0.25),
        "never_enrolled": (0.75, 0.0, -0.5, -0.25),
        "exited": (0.0, 0.5, 0.5, 0.0),
    }


def test_a_country_frozen_before_reasons_were_kept_tells_none_and_is_compared() -> None:
    later = country(many_homes(20, Home(eligible=["TEKAVOUL"], standing={"TEKAVOUL": "waiting"})))
    parts = freeze(country(many_homes(10, Home(eligible=["TEKAVOUL"]))))
    earlier = thaw({name: content for name, content in parts.items() if name != "standing"})

    # The version before reads the frames it knows, and finds the hash that was noted.
    assert hash_of({name: content for name, content in parts.items() if name != "standing"}) == hash_of(parts)
    assert is_whole(parts) and is_whole(freeze(earlier))
    assert not is_whole({name: content for name, content in parts.items() if name != "standing"})
    assert not is_whole(parts | {"standing": parts["enrolled"]})
    assert earlier.standing is None
    assert "standing" not in freeze(earlier) and hash_of(freeze(earlier)) != hash_of(parts)
    assert "gap_by_reason" not in {one.indicator for one in exact_cells(earlier)}
    found = explain(earlier, later, both(earlier, later))
    assert found == []
    assert what_moved(earlier, later).households_entered == 10


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(random_country(most=8), random_country(most=8))
def test_the_parts_add_up_and_the_last_exchange_is_the_country_after(before: Country, after: Country) -> None:
    told = both(before, after)
    found = explain(before, after, told)

    changed = [(a, b) for a, b in told if None not in (a.value, b.value) and a.value != b.value]
    assert len(found) == len(changed)
    for one in found:
        if one.indicator != "peak_month":
            assert sum(one.steps.values()) == pytest.approx(one.after - one.before, abs=1e-9), one


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(random_country())
def test_a_frozen_country_gives_the_same_figures_byte_by_byte(one: Country) -> None:
    parts = freeze(one)
    again = thaw(parts)

    assert bytes_of(exact_cells(again)) == bytes_of(exact_cells(one))
    assert hash_of(freeze(again)) == hash_of(parts)
    assert (again.day, again.months, again.programs, again.matrix) == (one.day, one.months, one.programs, one.matrix)
    assert hash_of(parts | {"terms": parts["terms"] + b" "}) != hash_of(parts)


def test_what_is_frozen_keeps_the_months_of_the_moon_and_of_schools() -> None:
    one = country([Home({"TEKAVOUL": 1200})])
    programs = tuple(
        replace(it, only_in=frozenset(one.months[3:6]), school_days={one.months[0]: 20}) for it in one.programs
    )

    assert thaw(freeze(replace(one, programs=programs))).programs == programs
