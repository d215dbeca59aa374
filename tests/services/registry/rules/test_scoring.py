"""The score by hand, its bounds, and what changes it."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal, getcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.registry.catalog import formula_documents, formulas, questionnaires
from services.registry.rules.scoring import Formula, HouseholdFacts, Inputs, MemberFacts, Weights, inputs_of, score

DAY = date(2025, 3, 4)
OLD, NEW = formulas()["SAMPLE-2020.1"], formulas()["SAMPLE-2024.1"]

SIDI = MemberFacts("head", "M", date(1980, 5, 6), "day", False)
MARIEM = MemberFacts("spouse", "F", date(1986, 2, 3), "day", False)
AHMED = MemberFacts("child", "M", date(2004, 7, 8), "day", False)
AICHA = MemberFacts("child", "F", date(2015, 9, 10), "day", True)
ANSWERS: dict[str, Any] = {
    "walls": "mud", "roof": "straw", "water_source": "open_well", "sanitation": "none", "lighting": "torch", "rooms": 2,
    "camels": 0, "cattle": 2, "sheep_goats": 10, "donkeys": 1, "poultry": 5, "land_hectares": 1.5,
    "income_source": "livestock", "has_phone": True, "has_television": False, "has_refrigerator": False,
    "has_vehicle": False, "fcs": 41.5, "hhs": 2,
}  # fmt: skip
FAMILY = HouseholdFacts("MR011-C01", ANSWERS, [SIDI, MARIEM, AHMED, AICHA])


def test_the_score_of_a_family_worked_out_by_hand() -> None:
    # Four people: -1.5 for each beyond the first = -4.5. One disabled member: -2. Head a man: 0.
    # Mud walls 0, straw roof -3, open well -2, battery lamp 0, two rooms +2, phone +2, no television 0, herders 0.
    # Livestock: 2 cattle x 0.7 + 10 small stock x 0.1 + 1 donkey x 0.5 + 5 fowl x 0.01 = 1.4 + 1 + 0.5 + 0.05 = 2.95;
    #   4 x ln(3.95) = 4 x 1.373716 = 5.4949.
    # 45 - 4.5 - 2 - 3 - 2 + 2 + 2 + 5.4949 = 42.9949, rounded 42.99: below 48, so poor.
    inputs = inputs_of(OLD, FAMILY, DAY)

    scored = score(OLD, inputs)

    assert (scored.score, scored.category) == (Decimal("42.99"), "poor")
    added = {line.input.name: line.contribution for line in scored.lines}
    assert (added["size"], added["disabled_members"], added["livestock"]) == (
        Decimal("-4.5"), Decimal("-2"), Decimal("5.4949"),
    )  # fmt: skip
    assert OLD.constant + sum(added.values()) == Decimal("42.9949")


def test_the_second_formula_worked_out_by_hand() -> None:
    # To what the two formulas share (-4.5 - 2 - 3 - 2 + 2 + 2 + 5.4949 = -2.0051) the second adds:
    # one dependant (Aïcha, 9) to three of working age = 0.3333 x -2.5 = -0.83325, half to even -0.8332;
    # a head of 44 is not beyond 60: 0; no child under 5: 0; open ground -3; 2 x ln(2.5) = 1.8326; no refrigerator, no
    # vehicle: 0; 41.5 x 0.15 = 6.225; hunger 2 x -1 = -2; Hodh ech Chargui -3.
    # 38 - 2.0051 - 0.8332 - 3 + 1.8326 + 6.225 - 2 - 3 = 35.2193, rounded 35.22: poor.
    scored = score(NEW, inputs_of(NEW, FAMILY, DAY))

    assert (scored.score, scored.category) == (Decimal("35.22"), "poor")


def test_the_inputs_are_those_of_the_day() -> None:
    unborn = replace(AICHA, birth_date=date(2025, 3, 5))
    newborn = replace(AICHA, birth_date=DAY)

    before = inputs_of(NEW, replace(FAMILY, members=[SIDI, MARIEM, unborn]), DAY).given
    after = inputs_of(NEW, replace(FAMILY, members=[SIDI, MARIEM, newborn]), DAY).given

    assert (before["size"], before["children_under_5"], before["dependency_ratio"]) == ("2", "0", "0")
    assert (after["size"], after["children_under_5"], after["dependency_ratio"]) == ("3", "1", "0.5")


@pytest.mark.parametrize(
    ("birth_date", "precision", "age"),
    [
        (date(1960, 3, 4), "day", "65"),
        (date(1960, 3, 5), "day", "64"),
        (date(1960, 12, 31), "year", "65"),
        (date(2000, 2, 29), "day", "25"),
    ],
)
def test_an_age_is_that_of_the_birthday_or_of_the_year(birth_date: date, precision: str, age: str) -> None:
    head = replace(SIDI, birth_date=birth_date, birth_precision=precision)

    assert inputs_of(NEW, replace(FAMILY, members=[head]), DAY).given["head_age"] == age


@pytest.mark.parametrize("question", sorted(ANSWERS))
def test_a_question_nobody_answered_is_named_and_never_taken_for_a_zero(question: str) -> None:
    answers = {name: value for name, value in ANSWERS.items() if name != question}

    inputs = inputs_of(NEW, replace(FAMILY, answers=answers), DAY)

    herd = {"camels", "cattle", "sheep_goats", "donkeys", "poultry"}
    named = "livestock" if question in herd else "land" if question == "land_hectares" else question
    assert [one.name for one in inputs.missing] == [named]
    with pytest.raises(ValueError, match=named):
        score(NEW, inputs)


def test_without_a_head_there_is_no_score() -> None:
    inputs = inputs_of(NEW, replace(FAMILY, members=[MARIEM]), DAY)

    assert [one.name for one in inputs.missing] == ["head_sex", "head_age"]


def test_an_answer_without_a_weight_is_missing() -> None:
    inputs = inputs_of(NEW, replace(FAMILY, answers={**ANSWERS, "water_source": "other"}), DAY)

    assert [one.name for one in inputs.missing] == ["water_source"]


@pytest.mark.parametrize(
    ("points", "category"),
    [("0", "extreme_poor"), ("29.99", "extreme_poor"), ("30", "poor"), ("47.99", "poor"), ("48", "vulnerable"),
     ("61.99", "vulnerable"), ("62", "not_poor"), ("100", "not_poor")],
)  # fmt: skip
def test_a_cut_off_belongs_to_the_category_above_it(points: str, category: str) -> None:
    assert OLD.category_of(Decimal(points)) == category


@pytest.mark.parametrize(
    ("scored_on", "until"),
    [
        (date(2024, 1, 15), date(2027, 1, 15)),
        (date(2024, 2, 29), date(2027, 2, 28)),
        (date(2023, 12, 31), date(2026, 12, 31)),
    ],
)
def test_a_score_of_thirty_six_months_ends_on_the_day_three_years_on(scored_on: date, until: date) -> None:
    assert NEW.valid_until(scored_on) == until


def test_the_hash_is_of_the_canonical_json_of_what_was_given() -> None:
    # printf '{"a":"1","b":"طين"}' | sha256sum
    wanted = "6fd6b29ed44faee9e9e7e38a2c368d6f1a83781b636bb74e5ff732b0125fecaa"

    assert Inputs({"b": "طين", "a": "1"}, ()).hash().hex() == wanted


@given(st.permutations(sorted(ANSWERS)))
def test_the_hash_does_not_depend_on_the_order_of_the_answers(order: list[str]) -> None:
    shuffled = replace(FAMILY, answers={name: ANSWERS[name] for name in order})

    assert inputs_of(NEW, shuffled, DAY).hash() == inputs_of(NEW, FAMILY, DAY).hash()


@given(st.integers(1, 27))
def test_a_process_that_calculates_less_exactly_gets_the_same_score(digits: int) -> None:
    before = getcontext().prec
    getcontext().prec = digits
    try:
        scored = score(NEW, inputs_of(NEW, FAMILY, DAY))
    finally:
        getcontext().prec = before

    assert scored == score(NEW, inputs_of(NEW, FAMILY, DAY))


def answers_to(version: str) -> st.SearchStrategy[dict[str, Any]]:
    """Complete answers to a questionnaire."""
    drawn: dict[str, st.SearchStrategy[Any]] = {}
    for name, question in questionnaires()[version].document["household"]["properties"].items():
        kind = question["type"]
        if kind == "boolean":
            drawn[name] = st.booleans()
        elif kind == "integer":
            drawn[name] = st.integers(0, question["maximum"])
        elif kind == "number":
            drawn[name] = st.floats(0, question["maximum"], allow_subnormal=False)
        elif kind == "string":
            drawn[name] = st.sampled_from(question["enum"])
    return st.fixed_dictionaries(drawn)


people = st.builds(
    MemberFacts, st.just("child"), st.sampled_from("FM"), st.dates(date(1925, 1, 1), DAY), st.sampled_from(["day", "year"]),
    st.booleans(),
)  # fmt: skip
families = st.builds(
    HouseholdFacts,
    st.sampled_from([f"MR{number:02d}1-C01" for number in range(1, 16)]),
    answers_to("RS-2024.1"),
    st.lists(people, max_size=20).map(lambda others: [SIDI, *others]),
)


@given(families, st.sampled_from([OLD, NEW]))
def test_every_household_with_complete_answers_has_a_score_from_0_to_100(
    family: HouseholdFacts, formula: Formula
) -> None:
    inputs = inputs_of(formula, family, DAY)

    scored = score(formula, inputs)

    assert inputs.missing == ()
    assert 0 <= scored.score <= 100
    assert scored.category == formula.category_of(scored.score)
    total = formula.constant + sum(line.contribution for line in scored.lines)
    assert scored.score == min(max(total, Decimal(0)), Decimal(100)).quantize(Decimal("0.01"))


RISING = [one for one in NEW.inputs if not isinstance(one.transform, Weights)]


@given(families, st.sampled_from(RISING), st.decimals(0, 200, places=2))
def test_more_of_an_input_moves_the_score_as_its_weight_says(family: HouseholdFacts, one: Any, more: Decimal) -> None:
    inputs = inputs_of(NEW, family, DAY)
    raised = {**inputs.given, one.name: str(Decimal(inputs.given[one.name]) + more)}

    before, after = score(NEW, inputs).score, score(NEW, inputs._replace(given=raised)).score

    assert after >= before if one.transform.weight > 0 else after <= before


@pytest.mark.parametrize("version", sorted(formulas()))
def test_a_formula_says_what_it_is_in_three_languages_and_weighs_every_choice(version: str) -> None:
    document = formula_documents()[version]
    for text in (
        document["title"],
        document["origin"],
        document["legal_reference"],
        *(i["label"] for i in document["inputs"]),
    ):
        assert set(text) == {"ar", "fr", "en"} and all(text.values())
    asked = questionnaires()["RS-2020.1" if version == "SAMPLE-2020.1" else "RS-2024.1"].document["household"][
        "properties"
    ]
    for one in formulas()[version].inputs:
        if isinstance(one.source, str) and one.source.startswith("answer.") and isinstance(one.transform, Weights):
            choices = asked[one.source.removeprefix("answer.")].get("enum", ["true", "false"])
            assert set(one.transform.weights) >= set(choices), one.name


def broken(**changes: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(formula_documents()["SAMPLE-2020.1"]))
    return document | changes


@pytest.mark.parametrize(
    "changes",
    [
        {"cutoffs": [{"category": "poor", "below": None}]},
        {"cutoffs": [{"category": one, "below": bound} for one, bound in
                     (("extreme_poor", "48"), ("poor", "30"), ("vulnerable", "62"), ("not_poor", None))]},
        {"inputs": formula_documents()["SAMPLE-2020.1"]["inputs"][:1] * 2},
        {"inputs": []},
        {"valid_months": 0},
        {"surprise": 1},
    ],
)  # fmt: skip
def test_a_formula_that_is_not_whole_does_not_load(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Formula.model_validate(broken(**changes))
