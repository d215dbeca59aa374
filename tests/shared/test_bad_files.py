"""Files that must not, or cannot, be read: each refused with its own code and words, whatever its size, in bounded memory."""

from __future__ import annotations

import io
import json
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter  # type: ignore[import-untyped, unused-ignore]

import shared.workbooks
from shared.file_content import differs_from_its_name
from shared.tables import Layout, UnreadableTable, open_table

NAMES = Layout.of("name", "amount", required=("name",))
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MOST_MIB = 24
"""What reading may take: the parser's buffers and one piece of the file, never the file."""


def workbook(*rows: list[object]) -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as book:
        sheet = book.add_worksheet()
        for line, row in enumerate(rows):
            sheet.write_row(line, 0, row)
    return content.getvalue()


def with_part(content: bytes, name: str, part: bytes) -> bytes:
    changed = io.BytesIO(content)
    with zipfile.ZipFile(changed, "a") as archive:
        archive.writestr(name, part)
    return changed.getvalue()


LIST = workbook(["Nom", "Montant"], ["Ahmed", 3600])
ENCRYPTED = OLE + bytes(504) + b"x" * 70_000 + "EncryptedPackage".encode("utf-16-le") + bytes(1000)

ACCEPTED_AR = "المقبول: ‎.xlsx بلا كلمة مرور أو ‎.csv"
WORDS: dict[str, tuple[str, str, str]] = {
    "empty_file": (
        "الملف فارغ؛ المقبول: ملف ‎.xlsx أو ‎.csv فيه سطر عناوين وتحته الأسطر",
        "le fichier est vide ; accepté : un fichier .xlsx ou .csv avec une ligne d'en-têtes et les lignes en dessous",
        "the file is empty; accepted: an .xlsx or .csv file with a header row and the rows below it",
    ),
    "password_protected": (
        "الملف محمي بكلمة مرور؛ أزل كلمة المرور في إكسل واحفظه بصيغة ‎.xlsx ثم أعد إرساله",
        "le fichier est protégé par un mot de passe ; l'enlever dans Excel, enregistrer en .xlsx et renvoyer",
        "the file is protected by a password; remove it in Excel, save as .xlsx and send it again",
    ),
    "has_macros": (
        "في الملف وحدات ماكرو؛ احفظه في إكسل بصيغة ‎.xlsx التي لا تحتوي عليها ثم أعد إرساله",
        "le fichier contient des macros ; l'enregistrer dans Excel en .xlsx, qui n'en contient pas, et le renvoyer",
        "the file contains macros; save it in Excel as .xlsx, which has none, and send it again",
    ),
    "wrong_extension": (
        f"محتوى الملف ليس ما يقوله اسمه، ولا يمكن قراءته؛ {ACCEPTED_AR}",
        "le contenu n'est pas celui que dit le nom du fichier, et ne peut pas être lu ; accepté : .xlsx sans mot de passe"
        " ou .csv",
        "the content is not what the file's name says, and cannot be read; accepted: .xlsx without a password, or .csv",
    ),
    "damaged_file": (
        "الملف تالف أو غير مكتمل؛ افتحه في إكسل واحفظه من جديد بصيغة ‎.xlsx أو ‎.csv ثم أعد إرساله",
        "le fichier est abîmé ou incomplet ; l'ouvrir dans Excel, l'enregistrer de nouveau en .xlsx ou .csv et le renvoyer",
        "the file is damaged or incomplete; open it in Excel, save it again as .xlsx or .csv and send it again",
    ),
    "too_large": (
        "الملف كبير جدًا؛ المقبول: 1024 ميغابايت (‎.xlsx: 64) و200 عمود و6000000 سطر، بلا خلايا مكتوبة بعيدًا عن القائمة",
        "fichier trop grand ; accepté : 1024 Mo (.xlsx : 64), 200 colonnes et 6000000 lignes, sans cellule loin de la liste",
        "the file is too large; accepted: 1024 MB (.xlsx: 64), 200 columns and 6000000 rows, no cell far from the list",
    ),
}


@pytest.mark.parametrize(
    ("content", "filename", "code"),
    [
        (b"", "list.csv", "empty_file"),
        (b"", "list.xlsx", "empty_file"),
        (b" \r\n" * 400, "list.csv", "empty_file"),
        (ENCRYPTED, "list.xlsx", "password_protected"),
        (ENCRYPTED, "list.xls", "password_protected"),
        (with_part(LIST, "xl/vbaProject.bin", b"code"), "list.xlsx", "has_macros"),
        (with_part(LIST, "xl/vbaProject.bin", b"code"), "list.xlsm", "has_macros"),
        (LIST, "list.xlsm", "has_macros"),
        (b"%PDF-1.7 " + b"x" * 2000, "list.xlsx", "wrong_extension"),
        (b"%PDF-1.7 " + b"x" * 2000, "list.csv", "wrong_extension"),
        (b"\x89PNG\r\n\x1a\n" + bytes(2000), "list.csv", "wrong_extension"),
        (OLE + bytes(2000), "list.xlsx", "wrong_extension"),
        (b"<html><table>", "list.csv", "wrong_extension"),
        (with_part(b"PK\x05\x06" + bytes(18), "word/document.xml", b"<a/>"), "list.xlsx", "wrong_extension"),
        (LIST[: len(LIST) // 2], "list.xlsx", "damaged_file"),
        (LIST[:-30], "list.xlsx", "damaged_file"),
    ],
)
def test_a_bad_file_is_refused_with_its_own_code_in_three_languages(content: bytes, filename: str, code: str) -> None:
    with pytest.raises(UnreadableTable) as refused:
        list(open_table(content, filename, NAMES).rows())

    assert refused.value.code == code
    assert (refused.value.text.ar, refused.value.text.fr, refused.value.text.en) == WORDS[code]


@pytest.mark.parametrize(
    ("content", "filename", "differs"),
    [
        (LIST, "list.xlsx", False),
        (LIST, "list.csv", True),
        (b"Nom;Montant\n", "list.csv", False),
        (b"Nom;Montant\n", "list.xlsx", True),
        (b"Nom;Montant\n", "list.xls", False),
    ],
)
def test_what_can_be_read_is_read_and_known_to_differ_from_its_name(
    content: bytes, filename: str, differs: bool
) -> None:
    assert "name" in open_table(content, filename, NAMES).fields
    assert differs_from_its_name(content[:512], filename) is differs


def sparse(folder: Path, size: int) -> Path:
    file = folder / "huge"
    with file.open("wb") as sink:
        sink.truncate(size)
    return file


def bomb(folder: Path) -> Path:
    """A few kilobytes that unpack to seventy megabytes."""
    file = folder / "bomb"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("xl/workbook.xml", "<a/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            part.write(b"<a>")
            for _ in range(70):
                part.write(b" " * (1 << 20))
    return file


def csv_with_a_cell_of_ten_megabytes(folder: Path) -> Path:
    file = folder / "cell"
    file.write_bytes(b"Nom;Montant\nAhmed;" + b"9" * (10 << 20) + b"\n")
    return file


@pytest.mark.parametrize(
    ("make", "filename"),
    [
        (lambda folder: sparse(folder, 10 << 30), "list.csv"),
        (lambda folder: sparse(folder, 10 << 30), "list.xlsx"),
        (bomb, "list.xlsx"),
        (csv_with_a_cell_of_ten_megabytes, "list.csv"),
    ],
    ids=["10 GB as csv", "10 GB as xlsx", "zip bomb", "a cell of 10 MB"],
)
def test_what_is_too_large_is_refused_in_bounded_memory(
    make: Callable[[Path], Path], filename: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared.workbooks, "MAX_UNPACKED_BYTES", 64 << 20)
    file = make(tmp_path)
    tracemalloc.start()
    try:
        with file.open("rb") as source, pytest.raises(UnreadableTable) as refused:
            list(open_table(source, filename, NAMES).rows())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert refused.value.code == "too_large"
    assert (refused.value.text.ar, refused.value.text.fr, refused.value.text.en) == WORDS["too_large"]
    assert peak < MOST_MIB << 20


def test_a_workbook_past_its_own_bound_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared.workbooks, "MAX_WORKBOOK_BYTES", 1000)

    with pytest.raises(UnreadableTable, match="too_large"):
        open_table(LIST, "list.xlsx", NAMES)


def test_a_cell_of_ten_megabytes_in_a_workbook_is_cut_and_the_others_of_its_row_are_read() -> None:
    sheet = f'<c r="A2" t="inlineStr"><is><t>{"x" * (10 << 20)}</t></is></c>'
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(LIST)) as given, zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as changed:
        for part in given.namelist():
            text = given.read(part).decode()
            changed.writestr(part, text.replace('<c r="A2" t="s"><v>2</v></c>', sheet) if "sheet1" in part else text)

    [row] = open_table(content.getvalue(), "list.xlsx", NAMES).rows()

    assert row.cells == {"name": "x" * 2000, "amount": 3600} and row.cut == ("name",)


# The sender's own word on the columns


def test_a_mapping_goes_before_every_guess_and_finds_a_header_that_nobody_knows() -> None:
    file = b"Col A;Montant;Col C\n3600;Ahmed;x\n"

    table = open_table(file, "list.csv", NAMES, {"Montant": "name", "Col A": "amount"})

    assert [row.cells for row in table.rows()] == [{"name": "Ahmed", "amount": "3600"}]
    assert table.columns == {0: "amount", 1: "name"}
    assert table.names == {0: "Col A", 1: "Montant", 2: "Col C"}


def test_a_column_can_be_left_out() -> None:
    table = open_table(b"Nom;Montant\nAhmed;3600\n", "list.csv", NAMES, {"Montant": ""})

    assert table.fields == ("name",)


def test_headers_are_compared_as_read_not_as_typed() -> None:
    table = open_table(
        "الإســم الثلاثي;Total payé\nAhmed;3600\n".encode(), "list.csv", NAMES, {"الاسم الثلاثي": "name"}
    )

    assert table.columns[0] == "name"


def test_a_mapping_that_names_a_header_the_file_has_not_is_refused_by_name() -> None:
    with pytest.raises(UnreadableTable) as refused:
        open_table(b"Nom;Montant\nAhmed;3600\n", "list.csv", NAMES, {"Somme": "amount"})

    assert refused.value.code == "unknown_mapping_header"
    assert refused.value.text.ar == "العناوين التالية المذكورة في مطابقة الأعمدة غير موجودة في الملف: Somme"
    assert refused.value.text.fr == "ces en-têtes de la correspondance n'existent pas dans le fichier : Somme"
    assert refused.value.text.en == "these headers of the mapping do not exist in the file: Somme"


def test_columns_that_we_added_to_a_file_are_none_of_its_own_when_it_returns() -> None:
    header = "Nom;Montant;Tekamoul : ligne;Tekamoul : raison\n"

    table = open_table(f"{header}Ahmed;3600;2;montant négatif\n".encode(), "list.csv", NAMES)

    assert table.names == {0: "Nom", 1: "Montant"}
    assert json.dumps([row.cells for row in table.rows()]) == '[{"name": "Ahmed", "amount": "3600"}]'
