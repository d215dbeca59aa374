"""Scenarios laid over twelve households, each number worked out by hand (see `scenario_cases.twelve`)."""

from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from scenario_cases import NAMES, PER_HEAD, M, T, asks, change, rule, twelve

from country_cases import CANTEEN, Home, country
from services.matching.figures.country import Country
from services.matching.figures.overlaying import overlay
from services.matching.figures.scenarios import Comparison, compare
from services.matching.rules.changes import Change


def spent(told: Comparison) -> dict[str, tuple[float, float]]:
    """By program: MRU of the twelve months before and after."""
    sums = told.budget.group_by("program").agg(pl.col("before", "after").sum())
    return {one["program"]: (one["before"] / 100, one["after"] / 100) for one in sums.to_dicts()}


def members(country: Country, program: str = T) -> set[int]:
    """Numbers of the households that receive from it."""
    return {number + 1 for number in country.receipts.filter(pl.col("program") == program)["household"].unique()}


def cells(told: Comparison, by: str) -> dict[str, tuple[int, ...]]:
    """By group: households, winners, losers, unchanged, unserved, MRU gained and lost."""
    return {
        one["group"]: (*(one[name] for name in ("households", "winners", "losers", "unchanged", "unserved")),
                       one["gained"] // 100, one["lost"] // 100)
        for one in told.changes.filter(pl.col("by") == by).to_dicts()
    }  # fmt: skip


def test_flat_to_per_head_moves_money_from_small_households_to_large_ones() -> None:
    told = compare(twelve(), [PER_HEAD])

    # 300 x (1 + 2 + 3 + 4 + 5 + 6 + 6 people) x 12 months.
    assert spent(told) == {T: (100_800, 97_200), M: (36_000, 36_000)}
    # 14,400 a year became 3,600 a person: -10,800, -7,200, -3,600, 0, +3,600, +7,200, +7,200.
    assert cells(told, "total") == {"all": (12, 3, 3, 6, 4, 18_000, 21_600)}
    assert cells(told, "size_band") == {
        "1-3": (3, 0, 3, 0, 0, 0, 21_600),
        "4-6": (6, 3, 0, 3, 2, 18_000, 0),
        "7-9": (3, 0, 0, 3, 2, 0, 0),
    }
    assert cells(told, "category") == {
        "extreme_poor": (6, 1, 3, 2, 1, 3_600, 21_600),
        "poor": (3, 1, 0, 2, 1, 7_200, 0),
        "vulnerable": (1, 0, 0, 1, 1, 0, 0),
        "not_poor": (2, 1, 0, 1, 1, 7_200, 0),
    }
    assert cells(told, "wilaya") == {
        "MR01": (6, 0, 3, 3, 2, 0, 21_600),
        "MR03": (6, 3, 0, 3, 2, 18_000, 0),
    }
    people = told.changes.filter(pl.col("by") == "total").select("people", "people_winning", "people_losing").row(0)
    assert people == (60, 17, 6)  # 5 + 6 + 6 win, 1 + 2 + 3 lose


def test_a_year_is_told_month_by_month() -> None:
    budget = compare(twelve(), [PER_HEAD]).budget
    mauna = budget.filter(pl.col("program") == M)

    assert [(one["month"].month, one["before"]) for one in mauna.to_dicts()] == [
        (7, 900_000), (8, 900_000), (9, 900_000), (6, 900_000),
    ]  # fmt: skip
    assert set(budget.filter(pl.col("program") == T)["after"]) == {810_000}  # 27 people x 300


def test_who_is_served_by_a_program_and_by_any() -> None:
    told = compare(twelve(), [change("end", M)]).served.filter(pl.col("by") == "total").drop("by", "group")

    assert {one["program"]: tuple(one.values())[1:] for one in told.to_dicts()} == {
        None: (8, 34, 7, 27),  # households and people before, then after: household 7 falls out
        T: (7, 27, 7, 27),
        M: (4, 20, 0, 0),
    }


FORMULAS: list[tuple[dict[str, Any], int]] = [
    ({"household_mru": "1200"}, 100_800),
    # 600 and 100 a person: (7 x 600 + 27 x 100) x 12.
    ({"household_mru": "600", "person_mru": "100"}, 82_800),
    # 2 to 4 people count: 2 + 2 + 3 + 4 + 4 + 4 + 4 = 23 x 300 x 12.
    ({"person_mru": "300", "min_people": 2, "max_people": 4}, 82_800),
    # Between 800 and 1,500 a payment: 800 + 800 + 900 + 1,200 + 1,500 + 1,500 + 1,500 = 8,200 x 12.
    ({"person_mru": "300", "least_mru": "800", "most_mru": "1500"}, 98_400),
    # 1,000 for three months is 333.33 a month, rounded half up: x 7 x 12.
    ({"household_mru": "1000", "months_per_payment": 3}, 27_999.72),
    ({"household_mru": "1200", "months": [6, 7, 8, 9]}, 33_600),  # x 7 x 4
    ({"household_mru": "0"}, 0),
]


@pytest.mark.parametrize(("formula", "cost"), FORMULAS)
def test_a_formula_of_value(formula: dict[str, Any], cost: float) -> None:
    told = compare(twelve(), [change("value", formula=formula)])

    assert spent(told)[T] == (100_800, cost)
    assert members(told.after) == {1, 2, 3, 4, 5, 6, 12}


def test_a_seasonal_program_may_give_all_year() -> None:
    told = compare(twelve(), [change("value", M, formula={"person_mru": "100"})])

    assert spent(told)[M] == (36_000, 24_000)  # 20 people x 100 x 12


def test_pupils_are_paid_by_how_many_are_enrolled() -> None:
    homes = [Home(gets={"SCHOOL_FEEDING": 600}, direct={"SCHOOL_FEEDING": 2})]
    told = compare(country(homes), [change("value", "SCHOOL_FEEDING", formula={"enrolled_mru": "350", "months": [1]})])

    assert (CANTEEN.unit, spent(told)["SCHOOL_FEEDING"]) == ("pupil", (5_400, 700))


def test_a_value_is_raised_by_percent() -> None:
    told = compare(twelve(), [change("index", percent="12.5"), change("index", M, percent="-100")])

    assert spent(told) == {T: (100_800, 113_400), M: (36_000, 0)}


POOR_OF_MR01 = rule(asks("category", "eq", "extreme_poor"), asks("wilaya", "in", ["MR01"]))  # 1, 2, 3, 4 and 9

WHO: list[tuple[Change, set[int], int]] = [
    # Of its households the poorest; those without a score come last.
    (change("quota", most_households=4), {1, 2, 3, 4}, 57_600),
    (change("quota", most_households=6), {1, 2, 3, 4, 5, 6}, 86_400),
    (change("quota", most_households=0), set(), 0),
    (change("quota", most_households=50), {1, 2, 3, 4, 5, 6, 12}, 100_800),
    (change("quota", most_mru="57600"), {1, 2, 3, 4}, 57_600),
    (change("quota", most_mru="57599.99"), {1, 2, 3}, 43_200),
    (change("quota", most_mru="57600", most_households=2), {1, 2}, 28_800),
    # Room for nine: the seven inside, then 8 and 9, who are eligible.
    (change("quota", most_households=9, fill=True), {1, 2, 3, 4, 5, 6, 8, 9, 12}, 129_600),
    (change("quota", most_households=8, fill=True), {1, 2, 3, 4, 5, 6, 8, 12}, 115_200),
    # Seven are eligible: half of them is three. 6 and 12 are not, and leave.
    (change("coverage", share="0.5"), {1, 2, 3}, 43_200),
    (change("coverage", share="1"), {1, 2, 3, 4, 5, 8, 9}, 100_800),
    (change("coverage", share="0.86"), {1, 2, 3, 4, 5, 8}, 86_400),
    (change("coverage", share="0"), set(), 0),
    (change("criteria", rule=POOR_OF_MR01), {1, 2, 3, 4, 9}, 72_000),
    (change("criteria", rule=POOR_OF_MR01, beneficiaries="who_stays_eligible"), {1, 2, 3, 4}, 57_600),
    (change("criteria", rule=POOR_OF_MR01, beneficiaries="unchanged"), {1, 2, 3, 4, 5, 6, 12}, 100_800),
]


@pytest.mark.parametrize(("changed", "who", "cost"), WHO)
def test_who_is_in_it(changed: Change, who: set[int], cost: int) -> None:
    told = compare(twelve(), [changed])

    assert members(told.after) == who
    assert {number + 1 for number in told.after.enrolled.filter(pl.col("program") == T)["household"]} == who
    assert spent(told)[T] == (100_800, cost)
    assert spent(told)[M] == (36_000, 36_000)


def test_a_rule_that_cannot_be_told_lets_nobody_in_and_nobody_out() -> None:
    # Households 11 and 12 have no score: 12 is enrolled and stays, 11 is not and does not enter.
    told = compare(twelve(), [change("criteria", rule=rule(asks("score", "le", 3)))])

    assert members(told.after) == {1, 2, 3, 12}


def test_one_program_takes_over_another() -> None:
    told = compare(twelve(), [change("merge", M, into=T)])

    # 3, 4 and 6 are in both and receive once; 7 enters for all twelve months: 8 x 14,400.
    assert members(told.after) == {1, 2, 3, 4, 5, 6, 7, 12}
    assert spent(told) == {T: (100_800, 115_200), M: (36_000, 0)}
    # 3 loses 5,400, 4 7,200, 6 10,800; 7 had 12,600 and has 14,400.
    assert cells(told, "total") == {"all": (12, 1, 3, 8, 4, 1_800, 23_400)}
    assert [one.code for one in told.after.programs] == [T]
    assert told.after.matrix == {}


def test_who_left_the_program_that_ends_is_carried_over_for_the_months_it_was_there() -> None:
    homes = [Home(gets={M: {7: 900, 8: 900}}, size=2)]
    before = country(homes)
    left = before.enrolled.clear()
    told = compare(Country(**{name: getattr(before, name) for name in before.__slots__} | {"enrolled": left}),
                   [change("merge", M, into=T)])  # fmt: skip

    assert spent(told) == {M: (1_800, 0), T: (0, 2_400)}


def test_a_program_is_added() -> None:
    formula = {"household_mru": "100", "person_mru": "50", "months": [6, 7, 8, 9]}
    added = change("add_program", "NEW_ONE", names=NAMES, formula=formula, rule=rule(asks("size", "ge", 7)))
    told = compare(twelve(), [added])

    assert members(told.after, "NEW_ONE") == {7, 8, 9}
    assert spent(told)["NEW_ONE"] == (0, 6_000)  # (450 + 500 + 550) x 4
    assert [one.code for one in told.after.programs] == [M, "NEW_ONE", T]

    half = added.model_copy(update={"share": Decimal("0.67")})
    assert members(compare(twelve(), [half]).after, "NEW_ONE") == {7, 8}


def test_changes_build_on_one_another_in_whatever_order_they_are_written() -> None:
    """Per head, for the extreme poor of MR01 alone, at most 30,000 MRU: 3,600 + 7,200 + 10,800 = 21,600; 4 would make it
    36,000."""
    changes = [change("quota", most_mru="30000"), change("criteria", rule=POOR_OF_MR01), PER_HEAD]
    for written in (changes, changes[::-1]):
        told = compare(twelve(), written)
        assert (members(told.after), spent(told)[T]) == ({1, 2, 3}, (100_800, 21_600))


def test_nothing_changed_is_the_country_as_it_is() -> None:
    before = twelve()

    assert overlay(before, []) is before
    assert cells(compare(before, []), "total") == {"all": (12, 0, 0, 12, 4, 0, 0)}
