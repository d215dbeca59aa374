"""Judging in a hurry gives what comparing in full gives, wherever it can matter."""

from datetime import date, timedelta
from math import inf
from typing import get_args
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.rules.comparing import compare, judge, score_of
from services.matching.rules.deciding import ADJUDICATE, LEAST, LINK, MARGIN, Scored, decide
from services.matching.rules.facts import BeneficiaryFacts, IndividualFacts, Relationship, Unit
from services.matching.rules.keys import beneficiary_keys, individual_keys, search_of
from services.matching.rules.model import MODEL
from services.matching.rules.prepared import prepare_person, prepare_row
from shared.names import parse_name, similarity

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
    phone_households=st.sampled_from([1, 2, 40]),
    relationship=st.sampled_from(get_args(Relationship)),
)


@given(ROWS, PEOPLE, st.floats(-60, 60))
@settings(max_examples=400, deadline=None)
def test_a_judged_pair_is_the_compared_one_or_below_what_was_asked(
    b: BeneficiaryFacts, i: IndividualFacts, least: float
) -> None:
    full = compare(b, i)

    quick = judge(prepare_row(b), prepare_person(i), least)

    if full.score >= least:
        assert quick is not None
        assert (quick.score, quick.probability, quick.forbidden) == (full.score, full.probability, full.forbidden)
    else:
        assert quick is None


@given(ROWS, st.lists(PEOPLE, max_size=6))
@settings(max_examples=150, deadline=None)
def test_the_decision_is_the_one_over_every_candidate_compared_in_full(
    b: BeneficiaryFacts, people: list[IndividualFacts]
) -> None:
    full = decide([Scored(i, compare(b, i)) for i in people], unit=b.unit)

    row, ready = prepare_row(b), [prepare_person(i) for i in people]
    judged = [(one.facts, judge(row, one, LEAST[b.unit])) for one in ready]
    quick = decide([Scored(facts, found) for facts, found in judged if found is not None], unit=b.unit)

    def outcome(of: object) -> tuple[object, ...]:
        return tuple(getattr(of, name) for name in ("kind", "individual_id", "household_id", "probability"))

    assert outcome(quick) == outcome(full)


@given(PARTICLES, PARTICLES, st.floats(0, 1))
@settings(deadline=None)
def test_a_similarity_is_exact_from_the_least_asked_for(a: str, b: str, least: float) -> None:
    exact = similarity(parse_name(a), parse_name(b))

    quick = similarity(parse_name(a), parse_name(b), least)

    assert quick == exact if exact >= least else quick < least


@pytest.mark.parametrize("unit", get_args(Unit))
def test_nothing_within_the_margin_of_a_link_is_left_out(unit: Unit) -> None:
    assert LEAST[unit] <= score_of(LINK, unit) - MARGIN
    # 30 to 70 is log2(3/7) = -1.222 bits, above the prior's distance from even odds.
    assert LEAST[unit] == pytest.approx(-1.2224 - MODEL.priors[unit], abs=1e-4)
    assert score_of(ADJUDICATE, unit) == LEAST[unit]


def test_judging_without_a_bound_is_comparing() -> None:
    b = BeneficiaryFacts(enrollment_id=UUID(int=9), unit="individual", name="Penda Diallo", father_name="Samba Diallo")
    i = IndividualFacts(
        individual_id=UUID(int=1),
        individual_number="1",
        household_id=UUID(int=1),
        household_number="MR0110000123",
        name_fr="Mariem Mint Sidi",
        father_name="Sidi Ould Ahmed",
    )

    judged = judge(prepare_row(b), prepare_person(i), -inf)

    # The names and the fathers' names differ; nothing else is on both sides.
    assert judged is not None and judged.score == -6.5 - 6.0
    assert judge(prepare_row(b), prepare_person(i), -12.4) is None


def test_narrow_keys_stand_in_for_wide_ones_only_where_there_are_some() -> None:
    two_parts = search_of(
        BeneficiaryFacts(
            enrollment_id=UUID(int=9),
            unit="individual",
            name="Salem Ould Bellal",
            commune_code="C1",
            phones=("22334455",),
        )
    )
    pupil = search_of(
        BeneficiaryFacts(
            enrollment_id=UUID(int=9),
            unit="pupil",
            name="Salem Ould Bellal",
            father_name="Bellal Ould Tourad",
            commune_code="C1",
        )
    )

    # Consonants only; the two l of Bellal are one, and its last another. Both parts in one is a single, compound name.
    assert two_parts.ones == {"p:22334455:s", "1:C1:slmbll"}
    assert two_parts.twos == {"a:C1:slm+bll"}
    assert not two_parts.threes
    assert pupil.threes == {"t:C1:slm+bll+trd"}
    assert pupil.keys() == pupil.numbers | pupil.ones | pupil.twos | pupil.threes


def test_a_name_of_two_parts_is_found_where_a_clerk_made_it_one_word() -> None:
    def person(name: str) -> IndividualFacts:
        return IndividualFacts(
            individual_id=UUID(int=1),
            individual_number="1",
            household_id=UUID(int=1),
            household_number="MR0110000123",
            name_fr=name,
            commune_code="C1",
        )

    def keys_of(name: str) -> frozenset[str]:
        return beneficiary_keys(
            BeneficiaryFacts(enrollment_id=UUID(int=9), unit="household", name=name, commune_code="C1")
        )

    assert keys_of("Sidimoctar Ould Ely") & individual_keys(person("Sidi Moctar Ould Ely"))
    assert keys_of("Sidi Moctar Ould Ely") & individual_keys(person("Sidimoctar Ould Ely"))
    # A given name alone, however long, brings nobody together.
    assert not keys_of("Moctar Salem Ould Ely") & individual_keys(person("Moctar Ould Demba Ould Brahim"))


@given(PEOPLE)
@settings(deadline=None)
def test_whoever_is_written_as_registered_shares_every_key_of_numbers_and_of_two_parts_or_three(
    i: IndividualFacts,
) -> None:
    b = BeneficiaryFacts(
        enrollment_id=UUID(int=9),
        unit="individual",
        name=i.name_fr,
        father_name=i.father_name,
        commune_code=i.commune_code,
        moughataa_code=i.moughataa_code,
        household_number=i.household_number,
    )
    search = search_of(b)

    assert search.numbers | search.twos | search.threes <= individual_keys(i)
