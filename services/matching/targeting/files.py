"""A released list as a file or a printed page, with the marks by which a copy can be traced.

The first line names recipient, list and time, and so do the properties of a workbook; each row has a mark of its own, which is
the list's for that household. A row that is found elsewhere with its mark came from this list. Who takes line, properties and
marks away leaves nothing to be traced by, and no mark tells which of the recipient's people passed a copy on.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import xlsxwriter
from sqlalchemy import Row

from services.matching.printing import TEMPLATES
from services.matching.rules.targeting import mark_of
from services.matching.targeting.models import TargetingList
from services.matching.targeting.showing import Told, shown
from shared.exporting.cells import csv_cell
from shared.printing import pdf
from shared.text import Language, Text

Format = Literal["csv", "xlsx"]
WIDTH = 20
HEADERS: dict[str, Text] = {
    "position": Text(ar="الترتيب", fr="Rang", en="Place"),
    "household_number": Text(ar="رقم الأسرة", fr="N° ménage", en="Household number"),
    "head_name_fr": Text(ar="الاسم بالفرنسية", fr="Nom du chef de ménage", en="Name of HH head"),
    "head_name_ar": Text(ar="اسم رب الأسرة", fr="Nom en arabe", en="Name in Arabic"),
    "commune_code": Text(ar="رمز البلدية", fr="Code commune", en="Commune code"),
    "commune_fr": Text(ar="البلدية بالفرنسية", fr="Commune", en="Commune"),
    "commune_ar": Text(ar="البلدية", fr="Commune en arabe", en="Commune in Arabic"),
    "village": Text(ar="القرية", fr="Village", en="Village"),
    "size": Text(ar="عدد الأفراد", fr="Taille du ménage", en="Household size"),
    "amount_mru": Text(ar="المبلغ (أوقية جديدة)", fr="Montant (MRU)", en="Amount (MRU)"),
    "top_up": Text(ar="تكملة", fr="Complément", en="Top-up"),
    "mark": Text(ar="العلامة", fr="Marque", en="Mark"),
    "remark": Text(ar="ملاحظة", fr="Remarque", en="Remark"),
    "event_on": Text(ar="تاريخ الحدث", fr="Date de l'événement", en="Date of the event"),
    "successor_number": Text(ar="رقم الخلف", fr="N° du remplaçant", en="Number of the successor"),
}
HEADINGS = {name: (said.ar, said.fr, said.en) for name, said in HEADERS.items()}
TO_FILL = ("remark", "event_on", "successor_number")
"""Columns in which the recipient writes what it found."""
WATERMARK = Text(
    ar="أُتيحت لـ \u2066{partner}\u2069 لغرض \u2066{purpose}\u2069 بموجب \u2066{agreement}\u2069. القائمة \u2066{list}\u2069. أُخذت في \u2066{at} UTC\u2069."
    " لا يجوز تداولها.",
    fr="Mise à disposition de {partner} pour {purpose}, au titre de {agreement}. Liste {list}. Prise le {at} UTC. Ne pas diffuser.",
    en="Given to {partner} for {purpose} under {agreement}. List {list}. Taken on {at} UTC. Not to be passed on.",
)


@dataclass(frozen=True, slots=True)
class Copy:
    """What is written: a list, as it may be told, its rows, when and in which language."""

    told: Told
    rows: Sequence[Row[Any]]
    at: datetime
    language: Language

    @property
    def watermark(self) -> str:
        found = self.told.list
        return WATERMARK.in_(self.language).format(
            partner=found.partner,
            purpose=found.purpose,
            agreement=found.agreement["id"],
            list=found.id,
            at=f"{self.at:%Y-%m-%d %H:%M}",
        )

    def cells(self) -> Iterator[dict[str, Any]]:
        """What may be told of each household, with its mark."""
        for row in self.rows:
            yield shown(row, self.told) | {"mark": _mark(self.told.list, row)}

    def columns(self) -> list[str]:
        named = {name for cells in self.cells() for name in cells}
        return [name for name in HEADERS if name in named or name in TO_FILL]

    def headers(self, columns: Sequence[str]) -> list[str]:
        return [HEADERS[name].in_(self.language) for name in columns]


def _mark(found: TargetingList, row: Row[Any]) -> str:
    return mark_of(found.seed, found.id, row.household_id)


def written(copy: Copy, format_: Format) -> bytes:
    """The file. Takes the processor: call it in a thread."""
    return _csv(copy) if format_ == "csv" else _xlsx(copy)


def _csv(copy: Copy) -> bytes:
    file = io.StringIO(newline="")
    lines, columns = csv.writer(file), copy.columns()
    lines.writerow([copy.watermark])
    lines.writerow(copy.headers(columns))
    lines.writerows([csv_cell(cells.get(name)) for name in columns] for cells in copy.cells())
    return file.getvalue().encode("utf-8-sig")


def _xlsx(copy: Copy) -> bytes:
    file, columns = io.BytesIO(), copy.columns()
    book = xlsxwriter.Workbook(file, {"in_memory": True})
    book.set_properties({"created": copy.at, "author": "Tekamoul", "comments": copy.watermark})
    sheet = book.add_worksheet()
    if copy.language == "ar":
        sheet.right_to_left()
    sheet.set_footer("&L" + copy.watermark[:250].replace("&", "&&"))
    sheet.set_column(0, len(columns) - 1, WIDTH)
    sheet.freeze_panes(2, 0)
    bold = book.add_format({"bold": True})
    sheet.write_string(0, 0, copy.watermark, book.add_format({"italic": True}))
    for place, header in enumerate(copy.headers(columns)):
        sheet.write_string(1, place, header, bold)
    for line, cells in enumerate(copy.cells(), 2):
        for place, name in enumerate(columns):
            _cell(sheet, line, place, cells.get(name))
    book.close()
    return file.getvalue()


def _cell(sheet: Any, line: int, place: int, value: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(line, place, value)
    elif isinstance(value, str):
        sheet.write_string(line, place, value)
    else:
        sheet.write_number(line, place, float(value))


TITLE = Text(ar="قائمة المستهدفين", fr="Liste de ciblage", en="Targeting list")
PRINTED: dict[str, Text] = {
    "position": Text(ar="ت", fr="N°", en="No."),
    "household_number": Text(ar="رقم الأسرة", fr="N° ménage", en="Household"),
    "head_name": Text(ar="رب الأسرة", fr="Chef de ménage", en="Head"),
    "size": Text(ar="الأفراد", fr="Taille", en="Size"),
    "amount_mru": Text(ar="المبلغ", fr="Montant", en="Amount"),
    "top_up": Text(ar="تكملة", fr="Compl.", en="Top-up"),
    "remark": Text(ar="ملاحظات اللجنة", fr="Remarques du comité", en="Remarks"),
    "thumbprint": Text(ar="بصمة", fr="Empreinte", en="Thumbprint"),
}
WORDS: dict[str, Text] = {
    "commune": Text(ar="البلدية", fr="Commune", en="Commune"),
    "village": Text(ar="القرية", fr="Village", en="Village"),
    "households": Text(ar="أسرة", fr="ménages", en="households"),
    "committee": Text(
        ar="اسم وتوقيع رئيس اللجنة القروية", fr="Nom et signature du président du comité villageois",
        en="Name and signature of the head of the village committee",
    ),
    "day": Text(ar="التاريخ", fr="Date", en="Date"),
    "unnamed": Text(ar="قرية غير مذكورة", fr="village non renseigné", en="village not known"),
}  # fmt: skip


def printed(copy: Copy) -> bytes:
    """The list as the village committee gets it: a page for each village, with room for remarks and thumbprints."""
    return pdf(TEMPLATES / "village_list.typ", page_data(copy), copy.language)


def page_data(copy: Copy) -> dict[str, Any]:
    """What the template says."""
    cells = list(copy.cells())
    columns = [name for name in PRINTED if name in TO_PRINT or any(_printed(one, name) is not None for one in cells)]
    pages: dict[tuple[str, str], list[list[str]]] = {}
    for row, one in zip(copy.rows, cells, strict=True):
        commune = one.get("commune_ar" if copy.language == "ar" else "commune_fr") or one.get("commune_fr") or ""
        place = (commune, one.get("village") or "")
        pages.setdefault(place, []).append([_text(one, name, copy.language) for name in columns])
        assert row.position == one["position"]
    return {
        "title": TITLE.in_(copy.language),
        "foot": copy.watermark,
        "words": {name: word.in_(copy.language) for name, word in WORDS.items()},
        "columns": [{"name": name, "header": PRINTED[name].in_(copy.language)} for name in columns],
        "pages": [
            {"commune": commune, "village": village, "rows": rows} for (commune, village), rows in sorted(pages.items())
        ],
    }


TO_PRINT = ("position", "remark", "thumbprint")


def _printed(cells: dict[str, Any], name: str) -> Any:
    return cells.get("head_name_fr") or cells.get("head_name_ar") if name == "head_name" else cells.get(name)


def _text(cells: dict[str, Any], name: str, language: Language) -> str:
    if name == "head_name":
        own, other = ("head_name_ar", "head_name_fr") if language == "ar" else ("head_name_fr", "head_name_ar")
        return str(cells.get(own) or cells.get(other) or "")
    value = cells.get(name)
    if name == "top_up":
        return "✓" if value else ""
    return "" if value is None else str(value)
