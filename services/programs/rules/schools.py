"""A school as lists and reports name it: its name and its commune, in either script and any spelling of case."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from shared.cells import MISSING_VALUE, Cells, Finding
from shared.headers import Field, Layout
from shared.text import Cell, Text, fold
from shared.values import Parsed, PartialDate, parse_date

LATEST = date(2100, 12, 31)
CANTEEN_ENDS_FIRST = Text(
    ar="تنتهي الكفالة المدرسية قبل أن تبدأ",
    fr="la cantine se termine avant de commencer",
    en="the canteen ends before it begins",
)
CANTEEN: Mapping[str, Field] = {
    "canteen_from": Field(
        Text(ar="بداية الكفالة المدرسية", fr="Cantine depuis", en="Canteen since"),
        "Cantine depuis ¦ Début cantine ¦ Cantine ouverte le ¦ Date d'ouverture de la cantine ¦ Ouverture cantine ¦ Canteen since"
        " ¦ Canteen from ¦ Canteen opened ¦ بداية الكفالة ¦ بداية الكفالة المدرسية ¦ تاريخ فتح الكفالة",
    ),
    "canteen_to": Field(
        Text(ar="نهاية الكفالة المدرسية", fr="Cantine jusqu'au", en="Canteen until"),
        "Cantine jusqu'au ¦ Fin cantine ¦ Cantine fermée le ¦ Date de fermeture de la cantine ¦ Fermeture cantine ¦ Canteen until"
        " ¦ Canteen to ¦ Canteen closed ¦ نهاية الكفالة ¦ نهاية الكفالة المدرسية ¦ تاريخ إغلاق الكفالة",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolRow:
    """A school as its ministry lists it; without `canteen_from` it has no canteen."""

    key: str
    name: str
    wilaya: str | None
    moughataa: str | None
    commune: str | None
    village: str | None
    canteen_from: date | None
    canteen_to: date | None


def school_key(name: str | None, commune: str | None) -> str:
    """The same for all writings of one school that folding makes equal; "" where no school is named."""
    folded = fold(name)
    return f"{folded}/{fold(commune)}" if folded else ""


def schools_layout() -> Layout:
    return Layout.of("school", "wilaya", "moughataa", "commune", "village", required=("school",), own=CANTEEN)


def read_school(line: int, cells: Mapping[str, Cell]) -> tuple[SchoolRow | None, list[Finding]]:
    """The school of a line, or None where an error keeps it out, with everything found wrong."""
    row = Cells(line, cells)
    name = row.text("school")
    if name is None:
        row.find("school", "value_missing", MISSING_VALUE)
    first, last = row.read("canteen_from", _day), row.read("canteen_to", _day)
    if first and last and last.value < first.value:
        row.find("canteen_to", "canteen_ends_first", CANTEEN_ENDS_FIRST)
    if row.refused or name is None:
        return None, row.findings
    place = {one: row.text(one) for one in ("wilaya", "moughataa", "commune", "village")}
    school = SchoolRow(
        key=school_key(name, place["commune"]),
        name=name,
        canteen_from=first.value if first else None,
        canteen_to=last.value if last else None,
        **place,
    )
    return school, row.findings


def _day(cell: Cell) -> Parsed[PartialDate | None]:
    return parse_date(cell, LATEST, year_only=False)
