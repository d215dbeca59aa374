"""Each level of each field, the forbidden pair, and what the evidence says."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from services.matching.rules.comparing import compare, probability_of
from services.matching.rules.facts import BeneficiaryFacts, IndividualFacts
from services.matching.rules.model import MODEL
from services.matching.rules.wording import explain

SALEM = IndividualFacts(
    individual_id=UUID(int=1),
    individual_number="1000000001",
    household_id=UUID(int=10),
    household_number="MR0110000123",
    name_fr="Salem Ould Bellal Ould Tourad",
    name_ar="سالم ولد بلال ولد التراد",
    sex="M",
    birth_date=date(1980, 3, 7),
    nni="9901328642",
    phones=("22334455",),
    relationship="head",
    wilaya_code="MR01",
    moughataa_code="MR011",
    commune_code="MR011-C02",
)
ROW = BeneficiaryFacts(enrollment_id=UUID(int=99), unit="household")


def level(field: str, row: dict[str, Any], person: dict[str, Any] | None = None) -> str:
    return compare(replace(ROW, **row), replace(SALEM, **(person or {}))).level(field)


@pytest.mark.parametrize(
    ("field", "row", "expected"),
    [
        ("nni", {"nni": "9901328642"}, "equal"),
        ("nni", {"nni": "9901328643"}, "one_slip"),
        ("nni", {"nni": "9955555555"}, "different"),
        ("nni", {}, "missing"),
        ("household_number", {"household_number": "MR0110000123"}, "equal"),
        ("household_number", {"household_number": "MR0110000132"}, "one_slip"),
        ("household_number", {"household_number": "MR0110000999"}, "different"),
        ("household_number", {}, "missing"),
        ("name", {"name": "سالم بلال التراد"}, "same_three"),
        ("name", {"name": "Salem Bellal"}, "same"),
        ("name", {"name": "Salem"}, "part"),
        ("name", {"name": "Salem Ould Tourad"}, "alike"),
        ("name", {"name": "Saleck Ould Bellal Ould Tourad"}, "doubtful"),
        ("name", {"name": "Amadou Diallo"}, "different"),
        ("name", {}, "missing"),
        ("father_name", {"name": "Salem", "father_name": "Bellal Tourad"}, "same"),
        ("father_name", {"name": "Salem Bellal", "father_name": "Bellal"}, "repeated"),
        ("father_name", {"name": "Salem", "father_name": "Amadou"}, "unconfirmed"),
        ("father_name", {"name": "Salem"}, "missing"),
        ("birth", {"birth_date": date(1980, 3, 7)}, "same_day"),
        ("birth", {"birth_date": date(1980, 7, 3)}, "swapped"),
        ("birth", {"birth_date": date(1980, 12, 31)}, "same_year"),
        ("birth", {"birth_date": date(1980, 6, 1), "birth_precision": "year"}, "same_year"),
        ("birth", {"birth_date": date(1980, 5, 9)}, "other_day"),
        ("birth", {"birth_date": date(1990, 3, 7)}, "ten_years"),
        ("birth", {"birth_date": date(1981, 12, 31)}, "next_year"),
        ("birth", {"birth_date": date(1978, 12, 31)}, "near_year"),
        ("birth", {"birth_date": date(1965, 12, 31)}, "different"),
        ("birth", {"birth_date": date(1990, 4, 8)}, "different"),
        ("birth", {}, "missing"),
        ("sex", {"sex": "M"}, "same"),
        ("sex", {"sex": "F"}, "different"),
        ("sex", {"name": "Salem Ould Bellal"}, "hinted"),
        ("sex", {"name": "Salma Mint Bellal"}, "against_hint"),
        ("sex", {}, "missing"),
        ("phone", {"phones": ("+222 22 33 44 55",)}, "equal"),
        ("phone", {"phones": ("44556677",)}, "different"),
        ("phone", {}, "missing"),
        ("place", {"wilaya_code": "MR01", "moughataa_code": "MR011", "commune_code": "MR011-C02"}, "commune"),
        ("place", {"wilaya_code": "MR01", "moughataa_code": "MR011"}, "moughataa"),
        ("place", {"wilaya_code": "MR01"}, "wilaya"),
        ("place", {"wilaya_code": "MR01", "moughataa_code": "MR011", "commune_code": "MR011-C03"}, "other_commune"),
        ("place", {"wilaya_code": "MR01", "moughataa_code": "MR012"}, "other_moughataa"),
        ("place", {"wilaya_code": "MR02"}, "other_wilaya"),
        ("place", {}, "missing"),
        ("role", {}, "head"),
    ],
)
def test_each_level_is_reached(field: str, row: dict[str, Any], expected: str) -> None:
    assert level(field, row) == expected


@pytest.mark.parametrize(
    ("field", "row", "person", "expected"),
    [
        ("phone", {"phones": ("22334455",)}, {"phone_households": 40}, "shared"),
        ("role", {}, {"relationship": "spouse"}, "spouse"),
        ("role", {}, {"relationship": "child"}, "member"),
        ("father_name", {"father_name": "Amadou Ba"}, {"father_name": "Bellal Ould Tourad"}, "different"),
        ("father_name", {"father_name": "Ahmedou"}, {"father_name": "Ahmed"}, "near"),
        ("name", {"name": "Salem Ould Ahmedou"}, {"name_fr": "Salem Ould Ahmed", "name_ar": None}, "near"),
        (
            "school",
            {"unit": "pupil", "school_class": "3AF", "listed_on": date(2026, 10, 1)},
            {"birth_date": date(2018, 1, 1)},
            "fits",
        ),
        (
            "school",
            {"unit": "pupil", "school_class": "1AF", "listed_on": date(2026, 10, 1)},
            {"birth_date": date(2014, 1, 1)},
            "older",
        ),
        (
            "school",
            {"unit": "pupil", "school_class": "1AF", "listed_on": date(2026, 10, 1)},
            {"birth_date": date(1980, 1, 1)},
            "unfit",
        ),
        ("school", {"unit": "pupil", "school_class": "5AF"}, {}, "missing"),
        ("common_name", {"name": "Mohamed Ahmed"}, {"name_fr": "Mohamed Ahmed"}, "all"),
        ("common_name", {"name": "Penda Diallo"}, {"name_fr": "Penda Diallo", "name_ar": None}, "one"),
        ("common_name", {"name": "Mohamed Ahmed Tourad"}, {"name_fr": "Mohamed Ahmed Tourad"}, "two"),
        ("common_name", {"name": "Mohamed Tourad"}, {"name_fr": "Mohamed Tourad"}, "one"),
        ("common_name", {"name": "Salem Tourad"}, {"name_fr": "Salem Tourad"}, "none"),
    ],
)
def test_levels_that_depend_on_the_individual(
    field: str, row: dict[str, Any], person: dict[str, Any], expected: str
) -> None:
    assert level(field, row, person) == expected


def test_a_clan_name_is_nobodys_father() -> None:
    person = {"name_fr": "Diallo Amadou", "name_ar": None}

    assert level("father_name", {"name": "Amadou Diallo", "father_name": "Samba Diallo"}, person) == "missing"


def test_a_phone_of_forty_households_says_almost_nothing() -> None:
    row = replace(ROW, phones=("22334455",))
    own = compare(row, SALEM).score
    agents = compare(row, replace(SALEM, phone_households=40)).score

    # 8 bits, less 1.5 for each doubling: 8 - 1.5 * log2(40) = 0.017, and never below 0.5.
    assert own - agents == pytest.approx(7.5)


def test_the_score_is_the_sum_of_its_evidence_and_the_probability_follows() -> None:
    comparison = compare(replace(ROW, nni="9901328642", commune_code="MR011-C02"), SALEM)

    # 16 for the id, 3 for the commune, 2.5 for the head: 21.5; with the prior of -11, 10.5 bits.
    assert comparison.score == pytest.approx(21.5)
    assert comparison.score == pytest.approx(sum(e.weight for e in comparison.evidence))
    assert comparison.probability == pytest.approx(1 / (1 + 2**-10.5))
    assert comparison.model_version == MODEL.version
    assert 0.0 < probability_of(-1000.0, "pupil") < probability_of(1000.0, "pupil") <= 1.0


@pytest.mark.parametrize(
    ("name", "born", "forbidden"),
    [
        ("Amadou Diallo", date(1999, 12, 31), True),
        ("Amadou Diallo", date(1980, 12, 31), False),
        ("Salem Ould Bellal", date(1999, 12, 31), False),
        ("Amadou Diallo", None, False),
    ],
)
def test_the_same_id_on_another_name_born_another_year_is_forbidden(
    name: str, born: date | None, forbidden: bool
) -> None:
    assert compare(replace(ROW, nni="9901328642", name=name, birth_date=born), SALEM).forbidden is forbidden


def test_every_level_of_the_model_has_its_sentence_in_three_languages() -> None:
    for field, levels in MODEL.weights.items():
        for name in levels:
            text = explain(field, name)
            assert text.ar and text.fr and text.en
            assert any("\u0600" <= letter <= "\u06ff" for letter in text.ar)
