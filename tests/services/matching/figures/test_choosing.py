"""Who is chosen for a list, and the counts beside it: by hand, and against a plain reading of the rule."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from country_cases import Home, country, homes
from services.matching.figures.choosing import Choice, choose
from services.matching.figures.country import PAID, Country
from services.matching.rules.targeting import Criterion, Exclusion, Wanted, holds
from shared.household_attributes import CATEGORIES

POOREST = Wanted(areas=("MR01",), number=3, program="EL_MAOUNA")
NEMA, BASSIKNOU = {"commune": "MR011-C01"}, {"commune": "MR011-C02"}


def last_first(household: UUID) -> int:
    """Ties in the turned order of the country."""
    return 1_000 - household.int


def numbers(choice: Choice) -> list[int]:
    """The places of the chosen in the country, from 0."""
    return [UUID(one).int - 1 for one in choice.chosen["household_id"]]


def test_the_poorest_come_first_and_who_has_no_score_last_by_category() -> None:
    of = country(
        [
            Home(score=None, category="vulnerable"),
            Home(score=20.0, category="poor"),
            Home(score=None, category="extreme_poor"),
            Home(score=7.5, category="extreme_poor"),
            Home(score=1.0, wilaya="MR03"),  # elsewhere
        ]
    )

    chosen = choose(of, replace(POOREST, number=9), last_first)

    assert numbers(chosen) == [3, 1, 2, 0]
    assert (chosen.counts["chosen"], chosen.counts["missing"], chosen.counts["in_area"]) == (4, 5, 4)


def test_those_equally_poor_are_ordered_by_their_key_and_the_boundary_is_told() -> None:
    of = country([Home(score=5.0)] * 4 + [Home(score=1.0), Home(score=9.0)])

    chosen = choose(of, POOREST, last_first)

    assert numbers(chosen) == [4, 3, 2]
    assert chosen.counts["boundaries"] == [{"commune": None, "score": 5.0, "category": "poor", "tied": 4, "taken": 2}]


def test_a_list_that_ends_between_two_scores_has_no_tie_to_explain() -> None:
    of = country([Home(score=1.0), Home(score=2.0), Home(score=2.0), Home(score=3.0)])

    assert choose(of, POOREST, last_first).counts["boundaries"] == []


def test_a_program_excludes_whom_it_surely_has_and_doubt_excludes_nobody() -> None:
    of = country(
        [
            Home(score=1.0, enrolled=["TEKAVOUL"]),
            Home(score=2.0, enrolled=["TEKAVOUL"], probable=["TEKAVOUL"]),
            Home(score=3.0, enrolled=["SCHOOL_FEEDING"]),
            Home(score=4.0),
        ]
    )
    wanted = replace(
        POOREST,
        exclusions=(Exclusion("TEKAVOUL", "enrolled", "exclude"), Exclusion("SCHOOL_FEEDING", "enrolled", "top_up")),
    )

    chosen = choose(of, wanted, last_first)

    assert numbers(chosen) == [1, 2, 3]
    assert chosen.chosen["top_up"].to_list() == [False, True, False]
    assert chosen.counts["excluded"] == 1
    assert [(one["program"], one["households"], one["doubtful"]) for one in chosen.counts["exclusions"]] == [
        ("TEKAVOUL", 1, 1),
        ("SCHOOL_FEEDING", 1, 0),
    ]


def test_paid_is_who_was_enrolled_in_a_month_of_the_period_in_which_the_program_gives() -> None:
    # El Maouna gives from June to September; the country's day is 30 June 2026.
    of = country([Home(gets={"EL_MAOUNA": 2_700}, score=1.0), Home(gets={"EL_MAOUNA": {9: 450}}, score=2.0)])

    def left(first: date, last: date) -> list[int]:
        paid = Exclusion("EL_MAOUNA", "paid", "exclude", first, last)
        return numbers(choose(of, replace(POOREST, exclusions=(paid,)), last_first))

    assert left(date(2026, 4, 1), date(2026, 6, 1)) == [1]
    assert left(date(2025, 9, 1), date(2025, 9, 1)) == []
    assert left(date(2026, 1, 1), date(2026, 3, 1)) == [0, 1]


def test_paid_is_what_deliveries_say_where_the_program_reports_any() -> None:
    # All three are enrolled in Tekavoul, which gives every month. Its deliveries say: the first in April, the second perhaps.
    rows = [(0, "TEKAVOUL", date(2026, 4, 1), True), (1, "TEKAVOUL", date(2026, 5, 1), False)]
    reported = {"paid": pl.DataFrame(rows, PAID, orient="row"), "reporting": frozenset({"TEKAVOUL"})}
    by_calendar = country([Home(gets={"TEKAVOUL": 1_200}, score=float(score)) for score in (1, 2, 3)])

    def told(of: Country, first: date, last: date) -> tuple[list[int], Any]:
        chosen = choose(
            of, replace(POOREST, exclusions=(Exclusion("TEKAVOUL", "paid", "exclude", first, last),)), last_first
        )
        [exclusion] = chosen.counts["exclusions"]
        return numbers(chosen), (exclusion["paid_by"], exclusion["households"], exclusion["doubtful"])

    quarter = (date(2026, 4, 1), date(2026, 6, 1))
    assert told(by_calendar, *quarter) == ([], ("calendar", 3, 0))
    assert told(replace(by_calendar, **reported), *quarter) == ([1, 2], ("deliveries", 1, 1))
    assert told(replace(by_calendar, **reported), date(2026, 6, 1), date(2026, 6, 1)) == (
        [0, 1, 2],
        ("deliveries", 0, 0),
    )


def test_who_does_not_meet_a_criterion_falls_out_and_who_cannot_be_told_is_counted_apart() -> None:
    of = country(
        [
            Home(head_sex="F", size=6, score=1.0),
            Home(head_sex="M", size=6, score=2.0),
            Home(head_sex=None, size=6, score=3.0),
            Home(head_sex=None, size=2, score=4.0),  # surely not: whatever the head is
        ]
    )
    wanted = replace(POOREST, criteria=(Criterion("head_sex", "eq", "F"), Criterion("size", "ge", 4)))

    chosen = choose(of, wanted, last_first)

    assert numbers(chosen) == [0]
    assert (chosen.counts["criteria_not_met"], chosen.counts["cannot_tell"]) == (2, 1)


def test_quotas_by_poor_households_of_each_commune() -> None:
    # Poor: 4 in the first, 2 in the second; three seats are 2 and 1.
    of = country(
        [
            *(Home(score=float(n), **NEMA) for n in range(4)),
            *(Home(score=10.0 + n, **BASSIKNOU) for n in range(2)),
            Home(score=0.5, category="vulnerable", **BASSIKNOU),
        ]
    )

    chosen = choose(of, replace(POOREST, quotas="by_poor"), last_first)

    assert numbers(chosen) == [0, 6, 1]
    assert [(one["commune"], one["quota"], one["chosen"]) for one in chosen.counts["by_commune"]] == [
        ("MR011-C01", 2, 2),
        ("MR011-C02", 1, 1),
    ]


def test_given_quotas_are_not_filled_from_elsewhere() -> None:
    of = country([*(Home(score=float(n), **NEMA) for n in range(5)), Home(score=9.0, **BASSIKNOU)])

    chosen = choose(of, replace(POOREST, quotas={"MR011-C01": 1, "MR011-C02": 2}), last_first)

    assert numbers(chosen) == [0, 5]
    assert chosen.counts["missing"] == 1


def test_the_matrix_says_what_each_overlap_of_the_chosen_is() -> None:
    of = country(
        [
            Home(score=1.0, enrolled=["TEKAVOUL", "EL_MAOUNA"]),
            Home(score=2.0, enrolled=["TEKAVOUL", "SCHOOL_FEEDING"], probable=["TEKAVOUL"]),
        ],
        matrix={("EL_MAOUNA", "TEKAVOUL"): "intended"},
    )

    assert choose(of, POOREST, last_first).counts["overlaps"] == [
        {"program": "SCHOOL_FEEDING", "households": 1, "with_doubtful": 1, "overlap_class": None},
        {"program": "TEKAVOUL", "households": 1, "with_doubtful": 2, "overlap_class": "intended"},
    ]


def test_an_area_of_nobody_gives_an_empty_list() -> None:
    counts = choose(country([Home()]), replace(POOREST, areas=("MR15",)), last_first).counts

    assert (counts["in_area"], counts["chosen"], counts["missing"], counts["people"]) == (0, 0, 3, 0)


CRITERIA = st.lists(
    st.sampled_from(
        (
            Criterion("category", "in", ("poor", "extreme_poor")),
            Criterion("head_sex", "ne", "M"),
            Criterion("size", "le", 6),
            Criterion("score", "gt", 2),
            Criterion("category", "not_in", ("not_poor",)),
        )
    ),
    max_size=3,
)
EXCLUDED = st.sampled_from((None, "TEKAVOUL", "EL_MAOUNA"))


@settings(max_examples=60, deadline=None)
@given(st.lists(homes(), max_size=14), CRITERIA, EXCLUDED, st.integers(1, 8), st.randoms())
def test_the_rule_read_plainly_chooses_the_same_whatever_the_order_of_the_country(
    some: list[Home], criteria: list[Criterion], excluded: str | None, number: int, shuffled: Any
) -> None:
    exclusions = (Exclusion(excluded, "enrolled", "exclude"),) if excluded else ()
    wanted = Wanted(("MR01",), number, tuple(criteria), exclusions)
    of = country(some)

    def fits(home: Home) -> bool:
        sure = excluded in {*home.gets, *home.enrolled} and excluded not in home.probable
        met = all((value := getattr(home, one.attribute)) is not None and holds(one, value) for one in criteria)
        return home.wilaya == "MR01" and met and not sure

    def poorness(place: int) -> tuple[Any, ...]:
        home = some[place]
        return (home.score is None, home.score or 0.0, CATEGORIES.index(home.category), last_first(UUID(int=place + 1)))

    expected = sorted((place for place, home in enumerate(some) if fits(home)), key=poorness)[:number]
    mixed = replace(of, households=of.households.sample(fraction=1, shuffle=True, seed=shuffled.randrange(1 << 30)))

    assert numbers(choose(of, wanted, last_first)) == expected
    assert numbers(choose(mixed, wanted, last_first)) == expected
