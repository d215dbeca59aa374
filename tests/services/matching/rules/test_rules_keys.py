"""Blocking keys: a true pair shares one through whatever a clerk did; strangers share none."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from services.matching.rules.facts import BeneficiaryFacts, IndividualFacts
from services.matching.rules.identifiers import household_code, national_id, nearness, phone_of
from services.matching.rules.keys import beneficiary_keys, individual_keys

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
    assert beneficiary_keys(row) & individual_keys(MARIEM)


@pytest.mark.parametrize(
    "row",
    [
        NOBODY,
        replace(NOBODY, name="Mariem Mint Ahmed"),
        replace(NOBODY, name="Mariem Mint Ahmed", commune_code="MR011-C03", moughataa_code=None),
        replace(NOBODY, name="Zeinebou", phones=("22334455",)),
        replace(NOBODY, name="Mariem", moughataa_code="MR011", birth_date=date(1990, 1, 1)),
        replace(NOBODY, nni="9900000000"),
    ],
)
def test_a_stranger_shares_none(row: BeneficiaryFacts) -> None:
    assert not beneficiary_keys(row) & individual_keys(MARIEM)


def test_keys_are_few_and_short() -> None:
    keys = individual_keys(MARIEM)

    assert len(keys) <= 24
    assert max(map(len, keys)) <= 40


def test_numbers_are_freed_of_how_they_were_typed() -> None:
    assert household_code("MR-063 0000025") == household_code("630000025") == "630000025"
    assert national_id("٩٩٠١٣٢٨٦٤٢") == "9901328642"
    assert national_id("12345678") == "0012345678"
    assert national_id("9930000000") == ""  # 9.93E+09, cut by a spreadsheet
    assert national_id("1234") == ""
    assert phone_of("00222 22-33-44-55") == "22334455"
    assert phone_of("2233") == ""


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ("9901328642", "equal"),
        ("9901328643", "one_slip"),
        ("9901326842", "one_slip"),
        ("990132864", "one_slip"),
        ("9901328600", "different"),
    ],
)
def test_one_slip_is_one_digit_or_two_exchanged(other: str, expected: str) -> None:
    assert nearness("9901328642", other) == expected
