"""The steps of a response, all sixty-four pairs by hand; who may approve; months, quarters and days."""

from datetime import UTC, date, datetime
from itertools import product

from services.matching.rules.responding import (
    STATUS_WORDS,
    ResponseStatus,
    covers,
    days_between,
    is_an_author,
    may_become,
    month_after,
    next_words,
    quarter_of,
)

ALLOWED = {
    ("draft", "proposed"), ("draft", "withdrawn"),
    ("proposed", "approved"), ("proposed", "rejected"), ("proposed", "withdrawn"),
    ("approved", "listed"), ("approved", "withdrawn"),
    ("listed", "paying"), ("listed", "closed"),
    ("paying", "closed"),
}  # fmt: skip


def test_the_steps_are_these_and_no_others() -> None:
    assert {(str(a), str(b)) for a, b in product(ResponseStatus, repeat=2) if may_become(a, b)} == ALLOWED
    assert set(STATUS_WORDS) == set(ResponseStatus)
    assert next_words(ResponseStatus.LISTED).fr == "en paiement ou close"
    assert next_words(ResponseStatus.CLOSED).ar == "—"


def test_an_author_is_told_by_the_staff_number_however_it_is_written() -> None:
    assert is_an_author("CSA-1", ["csa-1", "csa-2"])
    assert not is_an_author("csa-12", ["csa-1", "csa-2"])


def test_the_months_of_a_plan_lie_in_its_period() -> None:
    period = date(2026, 6, 15), date(2026, 9, 10)
    assert covers(*period, date(2026, 6, 1), 4), "each at least in part"
    assert not covers(*period, date(2026, 5, 1), 2)
    assert not covers(*period, date(2026, 6, 1), 5)
    assert covers(date(2026, 11, 1), date(2027, 2, 28), date(2026, 12, 1), 3)
    assert month_after(date(2026, 11, 1), 2) == date(2027, 1, 1)
    assert [quarter_of(date(2026, month, 9)).month for month in (1, 3, 4, 6, 9, 10, 12)] == [1, 1, 4, 4, 7, 10, 10]


def test_days_are_whole_and_unknown_while_either_end_is() -> None:
    assert days_between(datetime(2026, 6, 1, 23, tzinfo=UTC), date(2026, 6, 10)) == 9
    assert days_between(None, date(2026, 6, 10)) is None
    assert days_between(datetime(2026, 6, 1, tzinfo=UTC), None) is None
