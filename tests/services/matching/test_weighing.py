"""A row beside an individual: each level of each field, the forbidden pair, what the evidence says, and the keys they share."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any, get_args
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine.index import Index
from services.matching.engine.models import REGISTRY
from services.matching.engine.packing import Vocabulary
from services.matching.modeling import newest_shipped
from services.matching.registry_index import RegistryIndex
from services.matching.rules.comparing import Comparison, compared
from services.matching.rules.facts import BeneficiaryFacts, IndividualFacts, Relationship, Unit
from services.matching.rules.identifiers import household_code, national_id, phone_of
from services.matching.weighing import comparison, keys_of_people, packed_people, row_values, weigh

MODELS = newest_shipped()
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


def compare(b: BeneficiaryFacts, i: IndividualFacts) -> Comparison:
    return weigh(MODELS, b, [i])[0]


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
        ("name", {"name": "سالم بلال التراد"}, "same"),
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
        ("birth", {"birth_date": date(1980, 3, 8)}, "one_slip"),
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
        ("phone", {"phones": ("22334456",)}, "one_slip"),
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
        ("phone", {"phones": ("22334455",)}, {"phone_households": (40,)}, "shared"),
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
        ("common_name", {"name": "Mohamed Ahmed"}, {"name_fr": "Mohamed Ahmed"}, "common"),
        ("common_name", {"name": "Penda Tourad"}, {"name_fr": "Penda Tourad", "name_ar": None}, "usual"),
        ("common_name", {"name": "Penda Bowba Tourad"}, {"name_fr": "Penda Bowba Tourad"}, "rare"),
    ],
)
def test_levels_that_depend_on_the_individual(
    field: str, row: dict[str, Any], person: dict[str, Any], expected: str
) -> None:
    assert level(field, row, person) == expected


def test_a_clan_name_is_nobodys_father() -> None:
    person = {"name_fr": "Diallo Amadou", "name_ar": None}

    assert level("father_name", {"name": "Amadou Diallo", "father_name": "Samba Diallo"}, person) == "missing"


def test_a_phone_weighs_less_by_a_bit_each_time_twice_as_many_households_share_it() -> None:
    row = replace(ROW, phones=("22334455",))

    scores = [compare(row, replace(SALEM, phone_households=(n,))).score for n in (1, 2, 40, 1_000_000)]

    # 8 bits, less log2 rounded down: 1, 5, and at the most 9.
    assert [scores[0] - one for one in scores] == pytest.approx([0, 1, 5, 9])


def test_it_is_the_phone_that_is_met_whose_sharing_counts() -> None:
    person = replace(SALEM, phones=("22334455", "33445566"), phone_households=(1, 64))

    assert compare(replace(ROW, phones=("22334455",)), person).level("phone") == "equal"
    assert compare(replace(ROW, phones=("33445566",)), person).level("phone") == "shared"


def test_the_score_is_the_sum_of_its_evidence_and_the_probability_follows() -> None:
    comparison = compare(replace(ROW, nni="9901328642", commune_code="MR011-C02"), SALEM)

    # 16 for the id, 3 for the commune, 2.5 for the head: 21.5; with the prior of -11, 10.5 bits.
    assert comparison.score == pytest.approx(21.5, abs=1e-4)
    assert comparison.score == pytest.approx(sum(e.weight for e in comparison.evidence), abs=1e-4)
    assert comparison.probability == pytest.approx(1 / (1 + 2**-10.5), abs=1e-6)
    assert comparison.model_version == MODELS.version


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
    for field in REGISTRY.fields:
        for name in field.levels:
            for rarity in (-3.0, 0.0, 3.0):
                told = Comparison(0.0, 0.5, compared([(field.name, name, 1.0, rarity)]))
                for one in told.evidence:
                    assert one.text.ar and one.text.fr and one.text.en
                    assert any("\u0600" <= letter <= "\u06ff" for letter in one.text.ar)
                asked_of_all = field.name not in ("role", "school") or name != "missing"
                assert bool(told.evidence) is asked_of_all


MARIEM = IndividualFacts(
    individual_id=UUID(int=1),
    individual_number="1000000001",
    household_id=UUID(int=10),
    household_number="MR0110000123",
    name_fr="Mariem Mint Ahmed Ould Sidi",
    name_ar="مريم بنت أحمد ولد سيدي",
    father_name="Ahmed Ould Sidi",
    sex="F",
    birth_date=date(1985, 3, 7),
    nni="9901328642",
    phones=("22334455",),
    relationship="head",
    wilaya_code="MR01",
    moughataa_code="MR011",
    commune_code="MR011-C02",
)
NOBODY = BeneficiaryFacts(enrollment_id=UUID(int=99), unit="household")


def keys_of_row(row: BeneficiaryFacts) -> set[int]:
    return set(RegistryIndex().find([row], MODELS)[0].keys)


@pytest.mark.parametrize(
    "row",
    [
        replace(NOBODY, household_number="mr011 0000123"),
        replace(NOBODY, household_number="110000123"),
        replace(NOBODY, nni="99 0132 8642"),
        replace(NOBODY, name="Meriem", phones=("+222 22 33 44 55",)),
        replace(NOBODY, name="مريم أحمد", commune_code="MR011-C02"),
        replace(NOBODY, name="Meriem Mint Ahmed", moughataa_code="MR011"),
        replace(NOBODY, name="Mariem", moughataa_code="MR011", birth_date=date(1986, 12, 31)),
        replace(
            NOBODY, name="Xariem Ahmed", moughataa_code="MR011", commune_code="MR011-C02", birth_date=date(1984, 1, 1)
        ),
        replace(NOBODY, unit="pupil", name="Meriem", father_name="Ahmed Sidi", commune_code="MR011-C02"),
    ],
)
def test_each_way_of_naming_a_person_shares_a_key_with_her(row: BeneficiaryFacts) -> None:
    assert keys_of_row(row) & keys_of_people([MARIEM])


@pytest.mark.parametrize(
    "row",
    [
        NOBODY,
        replace(NOBODY, name="Mariem Mint Ahmed"),
        replace(NOBODY, name="Mariem Mint Ahmed", commune_code="MR011-C03", moughataa_code=None),
        replace(NOBODY, name="Mariem", moughataa_code="MR011", birth_date=date(1990, 1, 1)),
        replace(NOBODY, nni="9900000000"),
    ],
)
def test_a_stranger_shares_none(row: BeneficiaryFacts) -> None:
    assert not keys_of_row(row) & keys_of_people([MARIEM])


def test_keys_are_few_and_those_of_numbers_are_told_apart() -> None:
    found = RegistryIndex().find(
        [replace(NOBODY, nni="9901328642", household_number="MR0110000123", name="Mariem Ahmed", commune_code="C1")],
        MODELS,
    )

    assert len(keys_of_people([MARIEM])) <= 40
    assert len(found[0].numbers) == 2 < len(found[0].keys)
    assert set(found[0].numbers) <= set(found[0].keys) & keys_of_people([MARIEM])


def test_keys_are_the_same_in_every_process_and_release() -> None:
    # Stored beside beneficiaries: were one of them to change, whoever comes would not bring its rows back to be compared.
    row = replace(NOBODY, nni="9901328642", name="Mariem Ahmed", commune_code="MR011-C02", birth_date=date(1985, 3, 7))

    assert min(keys_of_row(row)) == 1072971116970269671
    assert sum(keys_of_row(row)) == 58341575121492462615


@pytest.mark.parametrize(
    ("registered", "listed"),
    [("Sidi Moctar Ould Ely", "Sidimoctar Ould Ely"), ("Sidimoctar Ould Ely", "Sidi Moctar Ould Ely")],
)
def test_a_name_of_two_parts_is_found_where_a_clerk_made_it_one_word(registered: str, listed: str) -> None:
    person = replace(SALEM, name_fr=registered, name_ar=None, commune_code="C1", phones=())

    assert keys_of_row(replace(NOBODY, name=listed, commune_code="C1")) & keys_of_people([person])


def test_numbers_are_freed_of_how_they_were_typed() -> None:
    assert household_code("MR-063 0000025") == household_code("630000025") == "630000025"
    assert national_id("٩٩٠١٣٢٨٦٤٢") == "9901328642"
    assert national_id("12345678") == "0012345678"
    assert national_id("9930000000") == ""  # 9.93E+09, cut by a spreadsheet
    assert national_id("1234") == ""
    assert phone_of("00222 22-33-44-55") == "22334455"
    assert phone_of("2233") == ""


WORDS = (
    "Mohamed Med Ahmed Sidi Moctar Mokhtar Sid'Ahmed Diallo Amadou Ba Mariem Meriem Lemine Cheikh Abdel Kader Salem Saleck"
    " محمد أحمد سيدي المختار مريم الأمين الشيخ عبد القادر سالم با جالو آمادو"
).split()
NAMES = st.lists(st.sampled_from(WORDS), min_size=0, max_size=4).map(" ".join)
PARTICLES = st.lists(st.sampled_from([*WORDS, "Ould", "Mint", "ولد", "بنت"]), min_size=1, max_size=5).map(" ".join)
DAYS = st.integers(0, 30_000).map(lambda day: date(1940, 1, 1) + timedelta(days=day)) | st.just(date(2016, 12, 31))
NUMBERS = st.sampled_from(["9901328642", "9901328643", "9955555555", None])
PHONES = st.lists(st.sampled_from(["22334455", "+222 33 44 55 66"]), max_size=2, unique=True).map(tuple)
PLACES = st.sampled_from([("MR01", "MR011", "MR011-C02"), ("MR01", "MR011", None), ("MR02", None, None), (None,) * 3])

ROWS = st.builds(
    lambda place, **facts: BeneficiaryFacts(
        enrollment_id=UUID(int=9), wilaya_code=place[0], moughataa_code=place[1], commune_code=place[2], **facts
    ),
    PLACES,
    unit=st.sampled_from(get_args(Unit)),
    name=PARTICLES | st.none(),
    father_name=NAMES | st.none(),
    household_number=st.sampled_from(["MR0110000123", "MR0110000132", "MR0110000999", None]),
    nni=NUMBERS,
    phones=PHONES,
    sex=st.sampled_from(["F", "M", None]),
    birth_date=DAYS | st.none(),
    school_class=st.sampled_from(["3AF", "6AF", None]),
    listed_on=st.just(date(2026, 10, 1)) | st.none(),
)
PEOPLE = st.builds(
    lambda place, number, **facts: IndividualFacts(
        individual_id=UUID(int=number),
        individual_number=str(number),
        household_id=UUID(int=number % 3),
        household_number=f"MR011000012{number % 3 + 2}",
        wilaya_code=place[0],
        moughataa_code=place[1],
        commune_code=place[2],
        **facts,
    ),
    PLACES,
    st.integers(1, 9),
    name_fr=PARTICLES | st.none(),
    name_ar=PARTICLES | st.none(),
    father_name=NAMES | st.none(),
    sex=st.sampled_from(["F", "M", None]),
    birth_date=DAYS | st.none(),
    nni=NUMBERS,
    phones=PHONES,
    phone_households=st.lists(st.sampled_from([1, 2, 40]), max_size=2).map(tuple),
    relationship=st.sampled_from(get_args(Relationship)),
)


@given(ROWS, st.lists(PEOPLE, min_size=1, max_size=6))
@settings(max_examples=100, deadline=None)
def test_whoever_the_index_finds_scores_there_what_the_pair_scores_by_itself(
    b: BeneficiaryFacts, registered: list[IndividualFacts]
) -> None:
    vocabulary = Vocabulary(REGISTRY)
    records = packed_people(registered, vocabulary)
    index = Index(vocabulary, records, np.ones(len(registered), bool), MODELS.rarity)

    found = index.find(MODELS.for_unit(b.unit), row_values(b), index.looking(), most=10)

    alone = weigh(MODELS, b, registered)
    for one in found:
        in_the_index = comparison(MODELS.for_unit(b.unit), b, registered[one.row], one.score, one.levels, one.bits)
        assert in_the_index == alone[one.row]


@given(ROWS, PEOPLE)
@settings(max_examples=100, deadline=None)
def test_a_pair_that_the_index_finds_shares_a_stored_key(b: BeneficiaryFacts, i: IndividualFacts) -> None:
    vocabulary = Vocabulary(REGISTRY)
    index = Index(vocabulary, packed_people([i], vocabulary), np.ones(1, bool), MODELS.rarity)

    if index.find(MODELS.for_unit(b.unit), row_values(b), index.looking()):
        assert keys_of_row(b) & keys_of_people([i])
