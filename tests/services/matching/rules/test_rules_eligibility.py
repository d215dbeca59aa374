"""What a rule says of a household: by hand, by every guess of what is unknown, and in columns."""

from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from eligibility_cases import LABEL, NUMBERS, TEXTS, households, rules, said_by_all_guesses
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.figures.eligible import eligible as in_columns
from services.matching.figures.eligible import eligible_households
from services.matching.rules.ages import births_of, years_before
from services.matching.rules.eligibility import Criterion, Group, eligible, meets, missing, outcomes, rule_on

DAY = date(2026, 6, 1)
POOR = Criterion("poor", "category", "in", ("extreme_poor", "poor"), LABEL)
LARGE = Criterion("large", "size", "ge", Decimal(7), LABEL)
INFANT = Criterion("infant", "under_2", "gt", Decimal(0), LABEL)


@pytest.mark.parametrize(
    ("group", "said"),
    [
        (Group("all", (POOR, LARGE)), True),
        (Group("all", (POOR, INFANT)), None),
        (Group("any", (POOR, INFANT)), True),
        (Group("all", (Criterion("few", "size", "lt", Decimal(7), LABEL), INFANT)), False),  # whatever the births are
        (Group("at_least", (POOR, LARGE, INFANT), least=2), True),
        (Group("at_least", (POOR, LARGE, INFANT), least=3), None),
        (Group("all", (POOR,), (Group("any", (INFANT, LARGE)),)), True),
    ],
)
def test_unknown_is_not_false(group: Group, said: bool | None) -> None:
    household = {"category": "poor", "size": 8, "under_2": None}

    assert eligible(group, household) is said


def test_the_reasons_name_what_is_missing() -> None:
    found = outcomes(Group("all", (POOR,), (Group("any", (INFANT, INFANT)),)), {"category": "not_poor"})

    assert [(one.criterion.code, one.holds) for one in found] == [("poor", False), ("infant", None), ("infant", None)]
    assert missing(found) == ["under_2"]


def test_whether_something_is_known_is_always_known() -> None:
    known = Criterion("scored", "score", "exists", True, LABEL)

    assert (meets(known, Decimal(3)), meets(known, None)) == (True, False)


@settings(max_examples=300, deadline=None)
@given(rules(), households())
def test_a_rule_says_what_every_guess_of_the_unknown_would_say(group: Group, household: dict[str, Any]) -> None:
    if sum(one.holds is None for one in outcomes(group, household)) <= 12:  # each doubles the guesses
        assert eligible(group, household) is said_by_all_guesses(group, household)


SCHEMA = {"household": pl.UInt32} | dict.fromkeys(TEXTS, pl.String) | dict.fromkeys(NUMBERS, pl.Int32)


@settings(max_examples=100, deadline=None)
@given(rules(), st.lists(households(), max_size=12))
def test_in_columns_a_rule_says_the_same(group: Group, some: list[dict[str, Any]]) -> None:
    frame = pl.DataFrame([{"household": place, **one} for place, one in enumerate(some)], SCHEMA)

    said = frame.select(said=in_columns(group))["said"].to_list()

    assert said == [eligible(group, one) for one in some]


def test_of_a_country_those_eligible_and_those_of_whom_it_cannot_be_told_are_kept() -> None:
    frame = pl.DataFrame({"household": [0, 1, 2], "size": [8, 2, None]}, {"household": pl.UInt32, "size": pl.Int32})

    found = eligible_households(frame, {"TEMWINE": Group("all", (LARGE,))})

    assert found.rows() == [(0, "TEMWINE", True), (2, "TEMWINE", None)]
    assert eligible_households(frame, {}).is_empty()


PROGRAM: dict[str, Any] = {
    "unit": "household",
    "targeting": {"categories": ["poor"], "requires_disability": True, "wilayas": ["MR01"]},
    "eligibility": [
        {
            "version": 1,
            "from": "2026-01-01",
            "rule": {
                "match": "all",
                "at_least": None,
                "criteria": [
                    {
                        "code": "large",
                        "attribute": "size",
                        "operator": "ge",
                        "value": "7",
                        "label": {"ar": "كبيرة", "fr": "grand", "en": "large"},
                    }
                ],
                "groups": [],
            },
        }
    ],
}


def test_the_rule_in_force_on_a_day_is_the_newest_begun_and_before_it_the_targeting() -> None:
    published, before = rule_on(PROGRAM, DAY), rule_on(PROGRAM, date(2025, 12, 31))

    assert published is not None and before is not None
    assert (published.version, [one.value for one in published.group.criteria]) == (1, [Decimal(7)])
    assert before.version == 0
    assert eligible(before.group, {"category": "poor", "wilaya": "MR01", "disabled": 1}) is True
    assert eligible(before.group, {"category": "poor", "wilaya": "MR01", "disabled": None}) is None
    assert eligible(before.group, {"category": "poor", "wilaya": "MR02", "disabled": None}) is False


def test_a_program_that_chooses_by_school_means_households_with_a_child_of_school_age() -> None:
    targeting = {"categories": [], "requires_disability": False, "wilayas": None}

    rule = rule_on({"unit": "pupil", "targeting": targeting}, DAY)

    assert rule is not None and eligible(rule.group, {"school_age": 1}) is True
    assert rule_on({"unit": "household", "targeting": targeting}, DAY) is None


@pytest.mark.parametrize(
    ("day", "years", "last"),
    [
        (date(2026, 6, 1), 2, date(2024, 6, 1)),
        (date(2024, 2, 29), 1, date(2023, 2, 28)),
        (date(2024, 2, 29), 4, date(2020, 2, 29)),
    ],
)
def test_the_last_birthday_by_which_an_age_is_reached(day: date, years: int, last: date) -> None:
    assert years_before(day, years) == last


@given(st.dates(date(1950, 1, 1), date(2026, 6, 1)), st.dates(date(2026, 6, 1), date(2030, 1, 1)), st.integers(0, 70))
def test_completed_years_are_those_counted_by_birthdays(born: date, day: date, years: int) -> None:
    completed = day.year - born.year - ((day.month, day.day) < (born.month, born.day))

    after, upto = births_of(day, (years, years + 1))

    assert (after < born <= upto) is (completed == years)
