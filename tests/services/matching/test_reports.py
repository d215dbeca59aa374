"""What is told of scenarios and snapshots: amounts as MRU, small cells hidden, and reports in which each figure stands."""

import re
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from scenario_cases import PER_HEAD, M, T, change, twelve

from country_cases import EL_MAOUNA, TEKAVOUL, Home, country, many_homes
from services.matching.figures.computing import indicator_cells
from services.matching.figures.country import Country
from services.matching.rules.changes import Change
from services.matching.scenarios.running import computed
from services.matching.snapshots.notes import indicators
from services.matching.snapshots.reporting import Frozen, Names, snapshot_report
from shared.printing.report import Report, as_html, as_pages, as_pdf
from shared.text import LANGUAGES, Language

SNAPSHOT = UUID(int=7)


def told(of: Country, *changes: Change) -> dict[str, Any]:
    return computed(of, list(changes), None, "certain")


def cell(rows: list[dict[str, Any]], **wanted: Any) -> dict[str, Any]:
    [found] = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
    return found


def test_a_scenario_is_told_in_mru() -> None:
    found = told(twelve(50), PER_HEAD)

    assert found["budget"] == {"before_mru": "6840000.00", "after_mru": "6660000.00"}
    tekavoul = cell(found["programs"], program=T)
    assert (tekavoul["before_mru"], tekavoul["after_mru"]) == ("5040000.00", "4860000.00")
    assert {(one["before_mru"], one["after_mru"]) for one in tekavoul["months"]} == {("420000.00", "405000.00")}
    assert cell(found["served"], by="wilaya", group="MR01", program=T) == {
        "by": "wilaya", "group": "MR01", "program": T,
        "households_before": 200, "people_before": 500, "households_after": 200, "people_after": 500,
    }  # fmt: skip
    assert cell(found["changes"], by="size_band", group="1-3") == {
        "by": "size_band", "group": "1-3", "households": 150, "people": 300, "winners": 0, "losers": 150, "unchanged": 0,
        "unserved": 0, "people_winning": 0, "people_losing": 300, "gained_mru": "0.00", "lost_mru": "1080000.00",
    }  # fmt: skip


def test_what_is_done_to_a_few_is_hidden_everywhere() -> None:
    """One of each household: all groups are small."""
    found = told(twelve(), PER_HEAD)

    assert {one["winners"] for one in found["changes"]} == {None}
    assert {one["gained_mru"] for one in found["changes"]} == {None}
    assert cell(found["programs"], program=M)["before_mru"] is None  # four households
    assert cell(found["programs"], program=T)["before_mru"] == "100800.00"  # seven
    assert found["budget"] == {"before_mru": None, "after_mru": None}, "less Tekavoul's it would be El Maouna's"


def test_what_all_programs_give_is_hidden_where_one_of_them_is() -> None:
    """Three of MR01 receive El Maouna, and many elsewhere: hidden with a second wilaya, and all money of both."""

    def homes(wilaya: str, mauna: int) -> list[Home]:
        place = {"wilaya": wilaya, "moughataa": wilaya + "1", "size": 5}
        return [
            *many_homes(mauna, Home({T: 1_200, M: 2_250}, **place)),
            *many_homes(30, Home({T: 1_200}, **place)),
            *many_homes(30, Home({}, **place)),
        ]

    of = country([*homes("MR01", 3), *homes("MR02", 20), *homes("MR03", 40)], programs=(EL_MAOUNA, TEKAVOUL))
    found = told(of, change("index", program=M, percent="10"))

    by_program = {
        (one["group"], one["program"]): one["after"]["reason"]
        for one in found["indicators"]
        if (one["indicator"], one["by"]) == ("adequacy", "wilaya")
    }
    assert {group for (group, program), reason in by_program.items() if program == M and reason} == {"MR01", "MR02"}
    assert {group for (group, program), reason in by_program.items() if program is None and reason} == {"MR01", "MR02"}
    assert not any(reason for (_, program), reason in by_program.items() if program == T)
    gained = {one["group"]: one["gained_mru"] for one in found["changes"] if one["by"] == "wilaya"}
    assert gained == {"MR01": None, "MR02": None, "MR03": "36000.00"}  # 40 households, 225 in each of four months


def test_a_wilaya_where_a_few_leave_is_hidden_with_a_second_one() -> None:
    def homes(wilaya: str, inside: int, outside: int) -> list[Home]:
        return [
            *many_homes(inside, Home(gets={T: 1_200}, eligible=[T], wilaya=wilaya)),
            *many_homes(outside, Home(gets={T: 1_200}, wilaya=wilaya)),
        ]

    of = country([*homes("MR01", 30, 3), *homes("MR02", 40, 12), *homes("MR03", 60, 20)])
    found = told(of, change("coverage", share="1"))

    rows = {one["group"]: one for one in found["served"] if one["by"] == "wilaya" and one["program"] == T}
    hidden = {group for group, one in rows.items() if one["households_after"] is None}
    assert "MR01" in hidden and len(hidden) == 2  # the three who leave, and a group that might hold them instead
    assert rows["MR03"]["households_after"] == 60
    assert all((one["households_before"] is None) == (group in hidden) for group, one in rows.items())


def a_report(language: Language, times: int = 50) -> Report:
    of = twelve(times)
    frozen = Frozen(SNAPSHOT, of.day, of.day, (of.months[0], of.months[-1]), 0.97, "2026-11", 600, 3_000, "")
    names = Names(
        {one.code: one.names[language] for one in of.programs},
        {"MR01": "Hodh Ech Chargui", "MR03": "Assaba"},
        {code: getattr(note.method, language) for code, note in indicators().items()},
    )
    return snapshot_report(frozen, indicator_cells(of), names, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_report_of_a_snapshot_has_every_part(language: Language) -> None:
    report = a_report(language)

    page = as_html(report)
    assert len(report.sections) == 9
    assert all(one.note for one in report.sections)
    assert str(SNAPSHOT) in page
    assert "<script" not in page
    # 34 of each 60 people live in a household that receives.
    share = "56.7" if language == "en" else "56,7"
    assert f"{share}\u00a0%" in page
    assert re.search(r"1[,\u202f]700 / 3[,\u202f]000", page)
    assert EL_MAOUNA.names[language] in page
    assert as_pdf(report)[:5] == b"%PDF-"


def test_the_months_of_the_lean_season_the_peak_and_the_gaps_are_marked() -> None:
    profile = next(one for one in a_report("fr").sections if "mois par mois" in one.title)

    # 17,400 of 34,000 in months of both programs; 8,400 in the others: 24.7 % is below half of 51.2 %.
    assert profile.chart.count("51,2") == 4
    assert profile.chart.count("24,7") == 8
    assert (profile.chart.count(">pic<"), profile.chart.count(">creux<")) == (4, 8)
    assert profile.chart.count("#fbf1e2") == 3  # July, August, June


def test_of_a_country_of_a_few_the_report_says_that_it_is_hidden() -> None:
    page = as_html(a_report("fr", times=1))

    assert "masqué" in page
    assert "34 / 60" not in page
    assert len(as_pages(a_report("ar", times=1), ppi=20)) >= 1


def test_a_country_of_nobody_has_a_report() -> None:
    nobody = country([])
    frozen = Frozen(
        SNAPSHOT, date(2026, 6, 30), date(2026, 7, 1), (nobody.months[0], nobody.months[-1]), 0.97, "", 0, 0, ""
    )
    report = snapshot_report(frozen, indicator_cells(nobody), Names({}, {}, {}), "ar")

    assert as_pdf(report)[:5] == b"%PDF-"
