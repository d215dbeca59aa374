"""Lines of delivery reports: read in three languages, and never a fault whatever a cell holds."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.programs.catalog import programs_of
from services.programs.rules.attending import attendance_layout, read_attendance
from services.programs.rules.benefits import Outcome
from services.programs.rules.findings import ERRORS, WARNINGS
from services.programs.rules.reconciling import Reported
from services.programs.rules.reported import layout_of, merged, parse_quantity, read_report, together
from services.programs.rules.schools import read_school, schools_layout
from shared.cells import Finding
from shared.text import Cell
from shared.values import BadValue

TEKAVOUL = programs_of("taazour")["TEKAVOUL"]
TEMWINE = programs_of("taazour")["TEMWINE"]
SCHOOL_FEEDING = programs_of("men")["SCHOOL_FEEDING"]
TODAY = date(2026, 11, 1)
FINE: dict[str, Cell] = {"household_number": "MR0110000001", "amount": "3600", "delivered_on": "15/07/2026"}


def read(**cells: Cell) -> tuple[Reported | None, list[Finding]]:
    return read_report(2, FINE | cells, TEKAVOUL, "MRU", TODAY)


@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        ("PAYÉ", Outcome.PAID), ("مدفوع", Outcome.PAID), ("paid", Outcome.PAID), ("", Outcome.PAID),
        ("Partiellement", Outcome.PARTLY), ("جزئي", Outcome.PARTLY), ("Absente", Outcome.ABSENT), ("غائب", Outcome.ABSENT),
        ("no show", Outcome.ABSENT), ("Rejeté", Outcome.REJECTED), ("مرفوض", Outcome.REJECTED), ("failed", Outcome.REJECTED),
    ],
)  # fmt: skip
def test_an_outcome_is_read_in_three_languages(word: str, outcome: Outcome) -> None:
    said, findings = read(outcome=word)

    assert said is not None and findings == []
    assert said.outcome == outcome
    # An agent lists the sum to be paid also beside who did not come: it was not handed over.
    assert said.amount == (Decimal(3600) if outcome.handed_over else 0)


@pytest.mark.parametrize(
    ("cell", "quantity"),
    [
        ("12", "12"),
        (12.5, "12.5"),
        ("12,5 kg", "12.5"),
        ("٣٠", "30"),
        ("0", None),
        ("", None),
        (None, None),
        ("1.250", "1.25"),
    ],
)
def test_a_quantity_is_read(cell: Cell, quantity: str | None) -> None:
    assert parse_quantity(cell).value == (Decimal(quantity) if quantity else None)


@pytest.mark.parametrize("cell", ["-1", "1.2345", "beaucoup", "1/2"])
def test_a_quantity_that_cannot_be_is_refused(cell: str) -> None:
    with pytest.raises(BadValue):
        parse_quantity(cell)


def test_goods_stand_in_columns_or_line_by_line() -> None:
    about: dict[str, Cell] = {"card_number": "0012", "delivered_on": "05/10/2026", "reference": "T-1"}
    columns, _ = read_report(2, about | {"rice": 10, "oil": "2"}, TEMWINE, "MRU", TODAY)
    first, _ = read_report(3, about | {"good": "riz", "quantity": 10}, TEMWINE, "MRU", TODAY)
    second, _ = read_report(4, about | {"good": "زيت", "quantity": 2}, TEMWINE, "MRU", TODAY)
    other, _ = read_report(5, about | {"good": "riz", "quantity": 1, "reference": "T-2"}, TEMWINE, "MRU", TODAY)
    assert columns and first and second and other

    receipts = [merged(lines) for lines in together([first, second, other])]

    assert columns.goods == receipts[0].goods == {"rice": 10, "oil": 2}
    assert (receipts[0].card_number, receipts[0].line, receipts[1].goods) == ("12", 3, {"rice": 1})


@given(st.data())
def test_no_cell_is_a_fault_and_a_line_kept_out_says_why(data: st.DataObject) -> None:
    cells = (
        st.none()
        | st.text(max_size=30)
        | st.integers()
        | st.floats()
        | st.dates()
        | st.sampled_from(["3600", "15/07/2026"])
    )
    for program in (TEKAVOUL, TEMWINE, SCHOOL_FEEDING):
        row = {name: data.draw(cells, label=name) for name in layout_of(program).fields}
        said, findings = read_report(2, row, program, data.draw(st.sampled_from(["MRU", "MRO"])), TODAY)
        assert (said is None) == any(one.severity == "error" for one in findings)
        assert said is None or said.amount >= 0
    attended, told = read_attendance(2, {name: data.draw(cells) for name in attendance_layout().fields}, TODAY)
    assert (attended is None) == any(one.severity == "error" for one in told)
    school, why = read_school(2, {name: data.draw(cells) for name in schools_layout().fields})
    assert (school is None) == any(one.severity == "error" for one in why)


def test_every_finding_is_told_in_three_languages() -> None:
    for code, text in (WARNINGS | ERRORS).items():
        assert len({text.ar, text.fr, text.en}) == 3, code
        places = [sorted(part.split("}")[0] for part in one.split("{")[1:]) for one in (text.ar, text.fr, text.en)]
        assert places[0] == places[1] == places[2], code
