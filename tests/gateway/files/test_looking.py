"""What the gateway finds in a file, and whether that may leave: against an oracle that knows how the file was made."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import arro3.io
import pytest
import xlsxwriter
from arro3.core import Array, DataType, Field, Schema, Table
from hypothesis import given, settings
from hypothesis import strategies as st
from leaving import found_in, shipped

from gateway.agreements.rules.deciding import Obligations
from gateway.agreements.rules.shared_answers import LISTED
from gateway.errors import RangeNotSatisfiable
from gateway.files.forms import Column, FileForm
from gateway.files.rules import first_fault, first_not_agreed
from gateway.files.sending import part_asked
from gateway.files.tables import Unreadable
from shared.disclosing import FileTold
from shared.exporting.cells import Column as Written
from shared.exporting.files import writer
from shared.ids import new_id
from shared.importing.error_file import CsvSheet, XlsxSheet
from shared.text import Text

CSV, PDF, PARQUET = "text/csv", "application/pdf", "application/vnd.apache.parquet"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LIST = shipped().find("matching", "GET", f"/v1/targeting-lists/{uuid4()}/file").file
OWN_LIST = shipped().find("programs-csa", "GET", f"/v1/exports/{uuid4()}/file").file
SENT_BACK = shipped().find("registry", "GET", f"/v1/imports/{uuid4()}/error-file").file
ID = str(new_id())


def as_csv(rows: Sequence[Sequence[str]]) -> bytes:
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)
    return file.getvalue().encode("utf-8-sig")


def as_xlsx(rows: Sequence[Sequence[str]], **options: Any) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True, **options}) as book:
        sheet = book.add_worksheet()
        for line, row in enumerate(rows):
            for place, cell in enumerate(row):
                if cell:
                    sheet.write_string(line, place, cell)
    return file.getvalue()


MADE = {CSV: as_csv, XLSX: as_xlsx}

# -- whether a list may leave ---------------------------------------------------------------------------------------

HEADINGS: Mapping[str, str] = {  # of a targeting list, by hand: docs/targeting.md, in French
    "position": "Rang", "household_number": "N° ménage", "head_name_fr": "Nom du chef de ménage",
    "head_name_ar": "Nom en arabe", "commune_code": "Code commune", "commune_fr": "Commune",
    "commune_ar": "Commune en arabe", "village": "Village", "size": "Taille du ménage", "amount_mru": "Montant (MRU)",
    "top_up": "Complément", "mark": "Marque", "remark": "Remarque", "event_on": "Date de l'événement",
    "successor_number": "N° du remplaçant",
}  # fmt: skip
ATTRIBUTES: Mapping[str, str] = {  # what docs/agreements.md calls what is told
    "household_number": "household_number", "head_name_fr": "head_name", "head_name_ar": "head_name",
    "commune_code": "commune", "commune_fr": "commune", "commune_ar": "commune", "village": "village", "size": "size",
    "amount_mru": "amount", "top_up": "top_up",
}  # fmt: skip
TO_FILL = {"remark", "event_on", "successor_number"}
FORMS = ("full", "masked", "band")
WORDS = st.sampled_from(["", "Sidi", "محمد", "5", 'é, "quoted"', "line\nbreak", str(uuid4()), "=1+1", "&amp; <b>"])


@dataclass
class Case:
    columns: list[str]
    unknown: str | None
    rows: list[list[str]]
    told: set[str]
    count: int
    forms: dict[str, str]
    id_at: tuple[int, int] | None


@st.composite
def cases(draw: st.DrawFn) -> Case:
    columns = draw(st.lists(st.sampled_from(sorted(HEADINGS)), min_size=1, max_size=6, unique=True))
    unknown = draw(st.sampled_from([None, None, None, "NNI", "Salaire"]))
    count = draw(st.integers(0, 3))
    rows = [
        ["" if column in TO_FILL and draw(st.integers(0, 9)) else draw(WORDS) for column in columns]
        for _ in range(count)
    ]
    told = {ATTRIBUTES[one] for one in columns if one in ATTRIBUTES}
    if draw(st.integers(0, 3)) == 0:
        told = draw(st.sets(st.sampled_from(sorted(set(ATTRIBUTES.values())))))
    forms = dict.fromkeys(told, "full")
    if draw(st.integers(0, 2)) == 0:
        forms = draw(st.dictionaries(st.sampled_from(sorted(set(ATTRIBUTES.values()))), st.sampled_from(FORMS)))
    places = [(line, place) for line in range(count) for place in range(len(columns)) if columns[place] not in TO_FILL]
    id_at = draw(st.sampled_from(places)) if places and draw(st.integers(0, 3)) == 0 else None
    says = count + (draw(st.integers(0, 5)) == 0)
    return Case(columns, unknown, rows, told, says, forms, id_at)


def may_leave(case: Case) -> bool:
    """The oracle: from how the case was made, and docs/agreements.md."""
    here = {ATTRIBUTES[one] for one in case.columns if one in ATTRIBUTES}
    filled = any(row[place] for row in case.rows for place, one in enumerate(case.columns) if one in TO_FILL)
    agreed = all(case.forms.get(one) == "full" for one in here)
    return (
        case.unknown is None and not filled and case.id_at is None and here == case.told and agreed
        and case.count == len(case.rows)
    )  # fmt: skip


@settings(max_examples=250, deadline=None)
@given(case=cases(), media=st.sampled_from([CSV, XLSX]))
def test_the_judgement_of_a_list_is_the_oracles(case: Case, media: str) -> None:
    rows = [list(row) for row in case.rows]
    if case.id_at is not None:
        rows[case.id_at[0]][case.id_at[1]] = f"see {new_id()}"
    if media == XLSX:  # an empty row is none there
        rows = [row if any(row) else ["x", *row[1:]] for row in rows]
        if any(case.columns[0] in TO_FILL and row[0] == "x" for row in rows):
            return
    header = [HEADINGS[one] for one in case.columns]
    if case.unknown is not None:
        header, rows = [*header, case.unknown], [[*row, "9900000033"] for row in rows]
    content = MADE[media]([["Given to csa"], header, *rows])
    told = FileTold.of(content, case.count, sorted(case.told))

    try:
        found = found_in(content, media, LIST)
    except Unreadable:
        judged = False
    else:
        fault = first_fault(found, LIST, told.sha256, told, LISTED, may_have_ids=False)
        judged = fault is None and first_not_agreed(found, LIST, LISTED, _obligations(case.forms)) is None
    assert judged == may_leave(case)


def _obligations(forms: Mapping[str, str]) -> Obligations:
    return Obligations(
        forms=forms, places=frozenset(), categories=frozenset(), programs=frozenset(), per_query=1, per_day=1
    )


# -- what is read ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", ["csv", "xlsx", "parquet"])
def test_what_the_services_write_is_read_and_counted(tmp_path: Path, format_: str) -> None:
    types = {"name": "text", "household_size": "integer", "amount": "decimal", "probability": "number",
             "birth_date": "date", "listed": "boolean", "findings": "list", "lines": "json", "enrollment_id": "text"}  # fmt: skip
    label = Text("ا", "b", "c")
    sink = writer(format_, tmp_path / "file", [Written(name, type_, label) for name, type_ in types.items()])
    row = ["Sidi", 5, Decimal("3600.50"), 0.5, date(1990, 1, 1), True, ["a", "b"], {"roof": "zinc"}, ID]
    sink.write([row] * 9_000)
    sink.write([[None, *row[1:]]])
    sink.close()
    form = FileForm(tuple(Column(name, (name,), "ids" if name == "enrollment_id" else "values") for name in types))
    media = {"csv": CSV, "xlsx": XLSX, "parquet": PARQUET}[format_]
    content = (tmp_path / "file").read_bytes()

    found = found_in(content, media, form)
    without = FileForm(tuple(Column(name, (name,)) for name in types))

    assert (found.headings, found.rows, found.ids) == (tuple(types), 9_001, frozenset())
    assert found_in(content, media, without).ids == {"enrollment_id"}
    with pytest.raises(Unreadable):
        found_in(content, media, FileForm(form.columns[1:]))
    with pytest.raises(Unreadable):
        found_in(content[: len(content) // 2], media, form)


@pytest.mark.parametrize(("media", "sheet"), [(CSV, CsvSheet), (XLSX, XlsxSheet)])
def test_a_list_given_back_may_have_its_senders_own_columns_and_ids_and_ours_at_its_end(
    tmp_path: Path, media: str, sheet: Any
) -> None:
    def written(*rows: Sequence[object]) -> bytes:
        with sheet.open(tmp_path / "file") as sink:
            for row in rows:
                sink.write(row)
        return (tmp_path / "file").read_bytes()

    ours = ["Tekamoul : ligne", "Tekamoul : champ", "Tekamoul : raison"]
    headers = [["Liste 2026", None], ['Nom "complet"', "Réf", *ours]]

    found = found_in(written(*headers, ["Sidi", ID, 3, "nni", "trop court"]), media, SENT_BACK)
    of_ours = found_in(written(*headers, ["Sidi", ID, 3, "nni", f"voir {ID}"]), media, SENT_BACK)

    assert (found.rows, found.ids) == (1, frozenset())
    assert of_ours.ids == {"Tekamoul : raison"}
    with pytest.raises(Unreadable):
        found_in(written(["Nom", *ours[:2]], ["Sidi", 3, "nni"]), media, SENT_BACK)


def test_a_programs_list_may_have_columns_of_its_own_without_ids_of_the_registry() -> None:
    content = as_csv([["Nom", "Statut du dossier"], ["Sidi", "ouvert"]])
    found = found_in(content, CSV, OWN_LIST)
    leaking = found_in(as_csv([["Nom", "Statut du dossier"], ["Sidi", ID]]), CSV, OWN_LIST)

    def fault(*attributes: str) -> str | None:
        said = FileTold.of(content, 1, attributes)
        return first_fault(found, OWN_LIST, said.sha256, said, {}, may_have_ids=False)

    assert fault("name", "file_status") is None
    assert fault("name", "nni") == "/attributes"
    assert first_fault(leaking, OWN_LIST, "", None, {}, may_have_ids=False) == "/id"
    assert first_fault(leaking, OWN_LIST, "", None, {}, may_have_ids=True) is None


GOOD = [["Rang", "N° ménage"], ["1", "MR0110000001"]]


def changed(content: bytes, **parts: bytes | None) -> bytes:
    """A workbook with parts of XML exchanged, added, or taken out; `/` is written `__`."""
    named = {name.replace("__", "/") + ".xml": part for name, part in parts.items()}
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            if name not in named:
                after.writestr(name, before.read(name))
        for name, part in named.items():
            if part is not None:
                after.writestr(name, part)
    return file.getvalue()


def sheet_of(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return book.read("xl/worksheets/sheet1.xml")


def test_a_workbook_in_any_other_form_is_not_read() -> None:
    good = as_xlsx(GOOD)
    sheet = sheet_of(good)
    refused = {
        "a second sheet": changed(good, xl__worksheets__sheet2=sheet),
        "comments": changed(good, xl__comments1=b"<comments/>"),
        "no sheet": changed(good, xl__worksheets__sheet1=None),
        "a formula": changed(good, xl__worksheets__sheet1=sheet.replace(b"<v>1</v>", b"<f>A1</f><v>1</v>")),
        "a comment": changed(good, xl__worksheets__sheet1=sheet.replace(b"</row>", b"</row><!-- Sidi -->", 1)),
        "between cells": changed(good, xl__worksheets__sheet1=sheet.replace(b"</c><c", b"</c>Sidi<c", 1)),
        "rows after the rows": changed(
            good, xl__worksheets__sheet1=sheet.replace(b"</worksheet>", b'<row r="9"><c r="A9"/></row></worksheet>')
        ),
        "a text that is not there": changed(good, xl__worksheets__sheet1=sheet.replace(b"<v>1</v>", b"<v>99</v>")),
        "cells backwards": changed(good, xl__worksheets__sheet1=sheet.replace(b'r="B2"', b'r="A2"')),
        "a far column": changed(good, xl__worksheets__sheet1=sheet.replace(b'r="B2"', b'r="XFD2"')),
        "a text of several": changed(good, xl__sharedStrings=b"<sst><si><r><t>Rang</t></r></si></sst>"),
        "other bytes": changed(good, xl__worksheets__sheet1=sheet.decode().encode("utf-16")),
        "half of it": good[: len(good) // 2],
        "damaged": good[:200] + bytes(100) + good[300:],
        "no workbook": b"PK\x03\x04" + bytes(200),
        "wider than its header": as_xlsx([*GOOD, ["2", "MR0110000002", "Sidi"]]),
        "a heading twice": as_xlsx([["Rang", "Rang"], ["1", "2"]]),
        "two lines above": as_xlsx([["a"], ["b"], *GOOD]),
        "a long line above": as_xlsx([["Sidi " * 201], *GOOD]),
        "no header": as_xlsx([["1", "MR0110000001"]]),
        "empty": as_xlsx([]),
    }

    assert found_in(good, XLSX, LIST).rows == 1
    for what, content in refused.items():
        with pytest.raises(Unreadable):
            pytest.fail(f"{what}: {found_in(content, XLSX, LIST)}")


def test_an_id_is_found_wherever_it_stands_in_a_workbook() -> None:
    def book(**properties: str) -> bytes:
        file = io.BytesIO()
        with xlsxwriter.Workbook(file, {"in_memory": True}) as made:
            made.set_properties({"comments": properties.get("comments", "")})
            sheet = made.add_worksheet()
            sheet.set_footer(f"&L{properties.get('footer', '')}")
            for line, row in enumerate([[properties.get("above", "for csa")], *GOOD]):
                for place, cell in enumerate(row):
                    sheet.write_string(line, place, cell)
        return file.getvalue()

    assert found_in(book(), XLSX, LIST).ids == frozenset()
    for where in ("comments", "footer", "above"):
        with_id = book(**{where: f"of {ID}"})
        assert found_in(with_id, XLSX, LIST).ids == {""}, where
        assert found_in(with_id, XLSX, LIST, frozenset({ID})).ids == frozenset(), where
    in_cells = [as_xlsx([*GOOD, ["2", one]]) for one in (ID, ID.upper(), UUID(ID).hex, f"urn:uuid:{ID}")]
    assert all(found_in(one, XLSX, LIST).ids == {"N° ménage"} for one in in_cells)
    assert found_in(as_xlsx([*GOOD, ["2", str(uuid4())]]), XLSX, LIST).ids == frozenset()


def test_a_workbook_that_unpacks_to_more_than_is_read_is_refused() -> None:
    good = as_xlsx(GOOD)
    sheet = sheet_of(good)
    bombs = {
        "sheet": changed(
            good, xl__worksheets__sheet1=sheet.replace(b"<sheetData>", b"<sheetData>" + b" " * 20_000_000)
        ),
        "texts": changed(good, xl__sharedStrings=b"<sst>" + b"<si><t>" + b"x" * (65 << 20) + b"</t></si></sst>"),
        "beside": changed(good, xl__styles=b"<styleSheet>" + b" " * 2_000_000),
    }
    for content in bombs.values():
        assert len(content) < 200_000
        with pytest.raises(Unreadable):
            found_in(content, XLSX, LIST)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe" + "Rang,N° ménage\n1,2\n".encode("utf-16-le"),
        "Rang,N° ménage\n1,2,3\n".encode(),
        "Rang,N° ménage\n1\n".encode(),
        "Rang,N° ménage\n\n".encode(),
        'Rang,N° ménage\n1,"never closed\n'.encode(),
        "Rang,N° ménage,\n1,2,Sidi\n".encode(),
        "Rang,N° ménage\n1,2\x00\n".encode() + b"\xe9\n",
        b"a\n" * 50 + b"Rang\n1\n",
    ],
)
def test_a_text_in_any_other_form_is_not_read(content: bytes) -> None:
    with pytest.raises(Unreadable):
        found_in(content, CSV, LIST)


def test_a_parquet_file_has_columns_of_known_types_and_no_id_beside_them(tmp_path: Path) -> None:
    def written(type_: DataType, values: list[Any], **beside: str) -> bytes:
        table = Table.from_arrays([Array(values, type_)], schema=Schema([Field("name", type_)]))
        arro3.io.write_parquet(table, str(tmp_path / "file"), key_value_metadata=beside)
        return (tmp_path / "file").read_bytes()

    form = FileForm((Column("name", ("name",)),))
    with_ids = FileForm((Column("name", ("name",), "ids"),))
    text = DataType.string()

    assert found_in(written(text, ["Sidi"]), PARQUET, form).ids == frozenset()
    assert found_in(written(text, ["Sidi"], list=ID), PARQUET, form).ids == {""}
    # The footer has the least and the greatest value of a column: what stands in its rows is nothing beside them.
    assert found_in(written(text, ["Sidi", ID]), PARQUET, with_ids).ids == frozenset()
    assert found_in(written(text, ["Sidi", ID], list=str(new_id())), PARQUET, with_ids).ids == {""}
    for type_, values in ((DataType.binary(), [b"Sidi"]), (DataType.int64(), [1])):
        with pytest.raises(Unreadable):
            found_in(written(type_, values), PARQUET, form)


def test_a_printed_page_is_pages_and_no_more() -> None:
    page = b"%PDF-1.7\n1 0 obj <</Type/Page>> endobj\n%s\n%%EOF\n"
    good = page.replace(b"%s", b"")
    for more in (b"/EmbeddedFile", b"/JavaScript", b"/Launch", b"/AcroForm", b"/Encrypt"):
        with pytest.raises(Unreadable):
            found_in(good.replace(b"/Type", more + b" 2 0 R /Type"), PDF, LIST)
    for broken in (b"", good[:-9], b"PK" + good):
        with pytest.raises(Unreadable):
            found_in(broken, PDF, LIST)
    found = found_in(good, PDF, LIST)
    assert (found.headings, found.rows, found.ids) == (None, None, frozenset())
    assert found_in(good.replace(b"/Type", f"/Title ({ID})/Type".encode()), PDF, LIST).ids == {""}


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
    with pytest.raises(RangeNotSatisfiable):
        part_asked(header, 100)
