"""A row of cells becomes a beneficiary, or findings that say why it cannot."""

from datetime import date
from decimal import Decimal

import pytest

from services.programs.catalog import programs_of
from services.programs.rules.listed import Listed
from services.programs.rules.reading import doubt_amount, read_row
from shared.cells import Finding
from shared.text import Cell
from shared.values import Currency

TODAY = date(2026, 10, 1)
TEKAVOUL = programs_of("taazour")["TEKAVOUL"]
INSURANCE = programs_of("taazour")["HEALTH_INSURANCE"]
GOOD: dict[str, Cell] = {
    "household_number": "MR0110000123",
    "name": "Mohamed Ould Ahmed",
    "nni": "9900000033",
    "phone": "22334455 / 33445566",
    "sex": "M",
    "birth_date": "31/12/1980",
    "household_size": 6,
    "amount": "3 600",
    "remark": "absent",
}


def test_a_good_row_is_read_whole() -> None:
    row, findings = read_row(7, GOOD, TEKAVOUL.list_form, "MRU", TODAY)

    assert findings == []
    assert row is not None
    assert (row.line, row.household_number, row.name, row.nni) == (
        7,
        "MR0110000123",
        "Mohamed Ould Ahmed",
        "9900000033",
    )
    assert row.phones == ("+22222334455", "+22233445566")
    assert (row.birth_date, row.birth_precision, row.sex) == (date(1980, 12, 31), "year", "M")
    assert (row.household_size, row.amount_mru) == (6, Decimal("3600.00"))
    assert row.listed["amount"] == "3 600" and row.listed["remark"] == "absent"


ERRORS = [
    ("name", "", "value_missing"),
    ("name", None, "value_missing"),
    ("birth_date", "31/02/1980", "date_impossible"),
    ("birth_date", "01/02/2030", "date_in_future"),
    ("household_size", -8, "integer_out_of_range"),
    ("household_size", "beaucoup", "integer_unreadable"),
    ("amount", "-3600", "amount_negative"),
    ("amount", "3600 et plus", "amount_unreadable"),
]


@pytest.mark.parametrize(("field", "cell", "code"), ERRORS)
def test_what_a_row_cannot_do_without_keeps_it_out_when_wrong(field: str, cell: Cell, code: str) -> None:
    row, findings = read_row(7, GOOD | {field: cell}, TEKAVOUL.list_form, "MRU", TODAY)

    assert row is None
    assert [(one.line, one.field, one.value, one.severity, one.code) for one in findings] == [
        (7, field, cell, "error", code)
    ]
    assert len({findings[0].reason.ar, findings[0].reason.fr, findings[0].reason.en}) == 3


WARNINGS: list[tuple[str, Cell, Currency, str]] = [
    ("nni", "9900000034", "MRU", "nni_check_failed"),
    ("nni", "9,91E+09", "MRU", "nni_precision_lost"),
    ("phone", "2233ABCD", "MRU", "phone_unreadable"),
    ("sex", "Z", "MRU", "sex_unreadable"),
    ("household_number", "MR01100001", "MRU", "household_number_unreadable"),
    ("household_number", "voir liste", "MRU", "household_number_unreadable"),
    ("amount", "36000", "MRU", "amount_ten_times_off"),
    ("amount", "3600", "MRO", "amount_ten_times_off"),
]


def _read(cells: dict[str, Cell], unit: Currency) -> tuple[Listed | None, list[Finding]]:
    """A row as Tekavoul's list is read, with what its value says of the amount."""
    version = TEKAVOUL.value_on(TODAY)
    row, findings = read_row(7, cells, TEKAVOUL.list_form, unit, TODAY)
    assert row is not None and version is not None
    doubt = doubt_amount(row, version, unit)
    return row, [*findings, doubt] if doubt else findings


@pytest.mark.parametrize(("field", "cell", "unit", "code"), WARNINGS)
def test_what_only_helps_to_recognise_lets_the_row_in(field: str, cell: Cell, unit: Currency, code: str) -> None:
    given = GOOD | ({field: cell} if field == "amount" else {field: cell, "amount": None})

    row, findings = _read(given, unit)

    assert row is not None
    assert [(one.field, one.severity, one.code) for one in findings] == [(field, "warning", code)]


def test_an_amount_ten_times_off_names_the_unit_declared_and_what_the_program_gives() -> None:
    _, findings = _read(GOOD, "MRO")

    assert findings[0].reason.en == (
        "the amount is a tenth of what the program gives (3600.00 MRU); the file's declared unit is MRO, verify it"
    )


@pytest.mark.parametrize(
    ("cell", "action"), [("إضافة", "add"), ("حذف", "remove"), ("Retrait", "remove"), ("add", "add"), ("ajout", "add")]
)
def test_a_delta_says_add_or_remove_in_any_language(cell: str, action: str) -> None:
    row, findings = read_row(2, {"name": "Sidi", "action": cell}, INSURANCE.list_form, "MRU", TODAY)

    assert findings == []
    assert row is not None and row.action == action


@pytest.mark.parametrize(("cell", "code"), [("", "value_missing"), ("peut-être", "choice_unreadable")])
def test_a_delta_row_without_a_known_action_is_kept_out(cell: str, code: str) -> None:
    row, findings = read_row(2, {"name": "Sidi", "action": cell}, INSURANCE.list_form, "MRU", TODAY)

    assert row is None
    assert [one.code for one in findings] == [code]


def test_cards_are_kept_without_leading_zeros_because_some_lost_them() -> None:
    form = programs_of("taazour")["TEMWINE"].list_form

    rows = [
        read_row(2, {"name": "Sidi", "card_number": cell}, form, "MRU", TODAY)[0]
        for cell in ("00123456", 123456, "٠٠١٢٣٤٥٦")
    ]

    assert [row and row.card_number for row in rows] == ["123456"] * 3
