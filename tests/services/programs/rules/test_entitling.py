"""What is due to one enrollment: sums worked out by hand."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.programs.catalog import programs_of
from services.programs.rules.calendar import period_at
from services.programs.rules.entitling import Beneficiary, Due, entitle, sum_of
from services.programs.rules.program import Program
from services.programs.rules.status import Status

TEKAVOUL = programs_of("taazour")["TEKAVOUL"]
EL_MAOUNA = programs_of("csa")["EL_MAOUNA"]
TEMWINE = programs_of("taazour")["TEMWINE"]
SCHOOL_FEEDING = programs_of("men")["SCHOOL_FEEDING"]


def due(program: Program, starts_on: date, **said: object) -> Due | None:
    period = period_at(program, starts_on)
    assert period is not None
    one = Beneficiary(**({"status": Status.ENROLLED, "enrolled_on": date(2020, 1, 1)} | said))  # type: ignore[arg-type]
    return entitle(program, period, one)


def sum_due(program: Program, starts_on: date, **said: object) -> Decimal | None:
    found = due(program, starts_on, **said)
    return found.amount if found else None


def test_the_household_of_six_gets_its_three_values() -> None:
    """INTERLINKAGE: 1,200 a month from Tekavoul (flat), 2,700 from El Maouna (per head), 1,000 from disability cash."""
    six = {"registry_size": 6}

    # 3,600 a quarter, whoever lives there: 1,200 a month.
    assert sum_due(TEKAVOUL, date(2025, 7, 1), **six) == Decimal("3600.00")
    # 450 a person and month, for six.
    assert sum_due(EL_MAOUNA, date(2025, 7, 1), **six) == Decimal("2700.00")
    # 2,000 every two months: 1,000 a month.
    assert sum_due(programs_of("masef")["DISABILITY_CASH"], date(2025, 5, 1), **six) == Decimal("2000.00")


def test_the_registry_goes_before_the_list_and_neither_leaves_it_unknown() -> None:
    both = due(EL_MAOUNA, date(2025, 7, 1), registry_size=6, listed_size=9)
    listed = due(EL_MAOUNA, date(2025, 7, 1), listed_size=9)
    neither = due(EL_MAOUNA, date(2025, 7, 1))

    assert both and (both.people, both.people_source, both.amount) == (6, "registry", Decimal(2700))
    assert listed and (listed.people, listed.people_source, listed.amount) == (9, "list", Decimal(4050))
    assert neither and (neither.status, neither.hold_reason, neither.amount) == ("held", "size_unknown", None)


def test_a_cap_bounds_who_counts() -> None:
    capped = EL_MAOUNA.model_copy(
        update={"values": tuple(one.model_copy(update={"max_people": 5}) for one in EL_MAOUNA.values)}
    )

    assert sum_due(capped, date(2025, 7, 1), registry_size=9) == Decimal(2250)  # 5 x 450


def test_a_card_gives_its_quota_of_goods() -> None:
    found = due(TEMWINE, date(2025, 3, 1))

    # Subsidies of one unit: rice 42 - 30 = 12, flour 29 - 20 = 9, oil 88.03 - 65 = 23.03, sugar 41 - 30 = 11.
    assert found and found.lines is not None
    assert [(one["what"], one["quantity"], one["each_mru"], one["sum_mru"]) for one in found.lines] == [
        ("rice", "30", "12.00", "360.00"),
        ("wheat_flour", "33", "9.00", "297.00"),
        ("oil", "7", "23.03", "161.21"),
        ("sugar", "12", "11.00", "132.00"),
    ]
    assert found.amount == Decimal("950.21")


def test_a_pupil_gets_a_meal_each_school_day() -> None:
    # January 2025: 23 weekdays, less the two of the end-of-year holidays (1 and 2 January): 21 x 16.69.
    assert sum_due(SCHOOL_FEEDING, date(2025, 1, 1)) == Decimal("350.49")


def test_a_canteen_that_opens_in_the_month_gives_the_days_that_are_left() -> None:
    # From Monday 20 to Friday 31 January: 10 school days x 16.69.
    opened = due(SCHOOL_FEEDING, date(2025, 1, 1), canteen=(date(2025, 1, 20), None))

    assert opened and opened.amount == Decimal("166.90")
    assert due(SCHOOL_FEEDING, date(2025, 1, 1), canteen=(date.max, None)) is None
    assert due(SCHOOL_FEEDING, date(2025, 1, 1), canteen=(date(2023, 1, 1), date(2024, 6, 30))) is None


@pytest.mark.parametrize(
    ("status", "enrolled_on"),
    [(Status.SUSPENDED, date(2020, 1, 1)), (Status.EXITED, date(2020, 1, 1)), (Status.ENROLLED, date(2025, 10, 1))],
)
def test_nothing_falls_due_to_who_is_not_enrolled_in_the_period(status: Status, enrolled_on: date) -> None:
    assert due(TEKAVOUL, date(2025, 7, 1), status=status, enrolled_on=enrolled_on) is None


def test_who_was_enrolled_on_the_last_day_gets_the_whole_period() -> None:
    assert sum_due(TEKAVOUL, date(2025, 7, 1), enrolled_on=date(2025, 9, 30)) == Decimal(3600)


@pytest.mark.parametrize(
    ("attended", "held"),
    [
        ((), False),  # nothing is known: unknown is not missed
        (((date(2025, 8, 1), False),), True),
        (((date(2025, 8, 1), False), (date(2025, 9, 30), True)), False),  # once is enough
        (((date(2025, 6, 30), False),), False),  # before the three months
        (((date(2025, 7, 1), False),), True),
    ],
)
def test_known_absence_holds_the_payment(attended: tuple[tuple[date, bool], ...], held: bool) -> None:
    found = due(TEKAVOUL, date(2025, 7, 1), attended=attended)

    assert found and found.hold_reason == ("conditions_not_met" if held else None)
    assert found.amount == Decimal(3600)


@pytest.mark.parametrize(
    ("said", "reason"), [("deceased", "deceased"), ("under_review", "under_review"), ("anything", "under_review")]
)
def test_a_held_enrollment_gets_a_held_entitlement(said: str, reason: str) -> None:
    found = due(TEKAVOUL, date(2025, 7, 1), held_reason=said)

    assert found and (found.status, found.hold_reason) == ("held", reason)


@given(st.integers(1, 60), st.none() | st.integers(1, 60))
def test_the_value_per_head_grows_by_each_head_up_to_the_cap(people: int, cap: int | None) -> None:
    values = tuple(one.model_copy(update={"max_people": cap}) for one in EL_MAOUNA.values)
    capped = EL_MAOUNA.model_copy(update={"values": values})

    counted = people if cap is None or people < cap else cap
    assert sum_due(capped, date(2025, 7, 1), registry_size=people) == Decimal(450) * counted


@given(st.integers(1, 60))
def test_the_lines_of_goods_add_up_to_the_sum(people: int) -> None:
    found = due(TEMWINE, date(2025, 3, 1), registry_size=people)

    assert found and found.lines and sum_of(found.lines) == found.amount
