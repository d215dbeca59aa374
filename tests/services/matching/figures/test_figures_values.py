"""The value of assistance in a month, against sums made by hand."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from services.matching.figures.baskets import BasketUnsound, baskets_in, read_baskets
from services.matching.figures.country import ENROLLED, RECEIPTS, ProgramFacts, ValueVersion, twelve_months
from services.matching.figures.programs import open_days, program_facts
from services.matching.figures.values import ENROLLMENTS, Period, enrolled, receipts

DAY = date(2026, 10, 1)
MONTHS = twelve_months(DAY)
PERIOD = Period(MONTHS, DAY)
ALWAYS = (1 << 13) - 1
LEAN = (6, 7, 8, 9)
LAST_YEAR = date(2020, 1, 1)


def program(code: str, *versions: ValueVersion, unit: str = "household", **changed: Any) -> ProgramFacts:
    return ProgramFacts(code, "taazour", {"ar": code, "fr": code, "en": code}, unit, "cash", versions, **changed)


TEKAVOUL = program("TEKAVOUL", ValueVersion(LAST_YEAR, 360_000, "household", 3))
EL_MAOUNA = program("EL_MAOUNA", ValueVersion(LAST_YEAR, 45_000, "person", months=LEAN))
DISABILITY = program("DISABILITY_CASH", ValueVersion(LAST_YEAR, 200_000, "household", 2))


def listed(*rows: tuple[int, str, bool, int | None, int]) -> pl.DataFrame:
    """Household, program, certain, own value, months; of no school."""
    return pl.DataFrame([(*row, None) for row in rows], ENROLLMENTS, orient="row")


def sizes(*numbers: int) -> pl.DataFrame:
    return pl.DataFrame({"household": range(len(numbers)), "size": numbers}, {"household": pl.UInt32, "size": pl.Int32})


def by_month(frame: pl.DataFrame, household: int = 0) -> dict[tuple[str, str], int]:
    mine = frame.filter(pl.col("household") == household)
    return {(one["program"], f"{one['month']:%Y-%m}"): one["value"] for one in mine.to_dicts()}


def values_of(
    programs: Sequence[ProgramFacts], *rows: tuple[int, str, bool, int | None, int], size: int = 6
) -> dict[tuple[str, str], int]:
    return by_month(receipts(listed(*rows), sizes(size, size), programs, PERIOD))


def test_a_household_of_six_gets_what_the_design_says() -> None:
    """1,200 a month from Tekavoul (flat), 2,700 from El Maouna (per head, 4 months), 1,000 from disability cash."""
    programs = (DISABILITY, EL_MAOUNA, TEKAVOUL)
    rows = listed(*((0, one.code, True, None, ALWAYS) for one in programs))

    frame = receipts(rows, sizes(6), programs, PERIOD)

    assert dict(frame.schema) == RECEIPTS
    shown = by_month(frame)
    assert {month for code, month in shown if code == "EL_MAOUNA"} == {"2026-06", "2026-07", "2026-08", "2026-09"}
    assert {shown[code, month] for code, month in shown if code == "EL_MAOUNA"} == {270_000}
    assert [shown["TEKAVOUL", f"{month:%Y-%m}"] for month in MONTHS] == [120_000] * 12
    assert [shown["DISABILITY_CASH", f"{month:%Y-%m}"] for month in MONTHS] == [100_000] * 12
    assert sum(shown.values()) == 12 * 120_000 + 4 * 270_000 + 12 * 100_000


def test_a_month_has_the_value_in_force_on_its_first_day() -> None:
    raised = program(
        "TEKAVOUL",
        ValueVersion(date(2020, 1, 1), 150_000, "household", 3),
        ValueVersion(date(2026, 1, 2), 360_000, "household", 3),
    )

    shown = values_of([raised], (0, "TEKAVOUL", True, None, ALWAYS))

    assert shown["TEKAVOUL", "2025-12"] == shown["TEKAVOUL", "2026-01"] == 50_000
    assert shown["TEKAVOUL", "2026-02"] == 120_000


def test_the_value_of_the_institution_goes_first_while_todays_version_is_in_force() -> None:
    raised = program(
        "EL_MAOUNA",
        ValueVersion(date(2020, 1, 1), 40_000, "person"),
        ValueVersion(date(2026, 1, 1), 45_000, "person"),
    )

    shown = values_of([raised], (0, "EL_MAOUNA", True, 225_000, ALWAYS))

    assert shown["EL_MAOUNA", "2025-12"] == 6 * 40_000  # what is said today is not said of last year
    assert shown["EL_MAOUNA", "2026-01"] == 225_000  # the list counts five


def test_before_the_first_version_nothing_is_given() -> None:
    begun = program("TEMWINE", ValueVersion(date(2026, 5, 1), 95_021, "household"))

    shown = values_of([begun], (0, "TEMWINE", True, None, ALWAYS))

    assert sorted(month for _, month in shown) == [f"2026-{month:02}" for month in range(5, 11)]


def test_no_more_people_count_than_the_program_says() -> None:
    capped = program("EL_MAOUNA", ValueVersion(LAST_YEAR, 45_000, "person", max_people=4))

    assert set(values_of([capped], (0, "EL_MAOUNA", True, None, ALWAYS), size=9).values()) == {180_000}


def test_a_share_of_a_payment_is_rounded_to_the_hundredth_half_up() -> None:
    odd = program("ODD", ValueVersion(LAST_YEAR, 10_001, "household", 2))

    assert set(values_of([odd], (0, "ODD", True, None, ALWAYS)).values()) == {5_001}  # 50.005 MRU


def test_only_months_in_which_it_is_enrolled_count() -> None:
    first_and_third = 0b101

    shown = values_of([TEKAVOUL], (0, "TEKAVOUL", True, None, first_and_third))

    assert shown == {("TEKAVOUL", "2025-11"): 120_000, ("TEKAVOUL", "2026-01"): 120_000}


def test_a_household_named_twice_receives_once_and_pupils_each() -> None:
    canteen = program("CANTEEN", ValueVersion(LAST_YEAR, 22_258, "pupil"), unit="pupil")
    rows = [(0, "TEKAVOUL", True, None, ALWAYS)] * 2 + [(0, "CANTEEN", True, None, ALWAYS)] * 3

    frame = receipts(listed(*rows), sizes(6), (canteen, TEKAVOUL), PERIOD)

    october = frame.filter(pl.col("month") == date(2026, 10, 1))
    assert october.select("program", "direct", "value").rows() == [("CANTEEN", 3, 66_774), ("TEKAVOUL", 1, 120_000)]


def test_a_meal_is_worth_its_cost_on_each_school_day_of_the_month() -> None:
    """Half a week in June, none in July; the month on average counts where nobody asks for a month."""
    days = dict.fromkeys(MONTHS, 0) | {date(2026, 6, 1): 3}
    feeding = program(
        "SCHOOL_FEEDING",
        ValueVersion(LAST_YEAR, 22_258, "pupil", meal=1_669),
        unit="pupil",
        school_days=days,
    )
    rows = listed(*[(0, "SCHOOL_FEEDING", True, 22_258, ALWAYS)] * 2)

    assert by_month(receipts(rows, sizes(6), [feeding], PERIOD)) == {("SCHOOL_FEEDING", "2026-06"): 2 * 3 * 1_669}
    assert enrolled(rows, sizes(6), [feeding], DAY, DAY).rows() == [(0, "SCHOOL_FEEDING", 2, True, 2 * 22_258)]


def test_a_meal_is_given_on_the_school_days_on_which_the_canteen_is_open() -> None:
    """The year's last term ends on Wednesday 10 June 2026; Thursday 4 June is a holiday: seven school days in June, by the
    calendar. One canteen opened on Tuesday 9 June, one closed on Friday 5 June, one there never was, one is not listed."""
    document = {
        "code": "SCHOOL_FEEDING", "institution": "men", "names": {}, "unit": "pupil", "benefit": "meal",
        "values": [
            {"from_on": "2020-01-01", "amount_mru": "222.58", "per": "pupil", "months_per_payment": 1, "months": None,
             "max_people": None, "meal_mru": "16.69"},
        ],
        "calendar": {"kind": "school_days", "terms": [{"from": "2026-06-01", "to": "2026-06-10"}],
                     "holidays": [{"from": "2026-06-04", "to": "2026-06-04"}]},
    }  # fmt: skip
    canteens = [
        ("always", LAST_YEAR, None),
        ("opened", date(2026, 6, 9), None),
        ("closed", LAST_YEAR, date(2026, 6, 5)),
        ("later", date(2026, 6, 11), None),
        ("none", None, None),
    ]
    schools = ("always", "opened", "closed", "later", "none", "not listed", None)
    rows = [(at, "SCHOOL_FEEDING", True, None, ALWAYS, school) for at, school in enumerate(schools)]
    pupils = pl.DataFrame(rows, ENROLLMENTS, orient="row")
    days = open_days([document, {"code": "TEKAVOUL", "calendar": {"kind": "periods"}}], canteens, MONTHS)

    frame = receipts(pupils, sizes(*[6] * 7), [program_facts(document, MONTHS)], PERIOD, days)

    told = {row["household"]: row["value"] for row in frame.to_dicts()}
    assert told == {0: 7 * 1_669, 1: 2 * 1_669, 2: 4 * 1_669, 5: 7 * 1_669, 6: 7 * 1_669}
    assert set(frame["month"]) == {date(2026, 6, 1)}


def test_who_is_surely_linked_is_not_counted_again_by_a_probable_link() -> None:
    rows = [
        (0, "TEKAVOUL", True, None, ALWAYS),
        (0, "TEKAVOUL", False, 999_900, ALWAYS),
        (1, "TEKAVOUL", False, None, 1),
    ]

    frame = receipts(listed(*rows), sizes(6, 6), [TEKAVOUL], PERIOD)

    assert set(frame.filter(pl.col("household") == 0).select("certain", "value").rows()) == {(True, 120_000)}
    assert frame.filter(pl.col("household") == 1).select("certain", "value").rows() == [(False, 120_000)]


def test_who_is_enrolled_on_the_day_is_shown_also_in_a_month_without_a_payment() -> None:
    rows = listed((0, "EL_MAOUNA", True, None, 1 << 12), (1, "EL_MAOUNA", True, None, 1))

    frame = enrolled(rows, sizes(6, 6), [EL_MAOUNA], DAY, DAY)

    assert dict(frame.schema) == ENROLLED
    assert frame.rows() == [(0, "EL_MAOUNA", 1, True, 270_000)]


def test_of_a_program_without_a_value_it_cannot_be_told() -> None:
    unknown = program("UNKNOWN")
    rows = listed((0, "UNKNOWN", True, None, ALWAYS))

    assert receipts(rows, sizes(6), [unknown], PERIOD).is_empty()
    assert enrolled(rows, sizes(6), [unknown], DAY, DAY).rows() == [(0, "UNKNOWN", 1, True, 0)]


def test_nobody_receives_nothing() -> None:
    assert receipts(listed(), sizes(), [], PERIOD).schema == RECEIPTS
    assert enrolled(listed(), sizes(), [], DAY, DAY).schema == ENROLLED


DOCUMENT: dict[str, Any] = {
    "code": "RAMADAN_BASKET",
    "institution": "taazour",
    "names": {"ar": "سلة رمضان", "fr": "Panier", "en": "Basket"},
    "unit": "household",
    "benefit": "food_subsidy",
    "values": [
        {
            "from_on": "2024-01-01",
            "amount_mru": "1500.00",
            "per": "household",
            "months_per_payment": 1,
            "months": None,
            "max_people": None,
            "meal_mru": None,
        }
    ],
    "calendar": {"kind": "hijri_month", "hijri_month": 9},
    "substitutes": ["TEMWINE"],
}


def test_a_program_of_the_hijri_year_gives_in_the_month_in_which_its_month_begins() -> None:
    """Ramadan 1447 began on 18 February 2026 (Umm al-Qura)."""
    facts = program_facts(DOCUMENT, MONTHS)

    assert facts.only_in == frozenset({date(2026, 2, 1)})
    assert facts.substitutes == ("TEMWINE",)
    shown = values_of([facts], (0, "RAMADAN_BASKET", True, None, ALWAYS))
    assert shown == {("RAMADAN_BASKET", "2026-02"): 150_000}


def test_school_days_are_counted_month_by_month() -> None:
    """From Tuesday 6 October 2026: nineteen weekdays to the 30th, without a holiday of two days."""
    calendar = {
        "kind": "school_days",
        "terms": [{"from": "2026-10-06", "to": "2027-06-19"}],
        "holidays": [{"from": "2026-10-12", "to": "2026-10-13"}],
    }
    facts = program_facts(DOCUMENT | {"calendar": calendar, "unit": "pupil", "benefit": "meal"}, MONTHS)

    assert facts.school_days == dict.fromkeys(MONTHS, 0) | {date(2026, 10, 1): 17}


BASKET: dict[str, Any] = {
    "from": "2025-01-01",
    "currency": "MRU",
    "by_size": ["4000.00", "6000.00"],
    "each_further": "1500.00",
    "confidence": "assumed",
    "source": "for a test",
}


def test_a_basket_grows_with_the_household_and_follows_its_version() -> None:
    versions = read_baskets({"baskets": [BASKET | {"from": "2026-03-01", "each_further": "1600.00"}, BASKET]})

    frame = baskets_in(versions, [date(2024, 12, 1), date(2026, 2, 1), date(2026, 3, 1)], 4)

    by_size = {(month.isoformat(), size): basket for month, size, basket in frame.rows()}
    assert [by_size["2026-02-01", size] for size in range(1, 5)] == [400_000, 600_000, 750_000, 900_000]
    assert by_size["2026-03-01", 4] == 920_000
    assert by_size["2024-12-01", 3] == 750_000  # before the first, the first


@pytest.mark.parametrize(
    ("baskets", "said"),
    [
        ([], "no basket"),
        ([BASKET | {"currency": "MRO"}], "MRO"),
        ([BASKET, BASKET | {"from": "2026-01-01", "by_size": ["40000.00", "60000.00"]}], "ten times off"),
        ([BASKET, BASKET], "twice"),
        ([BASKET | {"by_size": ["4000.00", "3000.00"]}], "larger household"),
        ([BASKET | {"by_size": ["0.00"]}], "larger household"),
        ([BASKET | {"source": ""}], "source"),
        ([BASKET | {"confidence": "sure"}], "confidence"),
    ],
)
def test_a_basket_that_cannot_be_right_is_refused(baskets: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(BasketUnsound, match=said):
        read_baskets({"baskets": baskets})


def test_a_basket_keeps_its_hundredths() -> None:
    [basket] = read_baskets({"baskets": [BASKET | {"by_size": [str(Decimal("4000.05"))]}]})

    assert basket.of(1) == 400_005
