"""What the questionnaires take, how cells become answers, and what is said of the others."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.registry.catalog import questionnaires
from services.registry.rules.questionnaires import (
    DOMAINS,
    AnswerColumns,
    Unit,
    answered_disability,
    question_labels,
    settled_disability,
)

VERSIONS = sorted(questionnaires())
OLD, NEW = "RS-2020.1", "RS-2024.1"


def columns(*names: str) -> AnswerColumns:
    return AnswerColumns([*names], questionnaires())


def codes(version: str, unit: Unit, answers: Any) -> list[tuple[str, str]]:
    return [(one.pointer, one.code) for one in questionnaires()[version].violations(unit, answers)]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_question_has_three_languages_and_every_number_has_bounds(version: str) -> None:
    document = questionnaires()[version].document
    for unit in ("household", "individual"):
        schema = document[unit]
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert schema["additionalProperties"] is False
        for question in schema["properties"].values():
            labels = question["x-labels"]
            for text in (labels["title"], *labels.get("values", {}).values()):
                assert set(text) == {"ar", "fr", "en"} and all(text.values())
            choices = question.get("enum", question.get("items", {}).get("enum", []))
            assert list(labels.get("values", {})) == choices
            if question["type"] in ("integer", "number"):
                assert question["minimum"] == 0 and question["maximum"] > 0


def test_the_second_version_adds_questions_and_narrows_one() -> None:
    assert codes(OLD, "household", {"water_source": "other", "rooms": 25}) == []
    assert codes(NEW, "household", {"water_source": "other", "rooms": 25}) == [
        ("/water_source", "answer_not_a_choice"),
        ("/rooms", "answer_out_of_bounds"),
    ]
    assert codes(OLD, "household", {"hhs": 3}) == [("/hhs", "question_unknown")]
    assert codes(NEW, "household", {"hhs": 3}) == []


@pytest.mark.parametrize(
    ("question", "least", "most"), [("fcs", 0, 112), ("rcsi", 0, 56), ("hdds", 0, 12), ("hhs", 0, 6)]
)
def test_food_scores_keep_to_their_scales(question: str, least: int, most: int) -> None:
    assert codes(NEW, "household", {question: least}) == codes(NEW, "household", {question: most}) == []
    for outside in (least - 1, most + 1):
        assert codes(NEW, "household", {question: outside}) == [(f"/{question}", "answer_out_of_bounds")]


VIOLATIONS = [
    ({"walls": "gold"}, "/walls", "answer_not_a_choice"),
    ({"walls": 3}, "/walls", "answer_not_a_choice"),
    ({"rooms": 31}, "/rooms", "answer_out_of_bounds"),
    ({"rooms": -1}, "/rooms", "answer_out_of_bounds"),
    ({"rooms": 1.5}, "/rooms", "answer_not_a_number"),
    ({"rooms": "three"}, "/rooms", "answer_not_a_number"),
    ({"land_hectares": "wide"}, "/land_hectares", "answer_not_a_number"),
    ({"has_radio": 1}, "/has_radio", "answer_not_yes_or_no"),
    ({"shocks": ["flood", "flood"]}, "/shocks", "answer_twice"),
    ({"shocks": "flood"}, "/shocks", "answer_not_a_list"),
    ({"shocks": ["war"]}, "/shocks/0", "answer_not_a_choice"),
    ({"shocks": ["flood", 7]}, "/shocks/1", "answer_not_a_choice"),
    ({"pets": 2}, "/pets", "question_unknown"),
    ([], "", "answer_refused"),
]


@pytest.mark.parametrize(("answers", "pointer", "code"), VIOLATIONS)
def test_a_violation_has_its_pointer_its_code_and_its_reason(answers: Any, pointer: str, code: str) -> None:
    found = questionnaires()[OLD].violations("household", answers)

    assert (found[0].pointer, found[0].code) == (pointer, code)
    assert all(found[0].reason.in_(language) for language in ("ar", "fr", "en"))


def test_more_answers_than_the_list_holds_are_told_their_number() -> None:
    every = questionnaires()[OLD].document["household"]["properties"]["shocks"]["items"]["enum"]

    found = questionnaires()[OLD].violations("household", {"shocks": [*every, "flood"]})

    assert {one.code for one in found} == {"answers_too_many", "answer_twice"}
    assert any("8" in one.reason.en for one in found)


def test_a_reason_names_what_is_accepted_in_the_readers_words() -> None:
    (found,) = questionnaires()[NEW].violations("household", {"roof": "gold"})

    assert found.reason.fr == "Réponse hors de la liste : béton, tôle, bois et terre, paille, toile de tente, autre."
    assert "خرسانة، صفيح، خشب وطين" in found.reason.ar
    assert (
        found.reason.en == "The answer is not one of: concrete, metal sheet, wood and earth, straw, tent cloth, other."
    )


@pytest.mark.parametrize(
    ("question", "cell", "answer"),
    [
        ("walls", "mud", "mud"),
        ("walls", "Banco", "mud"),
        ("walls", "طيـــن", "mud"),
        ("rooms", "٣", 3),
        ("rooms", 3.0, 3),
        ("fcs", "41,5", 41.5),
        ("land_hectares", "١٫٢٥", 1.25),
        ("has_radio", "OUI", True),
        ("has_radio", "لا", False),
        ("shocks", "sécheresse; inondation", ["drought", "flood"]),
        ("shocks", "جفاف، فيضان", ["drought", "flood"]),
    ],
)
def test_a_cell_is_read_in_any_of_the_three_languages(question: str, cell: Any, answer: Any) -> None:
    read = columns(f"q.{question}").read("household", {"questionnaire_version": OLD, f"q.{question}": cell})

    assert (read.version, read.answers, read.problems) == (OLD, {question: answer}, [])


@pytest.mark.parametrize("cell", ["nan", "inf", "1e400", "three", "99"])
def test_a_bad_answer_is_left_out_and_told_of_and_the_others_are_kept(cell: str) -> None:
    cells = {"questionnaire_version": NEW, "q.rooms": cell, "q.walls": "mud"}

    read = columns("q.rooms", "q.walls").read("household", cells)

    assert read.answers == {"walls": "mud"}
    assert [(one.field, one.value) for one in read.problems] == [("q.rooms", cell)]


def test_a_line_without_answers_leaves_those_held() -> None:
    read = columns("q.walls", "qi.seeing").read("household", {"questionnaire_version": NEW, "q.walls": " "})

    assert (read.version or None, read.answers) in ((None, {}), (NEW, {}))


@pytest.mark.parametrize(("version", "code"), [("", "questionnaire_missing"), ("RS-1999.1", "questionnaire_unknown")])
def test_answers_to_no_known_version_are_left_out_with_the_versions_that_are(version: str, code: str) -> None:
    read = columns("q.walls").read("household", {"questionnaire_version": version, "q.walls": "mud"})

    assert (read.version, read.answers) == (None, {})
    assert [(one.field, one.code) for one in read.problems] == [("questionnaire_version", code)]
    assert all("RS-2020.1, RS-2024.1" in read.problems[0].reason.in_(one) for one in ("ar", "fr", "en"))


def test_household_and_individual_answers_stand_in_columns_of_their_own() -> None:
    cells = {"questionnaire_version": NEW, "q.walls": "mud", "qi.seeing": "لا يستطيع إطلاقا", "qi.pregnant": "non"}

    reader = columns("q.walls", "qi.seeing", "qi.pregnant")

    assert reader.read("household", cells).answers == {"walls": "mud"}
    assert reader.read("individual", cells).answers == {"seeing": "cannot", "pregnant": False}


def test_every_column_has_header_words_and_no_two_share_them() -> None:
    labels = question_labels(questionnaires())

    assert labels["q.walls"].fr == "Matériau des murs" and "qi.birth_registered" in labels
    for language in ("ar", "fr", "en"):
        words = [text.in_(language) for text in labels.values()]
        assert len(set(words)) == len(words)


@settings(deadline=None)  # the first example compiles the schemas
@given(st.sampled_from(VERSIONS), st.sampled_from(["household", "individual"]), st.data())
def test_whatever_stands_in_the_cells_what_is_kept_fits_the_schema(
    version: str, unit: Unit, data: st.DataObject
) -> None:
    prefix = {"household": "q.", "individual": "qi."}[unit]
    names = [prefix + name for name in questionnaires()[version].forms[unit].questions]
    cell = st.one_of(
        st.text(max_size=8), st.integers(-3, 9000), st.floats(), st.booleans(), st.sampled_from(["oui", "mud", "3"])
    )
    cells = data.draw(st.dictionaries(st.sampled_from(names), cell, max_size=8))

    read = AnswerColumns(names, questionnaires()).read(unit, {**cells, "questionnaire_version": version})

    assert questionnaires()[version].violations(unit, dict(read.answers)) == []
    json.dumps(dict(read.answers), allow_nan=False)


@given(st.dictionaries(st.sampled_from(DOMAINS), st.sampled_from(["none", "some", "a_lot", "cannot"])))
def test_a_lot_of_difficulty_in_any_domain_is_a_disability(answers: dict[str, str]) -> None:
    severe = any(answer in ("a_lot", "cannot") for answer in answers.values())

    assert answered_disability(answers) is (True if severe else False if len(answers) == 6 else None)


NO_DIFFICULTY = dict.fromkeys(DOMAINS, "none")


@pytest.mark.parametrize(
    ("declared", "answers", "settled", "warned"),
    [
        (False, {"seeing": "cannot"}, True, True),
        (True, {"seeing": "cannot"}, True, False),
        (True, NO_DIFFICULTY, True, True),
        (False, NO_DIFFICULTY, False, False),
        (None, {"hearing": "a_lot"}, True, False),
        (None, NO_DIFFICULTY, False, False),
        (None, {}, None, False),
        (True, {}, True, False),
    ],
)
def test_a_declared_disability_and_the_answers_are_kept_consistent(
    declared: bool | None, answers: dict[str, str], settled: bool | None, warned: bool
) -> None:
    disability, problem = settled_disability(declared, answers)

    assert disability is settled
    assert (problem is not None) == warned
    if problem is not None:
        assert problem.field == "disability" and all(problem.reason.in_(one) for one in ("ar", "fr", "en"))
