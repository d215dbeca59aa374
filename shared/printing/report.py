"""A report: facts, sections with a chart, a table and how it was computed; as a page of HTML or as a PDF, from the same data."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import typst

from shared.printing import ALWAYS, HERE, ROOT, pdf
from shared.text import Language, Text

FOOTNOTE = Text(ar="تكامل – منصة ترابط شبكات الأمان الاجتماعي", fr="Tekamoul – plateforme d'interconnexion des filets sociaux",
                en="Tekamoul – the platform that links safety nets")  # fmt: skip
METHOD = Text(ar="طريقة الحساب", fr="Méthode", en="Method")


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` as wide as `head`, already in words; the first `texts` columns are text, the others numbers."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    texts: int = 1


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, a sentence, a chart (SVG), a table, and the method note."""

    title: str
    lead: str = ""
    chart: str = ""
    table: Table | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """`facts`: what every figure stands on (snapshot, day, period, threshold). `key`: the few numbers to remember, each with what
    it is and what it is made of."""

    language: Language
    title: str
    subtitle: str
    facts: Sequence[tuple[str, str]]
    key: Sequence[tuple[str, str, str]]
    sections: Sequence[Section] = field(default_factory=tuple)

    def data(self) -> Mapping[str, Any]:
        return {
            "title": self.title,
            "subtitle": self.subtitle,
            "foot": FOOTNOTE.in_(self.language),
            "method": METHOD.in_(self.language),
            "facts": [list(one) for one in self.facts],
            "key": [list(one) for one in self.key],
            "sections": [
                {
                    "title": one.title,
                    "lead": one.lead,
                    "chart": one.chart,
                    "note": one.note,
                    "head": list(one.table.head) if one.table else [],
                    "texts": one.table.texts if one.table else 1,
                    "rows": [list(row) for row in one.table.rows] if one.table else [],
                }
                for one in self.sections
            ],
        }


def as_pdf(report: Report) -> bytes:
    """Takes the processor for a second: call it in a thread."""
    return pdf(HERE / "report.typ", report.data(), report.language)


def as_pages(report: Report, ppi: int = 80) -> list[bytes]:
    """Each page of the PDF as a picture, to be looked at."""
    import json

    made = typst.compile(
        str(HERE / "report.typ"),
        root=str(ROOT),
        font_paths=[str(HERE / "fonts")],
        ignore_system_fonts=True,
        format="png",
        ppi=ppi,
        sys_inputs={"data": json.dumps(report.data(), ensure_ascii=False), "language": report.language},
        timestamp=ALWAYS,
    )
    return made if isinstance(made, list) else [made]


def as_html(report: Report) -> str:
    """One file that needs no other: charts are inline SVG, the letter is within it, no script."""
    return _page().render(**report.data(), language=report.language, fonts=_fonts())


@cache
def _page() -> jinja2.Template:
    made = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE), autoescape=True, undefined=jinja2.StrictUndefined)
    return made.get_template("report.html")


@cache
def _fonts() -> list[tuple[int, str]]:
    names = ((400, "IBMPlexSansArabic_400Regular.ttf"), (700, "IBMPlexSansArabic_700Bold.ttf"))
    return [(weight, base64.b64encode((Path(HERE) / "fonts" / name).read_bytes()).decode()) for weight, name in names]
