"""When something falls due: periods worked out by hand, and what holds for every calendar."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.programs.catalog import programs_of
from services.programs.rules.calendar import hijri, is_school_day, period_at, periods, school_days
from services.programs.rules.program import Calendar, Program, Term, Value

YEAR = date(2025, 1, 1), date(2025, 12, 31)


def program(*values: Value, calendar: Calendar | None = None) -> Program:
    shipped = programs_of("taazour")["TEKAVOUL"]
    return shipped.model_copy(update={"values": values, "calendar": calendar or Calendar()})


def value(since: date, months: int = 1, only: tuple[int, ...] | None = None) -> Value:
    return Value.model_validate(
        {"from": since, "amount_mru": "100", "per": "household", "months_per_payment": months, "months": only}
        | {"confidence": "assumed", "note": "test"}
    )


def spans(found: Program, first: date = YEAR[0], last: date = YEAR[1]) -> list[tuple[str, str]]:
    return [(str(one.starts_on), str(one.ends_on)) for one in periods(found, first, last)]


def test_tekavoul_is_quarterly_from_january() -> None:
    assert spans(programs_of("taazour")["TEKAVOUL"]) == [
        ("2025-01-01", "2025-03-31"),
        ("2025-04-01", "2025-06-30"),
        ("2025-07-01", "2025-09-30"),
        ("2025-10-01", "2025-12-31"),
    ]


def test_el_maouna_gives_in_each_of_four_lean_season_months() -> None:
    assert spans(programs_of("csa")["EL_MAOUNA"]) == [
        ("2025-06-01", "2025-06-30"),
        ("2025-07-01", "2025-07-31"),
        ("2025-08-01", "2025-08-31"),
        ("2025-09-01", "2025-09-30"),
    ]


def test_seasonal_tekavoul_is_one_period_of_four_months() -> None:
    assert spans(programs_of("taazour")["TEKAVOUL_SEASONAL"]) == [("2025-06-01", "2025-09-30")]


def test_disability_cash_goes_from_two_months_to_a_quarter_with_its_version() -> None:
    found = periods(programs_of("masef")["DISABILITY_CASH"], *YEAR)

    assert [(str(one.starts_on), str(one.ends_on), str(one.value.from_on)) for one in found] == [
        ("2025-01-01", "2025-02-28", "2021-05-01"),
        ("2025-03-01", "2025-04-30", "2021-05-01"),
        ("2025-05-01", "2025-06-30", "2021-05-01"),
        ("2025-07-01", "2025-09-30", "2025-07-01"),
        ("2025-10-01", "2025-12-31", "2025-07-01"),
    ]


def test_school_months_lie_inside_their_term() -> None:
    found = periods(programs_of("men")["SCHOOL_FEEDING"], date(2024, 9, 1), date(2025, 9, 30))

    assert [(str(one.starts_on), str(one.ends_on)) for one in found][:1] == [("2024-10-06", "2024-10-31")]
    assert [(str(one.starts_on), str(one.ends_on)) for one in found][-1:] == [("2025-06-01", "2025-06-19")]
    # October 2024: from Monday the 7th to Thursday the 31st are 19 weekdays, none of them a holiday.
    assert found[0].days == 19
    # March 2025: 21 weekdays, less the six of the spring holidays from the 23rd (a Sunday) on: 24 to 28 and 31.
    assert found[5].days == 15


def test_a_hijri_month_comes_each_year_eleven_days_earlier() -> None:
    """Ramadan by the Umm al-Qura calendar, as its publisher tabulates it: 11 March 2024, 1 March 2025, 18 February 2026."""
    ramadan = program(value(date(2024, 1, 1)), calendar=Calendar(kind="hijri_month", hijri_month=9))

    assert spans(ramadan, date(2024, 1, 1), date(2026, 12, 31)) == [
        ("2024-03-11", "2024-04-09"),
        ("2025-03-01", "2025-03-29"),
        ("2026-02-18", "2026-03-19"),
    ]
    assert hijri(date(2025, 3, 1)) == "1446-09-01"


def test_a_season_may_lie_over_the_new_year() -> None:
    winter = program(value(date(2024, 1, 1), months=2, only=(11, 12, 1, 2)))

    assert spans(winter, date(2024, 9, 1), date(2025, 9, 1)) == [
        ("2024-11-01", "2024-12-31"),
        ("2025-01-01", "2025-02-28"),
    ]


def test_a_period_belongs_to_the_version_in_force_on_its_first_day() -> None:
    both = program(value(date(2025, 1, 1), months=3), value(date(2025, 2, 1)))

    # The quarter that began under the first version is not cut short, and its months fall due once.
    assert spans(both, date(2025, 1, 1), date(2025, 5, 1)) == [
        ("2025-01-01", "2025-03-31"),
        ("2025-04-01", "2025-04-30"),
        ("2025-05-01", "2025-05-31"),
    ]
    assert period_at(both, date(2025, 4, 1)).value.from_on == date(2025, 2, 1)  # type: ignore[union-attr]
    assert period_at(both, date(2025, 2, 1)) is None


def test_weekends_and_holidays_are_no_school_days() -> None:
    calendar = programs_of("men")["SCHOOL_FEEDING"].calendar

    assert is_school_day(calendar, date(2024, 11, 27))
    assert not is_school_day(calendar, date(2024, 11, 28))  # Independence Day, a Thursday
    assert not is_school_day(calendar, date(2024, 11, 30))  # a Saturday
    assert not is_school_day(calendar, date(2024, 9, 30))  # before the term
    assert school_days(calendar, date(2024, 11, 25), date(2024, 12, 1)) == 4
    assert school_days(calendar, date(2024, 12, 1), date(2024, 11, 25)) == 0


DAYS = st.dates(date(2016, 1, 1), date(2030, 1, 1))
VALUES = st.lists(
    st.builds(
        value,
        DAYS,
        st.integers(1, 12),
        st.none() | st.sets(st.integers(1, 12), min_size=1).map(lambda months: tuple(sorted(months))),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda one: one.from_on,
)


@given(VALUES)
def test_periods_never_overlap_and_belong_to_the_version_of_their_first_day(values: list[Value]) -> None:
    found = program(*values)
    given_ = periods(found, date(2016, 1, 1), date(2032, 1, 1))

    for before, after in pairwise(given_):
        assert before.ends_on < after.starts_on
    for one in given_:
        assert one.value == found.value_on(one.starts_on)
        assert one.starts_on.day == 1 and (one.ends_on + timedelta(days=1)).day == 1
        assert one.value.months is None or one.starts_on.month in one.value.months
        assert period_at(found, one.starts_on) == one


@given(DAYS, DAYS)
def test_periods_asked_for_in_two_halves_are_those_asked_for_at_once(one: date, other: date) -> None:
    first, last = min(one, other), max(one, other)
    middle = first + (last - first) / 2
    tekavoul = programs_of("taazour")["TEKAVOUL"]

    halves = periods(tekavoul, first, middle) + periods(tekavoul, middle + timedelta(days=1), last)

    assert halves == periods(tekavoul, first, last)


@pytest.mark.parametrize("months", range(1, 13))
def test_a_year_of_periods_without_a_season_leaves_no_month_out(months: int) -> None:
    found = periods(program(value(date(2020, 1, 1), months=months)), date(2020, 1, 1), date(2040, 1, 1))

    for before, after in pairwise(found):
        assert after.starts_on == before.ends_on + timedelta(days=1)
    assert found[0].value.amount_mru == Decimal(100)


def test_a_term_of_holidays_alone_gives_no_period() -> None:
    closed = Term.model_validate({"from": "2025-07-05", "to": "2025-07-06"})  # a Saturday and a Sunday
    only = program(value(date(2025, 1, 1)), calendar=Calendar(kind="school_days", terms=(closed,)))

    assert periods(only, *YEAR) == []
