"""Cells of text files and ranges of bytes."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from shared.exporting.cells import Unsatisfiable, csv_cell, part_asked


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (True, "true"),
        (date(2026, 1, 2), "2026-01-02"),
        (Decimal("-12.50"), "-12.50"),
        (["+22222334455", "+22233445566"], "+22222334455|+22233445566"),
        ({"roof": "zinc", "غرف": 2}, '{"roof": "zinc", "غرف": 2}'),
        ("محمد ولد أحمد", "محمد ولد أحمد"),
        ('=HYPERLINK("http://evil")', '\'=HYPERLINK("http://evil")'),
        ("+1+cmd", "'+1+cmd"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
    ],
)
def test_a_cell_is_plain_text_and_never_a_formula(value: Any, cell: str) -> None:
    assert csv_cell(value) == cell


@pytest.mark.parametrize(
    ("header", "asked"),
    [
        (None, None),
        ("bytes=0-9", (0, 9)),
        ("bytes=90-", (90, 99)),
        ("bytes=-10", (90, 99)),
        ("bytes=-1000", (0, 99)),
        ("bytes=50-1000", (50, 99)),
        ("bytes=9-5", None),
        ("bytes=0-1,5-6", None),
        ("lines=0-1", None),
        ("bytes=-", None),
    ],
)
def test_a_range_of_a_file_of_100_bytes(header: str | None, asked: tuple[int, int] | None) -> None:
    assert part_asked(header, 100) == asked


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=200-300", "bytes=-0"])
def test_a_range_outside_the_file_cannot_be_satisfied(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        part_asked(header, 100)
