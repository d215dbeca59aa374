"""The decision by itself: nothing is allowed but by an agreement in force, and what is allowed lies within it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.agreements.rules.deciding import Disclosing, Held, Named, decide
from gateway.agreements.rules.lifecycle import ASKED_FOR, State, Step, after, allowed
from gateway.agreements.seeding import mandate
from gateway.agreements.terms import OF_THE_REGISTRY, OPERATIONS, Terms
from shared.agreements import ATTRIBUTES
from shared.errors import Refusal
from tests.gateway.agreements.cases import terms

MOMENT = datetime(2026, 11, 29, 12, tzinfo=UTC)
DAYS = st.integers(-3, 3).map(lambda days: MOMENT.date() + timedelta(days=days))
PURPOSES = ("shock_response", "planning", "research")


@st.composite
def agreements(draw: st.DrawFn) -> Held:
    first, last = sorted((draw(DAYS), draw(DAYS)))
    names = draw(st.lists(st.sampled_from(sorted(ATTRIBUTES)), min_size=1, max_size=5, unique=True))
    operations = draw(st.lists(st.sampled_from(OPERATIONS), min_size=1, unique=True))
    limits = ([], ["TEKAVOUL"]) if set(operations) <= OF_THE_REGISTRY else ([],)
    said = terms(
        provider=draw(st.sampled_from(("beta", "gamma"))),
        purposes=draw(st.lists(st.sampled_from(PURPOSES), min_size=1, unique=True)),
        attributes=[{"name": one, "transform": draw(st.sampled_from(ATTRIBUTES[one]))} for one in names],
        operations=operations,
        population={
            "categories": draw(st.sampled_from(([], ["poor"]))),
            "places": draw(st.sampled_from(([], ["MR01"]))),
            "enrolled_in": draw(st.sampled_from(limits)),
        },
        not_before=str(first),
        not_after=str(last),
    )
    review = draw(st.sampled_from((None, MOMENT, MOMENT + timedelta(seconds=1))))
    return Held("A-1", 1, draw(st.sampled_from(State)), Terms.model_validate(said), review)


ASKED = st.builds(
    Disclosing,
    own=st.booleans(),
    providers=st.sampled_from((frozenset({"beta"}), frozenset({"alpha"}))),
    operation=st.sampled_from(OPERATIONS),
    attributes=st.frozensets(st.sampled_from(sorted(ATTRIBUTES)), max_size=12),
    knows_categories=st.booleans(),
    knows_places=st.booleans(),
    knows_enrolled=st.booleans(),
)
NAMED = st.builds(
    Named,
    agreement=st.sampled_from((None, "A-1", "A-1", "A-2")),
    purpose=st.sampled_from((None, *PURPOSES)),
    official=st.sampled_from((None, "a-7")),
    case=st.sampled_from((None, "D-1")),
)


def within(held: Held, named: Named, asked: Disclosing) -> bool:
    """Each sentence of the rule by itself, as the page says it."""
    said = held.terms
    return all(
        (
            held.state is State.ACTIVE,
            said.not_before <= MOMENT.date() <= said.not_after,
            held.review_until is None or held.review_until > MOMENT,
            named.agreement == held.id,
            named.purpose in said.purposes,
            said.provider in asked.providers,
            asked.operation in said.operations,
            not said.population.categories or asked.knows_categories,
            not said.population.places or asked.knows_places,
            not said.population.enrolled_in or asked.knows_enrolled,
            bool(said.forms().keys() & asked.attributes),
            not (named.official and not named.case),
        )
    )


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(agreements(), NAMED, ASKED)
def test_what_is_allowed_lies_within_the_agreement_and_what_lies_within_is_allowed(
    held: Held, named: Named, asked: Disclosing
) -> None:
    own = Held("MANDATE-ALPHA", 1, State.ACTIVE, mandate("alpha"))
    try:
        made = decide({held.id: held, own.id: own}, named, asked, MOMENT)
    except Refusal:
        by_mandate = asked.own and named.agreement is None and named.purpose is None
        assert not by_mandate and not within(held, named, asked)
        return
    if made.under is own:
        assert asked.own and named.agreement is None and made.obligations is None
        return
    assert within(held, named, asked)
    assert made.obligations is not None
    assert made.obligations.forms == {k: v for k, v in held.terms.forms().items() if k in asked.attributes}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("step", Step)
def test_a_step_leads_where_the_page_says_and_nowhere_else(state: State, step: Step) -> None:
    leads: dict[tuple[str, str], str] = {
        ("draft", "sign"): "draft",
        ("signed", "approve"): "active",
        ("active", "review"): "active",
        ("suspended", "review"): "suspended",
        ("active", "suspend"): "suspended",
        ("suspended", "resume"): "active",
        **{(one, "terminate"): "terminated" for one in ("draft", "signed", "active", "suspended")},
        **{(one, "replace"): "terminated" for one in ("draft", "signed", "active", "suspended")},
        **{(one, "expire"): "expired" for one in ("draft", "signed", "active", "suspended")},
    }

    assert after(state, step) == leads.get((state, step))
    assert (step in allowed(state)) == (step in ASKED_FOR and (state, step) in leads)


@given(st.lists(st.sampled_from(Step), max_size=12))
def test_nothing_comes_back_from_its_end(steps: list[Step]) -> None:
    for ended in (State.EXPIRED, State.TERMINATED):
        state = ended
        for step in steps:
            state = after(state, step) or state
        assert state is ended


def test_what_is_signed_is_told_by_its_fingerprint() -> None:
    said = Terms.model_validate(terms())
    again: dict[str, Any] = dict(reversed(terms().items()))

    assert Terms.model_validate(again).fingerprint() == said.fingerprint()
    assert Terms.model_validate(terms(retention_days=364)).fingerprint() != said.fingerprint()
    assert Terms.model_validate(said.told()) == said
    assert isinstance(said.not_before, date)


def test_what_was_signed_before_there_were_limits_by_enrollment_keeps_its_fingerprint() -> None:
    said = Terms.model_validate(terms())

    assert said.fingerprint() == "67197edf94ad9a28d3e5c32a34a2d1a754077568139fdb072ae44d25535fabc6"
    assert said.stored() == (said.told(), None)


def test_to_the_version_before_an_agreement_limited_by_enrollment_reaches_nobody() -> None:
    """It refuses fields it does not know, and with one agreement that it cannot read it would decide on none."""
    limited = terms(population={"places": ["MR01"], "enrolled_in": ["TEKAVOUL"]})
    said = Terms.model_validate(limited)

    terms_kept, population = said.stored()

    assert terms_kept == said.told() | {"population": {"places": ["MR00"]}}
    assert population == said.told()["population"]
    assert said.fingerprint() != Terms.model_validate(terms(population={"places": ["MR01"]})).fingerprint()
