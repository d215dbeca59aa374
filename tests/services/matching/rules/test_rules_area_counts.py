"""What may be told of an area and its communes, by hand; and that nobody finds 1 to 4 by taking away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matching.rules import suppressing
from services.matching.rules.area_counts import Counts, told
from services.matching.rules.suppressing import SMALLEST_CELL


def of(households: int, enrolled: int) -> Counts:
    return Counts(households, households * 6, enrolled, households - enrolled)


def whole(parts: list[Counts]) -> Counts:
    households, enrolled = sum(one.households or 0 for one in parts), sum(one.enrolled or 0 for one in parts)
    return of(households, enrolled)


def test_what_is_large_enough_is_told_as_it_is() -> None:
    parts = [of(20, 10), of(0, 0), of(9, 0)]

    assert told(whole(parts), parts) == (whole(parts), parts)


def test_a_commune_of_few_takes_the_next_smallest_with_it() -> None:
    parts = [of(40, 20), of(3, 0), of(20, 10), of(0, 0)]

    area, shown = told(whole(parts), parts)

    # Three are not told, nor are the 20 of the next smallest commune, by whom the 63 would tell them, nor who is not enrolled there.
    assert area == whole(parts)
    assert shown == [parts[0], Counts(None, None, 0, None), Counts(None, None, 10, None), parts[3]]


def test_a_commune_of_few_alone_takes_the_area_with_it() -> None:
    parts = [of(3, 3), of(0, 0)]

    few = Counts(None, None, None, 0)
    assert told(whole(parts), parts) == (few, [few, parts[1]])


def test_few_enrolled_are_not_told_and_nor_is_who_is_not() -> None:
    parts = [of(40, 2), of(30, 10)]

    area, shown = told(whole(parts), parts)

    assert [(one.households, one.enrolled, one.not_enrolled) for one in shown] == [(40, None, None), (30, None, None)]
    assert (area.enrolled, area.not_enrolled) == (12, 58)


def test_where_no_way_is_found_to_tell_of_communes_the_area_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suppressing, "MOST_TRIES", 0)
    parts = [of(40, 20), of(3, 0), of(20, 10)]

    assert told(whole(parts), parts) == (whole(parts), [Counts(None, None, None, None)] * 3)


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=6))
def test_nobody_finds_a_few_by_taking_away(given_: list[tuple[int, int]]) -> None:
    parts = [of(households, min(enrolled, households)) for households, enrolled in given_]
    area, shown = told(whole(parts), parts)

    for name in ("households", "enrolled", "not_enrolled"):
        values = [getattr(one, name) for one in shown]
        assert all(value is None or value == 0 or value >= SMALLEST_CELL for value in (*values, getattr(area, name)))
        hidden = [at for at, value in enumerate(values) if value is None]
        if len(hidden) == 1 and getattr(area, name) is not None:
            assert getattr(parts[hidden[0]], name) not in range(1, SMALLEST_CELL)
