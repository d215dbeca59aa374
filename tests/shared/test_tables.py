"""Lists as institutions send them: written here by hand, read back row by row."""

from __future__ import annotations

import io
import tempfile
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import date
from typing import BinaryIO, cast

import pytest
import xlsxwriter  # type: ignore[import-untyped, unused-ignore]
from hypothesis import given
from hypothesis import strategies as st

import shared.tables
import shared.workbooks
from shared.tables import Layout, Row, Table, UnreadableTable, open_table

NAMES = Layout.of("name", "nni", "amount", "commune", required=("name",))


def read(content: bytes, layout: Layout = NAMES, filename: str = "list.csv") -> Table:
    return open_table(content, filename, layout)


def lines_and_names(table: Table) -> list[tuple[int, object]]:
    return [(row.line, row.cells["name"]) for row in table.rows()]


def workbook(fill: Callable[[xlsxwriter.Workbook], None]) -> bytes:
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content)
    fill(book)
    book.close()
    return content.getvalue()


def refusal(content: bytes, layout: Layout = NAMES, filename: str = "list.csv") -> UnreadableTable:
    with pytest.raises(UnreadableTable) as refused:
        list(open_table(content, filename, layout).rows())
    assert str(refused.value) == refused.value.code
    return refused.value


# -- .csv


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1256"])
@pytest.mark.parametrize("delimiter", list(";,\t|"))
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_any_encoding_delimiter_and_line_ending(encoding: str, delimiter: str, ending: str) -> None:
    text = "\n".join(["الاسم;المبلغ", "محمد;3600", "فاطمة;1500", ""]).replace(";", delimiter).replace("\n", ending)

    table = read(text.encode(encoding))

    assert [row.cells for row in table.rows()] == [
        {"name": "محمد", "amount": "3600"},
        {"name": "فاطمة", "amount": "1500"},
    ]
    assert [row.line for row in table.rows()] == [2, 3]  # and the rows can be read a second time


def test_french_capitals_of_windows_are_not_taken_for_arabic() -> None:
    table = read("CHEF DE MÉNAGE;MONTANT\nDÉSIRÉ;3600\nÉlodie;1\n".encode("cp1252"))

    assert table.encoding == "cp1252"
    assert lines_and_names(table) == [(2, "DÉSIRÉ"), (3, "Élodie")]


def test_titles_empty_rows_totals_and_repeated_headers_are_left_out() -> None:
    table = read(
        b"Liste des beneficiaires;;\n\n;;\nN;Nom;Montant\n1;Ahmed;3600\n;;\n2;Sidi;1500\nN;Nom;Montant\n3;Totah;10\n"
        b"Sous-total;;5110\n;TOTAL GENERAL;5110\n4;;\n"
    )

    assert table.header_line == 4
    assert lines_and_names(table) == [(5, "Ahmed"), (7, "Sidi"), (9, "Totah")]


def test_what_the_file_calls_its_columns_is_told() -> None:
    table = read(b"Nom;Montant (MRO);Agence\nAhmed;36000;Nema\n")

    assert table.fields == ("name", "amount")
    assert table.headers == {"name": "Nom", "amount": "Montant (MRO)"}
    assert table.unmatched_headers == ("Agence",)


def test_lines_are_those_of_an_editor_even_after_a_cell_of_two_lines() -> None:
    table = read(b'Nom;Montant\n"Ahmed\nOuld Sidi";3600\nMoussa;"1;5"\n\nIssa;2\n')

    assert [(row.line, row.cells["name"], row.cells["amount"]) for row in table.rows()] == [
        (2, "Ahmed\nOuld Sidi", "3600"),
        (4, "Moussa", "1;5"),
        (6, "Issa", "2"),
    ]


def test_a_quotation_mark_never_closed_costs_its_own_line_only() -> None:
    body = "".join(f"Moussa {number};1\n" for number in range(8))

    table = read(f'Nom;Montant\n"Ahmed;3600\n5" tuyau;7\n{body}'.encode())

    assert lines_and_names(table) == [
        (2, "Ahmed"),
        (3, '5" tuyau'),
        *[(number + 4, f"Moussa {number}") for number in range(8)],
    ]


def test_short_and_long_rows_are_read() -> None:
    assert [row.cells for row in read(b"Nom;Montant;Commune\nAhmed\nSidi;1;Nema;x;y\n").rows()] == [
        {"name": "Ahmed", "amount": None, "commune": None},
        {"name": "Sidi", "amount": "1", "commune": "Nema"},
    ]


def test_a_cell_too_long_is_cut_and_the_row_says_so() -> None:
    (row,) = read(b"Nom;Montant\n" + b"A" * 2001 + b";1\n").rows()

    assert row == Row(2, {"name": "A" * 2000, "amount": "1"}, cut=("name",))


def test_null_characters_do_not_reach_the_database() -> None:
    assert lines_and_names(read(("Nom;Montant\nAh\0med;1\n" + " " * 99).encode("utf-16-le"))) == [(2, "Ahmed")]


def test_an_uploaded_file_is_read() -> None:
    with tempfile.SpooledTemporaryFile() as upload:
        upload.write(b"Nom;Montant\nAhmed;1\n")

        assert lines_and_names(open_table(cast("BinaryIO", upload), "list.csv", NAMES)) == [(2, "Ahmed")]


def test_the_caller_s_file_stays_open() -> None:
    file = io.BytesIO(b"Nom;Montant\nAhmed;1\n")

    assert lines_and_names(open_table(file, "list.csv", NAMES)) == [(2, "Ahmed")]
    assert not file.closed


def test_memory_does_not_grow_with_the_file() -> None:
    file = io.BytesIO(b"Nom;Montant\n" + b"Ahmed Ould Sidi;3600\n" * 200_000)

    tracemalloc.start()
    count = sum(1 for _ in open_table(file, "list.csv", NAMES).rows())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert count == 200_000
    assert peak < 8 * 1024**2  # the file has 4 MB, its rows as objects would take more than 60 MB


name_cells = st.text(st.sampled_from("abAB éÉ\"';,|\t\nمحمد٠"), min_size=1).filter(lambda text: text.strip() != "")


@given(st.lists(name_cells, min_size=1, max_size=8), st.sampled_from(";,\t|"))
def test_any_cell_written_with_quotes_is_read_as_it_was(names: list[str], delimiter: str) -> None:
    shown = [name.replace("\n", " ") for name in names]  # over several lines: see the test of lines
    quoted = [f'"{name.replace(chr(34), chr(34) * 2)}"{delimiter}7' for name in shown]

    table = read("\n".join([f"Nom{delimiter}Montant", *quoted]).encode())

    assert [row.cells["name"] for row in table.rows()] == [name.strip() or None for name in shown]


# -- .xlsx


def test_a_workbook_with_titles_two_header_rows_dates_and_totals() -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        book.add_worksheet("غلاف").write("A1", "وزارة العمل الاجتماعي")
        sheet = book.add_worksheet("اللائحة")
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        sheet.merge_range("B2:G2", "لائحة الأسر المستفيدة")
        sheet.merge_range("B5:D5", "رب الأسرة")
        sheet.merge_range("E5:F5", "الشخص المعاق")
        sheet.merge_range("G5:G6", "المبلغ")
        sheet.write_row("B6", ["الاسم الكامل", "الرقم الوطني", "تاريخ الميلاد", "الاسم الكامل", "نوع الإعاقة"])
        sheet.write_row("B7", ["أحمد", 9899899638])
        sheet.write_datetime("D7", date(1975, 5, 12), day)
        sheet.write_row("E7", ["سالم", "بصرية", 2000.5])
        sheet.write_row("B9", ["مريم", "٩٨٩٩٨٩٩٦٣٨", 1980, "خديجة", "", True])
        sheet.write_row("B10", ["المجمـــوع", "", "", "", "", 4000.5])

    layout = Layout.of("name", "nni", "birth_date", "category", "amount", required=("name",))

    table = read(workbook(fill), layout, "list.xlsx")

    assert table.header_line == 6
    assert table.unmatched_headers == ("الشخص المعاق / الاسم الكامل",)
    assert list(table.rows()) == [
        Row(
            7,
            {
                "name": "أحمد",
                "nni": 9899899638,
                "birth_date": date(1975, 5, 12),
                "category": "بصرية",
                "amount": 2000.5,
            },
        ),
        Row(9, {"name": "مريم", "nni": "٩٨٩٩٨٩٩٦٣٨", "birth_date": 1980, "category": None, "amount": 1}),
    ]


def test_hidden_sheets_are_not_read() -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        shown, hidden = book.add_worksheet("a"), book.add_worksheet("b")
        hidden.hide()
        shown.write_row("A1", ["Nom", "Montant"])
        shown.write_row("A2", ["Ahmed", 1])
        hidden.write_row("A1", ["Nom", "Montant", "NNI", "Commune"])
        hidden.write_row("A2", ["Ancien", 1])

    assert lines_and_names(read(workbook(fill), filename="list.xlsx")) == [(2, "Ahmed")]


def test_a_workbook_is_known_by_its_content_not_by_its_name() -> None:
    content = workbook(lambda book: book.add_worksheet().write_row("A1", ["Nom", "Montant"]))

    assert read(content, filename="list.csv").fields == ("name", "amount")
    assert read(b"Nom\tMontant\nAhmed\t1\n", filename="export.xls").fields == ("name", "amount")


def test_formatted_empty_cells_far_from_the_list_do_no_harm() -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.write_row("A1", ["Nom", "Montant"])
        sheet.write_row("A2", ["Ahmed", 1])
        sheet.write_blank("XFD1048576", None, book.add_format({"bold": True}))

    assert lines_and_names(read(workbook(fill), filename="list.xlsx")) == [(2, "Ahmed")]


# -- What is refused, and why


def far_cell(book: xlsxwriter.Workbook) -> None:
    sheet = book.add_worksheet()
    sheet.write_row("A1", ["Nom", "Montant"])
    sheet.write("XFD1048576", 1)


def zipped(**parts: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name.replace("__", "/") + ".xml", part)
    return content.getvalue()


def test_one_cell_in_the_last_corner_of_a_sheet_is_refused_before_it_takes_all_memory() -> None:
    assert refusal(workbook(far_cell), filename="list.xlsx").code == "too_large"


def test_a_workbook_that_would_unpack_to_gigabytes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared.workbooks, "MAX_UNPACKED_BYTES", 10 * 1024**2)

    assert refusal(zipped(xl__workbook=b"<a>" + b" " * 11 * 1024**2 + b"</a>")).code == "too_large"


def test_a_workbook_that_lies_about_its_size_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared.workbooks, "MAX_UNPACKED_BYTES", 10 * 1024**2)
    size = 11 * 1024**2
    honest = zipped(xl__workbook=b"<a>" + b" " * (size - 7) + b"</a>")
    lying = honest.replace(size.to_bytes(4, "little"), (1000).to_bytes(4, "little"))

    assert lying != honest
    assert refusal(lying).code == "too_large"


@pytest.mark.parametrize(
    ("content", "filename", "code"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "list.xls", "unsupported_format"),  # Excel 97, or a password
        (b"%PDF-1.7", "list.pdf", "unsupported_format"),
        (b"<html><table>", "list.xls", "unsupported_format"),
        (b"Nom;Montant\n", "list.docx", "unsupported_format"),
        (bytes(range(256)) * 10, "list.csv", "wrong_extension"),
        (zipped(word__document=b"<a/>"), "list.xlsx", "wrong_extension"),
        (b"PK\x03\x04 and then nothing", "list.xlsx", "damaged_file"),
        (workbook(lambda book: book.add_worksheet().write("A1", "Nom"))[:2000], "list.xlsx", "damaged_file"),
        (zipped(xl__workbook=b"<a><b></a>"), "list.xlsx", "damaged_file"),
        (zipped(xl__workbook=b"<a/>"), "list.xlsx", "damaged_file"),
        (b"", "list.csv", "empty_file"),
        (b"Ahmed;3600\nSidi;1500\n", "list.csv", "header_not_found"),
        (b";".join([b"x"] * 201), "list.csv", "too_large"),
        (b"x" * 400_001, "list.csv", "too_large"),
    ],
)
def test_a_file_that_is_no_list_is_refused_with_a_code(content: bytes, filename: str, code: str) -> None:
    assert refusal(content, filename=filename).code == code


def test_missing_columns_are_named_in_three_languages() -> None:
    layout = Layout.of("name", "nni", "amount", "commune", required=("name", "nni", "amount"))

    text = refusal(b"Nom;Commune\nAhmed;Nema\n", layout).text

    assert "رقم التعريف الوطني، المبلغ" in text.ar
    assert "absentes : NNI, Montant ;" in text.fr
    assert "missing: National id, Amount;" in text.en


def test_a_header_not_found_says_what_was_looked_for_and_where() -> None:
    assert "in the first 30 rows; accepted: a row with columns such as Name" in refusal(b"a;b\n").text.en


def test_too_many_rows_are_refused_and_the_number_accepted_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared.tables, "MAX_ROWS", 2)

    assert len(list(read(b"Nom;Montant\na;1\nb;2\n\n\n").rows())) == 2
    assert "2 lignes par fichier" in refusal(b"Nom;Montant\na;1\nb;2\nc;3\n").text.fr


def test_a_file_over_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared.tables, "MAX_FILE_BYTES", 20)

    assert refusal(b"Nom;Montant\n" + b"a;1\n" * 5).code == "too_large"
