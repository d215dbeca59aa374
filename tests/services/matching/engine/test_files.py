"""Files as institutions send them, read into columns; results written whole or not at all."""

import io
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from services.matching.engine import files
from services.matching.engine.files import partial_of, read_list, write_result
from services.matching.engine.mapping import MappingRefused, read_mapping
from shared.unreadable import UnreadableTable

MAPPING = read_mapping("record_id: id\nfields: {name: nom}")
ARABIC = read_mapping("record_id: الرقم\nfields: {name: الاسم}")


def read(path: Path, content: bytes | None = None) -> tuple[list[object], list[str]]:
    if content is not None:
        path.write_bytes(content)
    ids, columns = read_list(path, MAPPING, "left")
    return ids.to_list(), columns["name"][0].to_list()


@pytest.mark.parametrize(
    "content",
    [
        b"id,nom\n1,Sidi\n2,Ahmed\n",
        b"id;nom\r\n1;Sidi\r\n2;Ahmed\r\n",
        b"id\tnom\n1\tSidi\n2\tAhmed",
        b"id|nom\r1|Sidi\r2|Ahmed\r",  # how lines ended on old Macintoshes
        b"\xef\xbb\xbfid,nom\n1,Sidi\n2,Ahmed\n",
        b"Liste des m\xe9nages;\n;;\nnom ; x; id \nSidi;;1\nAhmed;;2\n",  # a title; spaces around the header
        b'"id","x, y","nom"\n"1",,"Sidi"\n"2",,"Ahmed"\n',
        b"id,nom,nom\n1,Sidi,a\n2,Ahmed,b\n",  # a header twice: the first is meant
        b"id,nom\n1,Sidi\n,\n\n2,Ahmed,more,and more\n",  # empty and ragged lines
        "id,nom\n1,Sidi\n2,Ahmed\n".encode("utf-16"),
    ],
)
def test_a_csv_is_read_however_it_is_written(tmp_path: Path, content: bytes) -> None:
    assert read(tmp_path / "list.csv", content) == (["1", "2"], ["Sidi", "Ahmed"])


def test_arabic_headers_of_windows(tmp_path: Path) -> None:
    path = tmp_path / "لائحة.csv"
    path.write_bytes("الرقم;الاسم\n٧;محمد ولد أحمد\n".encode("cp1256", errors="replace").replace(b"?", b"7"))
    ids, columns = read_list(path, ARABIC, "left")
    assert (ids.to_list(), columns["name"][0].to_list()) == (["7"], ["محمد ولد أحمد"])


def test_a_workbook_with_a_title_and_numbers_as_excel_has_them(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet("lisez-moi").write(0, 0, "rien")
        sheet = book.add_worksheet("liste")
        for at, row in enumerate((["Liste", ""], [" nom ", "id"], ["Sidi", 1], ["Ahmed", 2.0])):
            sheet.write_row(at, 0, row)
    assert read(path) == (["1", "2"], ["Sidi", "Ahmed"])


def test_a_parquet_keeps_the_type_of_its_record_numbers(tmp_path: Path) -> None:
    path = tmp_path / "list.parquet"
    pl.DataFrame({"id": [1, 2], "nom": ["Sidi", None]}).write_parquet(path)
    assert read(path) == ([1, 2], ["Sidi", ""])


def test_without_a_record_id_records_are_called_by_their_line_below_the_header(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(b"nom,x\nSidi,1\n,\nAhmed,2\n")
    ids, _ = read_list(path, read_mapping("fields: {name: nom, phone: x}"), "left")
    assert ids.to_list() == [0, 2]


def test_columns_are_joined_where_the_mapping_says_so(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(b"prenom,nom\nSidi,Ahmed\n,Ba\n")
    _, columns = read_list(path, read_mapping("fields: {name: '{prenom} {nom}'}"), "left")
    assert columns["name"][0].to_list() == ["Sidi Ahmed", " Ba"]


def workbook(**options: object) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, options) as book:
        book.add_worksheet()
    return file.getvalue()


# The older container of Microsoft around a stream of this name is what Excel writes for a file with a password.
LOCKED = b"\xd0\xcf\x11\xe0" + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(64)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("empty.csv", b"", "empty_file"),
        ("blank.csv", b"  \n \n", "empty_file"),
        ("list.pdf", b"%PDF-1.7", "unsupported_format"),
        ("list.csv", b"%PDF-1.7 of something", "wrong_extension"),
        ("list.xlsx", b"<html><table>", "wrong_extension"),
        ("list.xlsx", LOCKED, "password_protected"),
        ("list.xlsx", b"PK\x03\x04 and no more", "damaged_file"),
        ("list.xlsx", workbook(), "empty_file"),
        ("list.parquet", b"PAR1 and no more PAR1", "damaged_file"),
        ("list.csv", b"id,nom\n1,Si\x00di\n", "damaged_file"),
        ("list.csv", b'id,nom\n1,"Sidi\n2,Ahmed\n', "damaged_file"),  # a quotation that never ends
    ],
)
def test_a_file_that_is_no_list_is_refused(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    with pytest.raises(UnreadableTable, match=f"^{code}$"):
        read(tmp_path / name, content)


def test_a_text_too_large_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_FILE_BYTES", 20)
    with pytest.raises(UnreadableTable, match="too_large"):
        read(tmp_path / "list.csv", b"id,nom\n1,Sidi\n2,Ahmed\n")


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_a_column_that_is_not_there_is_named_beside_those_that_are(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"list.{ending}"
    write_result(pl.DataFrame({"id": ["1"], "name": ["Sidi"]}), path)
    with pytest.raises(MappingRefused, match="column_not_found") as refused:
        read(path)
    assert refused.value.text.en == f"The column nom is not in list.{ending}. Its columns: id, name."


@pytest.mark.parametrize("content", [b"id,nom\n", b"id;nom"])
def test_a_file_of_no_rows_has_none(tmp_path: Path, content: bytes) -> None:
    assert read(tmp_path / "list.csv", content) == ([], [])


FRAME = pl.DataFrame({"left_id": ["أ", "b"], "probability": [0.5, 1.0]})


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_a_result_is_read_back(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"out.{ending}"
    write_result(FRAME, path)
    ids, columns = read_list(path, read_mapping("record_id: left_id\nfields: {name: probability}"), "left")
    assert ids.to_list() == ["أ", "b"]
    assert [float(one) for one in columns["name"][0]] == [0.5, 1.0]
    assert list(tmp_path.iterdir()) == [path]


def test_a_result_that_cannot_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "out.csv").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_result(FRAME, tmp_path / "out.csv")
    with pytest.raises(ValueError, match="json"):
        write_result(FRAME, tmp_path / "out.json")
    monkeypatch.setattr(files, "MOST_SHEET_ROWS", 1)
    with pytest.raises(OSError, match="too large"):
        write_result(FRAME, tmp_path / "out.xlsx")
    assert [one.name for one in tmp_path.iterdir()] == ["out.csv"]
    assert not partial_of(tmp_path / "out.csv").exists()
