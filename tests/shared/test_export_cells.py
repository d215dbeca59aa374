"""Cells of text files."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from shared.exporting.cells import csv_cell


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
