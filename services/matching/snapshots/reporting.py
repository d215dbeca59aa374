"""The report of a snapshot: its figures with charts, each with its numerator, denominator and method; for those who decide.

Pure: figures in, a report out. Figures of certain links are shown; with the probable ones beside them where both are known.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.matching.figures.cells import HIDDEN, MONEY, NO_ONE, Cell
from services.matching.figures.received import LEAN_MONTHS
from services.matching.figures.states import BOTH, CERTAIN
from services.matching.printing import charts, maps
from services.matching.printing.numbers import DASH, Writer
from services.matching.printing.words import CLASSES, GAP_REASONS, group_name, in_order
from services.matching.printing.words import HIDDEN as HIDDEN_WORD
from services.matching.snapshots.notes import AS_KNOWN, NO_REASONS
from services.matching.snapshots.report_words import WORDS
from shared.printing.report import Report, Section, Table
from shared.text import Language, Text

MOST_COMBINATIONS = 12
"""Columns of the chart of combinations: what is smaller is seldom read, and stands in the files."""
GAP_SHARE = 0.5
"""A month is marked as a gap where what is received is less than this part of that of the peak."""
CENTS = 100
SHADES_FROM = (0.2, 0.4, 0.6, 0.8)


@dataclass(frozen=True, slots=True)
class Frozen:
    """What a report says of the snapshot itself."""

    snapshot_id: UUID
    day: date
    known_on: date
    months: tuple[date, date]
    threshold: float
    model_version: str
    households: int
    people: int
    note: str


@dataclass(frozen=True, slots=True)
class Names:
    """What programs and places are called in the language of the report, and the methods of the indicators."""

    programs: Mapping[str, str]
    places: Mapping[str, str]
    methods: Mapping[str, str]


def snapshot_report(frozen: Frozen, cells: Sequence[Cell], names: Names, language: Language) -> Report:
    return _Reporting(frozen, cells, names, language).report()


class _Reporting:
    def __init__(self, frozen: Frozen, cells: Sequence[Cell], names: Names, language: Language) -> None:
        self.frozen, self.names, self.language = frozen, names, language
        self.write, self.mirrored = Writer(language), language == "ar"
        self.cells = cells
        self.known = {_key(one): one for one in cells}

    def say(self, word: str, **values: object) -> str:
        return WORDS[word].format(**values).in_(self.language) if values else WORDS[word].in_(self.language)

    def of(self, indicator: str, by: str = "total", unit: str = "", bound: str = CERTAIN) -> list[Cell]:
        return [
            one
            for one in self.cells
            if one.indicator == indicator and one.by == by and one.bound == bound and (not unit or one.unit == unit)
        ]

    def one(self, indicator: str, unit: str, bound: str = CERTAIN, program: str = "") -> Cell | None:
        return self.known.get((indicator, "total", "all", program, "", unit, bound))

    def report(self) -> Report:
        sections = [
            self._coverage(),
            self._by_program(),
            self._profile(),
            self._combinations(),
            self._pairs(),
            self._targeting(),
            self._reasons(),
            self._equity(),
            self._alike(),
        ]
        shown = [one for one in sections if one is not None]
        return Report(self.language, self.say("title"), self._subtitle(), self._facts(), self._key_figures(), shown)

    def _subtitle(self) -> str:
        return self.frozen.note or self.say("subtitle")

    def _facts(self) -> list[tuple[str, str]]:
        frozen, write = self.frozen, self.write
        first, last = frozen.months
        counts = {"households": write.number(frozen.households), "people": write.number(frozen.people)}
        return [
            (self.say("snapshot"), str(frozen.snapshot_id)),
            (self.say("day"), write.day(frozen.day)),
            (self.say("known_on"), write.day(frozen.known_on)),
            *([(self.say("read"), AS_KNOWN.in_(self.language))] if frozen.known_on != frozen.day else ()),
            (self.say("period"), f"{write.month(first)} – {write.month(last)}"),
            (self.say("threshold"), self.say("probability", threshold=write.number(frozen.threshold, 2))),
            (self.say("registry"), self.say("households_people", **counts)),
            (self.say("model"), frozen.model_version),
        ]

    def _key_figures(self) -> list[tuple[str, str, str]]:
        found = [
            ("coverage", self.one("coverage", "people"), "key_coverage"),
            ("adequacy", self.one("adequacy", MONEY), "key_adequacy"),
            ("lean", self.one("lean_season_adequacy", MONEY), "key_lean"),
            ("concentration", self._concentration(""), "key_concentration"),
        ]
        return [
            (self._value(cell), self.say(word), self._parts(cell) if name != "concentration" else self.say("pro_poor"))
            for name, cell, word in found
            if cell is not None
        ]

    def _concentration(self, program: str) -> Cell | None:
        key = ("concentration", "total", "all", program, "people", MONEY, CERTAIN)
        return self.known.get(key)

    def _value(self, cell: Cell | None) -> str:
        if cell is None:
            return DASH
        if cell.value is None:
            return {HIDDEN: HIDDEN_WORD, NO_ONE: WORDS["no_one"]}.get(cell.reason or "", NOTHING).in_(self.language)
        if cell.indicator in ("concentration", "equity_variation", "equity_p90_p10"):
            return self.write.number(cell.value, 3 if cell.indicator == "concentration" else 2)
        return self.write.share(cell.value)

    def _parts(self, cell: Cell) -> str:
        """`1 234 / 5 678`, money in MRU."""
        if cell.numerator is None or cell.denominator is None:
            return ""
        if cell.unit == MONEY:
            return f"{self.write.money(cell.numerator / CENTS)} / {self.write.money(cell.denominator / CENTS)}"
        return f"{self.write.number(cell.numerator)} / {self.write.number(cell.denominator)}"

    def _probable(self, cell: Cell) -> str:
        """The same figure with the probable links."""
        return self._value(self.known.get((*_key(cell)[:-1], BOTH)))

    def _count(self, count: int | None) -> str:
        return HIDDEN_WORD.in_(self.language) if count is None else self.write.number(count)

    def _program(self, code: str) -> str:
        return self.names.programs.get(code, code) if code else self.say("any_program")

    def _method(self, *indicators: str) -> str:
        return " ".join(self.names.methods[one] for one in indicators if one in self.names.methods)

    def _coverage(self) -> Section | None:
        rows = sorted((one for one in self.of("coverage", "wilaya", "people") if not one.program), key=_place)
        if not rows:
            return None
        values = {
            outline: (cell.value, self._value(cell))
            for outline in maps.features()
            if (cell := self._of_outline(outline, rows)) is not None
        }
        edges = [0.0, *SHADES_FROM, 1.0]
        legend = [
            f"{self.write.number(low * 100)}–{self.write.number(high * 100)}\u00a0%"
            for low, high in itertools.pairwise(edges)
        ]
        title = self.say("coverage")
        chart = maps.shaded(title, values, SHADES_FROM, [*legend, self.say("no_figure")], mirrored=self.mirrored)
        cells = [
            [
                group_name(one.by, one.group, self.language, self.names.places),
                self._count(one.numerator),
                self._count(one.denominator),
                self._value(one),
                self._probable(one),
            ]
            for one in rows
        ]
        head = [self.say(word) for word in ("wilaya", "people_served", "people", "share", "with_probable")]
        lead = self.say("coverage_lead") + " " + self.say("nouakchott")
        return Section(title, lead, chart, Table(head, cells), self._method("coverage"))

    def _of_outline(self, outline: Sequence[str], rows: Sequence[Cell]) -> Cell | None:
        """The figure of an outline: of several wilayas together, that of all of them where none is hidden."""
        inside = [one for one in rows if one.group in outline]
        if not inside:
            return None
        if len(inside) == 1:
            return inside[0]
        if any(one.numerator is None or one.denominator is None for one in inside):
            return inside[0]._replace(numerator=None, denominator=None, value=None, reason=HIDDEN)
        part, whole = (sum(getattr(one, name) for one in inside) for name in ("numerator", "denominator"))
        return inside[0]._replace(numerator=part, denominator=whole, value=part / whole if whole else None)

    def _by_program(self) -> Section | None:
        rows = [one for one in self.of("coverage", "total", "people") if one.program]
        if not rows:
            return None
        bars = [
            charts.Bar(self._program(one.program)[:28], one.value, f"{self._value(one)}  ({self._parts(one)})")
            for one in sorted(rows, key=lambda one: -(one.value or 0))
        ]
        title = self.say("by_program")
        return Section(
            title,
            self.say("by_program_lead"),
            charts.bars(title, bars, mirrored=self.mirrored),
            note=self._method("coverage"),
        )

    def _profile(self) -> Section | None:
        months = sorted(self.of("combined_adequacy", "month", MONEY), key=lambda one: one.group)
        if not months or all(one.value is None for one in months):
            return None
        programs = sorted({one.program for one in self.of("adequacy", "month", MONEY) if one.program and one.numerator})
        most = max(one.value or 0 for one in months)
        columns = [self._column(one, programs, most) for one in months]
        words = (self.say("lean"), self.say("peak"), self.say("gap"))
        title, names = self.say("profile"), [self._program(one) for one in programs]
        chart = charts.profile(title, columns, names, words, mirrored=self.mirrored)
        lead = self.say("profile_lead", share=self.write.share(GAP_SHARE))
        return Section(title, lead, chart, note=self._method("combined_adequacy"))

    def _column(self, month: Cell, programs: Sequence[str], most: float) -> charts.Month:
        whole = month.denominator
        parts = []
        for program in programs:
            cell = self.known.get(("adequacy", "month", month.group, program, "", MONEY, CERTAIN))
            told = cell is not None and cell.numerator is not None and whole
            parts.append(
                cell.numerator / whole if told and cell is not None and cell.numerator is not None and whole else None
            )
        first = date(int(month.group[:4]), int(month.group[5:7]), 1)
        value = month.value
        return charts.Month(
            self.write.short_month(first),
            parts,
            self._value(month),
            lean=first.month in LEAN_MONTHS,
            peak=value is not None and value == most,
            gap=value is not None and value < most * GAP_SHARE,
        )

    def _combinations(self) -> Section | None:
        rows = [one for one in self.of("combination", "total", "households") if one.other and one.numerator]
        rows = sorted(rows, key=lambda one: (-(one.numerator or 0), one.other))[:MOST_COMBINATIONS]
        if not rows:
            return None
        codes = sorted({code for one in rows for code in one.other.split("+")})
        columns = [
            charts.Combination(
                frozenset(codes.index(code) for code in one.other.split("+")),
                one.numerator or 0,
                self._count(one.numerator),
            )
            for one in rows
        ]
        title, names = self.say("combinations"), [self._program(code)[:28] for code in codes]
        chart = charts.upset(title, names, columns, mirrored=self.mirrored)
        return Section(title, self.say("combinations_lead"), chart, note=self._method("combination"))

    def _pairs(self) -> Section | None:
        rows = [one for one in self.of("overlap", "total", "households") if one.numerator or one.reason]
        if not rows:
            return None
        cells = [
            [
                f"{self._program(one.program)} + {self._program(one.other)}",
                CLASSES.get(one.overlap_class or "undecided", CLASSES["undecided"]).in_(self.language),
                self._count(one.numerator),
                *(
                    self._value(self._beside(one, name))
                    for name in ("overlap_of_first", "overlap_of_second", "overlap_jaccard")
                ),
            ]
            for one in sorted(rows, key=lambda one: -(one.numerator or 0))
        ]
        head = [self.say(word) for word in ("pair", "class", "households", "of_first", "of_second", "jaccard")]
        return Section(self.say("pairs"), table=Table(head, cells, texts=2), note=self._method("overlap"))

    def _beside(self, cell: Cell, indicator: str) -> Cell | None:
        return self.known.get(_key(cell._replace(indicator=indicator)))

    def _targeting(self) -> Section | None:
        codes = [one.program for one in self.of("exclusion_error", "total", "households")]
        if not codes:
            return None
        rows = [
            [
                self._program(code),
                *(
                    self._figure_and_parts(self.one(name, "households", program=code))
                    for name in ("exclusion_error", "inclusion_error", "gap")
                ),
            ]
            for code in codes
        ]
        head = [self.say(word) for word in ("program", "exclusion", "inclusion", "gap_of_rule")]
        note = self._method("exclusion_error", "inclusion_error", "gap")
        return Section(self.say("targeting"), self.say("targeting_lead"), table=Table(head, rows), note=note)

    def _reasons(self) -> Section | None:
        title, codes = self.say("reasons"), [one.program for one in self.of("gap", "total", "households")]
        found = {(one.program, one.other): one for one in self.of("gap_by_reason", "total", "households")}
        if not codes:
            return None
        if not found:
            return Section(title, NO_REASONS.in_(self.language))
        rows = [
            [self._program(code), *(self._figure_and_parts(found.get((code, reason))) for reason in GAP_REASONS)]
            for code in codes
        ]
        head = [self.say("program"), *(word.in_(self.language) for word in GAP_REASONS.values())]
        return Section(title, self.say("reasons_lead"), table=Table(head, rows), note=self._method("gap_by_reason"))

    def _figure_and_parts(self, cell: Cell | None) -> str:
        """The share, and below it what it is made of."""
        return DASH if cell is None else f"{self._value(cell)}\n{self._parts(cell)}".strip()

    def _equity(self) -> Section | None:
        rows = [
            (code, cell)
            for code in ("", *sorted({one.program for one in self.cells if one.program}))
            if (cell := self._concentration(code)) is not None and cell.value is not None
        ]
        shares = sorted((one for one in self.of("benefit_incidence", "category", MONEY) if not one.program), key=_place)
        if not rows and not shares:
            return None
        bars = [
            charts.Bar(
                group_name(one.by, one.group, self.language, self.names.places),
                one.value,
                f"{self._value(one)}  ({self.write.money((one.numerator or 0) / CENTS)})",
            )
            for one in shares
        ]
        title = self.say("equity")
        table = Table(
            [self.say("program"), self.say("key_concentration")],
            [[self._program(code), self._value(cell)] for code, cell in rows],
        )
        chart = charts.bars(title, bars, mirrored=self.mirrored) if bars else ""
        return Section(title, self.say("equity_lead"), chart, table, self._method("benefit_incidence", "concentration"))

    def _alike(self) -> Section | None:
        """How much households receive in a month: bands from nothing upwards."""
        rows = self.of("value_distribution", "value_band", "households")
        if not rows:
            return None
        rows = sorted(rows, key=lambda one: int(one.group.split("-")[0].rstrip("+")))
        bars = [
            charts.Bar(
                self._band(one.group),
                one.value,
                f"{self._value(one)}  ({self._parts(one)})",
            )
            for one in rows
        ]
        title = self.say("distribution")
        return Section(
            title,
            self.say("distribution_lead"),
            charts.bars(title, bars, mirrored=self.mirrored),
            note=self._method("value_distribution"),
        )

    def _band(self, group: str) -> str:
        bounds = [self.write.number(int(one)) for one in group.rstrip("+").split("-")]
        return self.say("band_up" if group.endswith("+") else "band", band="–".join(bounds))


NOTHING = Text(ar="لا شيء", fr="rien", en="nothing")


def _key(cell: Cell) -> tuple[str, str, str, str, str, str, str]:
    return (cell.indicator, cell.by, cell.group, cell.program, cell.other, cell.unit, cell.bound)


def _place(cell: Cell) -> tuple[int, str]:
    return in_order(cell.by, cell.group)
