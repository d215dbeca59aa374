"""One row beside the others of its household: by hand, and the same as whole lists are judged, for any list."""

from uuid import UUID

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.matching.engine.batch import Pairs
from services.matching.engine.fields import Field, Kind, layout_of
from services.matching.engine.households import BY_NUMBER, BY_PHONE, MOST_TOGETHER, Households, levels_of
from services.matching.rules.comparing import Comparison
from services.matching.rules.deciding import Scored
from services.matching.rules.facts import NOBODYS_ROW, BeneficiaryFacts, IndividualFacts
from services.matching.rules.households import Leads, leads_of, level_of, lifted, not_lifted, together_by
from services.matching.rules.wording import explain

LAYOUT = layout_of((Field("phone", Kind.PHONE), Field("household_number", Kind.NUMBER, shared=True)))
NUMBER, PHONE = LAYOUT.position("household_number"), LAYOUT.position("phone")
PLACE = {"wilaya_code": "MR01", "moughataa_code": "MR011", "commune_code": "MR011-C01"}


def person(number: int, home: int) -> IndividualFacts:
    return IndividualFacts(
        individual_id=UUID(int=number), individual_number=f"{number:010}", household_id=UUID(int=1000 + home),
        household_number=str(home),
    )  # fmt: skip


def scored(number: int, home: int, probability: float, **levels: str) -> Scored:
    told = tuple((field, level, 0.0) for field, level in levels.items())
    return Scored(person(number, home), Comparison(10.0, probability, told))


def row(**told: object) -> BeneficiaryFacts:
    return BeneficiaryFacts(enrollment_id=NOBODYS_ROW, **{"unit": "individual", **told})  # type: ignore[arg-type]


def test_rows_stand_together_by_a_number_or_by_a_phone_at_a_place() -> None:
    assert together_by(row(household_number="MR 0005", phones=("22334455",), **PLACE)) == "number 5"
    assert together_by(row(phones=("+222 22 33 44 55",), **PLACE)) == "phone 22334455 MR01/MR011/MR011-C01"
    assert together_by(row(phones=("12", "22334455"), wilaya_code="MR01")) == "phone 22334455 MR01"
    assert together_by(row(phones=("22334455",))) is None  # where it is nobody knows
    assert together_by(row(**PLACE)) is None
    assert together_by(row(unit="household", household_number="5")) is None


def test_a_row_leads_where_it_surely_stands_though_not_as_whom() -> None:
    assert leads_of([scored(1, 1, 0.9)]) is None
    assert leads_of([]) is None
    sure = leads_of([scored(1, 1, 0.999), scored(2, 1, 0.5)])
    assert sure is not None
    # 999 to 1, and 1 to 1: of all 1,001 the first has 999.
    assert sure.household_id == UUID(int=1001)
    assert round(sure.individuals[UUID(int=1)], 6) == round(999 / 1001, 6)
    assert round(sure.sure, 6) == round(1000 / 1001, 6)
    assert sure.agree_on(person(3, 1))
    assert not sure.agree_on(person(1, 1))  # it is that one
    assert sure.agree_on(person(2, 1))
    assert not sure.agree_on(person(3, 2))
    # A person's word stands above.
    held = leads_of([scored(1, 1, 0.999)], person(7, 3))
    assert held is not None
    assert held.agree_on(person(8, 3))


def test_whoever_may_not_be_linked_by_the_machine_leads_nobody() -> None:
    candidate = scored(1, 1, 0.999)
    forbidden = Scored(candidate.individual, Comparison(20.0, 0.999, forbidden=True))
    assert leads_of([forbidden]) is None


def test_a_lift_adds_bits_and_says_so() -> None:
    after = lifted(scored(1, 1, 0.5, name="same"), "agrees", 2.0).comparison
    assert (after.score, after.probability) == (12.0, 0.8)
    assert after.levels[-1] == ("household_agrees", "agrees", 2.0)
    assert all(explain("household_agrees", level).ar for level in ("agrees", "agrees_told"))


Pair = tuple[int, int, float, bool, bool]  # registered, row, probability, phone equal, number equal


@st.composite
def lists(draw: st.DrawFn) -> tuple[list[int], list[int], bool, list[Pair]]:
    """Homes of people, what rows stand together, by what, and pairs of both with their probabilities."""
    homes = draw(st.lists(st.integers(1, 3), min_size=1, max_size=6))
    groups = draw(st.lists(st.integers(0, 2), min_size=1, max_size=6))
    pairs = []
    for one in range(len(groups)):
        for who in draw(st.lists(st.integers(0, len(homes) - 1), unique=True, max_size=4)):
            odds = draw(st.sampled_from([0.01, 0.5, 1.0, 30.0, 40.0, 5_000.0]))
            pairs.append((who, one, odds / (1 + odds), draw(st.booleans()), draw(st.booleans())))
    return homes, groups, draw(st.booleans()), pairs


@given(lists())
def test_single_rows_are_judged_as_whole_lists_are(told: tuple[list[int], list[int], bool, list[Pair]]) -> None:
    homes, groups, by_phone, pairs = told
    by = "phone 22334455 MR01" if by_phone else "number 5"
    rows: dict[int, list[Scored]] = {at: [] for at in range(len(groups))}
    for who, at, probability, phone, number in pairs:
        levels = {"phone": "equal" if phone else "different", "household_number": "equal" if number else "different"}
        rows[at].append(scored(who + 1, homes[who], probability, **levels))
    leads = {at: leads_of(candidates) for at, candidates in rows.items()}
    single = {}
    for at, candidates in rows.items():
        others = [found for other, found in leads.items() if other != at and groups[other] == groups[at] > 0 and found]
        for one in candidates:
            single[one.individual.individual_id.int - 1, at] = level_of(one, by, others)

    batch = Pairs(
        np.array([who for who, *_ in pairs], np.uint32),
        np.array([at for _, at, *_ in pairs], np.uint32),
        np.zeros(len(pairs), np.float32),
        np.zeros((len(pairs), 2), np.uint8),
        np.zeros((len(pairs), 2), np.float32),
    )
    for at, (_, _, _, phone, number) in enumerate(pairs):
        batch.levels[at, PHONE], batch.levels[at, NUMBER] = (1 if phone else 3), (1 if number else 3)
    together = sum(1 for group in groups if group)
    assert together <= MOST_TOGETHER
    households = Households(
        np.array(homes, np.int64),
        np.array(groups, np.int64),
        np.full(len(groups), BY_PHONE if by_phone else BY_NUMBER, np.uint8),
    )
    odds = np.array([probability / (1 - probability) for _, _, probability, *_ in pairs])
    rows_of = batch.right.astype(np.int64)
    shared = odds / (1 + np.bincount(rows_of, weights=odds, minlength=len(groups))[rows_of]) if pairs else odds
    names = (None, "agrees", "agrees_told")
    levels = levels_of(batch, shared, households, LAYOUT)
    whole = {(who, at): names[level] for (who, at, *_), level in zip(pairs, levels.tolist(), strict=True)}
    assert whole == single


def led(home: int, **shares: float) -> Leads:
    """A row that leads into a household, with how much each member has of it: `m1` the first."""
    return Leads(UUID(int=1000 + home), sum(shares.values()), {UUID(int=int(who[1:])): p for who, p in shares.items()})


def test_what_others_say_is_on_whom_they_do_not_agree() -> None:
    father, mother, one_of_two = led(1, m1=0.99), led(1, m2=0.98, m3=0.01), led(1, m1=0.5, m3=0.49)
    home, other = UUID(int=1001), UUID(int=1002)
    assert not_lifted([]) == {}
    assert not_lifted([father]) == {home: {UUID(int=1)}}
    assert not_lifted([mother]) == {home: {UUID(int=2)}}  # that it is the third is not likely enough
    assert not_lifted([one_of_two]) == {home: {UUID(int=1), UUID(int=3)}}
    assert not_lifted([father, mother]) == {home: frozenset()}
    assert not_lifted([father, one_of_two, led(2, m9=0.99)]) == {home: {UUID(int=1)}, other: {UUID(int=9)}}


@given(
    st.lists(
        st.builds(
            led,
            st.integers(1, 2),
            m1=st.sampled_from([0.0, 0.02, 0.5]),
            m2=st.sampled_from([0.0, 0.48, 0.98]),
            m3=st.sampled_from([0.49, 0.97]),
        ),
        max_size=4,
    )
)
def test_whoever_is_not_among_them_is_lifted(others: list[Leads]) -> None:
    told = not_lifted(others)
    for number in range(1, 5):
        for home in (1, 2):
            candidate = scored(number, home, 0.5)
            lifts = level_of(candidate, "number 5", others) is not None
            at = candidate.individual.household_id
            assert lifts == (at in told and candidate.individual.individual_id not in told[at])
