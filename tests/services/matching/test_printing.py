"""Reports and charts: in three languages, whole in themselves, and nothing of their data is read as markup."""

import re
from datetime import date
from xml.etree import ElementTree

import pytest

from services.matching.printing import charts, maps
from services.matching.printing.numbers import Writer
from services.matching.printing.words import group_name, in_order
from shared.printing.report import Report, Section, Table, as_html, as_pages, as_pdf
from shared.text import LANGUAGES, Language

UNSAFE = '<script>alert("&")</script> #let x = 1'
BARS = [charts.Bar("تكافل", 0.5, "50 %", mark=0.3), charts.Bar(UNSAFE, None, "masqué")]


def drawn(*, mirrored: bool) -> list[str]:
    months = [charts.Month(f"m{n}", [n, None], f"{n}", lean=n == 6, peak=n == 7, gap=n == 0) for n in range(12)]
    outlines = {one: (place / 20, f"{place} %") for place, one in enumerate(maps.features())}
    legend = ["a", "b", "c", "d", "e", "none"]
    return [
        charts.bars("Bars", BARS, mirrored=mirrored),
        charts.bars("Nothing", [], mirrored=mirrored),
        charts.profile("Months", months, ["A", UNSAFE], ("lean", "peak", "gap"), mirrored=mirrored),
        charts.upset("Sets", ["A", "B"], [charts.Combination(frozenset({0, 1}), 3, "3")], mirrored=mirrored),
        charts.upset("No sets", [], [], mirrored=mirrored),
        charts.two_sides("Sides", [charts.Sides("A", 0.1, 0.2, "10 %", "20 %"), charts.Sides("B", None, None, "", "")],
                         ("lost", "won"), "hidden", mirrored=mirrored),
        charts.pairs("Pairs", [charts.Pair("A", 0, 3, "0", "3"), charts.Pair("B", None, 1, "-", "1")], ("one", "two"),
                     mirrored=mirrored),
        maps.shaded("Map", outlines, [0.1, 0.2, 0.3, 0.4], legend, mirrored=mirrored),
    ]  # fmt: skip


@pytest.mark.parametrize("mirrored", [False, True])
def test_charts_are_svg_whose_words_are_words(mirrored: bool) -> None:
    for one in drawn(mirrored=mirrored):
        root = ElementTree.fromstring(one)  # well formed
        assert not [each for each in root.iter() if each.tag.endswith("script")]
        for each in root.iter():
            for name in ("x", "x1", "x2", "cx"):
                assert -1 <= float(each.get(name, "0")) <= charts.WIDTH + 1, (root.get("title"), each.attrib)


def test_a_chart_read_from_right_to_left_is_the_same_one_mirrored() -> None:
    rects = []
    for mirrored in (False, True):
        found = [one.attrib for one in ElementTree.fromstring(charts.bars("Bars", BARS, mirrored=mirrored)).iter()]
        rects.append([(float(one["x"]), float(one["width"])) for one in found if "width" in one and "x" in one])
    assert [(round(charts.WIDTH - x - width, 1), width) for x, width in rects[0]] == rects[1]


def test_the_map_has_each_wilaya_once() -> None:
    codes = [code for one in maps.features() for code in one]

    assert sorted(codes) == [f"MR{number:02d}" for number in range(1, 16)]


def a_report(language: Language) -> Report:
    table = Table(["Groupe", "Ménages"], [["لعصابة", "1 234"], [UNSAFE, "–"]])
    sections = [
        Section(f"Chart {place}", UNSAFE, chart, table, UNSAFE)
        for place, chart in enumerate(drawn(mirrored=language == "ar"))
    ]
    return Report(language, UNSAFE, "sous-titre", [("Jour", "1")], [("12", "ménages", ""), ("3", "x", "y")], sections)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_needs_nothing_else_and_runs_nothing(language: Language) -> None:
    page = as_html(a_report(language))

    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in page
    assert "<script" not in page
    assert not re.search(r"""(?:src|href)\s*=|url\((?!data:)|@import""", page)
    assert page.count("<svg") == 8


def test_the_same_report_is_the_same_file() -> None:
    files = [as_pdf(a_report("ar")) for _ in range(2)]

    assert files[0][:5] == b"%PDF-"
    assert files[0] == files[1]
    assert len(as_pages(a_report("fr"), ppi=20)) >= 2


def test_numbers_are_written_as_each_language_does() -> None:
    french, arabic, english = (Writer(one) for one in ("fr", "ar", "en"))  # type: ignore[arg-type]

    assert (french.number(1234567.5, 1), english.number(1234567.5, 1)) == ("1\u202f234\u202f567,5", "1,234,567.5")
    assert arabic.number(1234) == "1\u202f234"
    assert (french.share(0.12345), english.share(1)) == ("12,3\u00a0%", "100.0\u00a0%")
    assert (french.money(1_800_000_000), french.money(999_999)) == ("1\u202f800\u00a0millions", "999\u202f999")
    assert (french.change(-5), french.change(5), french.change(0)) == ("−5", "+5", "0")
    assert [one.number(None) for one in (french, arabic)] == ["–", "–"]
    assert (french.month(date(2026, 6, 1)), arabic.short_month(date(2026, 6, 1))) == ("juin 2026", "يونيو")


def test_groups_have_names_and_an_order() -> None:
    places = {"MR01": "Hodh Ech Chargui"}

    assert group_name("wilaya", "MR01", "fr", places) == "Hodh Ech Chargui"
    assert group_name("wilaya", "MR02", "fr", places) == "MR02"
    assert group_name("size_band", "10+", "en", places) == "10 people or more"
    assert group_name("size_band", "1-3", "ar", places) == "1–3 أفراد"
    assert group_name("category", "unknown", "fr", places) == "Inconnu"
    bands = ["10+", "unknown", "1-3", "7-9", "4-6"]
    assert sorted(bands, key=lambda one: in_order("size_band", one)) == ["1-3", "4-6", "7-9", "10+", "unknown"]
    categories = ["not_poor", "poor", "extreme_poor", "vulnerable"]
    assert sorted(categories, key=lambda one: in_order("category", one)) == [
        "extreme_poor",
        "poor",
        "vulnerable",
        "not_poor",
    ]


def test_a_long_name_beside_a_bar_stands_in_two_lines_and_loses_nothing() -> None:
    names = ["Transferts aux ménages avec personnes handicapées", "Temwine"]
    svg = charts.bars("", [charts.Bar(one, 0.5, "50 %") for one in names], mirrored=False)
    lines = re.findall(r'text-anchor="end"[^>]*>([^<]*)<', svg)

    assert lines == ["Transferts aux ménages", "avec personnes handicapées", "Temwine"]


def test_what_does_not_fit_even_so_ends_with_an_ellipsis() -> None:
    assert charts.fitted("x" * 100, room=59, size=11) == "x" * 9 + "…"
    assert charts.fitted("x" * 10, room=59, size=11) == "x" * 10
