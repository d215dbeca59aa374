"""Under which key a beneficiary counts as one."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.programs.rules.beneficiary_key import beneficiary_key
from services.programs.rules.listed import Listed
from services.programs.rules.program import Unit

NNI, BAD_NNI = "9900000033", "9900000034"
FULL = Listed(
    line=1,
    name="Fatimetou Mint Mohamed",
    father_name="Mohamed Ould Ahmed",
    household_number="MR0110000123",
    card_number="123456",
    nni=NNI,
    phones=("+22222334455",),
    birth_date=date(2015, 6, 7),
    village="Oum Essafya",
)


def test_the_national_id_of_these_tests_passes_its_check() -> None:
    assert int(NNI) % 97 == 1 and int(BAD_NNI) % 97 != 1


@pytest.mark.parametrize(
    ("unit", "without", "expected"),
    [
        (Unit.HOUSEHOLD, (), "household:MR0110000123"),
        (Unit.HOUSEHOLD_CARD, (), "household:MR0110000123"),
        (Unit.HOUSEHOLD_CARD, ("household_number",), "card:123456"),
        (Unit.INDIVIDUAL, (), "card:123456"),
        (Unit.INDIVIDUAL, ("card_number",), f"nni:{NNI}"),
        (Unit.HOUSEHOLD, ("household_number", "card_number"), f"nni:{NNI}"),
    ],
)
def test_the_surest_number_a_row_gives_is_its_key(unit: Unit, without: tuple[str, ...], expected: str) -> None:
    changes: dict[str, Any] = dict.fromkeys(without)

    assert beneficiary_key(unit, replace(FULL, **changes)) == expected


def test_numbers_with_a_slip_are_no_identity() -> None:
    row = replace(FULL, household_number="MR011000012", card_number=None, nni=BAD_NNI)

    assert beneficiary_key(Unit.HOUSEHOLD, row).startswith("person:")


def test_two_persons_of_one_name_at_two_schools_are_two() -> None:
    pupil = replace(FULL, nni=None, card_number=None, phones=(), school="École Oum Essafya", school_class="3AF")

    assert beneficiary_key(Unit.PUPIL, pupil) != beneficiary_key(Unit.PUPIL, replace(pupil, school="École Néma 1"))
    assert beneficiary_key(Unit.PUPIL, pupil) == beneficiary_key(
        Unit.PUPIL, replace(pupil, name="FATIMETOU  Mint Mohamed")
    )


texts = st.none() | st.text(alphabet="abc é", max_size=6)
rows = st.builds(
    Listed,
    line=st.integers(1, 1000),
    name=texts,
    father_name=texts,
    phones=st.lists(st.just("+22222334455"), max_size=1).map(tuple),
    birth_date=st.none() | st.dates(date(1950, 1, 1), date(2020, 1, 1)),
    village=texts,
    school=texts,
    school_class=texts,
)


@given(rows, st.integers(1, 1000), st.integers(1, 60))
def test_a_key_depends_on_who_is_meant_and_not_on_the_line_or_the_size(row: Listed, line: int, size: int) -> None:
    again = replace(row, line=line, household_size=size, listed={"remark": "x"})

    assert beneficiary_key(Unit.PUPIL, row) == beneficiary_key(Unit.PUPIL, again)


@given(texts, texts)
def test_a_text_that_moves_to_another_field_is_another_person(first: str | None, second: str | None) -> None:
    one = Listed(line=1, name=first, father_name=second)
    other = Listed(line=1, name=f"{first or ''}{second or ''}", father_name="b")

    same = beneficiary_key(Unit.INDIVIDUAL, one) == beneficiary_key(Unit.INDIVIDUAL, other)
    folded = ((first or "").strip().replace("é", "e"), (second or "").strip().replace("é", "e"))
    assert same == (folded[1] == "b" and folded[0] == f"{first or ''}{second or ''}".strip().replace("é", "e"))
