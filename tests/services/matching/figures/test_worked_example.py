"""Twelve households, four programs, twelve months: every figure worked out by hand, the arithmetic beside it.

July 2025 to June 2026. A person needs 1,000 MRU a month. T TEKAVOUL gives 1,200 to a household each month; E EL_MAOUNA
450 to a person in June to September (4 months of the period); D DISABILITY_CASH 1,000 each month; S SCHOOL_FEEDING 300 to a
pupil in October to June (9 months). `?` is a link that a person is still to decide. E counts as a substitute of T.
In the list of T 3 has exited, 5 is suspended, 6 waits, and 9 perhaps.

 no  place          category      size head score  in        T's rule   in the year (thousands of MRU in brackets)
  1  MR01 MR011     extreme_poor   6   F    1      T E D     eligible   14,400 + 4 x 2,700 + 12,000           = 37,200
  2  MR01 MR011     extreme_poor   5   M    2      T S(2)    unknown    14,400 + 9 x 600                      = 19,800
  3  MR01 MR011     extreme_poor   4   F    3      E         eligible   4 x 1,800                             =  7,200
  4  MR01 MR012     poor           8   M    4      T         eligible                                           14,400
  5  MR01 MR012     poor           5   M    5      -         eligible                                                0
  6  MR01 MR012     poor           3   F    6      D         unknown                                            12,000
  7  MR03 MR031     poor           6   M    7      E? S(1)   no         4 x 2,700 (?) + 9 x 300               = 13,500
  8  MR03 MR031     poor          10   F    8      T?        eligible   14,400 (?)                            = 14,400
  9  MR03 MR031     vulnerable     4   M    9      -         unknown                                                 0
 10  MR03 MR031     vulnerable     2   F   10      -         no                                                      0
 11  MR03 MR031     not_poor       7   M   11      S(2)      no         9 x 600                               =  5,400
 12  MR03 MR031     not_poor       5   M    -      -         no                                                      0
                    people        65 (MR01 31, MR03 34)                 all 123,900; by sure links alone 98,700
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from country_cases import PROGRAMS, Home, country
from services.matching.figures.cells import Cell
from services.matching.figures.computing import exact_cells
from services.matching.figures.country import Country

T, E, D, S = "TEKAVOUL", "EL_MAOUNA", "DISABILITY_CASH", "SCHOOL_FEEDING"
SURE, BOTH = "certain", "certain_and_probable"
FIRST = {"wilaya": "MR01", "moughataa": "MR011"}
SECOND = {"wilaya": "MR01", "moughataa": "MR012"}
THIRD = {"wilaya": "MR03", "moughataa": "MR031"}
POOREST, POOR, NEAR, NOT = "extreme_poor", "poor", "vulnerable", "not_poor"


def at(place: dict[str, str], gets: dict[str, int], **rest: Any) -> Home:
    return Home(gets=gets, **rest | place)


def twelve() -> Country:
    homes = [
        at(FIRST, {T: 1200, E: 2700, D: 1000}, category=POOREST, size=6, head_sex="F", score=1, eligible=[T, D], disabled=1),
        at(FIRST, {T: 1200, S: 600}, category=POOREST, size=5, score=2, cannot_tell=[T], direct={S: 2}),
        at(FIRST, {E: 1800}, category=POOREST, size=4, head_sex="F", score=3, eligible=[T], standing={T: "exited"}),
        at(SECOND, {T: 1200}, category=POOR, size=8, score=4, eligible=[T]),
        at(SECOND, {}, category=POOR, size=5, score=5, eligible=[T], standing={T: "suspended"}),
        at(SECOND, {D: 1000}, category=POOR, size=3, head_sex="F", score=6, cannot_tell=[T], standing={T: "waiting"}),
        at(THIRD, {E: 2700, S: 300}, category=POOR, size=6, score=7, probable=[E]),
        at(THIRD, {T: 1200}, category=POOR, size=10, head_sex="F", score=8, eligible=[T], probable=[T]),
        at(THIRD, {}, category=NEAR, size=4, score=9, cannot_tell=[T], standing={T: "waiting"}, probable=[T]),
        at(THIRD, {}, category=NEAR, size=2, head_sex="F", score=10),
        at(THIRD, {S: 600}, category=NOT, size=7, score=11, direct={S: 2}),
        at(THIRD, {}, category=NOT, size=5),
    ]  # fmt: skip
    programs = tuple(replace(one, substitutes=(E,)) if one.code == T else one for one in PROGRAMS)
    return country(homes, programs=programs, matrix={(D, T): "intended", (E, T): "tolerated"})


CELLS: list[Cell] = exact_cells(twelve())


def of(indicator: str, by: str, group: str, unit: str, bound: str, program: str = "", other: str = "") -> Cell:
    wanted = (indicator, by, group, program, other, unit, bound)
    (found,) = [one for one in CELLS if one[:7] == wanted]
    return found


HOUSEHOLDS, PEOPLE, MONEY = "households", "people", "money"
ALL = ("total", "all")

SHARES: Iterable[tuple[Any, ...]] = (
    # coverage: by sure links 1 2 3 4 6 7 11 receive something (6+5+4+8+3+6+7 = 39 people), with the probable ones 8 too
    ("coverage", *ALL, HOUSEHOLDS, SURE, "", "", 7, 12),
    ("coverage", *ALL, HOUSEHOLDS, BOTH, "", "", 8, 12),
    ("coverage", *ALL, PEOPLE, SURE, "", "", 39, 65),
    ("coverage", *ALL, PEOPLE, BOTH, "", "", 49, 65),
    # of T: 1 2 4 (19 people), and perhaps 8 (10 people), who is the only one in MR03
    ("coverage", *ALL, PEOPLE, BOTH, T, "", 29, 65),
    ("coverage", "wilaya", "MR01", PEOPLE, BOTH, T, "", 19, 31),
    ("coverage", "wilaya", "MR03", PEOPLE, SURE, T, "", 0, 34),
    ("coverage", "wilaya", "MR03", PEOPLE, BOTH, T, "", 10, 34),
    ("coverage", "moughataa", "MR012", HOUSEHOLDS, BOTH, T, "", 1, 3),
    ("coverage", "head_sex", "F", HOUSEHOLDS, BOTH, "", "", 4, 5),  # 1 3 6 8 of 1 3 6 8 10
    ("coverage", "disability", "with", HOUSEHOLDS, BOTH, D, "", 1, 1),
    ("coverage", "size_band", "7-9", HOUSEHOLDS, BOTH, "", "", 2, 2),  # 4 and 11
    ("coverage", "month", "2025-10", HOUSEHOLDS, BOTH, E, "", 0, 12),  # not a month of E
    ("coverage", "month", "2025-07", HOUSEHOLDS, BOTH, E, "", 3, 12),  # 1 3 7
    # in one wilaya and month: in MR01 July brings something to 1 2 3 4 6 (26 people), October to all but 3 (22)
    ("coverage", "wilaya_month", "MR01|2025-07", PEOPLE, BOTH, "", "", 26, 31),
    ("coverage", "wilaya_month", "MR01|2025-10", PEOPLE, SURE, "", "", 22, 31),
    # in MR03 to 7 and 8 by probable links (16 people); in October 7 and 11 have S, and perhaps 8 T
    ("coverage", "wilaya_month", "MR03|2025-07", HOUSEHOLDS, SURE, "", "", 0, 6),
    ("coverage", "wilaya_month", "MR03|2025-07", PEOPLE, BOTH, "", "", 16, 34),
    ("coverage", "wilaya_month", "MR03|2025-10", HOUSEHOLDS, SURE, "", "", 2, 6),
    ("coverage", "wilaya_month", "MR03|2025-10", HOUSEHOLDS, BOTH, T, "", 1, 6),
    ("coverage", "wilaya_month", "MR01|2025-10", HOUSEHOLDS, BOTH, E, "", 0, 6),  # not a month of E
    # who is reached: of the 49 people, 15 are of the poorest (1 2 3), 27 poor (4 6 7 8), 7 not poor
    ("beneficiary_incidence", "category", POOREST, PEOPLE, BOTH, "", "", 15, 49),
    ("beneficiary_incidence", "category", POOR, PEOPLE, BOTH, "", "", 27, 49),
    ("beneficiary_incidence", "category", NOT, HOUSEHOLDS, BOTH, "", "", 1, 8),
    # errors: T's rule has 1 3 4 5 8 (6+4+8+5+10 = 33 people); 3 5 are missed, and 8 unless its link holds
    ("exclusion_error", *ALL, HOUSEHOLDS, SURE, T, "", 3, 5),
    ("exclusion_error", *ALL, HOUSEHOLDS, BOTH, T, "", 2, 5),
    ("exclusion_error", *ALL, PEOPLE, SURE, T, "", 19, 33),
    ("exclusion_error", *ALL, PEOPLE, BOTH, T, "", 9, 33),
    ("inclusion_error", *ALL, HOUSEHOLDS, BOTH, T, "", 0, 4),
    ("inclusion_error", *ALL, HOUSEHOLDS, BOTH, D, "", 1, 2),  # 6 by no rule of D
    ("inclusion_unknown", *ALL, HOUSEHOLDS, SURE, T, "", 1, 3),  # 2 of 1 2 4
    ("inclusion_unknown", *ALL, PEOPLE, BOTH, T, "", 5, 29),
    ("eligible_share", *ALL, PEOPLE, "", T, "", 33, 65),
    ("eligibility_unknown", *ALL, HOUSEHOLDS, "", T, "", 3, 12),  # 2 6 9
    ("eligibility_unknown", *ALL, PEOPLE, "", T, "", 12, 65),
    # gap: of the missed, 3 is in E, which stands for T
    ("gap", *ALL, HOUSEHOLDS, SURE, T, "", 2, 5),
    ("gap", *ALL, HOUSEHOLDS, BOTH, T, "", 1, 5),
    ("gap", "wilaya", "MR03", PEOPLE, SURE, T, "", 10, 10),
    # and why, by sure links: 5 (5 people) is suspended, 8 (10) stands in no list of T; 3 has left T and is in E
    ("gap_by_reason", *ALL, HOUSEHOLDS, SURE, T, "suspended", 1, 2),
    ("gap_by_reason", *ALL, HOUSEHOLDS, SURE, T, "never_enrolled", 1, 2),
    ("gap_by_reason", *ALL, HOUSEHOLDS, SURE, T, "exited", 0, 2),
    ("gap_by_reason", *ALL, PEOPLE, SURE, T, "suspended", 5, 15),
    ("gap_by_reason", *ALL, PEOPLE, SURE, T, "never_enrolled", 10, 15),
    ("gap_by_reason", *ALL, PEOPLE, SURE, T, "waiting", 0, 15),
    ("gap_by_reason", "wilaya", "MR01", HOUSEHOLDS, SURE, T, "suspended", 1, 1),
    ("gap_by_reason", "wilaya", "MR03", PEOPLE, SURE, T, "never_enrolled", 10, 10),
    ("gap_by_reason", "moughataa", "MR012", PEOPLE, SURE, T, "suspended", 5, 5),
    # overlap of E (1 3, perhaps 7) and T (1 2 4, perhaps 8): 1 alone
    ("overlap", *ALL, HOUSEHOLDS, BOTH, E, T, 1, 12),
    ("overlap_of_first", *ALL, HOUSEHOLDS, SURE, E, T, 1, 2),
    ("overlap_of_first", *ALL, HOUSEHOLDS, BOTH, E, T, 1, 3),
    ("overlap_of_second", *ALL, HOUSEHOLDS, BOTH, E, T, 1, 4),
    ("overlap_jaccard", *ALL, HOUSEHOLDS, SURE, E, T, 1, 4),  # 1 2 3 4
    ("overlap_jaccard", *ALL, HOUSEHOLDS, BOTH, E, T, 1, 6),  # and 7 8
    ("overlap_jaccard", *ALL, PEOPLE, BOTH, E, T, 6, 39),  # 6+5+4+8+6+10
    ("overlap_of_first", "month", "2025-07", HOUSEHOLDS, SURE, E, T, 1, 2),
    ("overlap", "month", "2025-10", HOUSEHOLDS, BOTH, E, T, 0, 12),
    # in exactly these programs, of 12 households: 1+1+1+2+1+1+1+4
    ("combination", *ALL, HOUSEHOLDS, BOTH, "", f"{D}+{E}+{T}", 1, 12),
    ("combination", *ALL, HOUSEHOLDS, BOTH, "", f"{S}+{T}", 1, 12),
    ("combination", *ALL, HOUSEHOLDS, BOTH, "", E, 1, 12),
    ("combination", *ALL, HOUSEHOLDS, BOTH, "", T, 2, 12),
    ("combination", *ALL, HOUSEHOLDS, BOTH, "", D, 1, 12),
    ("combination", *ALL, HOUSEHOLDS, BOTH, "", f"{E}+{S}", 1, 12),
    ("combination", *ALL, HOUSEHOLDS, BOTH, "", S, 1, 12),
    ("combination", *ALL, HOUSEHOLDS, BOTH, "", "", 4, 12),
    ("combination", *ALL, PEOPLE, SURE, "", "", 26, 65),  # 5 8 9 10 12: 5+10+4+2+5
    # package of T, with D intended beside it: 1 of 1 2 4 (and 8); of D: 1 of 1 6
    ("complementarity", *ALL, HOUSEHOLDS, SURE, T, f"{D}+{T}", 1, 3),
    ("complementarity", *ALL, HOUSEHOLDS, BOTH, T, f"{D}+{T}", 1, 4),
    ("complementarity", *ALL, HOUSEHOLDS, BOTH, D, f"{D}+{T}", 1, 2),
    # months without anything: 3 has 8 and 11 has 3 of theirs; by sure links 7 has S alone, and 3 without
    ("gap_months", *ALL, HOUSEHOLDS, BOTH, "", "", 11, 8),
    ("gap_months", *ALL, HOUSEHOLDS, SURE, "", "", 14, 7),
    # 1 receives 3,100 a month on average, 2 1,650, 3 600, 4 1,200, 6 1,000, 7 1,125, 8 1,200, 11 450
    ("value_distribution", "value_band", "0", HOUSEHOLDS, BOTH, "", "", 4, 12),
    ("value_distribution", "value_band", "1-499", HOUSEHOLDS, BOTH, "", "", 1, 12),
    ("value_distribution", "value_band", "500-999", HOUSEHOLDS, BOTH, "", "", 1, 12),
    ("value_distribution", "value_band", "1000-1999", HOUSEHOLDS, BOTH, "", "", 5, 12),
    ("value_distribution", "value_band", "2000-4999", PEOPLE, BOTH, "", "", 6, 65),
    ("equity_nothing", "category_size_wilaya", "poor|4-6|MR01", HOUSEHOLDS, BOTH, "", "", 1, 1),  # 5
)  # fmt: skip


@pytest.mark.parametrize("row", SHARES, ids=lambda row: "-".join(map(str, row[:7])))
def test_a_share_of_households_or_people(row: tuple[Any, ...]) -> None:
    *which, part, whole = row
    cell = of(*which)

    assert (cell.numerator, cell.denominator) == (part, whole)
    assert cell.value == pytest.approx(part / whole)


MRU: Iterable[tuple[Any, ...]] = (
    # 37,200 + 19,800 + 7,200 = 64,200 to the poorest; 14,400 + 12,000 + 13,500 + 14,400 = 54,300 to the poor
    ("benefit_incidence", "category", POOREST, BOTH, "", 64_200, 123_900),
    ("benefit_incidence", "category", POOR, BOTH, "", 54_300, 123_900),
    ("benefit_incidence", "category", POOREST, SURE, "", 64_200, 98_700),
    ("benefit_incidence", "wilaya", "MR03", BOTH, T, 14_400, 57_600),
    # the baskets of 49 people for 12 months are 588,000; of the 39 of sure links 468,000; of all 65 780,000
    ("adequacy", *ALL, BOTH, "", 123_900, 588_000),
    ("adequacy", *ALL, SURE, "", 98_700, 468_000),
    ("adequacy", *ALL, BOTH, T, 57_600, 348_000),
    ("adequacy", "month", "2025-07", BOTH, E, 7_200, 16_000),  # 2,700 + 1,800 + 2,700 to 1 3 7, of 16 people
    ("adequacy_of_group", *ALL, BOTH, "", 123_900, 780_000),
    ("adequacy_of_group", "category", NEAR, BOTH, "", 0, 72_000),
    # in MR01 in July E brings 2,700 and 1,800 to 1 and 3, of 10 people; in MR03 2,700 to 7, of 6
    ("adequacy", "wilaya_month", "MR01|2025-07", BOTH, E, 4_500, 10_000),
    ("adequacy", "wilaya_month", "MR03|2025-07", BOTH, E, 2_700, 6_000),
    ("adequacy", "wilaya_month", "MR01|2025-07", BOTH, T, 3_600, 19_000),
    # of all programs: in MR01 T 3,600, E 4,500 and D 2,000 of the 26 people of 1 2 3 4 6; in MR03 E 2,700 and T 1,200 of
    # the 23 of 7 8 11; in December T 3,600, D 2,000 and S 600, and T 1,200 and S 900
    ("combined_adequacy", "wilaya_month", "MR01|2025-07", BOTH, "", 10_100, 26_000),
    ("combined_adequacy", "wilaya_month", "MR03|2025-07", BOTH, "", 3_900, 23_000),
    ("combined_adequacy", "wilaya_month", "MR01|2025-12", BOTH, "", 6_200, 26_000),
    ("combined_adequacy", "wilaya_month", "MR03|2025-12", SURE, "", 900, 13_000),
    # month by month of 49,000: T 4,800, E 7,200 in its months, D 2,000, S 1,500 in its months
    ("combined_adequacy", "month", "2025-07", BOTH, "", 14_000, 49_000),
    ("combined_adequacy", "month", "2025-12", BOTH, "", 8_300, 49_000),
    ("combined_adequacy", "month", "2026-06", BOTH, "", 15_500, 49_000),
    ("lean_season_adequacy", *ALL, BOTH, "", 43_500, 147_000),  # June 15,500, July and August 14,000 each
)  # fmt: skip


@pytest.mark.parametrize("row", MRU, ids=lambda row: "-".join(map(str, row[:5])))
def test_a_share_of_money(row: tuple[Any, ...]) -> None:
    indicator, by, group, bound, program, part, whole = row
    cell = of(indicator, by, group, MONEY, bound, program)

    assert (cell.numerator, cell.denominator) == (part * 100, whole * 100)
    assert cell.value == pytest.approx(part / whole)


def test_the_example_household_has_4900_in_july_and_the_year_adds_up() -> None:
    told = [one for one in CELLS if one.indicator == "combined_adequacy" and one.bound == BOTH]

    # 3 x 14,000 + 8 x 8,300 + 15,500
    assert sum(one.numerator or 0 for one in told if one.by == "month") == 123_900 * 100
    assert sum(one.numerator or 0 for one in told if one.by == "wilaya_month") == 123_900 * 100
    received = twelve().receipts.filter(household=0)
    assert received.filter(month=twelve().months[0])["value"].sum() == (1_200 + 2_700 + 1_000) * 100


def test_the_peak_is_june_when_the_lean_season_begins_and_school_has_not_ended() -> None:
    peak = of("peak_month", *ALL, MONEY, BOTH, "", "2026-06")

    assert peak.value == pytest.approx(15_500 / 49_000)


def test_harmony_of_cash_programs() -> None:
    july = of("harmonisation_gap", "month", "2025-07", MONEY, BOTH, "", "cash")
    october = of("harmonisation_gap", "month", "2025-10", MONEY, BOTH, "", "cash")

    # a person has 450.00 from E, 2,000 / 9 = 222.22 from D, 4,800 / 29 = 165.52 from T
    assert (july.numerator, july.denominator, july.value) == (45_000, 16_552, 28_448)
    assert (october.numerator, october.denominator, october.value) == (22_222, 16_552, 5_670)
    assert of("harmonisation_gap", "month", "2025-10", MONEY, BOTH, "", "meal").reason == "nothing_to_compare"


def test_horizontal_equity_of_the_poorest_of_four_to_six() -> None:
    """1 has 37,200 / 72 = 516.67 a head and month, 2 19,800 / 60 = 330.00, 3 7,200 / 48 = 150.00."""
    alike = ("category_size_wilaya", "extreme_poor|4-6|MR01")
    ratio = of("equity_p90_p10", *alike, MONEY, BOTH, "", HOUSEHOLDS)
    variation = of("equity_variation", *alike, MONEY, BOTH, "", HOUSEHOLDS)

    assert (ratio.numerator, ratio.denominator) == (51_667, 15_000)  # the third and the first of three
    assert ratio.value == pytest.approx(3.444467, abs=1e-6)
    # mean 332.2233; squares of 184.4467, 2.2233, 182.2233 are 34,020.57 + 4.94 + 33,205.34; / 3 = 22,410.28; root 149.7007
    assert (variation.numerator, variation.denominator) == (14_970, 33_222)
    assert variation.value == pytest.approx(149.7007 / 332.2233, abs=1e-6)
    nobody = of("equity_p90_p10", "category_size_wilaya", "vulnerable|4-6|MR03", MONEY, BOTH, "", HOUSEHOLDS)
    assert (nobody.value, nobody.reason) == (None, "lowest_is_zero")


def test_vertical_equity_by_households() -> None:
    """Eleven have a score. With ranks (2i - 1) / 22 the sum of value x (2i - 1) is 37,200 + 3 x 19,800 + 5 x 7,200 +
    7 x 14,400 + 11 x 12,000 + 13 x 13,500 + 15 x 14,400 + 21 x 5,400 = 870,300; / (11 x 123,900) - 1 = -0.361435."""
    cell = of("concentration", *ALL, MONEY, BOTH, "", HOUSEHOLDS)

    assert cell.value == pytest.approx(870_300 / 1_362_900 - 1)
    assert cell.value == pytest.approx(-0.361435, abs=1e-6)  # the poorer receive more


def test_what_is_shared_by_nobody_says_so() -> None:
    cell = of("exclusion_error", "category", NOT, HOUSEHOLDS, BOTH, T)

    assert (cell.numerator, cell.denominator, cell.value, cell.reason) == (0, 0, None, "no_one")


def test_a_pair_says_its_class() -> None:
    assert of("overlap", *ALL, HOUSEHOLDS, BOTH, D, T).overlap_class == "intended"
    assert of("overlap", *ALL, HOUSEHOLDS, BOTH, E, T).overlap_class == "tolerated"
    assert of("overlap", *ALL, HOUSEHOLDS, BOTH, E, S).overlap_class is None


def test_every_indicator_is_in_the_example() -> None:
    asked = {row[0] for row in (*SHARES, *MRU)} | {"peak_month", "harmonisation_gap", "concentration"}

    assert {one.indicator for one in CELLS} == asked | {"equity_p90_p10", "equity_variation"}
