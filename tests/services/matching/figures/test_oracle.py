"""The engine beside plain Python over the definitions, on random small countries."""

from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from country_cases import PROGRAMS, REASONS, Home, country, random_country
from interlinkage_oracle import Oracle
from services.matching.figures.computing import exact_cells
from services.matching.figures.country import Country

NEAR = 1e-12


def told_by_oracle(one: Country) -> dict[Any, Any]:
    return Oracle(
        one.households.to_dicts(),
        one.receipts.to_dicts(),
        one.enrolled.to_dicts(),
        one.eligible.to_dicts(),
        one.baskets.to_dicts(),
        [asdict(program) for program in one.programs],
        dict(one.matrix),
        list(one.months),
        [] if one.standing is None else one.standing.to_dicts(),
    ).figures()


def same(one: Country) -> None:
    engine = {cell[:7]: cell for cell in exact_cells(one)}
    oracle = told_by_oracle(one)
    assert engine.keys() == oracle.keys()
    for key, (part, whole, value) in oracle.items():
        cell = engine[key]
        assert (cell.numerator, cell.denominator) == (part, whole), key
        assert cell.value == (None if value is None else pytest.approx(value, rel=NEAR, abs=NEAR)), key
        assert (cell.reason is None) == (cell.value is not None), key


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(one=random_country(), substitutes=st.booleans())
def test_the_engine_says_what_the_definitions_say(one: Country, substitutes: bool) -> None:
    if substitutes:
        programs = tuple(
            replace(program, substitutes=("TEKAVOUL",)) if program.code == "EL_MAOUNA" else program
            for program in PROGRAMS
        )
        one = replace(one, programs=programs)
    same(one)


def test_a_country_without_households_has_no_shares_and_no_fault() -> None:
    empty = country([])

    assert {cell.value for cell in exact_cells(empty)} == {None}
    assert {cell.reason for cell in exact_cells(empty)} <= {"no_one", "nothing_given", "nothing_to_compare"}


def test_the_same_country_in_another_order_of_rows_gives_the_same_figures_to_the_last_bit() -> None:
    homes = [
        Home(
            gets={"TEKAVOUL": 1200 + number, "SCHOOL_FEEDING": 300},
            eligible=["EL_MAOUNA"],
            standing={"EL_MAOUNA": REASONS[number % 3]} if number % 4 else {},
            size=1 + number % 7,
            score=number / 3,
        )
        for number in range(200)
    ]
    one = country(homes)
    shuffled = replace(
        one,
        households=one.households.sample(fraction=1, shuffle=True, seed=7),
        receipts=one.receipts.sample(fraction=1, shuffle=True, seed=8),
        enrolled=one.enrolled.sample(fraction=1, shuffle=True, seed=9),
        standing=None if one.standing is None else one.standing.sample(fraction=1, shuffle=True, seed=10),
    )

    assert exact_cells(shuffled) == exact_cells(one)
