"""The days on which an enrollment was enrolled."""

from datetime import date

import pytest

from services.programs.rules.spans import Span, TurnOn, enrolled_spans
from services.programs.rules.status import Status

JANUARY, MARCH, MAY, JULY = (date(2026, month, 10) for month in (1, 3, 5, 7))


def turns(*said: tuple[str, date]) -> list[TurnOn]:
    """A status and a day; `undo:` before the status where the turn took one back."""
    return [TurnOn(Status(to.removeprefix("undo:")), on, to.startswith("undo:")) for to, on in said]


@pytest.mark.parametrize(
    ("said", "enrolled_on", "exited_on", "spans"),
    [
        ([("applied", JANUARY)], None, None, []),
        ([("enrolled", MARCH)], JANUARY, None, [(JANUARY, None)]),
        ([("applied", JANUARY), ("enrolled", MARCH)], MARCH, None, [(MARCH, None)]),
        ([("enrolled", JANUARY), ("suspended", MARCH)], JANUARY, None, [(JANUARY, MARCH)]),
        (
            [("enrolled", JANUARY), ("suspended", MARCH), ("enrolled", MAY)],
            JANUARY,
            None,
            [(JANUARY, MARCH), (MAY, None)],
        ),
        ([("enrolled", JANUARY), ("exited", JULY)], JANUARY, MAY, [(JANUARY, MAY)]),
        ([("enrolled", JANUARY), ("suspended", MARCH), ("exited", JULY)], JANUARY, MAY, [(JANUARY, MARCH)]),
        ([("enrolled", JANUARY), ("suspended", MARCH), ("undo:enrolled", MAY)], JANUARY, None, [(JANUARY, None)]),
        ([("enrolled", JANUARY), ("exited", MARCH), ("undo:enrolled", MAY)], JANUARY, None, [(JANUARY, None)]),
        # A correction is taken back, and the suspension before it stands.
        (
            [("enrolled", JANUARY), ("suspended", MARCH), ("suspended", MAY), ("undo:suspended", JULY)],
            JANUARY,
            None,
            [(JANUARY, MARCH)],
        ),
        ([("applied", JANUARY), ("undo:exited", MARCH)], None, MARCH, []),
        ([("applied", JANUARY), ("exited", MARCH)], None, MARCH, []),
        ([("enrolled", MARCH), ("exited", MARCH)], MARCH, MARCH, []),  # not a day
        ([("enrolled", MAY), ("exited", MAY)], MAY, JANUARY, []),  # ended before it began, says its institution
    ],
)
def test_spans(
    said: list[tuple[str, date]], enrolled_on: date | None, exited_on: date | None, spans: list[Span]
) -> None:
    assert enrolled_spans(turns(*said), enrolled_on, exited_on) == spans
