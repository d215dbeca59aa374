"""The plan of a shock response: an area by hand, and any small country beside a plain loop that shares no code."""

from dataclasses import replace
from datetime import date
from hashlib import sha256
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from country_cases import CENTS, Home, country, random_country
from services.matching.figures.country import PAID, Country
from services.matching.figures.planning import Amount, Membership, Plan, Wanted, plan

MAOUNA, CASH = "EL_MAOUNA", "TEKAVOUL"


def lot(household_id: str) -> int:
    return int.from_bytes(sha256(household_id.encode()).digest()[:4])


def by_number(household_id: str) -> int:
    """The lot of a hand-made country: the number of its row."""
    return int(household_id.replace("-", ""), 16)


WANTED = Wanted(
    program=MAOUNA,
    moughataas=("MR011",),
    months=4,
    vertical=(Membership(CASH, "enrolled"),),
    top_up=Amount(500 * CENTS, "household"),
    horizontal=Amount(450 * CENTS, "person"),
)
AREA = country(
    [
        Home(gets={CASH: 1_200}, score=1.0, size=6),  # 0 vertical: 500 a month
        Home(score=2.0, size=4, category="extreme_poor"),  # 1 horizontal: 1,800
        Home(score=2.0, size=2, category="poor"),  # 2 horizontal: 900, behind 1 by category
        Home(score=3.0, size=3),  # 3 horizontal: 1,350
        Home(score=3.0, size=5),  # 4 horizontal: 2,250, behind 3 by lot
        Home(size=1),  # 5 no score: last
        Home(gets={MAOUNA: 2_700}, score=0.5, size=6),  # 6 in the program already
        Home(score=0.1, moughataa="MR012", commune="MR012-C01"),  # 7 elsewhere
        Home(gets={CASH: 1_200}, probable=(CASH,), score=4.0, size=1),  # 8 perhaps in Tekavoul: horizontal
    ],
    matrix={(MAOUNA, CASH): "intended", ("DISABILITY_CASH", MAOUNA): "forbidden"},
)


def numbers(found: Plan) -> list[int]:
    return [by_number(one) - 1 for one in found.listed["household_id"]]


def test_the_poorest_come_first_each_in_its_part_with_its_amount() -> None:
    found = plan(AREA, WANTED, by_number)

    assert numbers(found) == [0, 1, 2, 3, 4, 8, 5]
    assert found.listed["part"].to_list() == ["vertical"] + ["horizontal"] * 6
    assert [one // CENTS for one in found.listed["monthly"]] == [500, 1_800, 900, 1_350, 2_250, 450, 450]
    assert found.listed["amount"].to_list() == [one * 4 for one in found.listed["monthly"]]
    assert found.listed["apart"].to_list() == ["first", "score", "category", "score", "lot", "score", "score"]
    figures = found.figures
    assert (figures["households_in_area"], figures["candidates"], figures["already_in_program"]) == (8, 7, 1)
    assert (figures["budget"], figures["remainder"], figures["stopped_by"]) == (None, None, None)
    assert figures["spent"] == figures["wanted"] == (500 + 1_800 + 900 + 1_350 + 2_250 + 450 + 450) * 4 * CENTS
    assert figures["parts"] == [
        {"part": "vertical", "households": 1, "people": 6, "amount": 2_000 * CENTS, "left_out": 0},
        {"part": "horizontal", "households": 6, "people": 16, "amount": 28_800 * CENTS, "left_out": 0},
    ]
    assert figures["overlaps"] == [
        {"program": CASH, "households": 1, "doubtful": 1, "overlap_class": "intended"},
    ]
    assert figures["unreached"] == {"before": 6, "after": 0, "poor_before": 6, "poor_after": 0}
    assert figures["eligible"] is None


def test_a_budget_takes_the_poorest_and_stops_before_the_household_that_would_exceed_it() -> None:
    exact = (500 + 1_800 + 900) * 4 * CENTS

    found = plan(AREA, replace(WANTED, budget=exact), by_number).figures
    assert (found["spent"], found["remainder"], found["households"], found["stopped_by"]) == (exact, 0, 3, "budget")
    assert found["next_amount"] == 1_350 * 4 * CENTS

    less = plan(AREA, replace(WANTED, budget=exact - 1), by_number).figures
    assert (less["spent"], less["remainder"], less["households"]) == (2_300 * 4 * CENTS, 900 * 4 * CENTS - 1, 2)
    assert less["next_amount"] == 900 * 4 * CENTS
    assert [one["left_out"] for one in less["parts"]] == [0, 5]


def test_nobody_is_passed_over_for_a_cheaper_household_behind() -> None:
    budget = (500 + 1_800 + 900 + 1_350 + 450) * 4 * CENTS  # enough for 8, who stands behind 4
    assert numbers(plan(AREA, replace(WANTED, budget=budget), by_number)) == [0, 1, 2, 3]


def test_a_list_that_ends_among_equals_says_of_how_many_the_lot_took_how_many() -> None:
    found = plan(AREA, replace(WANTED, most_households=4), by_number).figures

    assert (found["stopped_by"], found["boundary"]) == (
        "most_households",
        {"score": 3.0, "category": "poor", "alike": 2, "taken": 1},
    )
    assert plan(AREA, replace(WANTED, most_households=3), by_number).figures["boundary"] is None


def test_who_a_program_paid_in_the_quarter_is_left_out_or_topped_up() -> None:
    paid = Membership(CASH, "paid", date(2026, 4, 1), date(2026, 6, 1))
    without = replace(WANTED, vertical=(), top_up=None, excluding=(paid,))

    found = plan(AREA, without, by_number)
    assert numbers(found) == [1, 2, 3, 4, 8, 5], "what is perhaps paid excludes nobody"
    assert found.figures["exclusions"] == [
        {"program": CASH, "how": "paid", "paid_by": "calendar", "households": 1, "people": 6, "poor": 1, "doubtful": 1},
    ]
    # Its deliveries say that it was the third household that was paid, and no other.
    rows = pl.DataFrame([(2, CASH, date(2026, 5, 1), True)], PAID, orient="row")
    reported = replace(AREA, paid=rows, reporting=frozenset({CASH}))
    told = plan(reported, without, by_number)
    assert 0 in numbers(told) and 2 not in numbers(told)
    assert [(one["paid_by"], one["households"], one["doubtful"]) for one in told.figures["exclusions"]] == [
        ("deliveries", 1, 0),
    ]
    assert found.figures["unreached"]["after"] == 0
    before = replace(paid, first=date(2024, 1, 1), last=date(2024, 3, 1))
    assert numbers(plan(AREA, replace(without, excluding=(before,)), by_number))[0] == 0
    topped = replace(WANTED, vertical=(paid,), horizontal=None)
    assert numbers(plan(AREA, topped, by_number)) == [0]


def test_an_amount_may_follow_what_a_program_gives() -> None:
    aligned = replace(WANTED, top_up=Amount(aligned_with=CASH), horizontal=Amount(aligned_with=MAOUNA))
    found = plan(AREA, aligned, by_number)
    assert [one // CENTS for one in found.listed["monthly"]] == [1_200, 1_800, 900, 1_350, 2_250, 450, 450]
    most = replace(WANTED, horizontal=Amount(450 * CENTS, "person", most_people=3))
    assert [one // CENTS for one in plan(AREA, most, by_number).listed["monthly"]][4] == 1_350
    with pytest.raises(LookupError):
        plan(AREA, replace(WANTED, horizontal=Amount(aligned_with="NO_SUCH_PROGRAM")), by_number)


def test_communes_narrow_an_area_and_an_empty_one_reaches_nobody() -> None:
    assert plan(AREA, replace(WANTED, communes=("MR011-C02",)), by_number).listed.is_empty()
    nowhere = plan(AREA, replace(WANTED, moughataas=("MR099",)), by_number).figures
    assert (nowhere["households_in_area"], nowhere["spent"], nowhere["by_commune"]) == (0, 0, [])


def test_by_commune_and_category_add_up() -> None:
    figures = plan(AREA, replace(WANTED, most_households=3), by_number).figures
    assert figures["by_commune"] == [
        {
            "commune": "MR011-C01", "households_there": 8, "people_there": 28, "vertical": 1, "horizontal": 2,
            "people": 12, "amount": (500 + 1_800 + 900) * 4 * CENTS, "left_out": 4,
        }
    ]  # fmt: skip
    assert [(one["category"], one["vertical"], one["horizontal"]) for one in figures["by_category"]] == [
        ("extreme_poor", 0, 1),
        ("poor", 1, 1),
    ]


def test_who_the_programs_rule_is_for_tells_the_exclusion_error() -> None:
    homes = [Home(score=1.0, eligible=(MAOUNA,)), Home(score=2.0, eligible=(MAOUNA,)), Home(score=3.0)]
    found = plan(country(homes), replace(WANTED, most_households=1), by_number).figures
    assert found["eligible"] == {"households": 2, "unreached_before": 2, "unreached_after": 1}


# ---- any small country -----------------------------------------------------------------------------------

PROGRAMS = ("TEKAVOUL", "EL_MAOUNA", "DISABILITY_CASH", "SCHOOL_FEEDING")
MEMBERSHIPS = st.builds(
    Membership,
    st.sampled_from(PROGRAMS),
    st.sampled_from(("enrolled", "paid")),
    st.just(date(2026, 4, 1)),
    st.just(date(2026, 6, 1)),
)
AMOUNTS = st.builds(
    Amount, st.integers(0, 90_000), st.sampled_from(("household", "person")), st.none() | st.integers(1, 6)
)
WANTEDS = st.builds(
    Wanted,
    program=st.sampled_from(PROGRAMS),
    moughataas=st.sampled_from((("MR011",), ("MR011", "MR012"), ("MR031",))),
    months=st.integers(1, 6),
    vertical=st.lists(MEMBERSHIPS, max_size=2).map(tuple),
    top_up=st.none() | AMOUNTS,
    horizontal=st.none() | AMOUNTS,
    excluding=st.lists(MEMBERSHIPS, max_size=2).map(tuple),
    budget=st.none() | st.integers(0, 3_000_000),
    most_households=st.none() | st.integers(1, 10),
)


def the_slow_way(country_: Country, wanted: Wanted) -> tuple[list[tuple[str, str, int]], list[int]]:
    """Household, part and amount of those taken; and the amounts of those behind them. Plain Python."""

    def has(home: dict[str, Any], one: Membership) -> bool:
        if one.how == "enrolled":
            rows = country_.enrolled.to_dicts()
        else:
            assert one.first and one.last
            rows = [row for row in country_.receipts.to_dicts() if one.first <= row["month"] <= one.last]
        return any(
            row["certain"] and row["household"] == home["household"] and row["program"] == one.program for row in rows
        )

    def worth(home: dict[str, Any], amount: Amount) -> int:
        people = min(home["size"], amount.most_people or home["size"]) if amount.per == "person" else 1
        return amount.amount * people * wanted.months

    queue = []
    for home in country_.households.to_dicts():
        if home["moughataa"] not in wanted.moughataas or any(has(home, one) for one in wanted.excluding):
            continue
        vertical = any(has(home, one) for one in wanted.vertical)
        own = has(home, Membership(wanted.program, "enrolled"))
        amount = wanted.top_up if vertical else None if own else wanted.horizontal
        if amount is not None and worth(home, amount):
            queue.append((home, "vertical" if vertical else "horizontal", worth(home, amount)))
    order = ("extreme_poor", "poor", "vulnerable", "not_poor")
    queue.sort(
        key=lambda it: (
            it[0]["score"] is None,
            it[0]["score"] or 0.0,
            order.index(it[0]["category"]),
            lot(it[0]["household_id"]),
        )
    )
    taken: list[tuple[str, str, int]] = []
    for home, part, amount_ in queue:
        over = wanted.budget is not None and sum(one[2] for one in taken) + amount_ > wanted.budget
        if over or len(taken) == wanted.most_households:
            break
        taken.append((home["household_id"], part, amount_))
    return taken, [one[2] for one in queue[len(taken) :]]


@settings(max_examples=150, deadline=None)
@given(random_country(), WANTEDS, st.randoms(use_true_random=False))
def test_it_is_the_slow_way_within_the_budget_whatever_the_order_of_the_rows(
    country_: Country, wanted: Wanted, shuffled: Any
) -> None:
    found = plan(country_, wanted, lot)

    taken, behind = the_slow_way(country_, wanted)
    assert found.listed.select("household_id", "part", "amount").rows() == taken
    figures = found.figures
    assert figures["spent"] == sum(one[2] for one in taken)
    assert figures["next_amount"] == (behind[0] if behind else None)
    if wanted.budget is not None:
        assert figures["spent"] <= wanted.budget and figures["spent"] + figures["remainder"] == wanted.budget
        if figures["stopped_by"] == "budget":
            assert figures["spent"] + figures["next_amount"] > wanted.budget
    for name in ("by_commune", "by_category"):
        assert sum(one["vertical"] + one["horizontal"] for one in figures[name]) == len(taken)
        assert sum(one["amount"] for one in figures[name]) == figures["spent"]
        assert sum(one["left_out"] for one in figures[name]) == len(behind)
    rows = list(range(country_.households.height))
    shuffled.shuffle(rows)
    again = replace(country_, households=country_.households[rows] if rows else country_.households)
    assert plan(again, wanted, lot).figures == figures
    assert plan(again, wanted, lot).listed.equals(found.listed)


def test_the_frames_keep_their_kinds_where_nobody_is() -> None:
    assert plan(country([]), WANTED, lot).listed.schema["amount"] == pl.Int64
