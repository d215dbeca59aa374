"""What may be published, rule by rule: every refusal names its place."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from services.programs.catalog import programs_of
from services.programs.errors.programs import (
    ComplementRefused,
    CriteriaTooDeep,
    CriteriaUnsound,
    CriterionAttributeUnknown,
    CriterionOperatorRefused,
    CriterionValueRefused,
    EligibilityVersionsOverlap,
    ProgramUnitFixed,
    QuotaBeyondCapacity,
    QuotaTwice,
    SubstituteRefused,
    TermsOverlap,
    ValueReachesIssuedPeriod,
    ValueVersionsOverlap,
    ValueVersionUsed,
)
from services.programs.rules.program import Program, Terms, Unit, Value
from services.programs.rules.publishing import IssuedCycle, refuse_rewriting, refuse_unsound
from shared.errors import Refusal

INSTITUTIONS = ("taazour", "csa", "masef", "men", "partners")
EVERY = [program for institution in INSTITUTIONS for program in programs_of(institution).values()]
TEKAVOUL = programs_of("taazour")["TEKAVOUL"]
SCHOOL_FEEDING = programs_of("men")["SCHOOL_FEEDING"]


def changed(program: Program, **fields: Any) -> Terms:
    """The program's terms with other fields, as JSON has them."""
    document = program.model_dump(mode="json", by_alias=True, exclude={"list_form"}) | fields
    return Terms.model_validate(document)


def value(day: str, amount: str = "3600.00", **more: Any) -> dict[str, Any]:
    return {"from": day, "amount_mru": amount, "per": "household", "months_per_payment": 3} | {
        "confidence": "found",
        "note": "decree",
        **more,
    }


def rule(match: str = "all", criteria: int = 1, **more: Any) -> dict[str, Any]:
    names = {"ar": "فقير", "fr": "pauvre", "en": "poor"}
    criterion = {"code": "poor", "attribute": "category", "operator": "eq", "value": "poor", "label": names}
    return {"match": match, "criteria": [criterion] * criteria, **more}


def asking(**changed: Any) -> dict[str, Any]:
    """A rule of one criterion that asks for something else."""
    made = rule()
    return made | {"criteria": [made["criteria"][0] | changed]}


def nested(depth: int) -> dict[str, Any]:
    return rule() if depth == 1 else rule(groups=[nested(depth - 1)])


def eligible(version: int, day: str, rule_: dict[str, Any]) -> dict[str, Any]:
    return {"version": version, "from": day, "rule": rule_}


@pytest.mark.parametrize("program", EVERY, ids=lambda program: program.code)
def test_what_ships_is_sound(program: Program) -> None:
    refuse_unsound(program)


@pytest.mark.parametrize(
    ("fields", "refusal", "pointer"),
    [
        ({"values": [value("2024-01-01"), value("2024-01-01", "1.00")]}, ValueVersionsOverlap, "/values/1/from"),
        ({"complements": ["TEKAVOUL"]}, ComplementRefused, "/complements/0"),
        ({"complements": ["TEMWINE", "TEMWINE"]}, ComplementRefused, "/complements/1"),
        ({"capacity": 100, "quotas": [{"place": "MR01", "most": 101}]}, QuotaBeyondCapacity, "/quotas/0/most"),
        ({"quotas": [{"place": "MR01", "most": 1}, {"place": "MR01", "most": 2}]}, QuotaTwice, "/quotas/1/place"),
        ({"eligibility": [eligible(1, "2024-01-01", nested(5))]}, CriteriaTooDeep, "/eligibility/0/rule/groups/0/groups/0/groups/0/groups/0"),
        ({"eligibility": [eligible(1, "2024-01-01", rule(criteria=0))]}, CriteriaUnsound, "/eligibility/0/rule"),
        ({"eligibility": [eligible(1, "2024-01-01", rule("at_least"))]}, CriteriaUnsound, "/eligibility/0/rule"),
        ({"eligibility": [eligible(1, "2024-01-01", rule("any", at_least=1))]}, CriteriaUnsound, "/eligibility/0/rule"),
        ({"eligibility": [eligible(1, "2024-01-01", rule("at_least", 2, at_least=3))]}, CriteriaUnsound, "/eligibility/0/rule"),
        ({"eligibility": [eligible(1, "2024-01-01", asking(attribute="income"))]}, CriterionAttributeUnknown, "/eligibility/0/rule/criteria/0/attribute"),
        ({"eligibility": [eligible(1, "2024-01-01", asking(operator="lt"))]}, CriterionOperatorRefused, "/eligibility/0/rule/criteria/0/operator"),
        ({"eligibility": [eligible(1, "2024-01-01", asking(attribute="size", operator="ge", value="many"))]}, CriterionValueRefused, "/eligibility/0/rule/criteria/0/value"),
        ({"eligibility": [eligible(1, "2024-01-01", rule(groups=[asking(value="rich")]))]}, CriterionValueRefused, "/eligibility/0/rule/groups/0/criteria/0/value"),
        ({"substitutes": ["TEKAVOUL"]}, SubstituteRefused, "/substitutes/0"),
        ({"substitutes": ["TEMWINE", "TEMWINE"]}, SubstituteRefused, "/substitutes/1"),
        ({"eligibility": [eligible(1, "2024-01-01", rule()), eligible(1, "2025-01-01", rule())]}, EligibilityVersionsOverlap, "/eligibility/1"),
        ({"eligibility": [eligible(1, "2024-01-01", rule()), eligible(2, "2024-01-01", rule())]}, EligibilityVersionsOverlap, "/eligibility/1"),
    ],
)  # fmt: skip
def test_terms_that_contradict_themselves_are_refused(
    fields: dict[str, Any], refusal: type[Refusal], pointer: str
) -> None:
    with pytest.raises(refusal) as refused:
        refuse_unsound(changed(TEKAVOUL, **fields))

    assert refused.value.pointer == pointer


def test_what_is_allowed_is_not_refused() -> None:
    terms = changed(
        TEKAVOUL,
        capacity=0,
        quotas=[{"place": "MR01", "most": 0}],
        complements=["TEMWINE"],
        eligibility=[eligible(1, "2024-01-01", nested(4)), eligible(2, "2025-01-01", rule("at_least", 3, at_least=2))],
    )

    refuse_unsound(terms)


def test_terms_of_a_school_year_may_touch_but_not_overlap() -> None:
    calendar = SCHOOL_FEEDING.calendar.model_dump(mode="json", by_alias=True)
    apart = [{"from": "2026-10-06", "to": "2026-12-21"}, {"from": "2026-12-22", "to": "2027-06-19"}]
    refuse_unsound(changed(SCHOOL_FEEDING, calendar=calendar | {"terms": apart}))

    overlapping = [apart[1], {"from": "2026-10-06", "to": "2026-12-22"}]
    with pytest.raises(TermsOverlap):
        refuse_unsound(changed(SCHOOL_FEEDING, calendar=calendar | {"terms": overlapping}))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"complements": ["not a code"]}, "string_pattern_mismatch"),
        ({"calendar": {"kind": "school_days"}}, "not_accepted"),
        ({"calendar": {"kind": "periods", "hijri_month": 9}}, "not_accepted"),
        ({"calendar": {"kind": "school_days", "terms": [{"from": "2027-01-02", "to": "2027-01-01"}]}}, "not_accepted"),
        ({"values": []}, "too_short"),
    ],
)
def test_what_has_not_the_form_of_terms_is_told_in_our_words(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        changed(TEKAVOUL, **fields)

    assert {error["type"] for error in refused.value.errors()} == {said}


USED = Value.model_validate(value("2024-01-01"))
ISSUED = [IssuedCycle(date(2026, 1, 1), USED), IssuedCycle(date(2026, 4, 1), USED)]


@pytest.mark.parametrize(
    "values",
    [
        [value("2024-01-01", "4000.00")],
        [value("2024-01-01", max_people=6)],
        [value("2024-01-02")],
        [value("2016-01-01", "1500.00")],
    ],
)
def test_a_value_that_a_cycle_used_neither_changes_nor_goes(values: list[dict[str, Any]]) -> None:
    with pytest.raises(ValueVersionUsed):
        refuse_rewriting(TEKAVOUL, changed(TEKAVOUL, values=values), ISSUED)


@pytest.mark.parametrize("day", ["2025-01-01", "2026-01-01", "2026-04-01"])
def test_no_value_is_put_before_an_issued_period(day: str) -> None:
    with pytest.raises(ValueReachesIssuedPeriod):
        refuse_rewriting(TEKAVOUL, changed(TEKAVOUL, values=[value("2024-01-01"), value(day, "4000.00")]), ISSUED)


def test_what_no_cycle_used_may_change_and_a_note_may_be_bettered() -> None:
    values = [
        value("2016-01-01", "1400.00"),
        value("2024-01-01", note="decree 2023-118", confidence="derived"),
        value("2026-04-02", "4000.00"),
    ]

    refuse_rewriting(TEKAVOUL, changed(TEKAVOUL, values=values), ISSUED)


def test_the_unit_stays() -> None:
    with pytest.raises(ProgramUnitFixed):
        refuse_rewriting(TEKAVOUL, changed(TEKAVOUL, unit=Unit.INDIVIDUAL), [])


def test_the_amount_of_a_used_value_counts_and_not_how_it_is_written() -> None:
    written = Value.model_validate(value("2024-01-01", "3600"))

    assert written.amount_mru == Decimal("3600.00")
    refuse_rewriting(TEKAVOUL, changed(TEKAVOUL, values=[value("2024-01-01", "3600")]), ISSUED)
