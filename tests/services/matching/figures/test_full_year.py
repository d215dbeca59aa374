"""A full year: who entered last month costs as much as who has been there all along."""

from dataclasses import replace
from datetime import date

import polars as pl

from country_cases import CANTEEN, DAY, EL_MAOUNA, TEKAVOUL, Home, country
from services.matching.figures.country import Country, twelve_months
from services.matching.figures.full_year import full_year


def given(made: Country) -> dict[tuple[int, str], list[int]]:
    """What each household receives of each program, month by month, in whole MRU."""
    rows = made.receipts.sort("month").group_by("household", "program", maintain_order=True).agg("value")
    return {(household, program): [one // 100 for one in months] for household, program, months in rows.rows()}


def test_who_entered_last_month_counts_in_all_months_in_which_the_program_gives():
    # Both are in Tekavoul; the second since June alone. A year is 12 x 1,200 for each; El Maouna gives in 4 months.
    made = country([Home(gets={"TEKAVOUL": 1_200}), Home(gets={"TEKAVOUL": {6: 1_200}, "EL_MAOUNA": {6: 2_700}})])

    assert given(full_year(made)) == {
        (0, "TEKAVOUL"): [1_200] * 12,
        (1, "TEKAVOUL"): [1_200] * 12,
        (1, "EL_MAOUNA"): [2_700] * 4,
    }


def test_who_has_left_before_the_day_is_no_part_of_it():
    made = country([Home(gets={"TEKAVOUL": 1_200})])
    left = replace(made, enrolled=made.enrolled.clear())

    assert full_year(left).receipts.is_empty()


def test_meals_count_by_the_school_days_of_each_month():
    days = {month: 20 if month.month in (1, 2) else 0 for month in twelve_months(DAY)}
    canteen = replace(CANTEEN, values=(replace(CANTEEN.values[0], months=None, meal=16_00),), school_days=days)
    made = country([Home(gets={"SCHOOL_FEEDING": {1: 640}}, direct={"SCHOOL_FEEDING": 2})], programs=(canteen,))

    # Two pupils, 20 days, 16 MRU a meal: 640 in January, and in February.
    assert given(full_year(made)) == {(0, "SCHOOL_FEEDING"): [640, 640]}


def test_it_goes_by_what_programs_give_on_the_day():
    ended = replace(
        TEKAVOUL, values=(replace(TEKAVOUL.values[0], months=(1,)), replace(TEKAVOUL.values[0], from_on=DAY))
    )
    made = country([Home(gets={"TEKAVOUL": {1: 1_200}})], programs=(ended,))

    assert given(full_year(made)) == {(0, "TEKAVOUL"): [1_200] * 12}


def test_a_program_that_does_not_give_yet_gives_nothing():
    coming = replace(EL_MAOUNA, values=(replace(EL_MAOUNA.values[0], from_on=date(2030, 1, 1)),))
    made = country([Home(enrolled=["EL_MAOUNA"])], programs=(coming,))

    assert full_year(made).receipts.is_empty()


def test_a_year_of_a_full_year_is_the_same():
    made = full_year(
        country([Home(gets={"TEKAVOUL": {6: 1_200}}), Home(gets={"EL_MAOUNA": 900}, probable=["EL_MAOUNA"])])
    )

    assert full_year(made).receipts.equals(made.receipts)
    assert made.receipts.schema == pl.Schema(country([]).receipts.schema)
