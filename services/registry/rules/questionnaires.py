"""Questionnaires: what may be answered, in which version, and what is wrong with an answer.

A questionnaire is data (`data/questionnaires/<version>.json`): a JSON Schema of a household's answers and one of an
individual's, with labels in three languages under `x-labels`. An answer that breaks its schema is left out and told of;
the others are kept, so that whatever is stored fits its version. An unanswered question is absent: unknown is not "no".
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Literal, NamedTuple

from jsonschema_rs import Draft202012Validator, ValidationError

from shared.text import LANGUAGES, Cell, Text, clean_text, fold, fold_digits

Unit = Literal["household", "individual"]
UNITS: tuple[Unit, ...] = ("household", "individual")
PREFIXES: Mapping[Unit, str] = {"household": "q.", "individual": "qi."}
"""Of the columns that hold answers in a file: `q.walls`, `qi.seeing`."""
VERSION_COLUMN = "questionnaire_version"
REMEMBERED = 2_000
"""Different cells of one question whose meaning is kept: every choice and the usual numbers."""
SEVERAL = (";", "؛", "|", ",", "،")
"""What parts several answers in one cell."""

TRUE_WORDS = ("true", "yes", "oui", "vrai", "1", "x", "نعم")
FALSE_WORDS = ("false", "no", "non", "faux", "0", "none", "لا")

UNKNOWN_VERSION = Text(
    ar="لا توجد استمارة بهذه النسخة؛ لم تُسجَّل الأجوبة. المقبول: {versions}.",
    fr="Aucun questionnaire ne porte cette version ; les réponses ne sont pas prises. Accepté : {versions}.",
    en="No questionnaire has this version; the answers were left out. Accepted: {versions}.",
)
VERSION_MISSING = Text(
    ar="في السطر أجوبة بدون نسخة الاستمارة؛ لم تُسجَّل. المقبول في العمود questionnaire_version: {versions}.",
    fr="La ligne a des réponses sans version du questionnaire ; elles ne sont pas prises. Accepté dans questionnaire_version : {versions}.",
    en="The line has answers and no version of the questionnaire; they were left out. Accepted in questionnaire_version: {versions}.",
)
NOT_A_CHOICE = Text(
    ar="الجواب ليس من الأجوبة المقبولة: {accepted}.",
    fr="Réponse hors de la liste : {accepted}.",
    en="The answer is not one of: {accepted}.",
)
OUT_OF_BOUNDS = Text(
    ar="الجواب خارج الحدود؛ المقبول: من {least} إلى {most}.",
    fr="Réponse hors des bornes ; accepté : de {least} à {most}.",
    en="The answer is out of bounds; accepted: {least} to {most}.",
)
NOT_A_WHOLE_NUMBER = Text(
    ar="المقبول عدد صحيح من {least} إلى {most}.",
    fr="Accepté : un nombre entier de {least} à {most}.",
    en="Accepted: a whole number from {least} to {most}.",
)
NOT_A_NUMBER = Text(
    ar="المقبول عدد من {least} إلى {most}.",
    fr="Accepté : un nombre de {least} à {most}.",
    en="Accepted: a number from {least} to {most}.",
)
NOT_YES_OR_NO = Text(ar="المقبول: نعم أو لا.", fr="Accepté : oui ou non.", en="Accepted: yes or no.")
NOT_A_LIST = Text(
    ar="المقبول قائمة من: {accepted}.",
    fr="Accepté : une liste parmi : {accepted}.",
    en="Accepted: a list of: {accepted}.",
)
ANSWERED_TWICE = Text(
    ar="ورد الجواب نفسه مرتين.", fr="La même réponse figure deux fois.", en="The same answer is given twice."
)
TOO_MANY = Text(
    ar="أجوبة كثيرة؛ المقبول: {most} على الأكثر.",
    fr="Trop de réponses ; accepté : {most} au plus.",
    en="Too many answers; accepted: {most} at most.",
)
NOT_ASKED = Text(
    ar="لا سؤال بهذا الاسم في هذه النسخة من الاستمارة.",
    fr="Cette version du questionnaire n'a pas de question de ce nom.",
    en="This version of the questionnaire has no question of this name.",
)
NOT_AS_ASKED = Text(
    ar="الجواب لا يوافق الاستمارة المنشورة.",
    fr="La réponse ne suit pas le questionnaire publié.",
    en="The answer does not follow the published questionnaire.",
)
DISABILITY_ANSWERED = Text(
    ar="أُعلن «بدون إعاقة» بينما تذكر الأجوبة صعوبة كبيرة أو عجزا؛ سُجّلت الإعاقة.",
    fr="Déclaré sans handicap, mais une réponse dit « beaucoup de difficultés » ou « ne peut pas » ; le handicap est enregistré.",
    en="Declared without disability, while an answer says “a lot of difficulty” or “cannot”; the disability was recorded.",
)
DISABILITY_NOT_ANSWERED = Text(
    ar="أُعلنت إعاقة لا تظهر في أي من المجالات الستة؛ بقيت كما أُعلنت، ويُرجى التحقق.",
    fr="Handicap déclaré, qui n'apparaît dans aucun des six domaines ; gardé tel que déclaré, à vérifier.",
    en="A disability was declared that none of the six domains shows; kept as declared, verify it.",
)

DOMAINS = ("seeing", "hearing", "walking", "remembering", "self_care", "communicating")
DISABLING = frozenset({"a_lot", "cannot"})
"""The Washington Group's cut-off for its short set: at least one domain with a lot of difficulty."""


class Violation(NamedTuple):
    """One thing wrong with answers. `pointer` is a JSON pointer into them, `question` the one it is about."""

    pointer: str
    question: str
    code: str
    reason: Text


class AnswerProblem(NamedTuple):
    """What is wrong with a cell, by the name of its column. Always a warning: the line enters without the answer."""

    field: str
    value: object
    code: str
    reason: Text


@dataclass(frozen=True, slots=True)
class Question:
    """One question: what kind of answer it takes, its label, and the words its cells may use."""

    name: str
    kind: str
    label: Text
    values: Mapping[str, Text]
    bounds: Mapping[str, Any]
    words: Mapping[str, Any]

    @classmethod
    def read(cls, name: str, schema: Mapping[str, Any]) -> "Question":
        labels = schema["x-labels"]
        values = {value: Text(**texts) for value, texts in labels.get("values", {}).items()}
        words: dict[str, Any] = {}
        if schema["type"] == "boolean":
            words = dict.fromkeys(map(fold, TRUE_WORDS), True) | dict.fromkeys(map(fold, FALSE_WORDS), False)
        for value, text in values.items():
            words |= {fold(word): value for word in (value, *(text.in_(language) for language in LANGUAGES))}
        bounds = {"least": schema.get("minimum"), "most": schema.get("maximum", schema.get("maxItems"))}
        return cls(name, schema["type"], Text(**labels["title"]), values, bounds, words)

    @property
    def accepted(self) -> Text:
        """The answers it takes, as a person reads them."""
        ar, fr, en = (", ".join(text.in_(one) for text in self.values.values()) for one in LANGUAGES)
        return Text(ar.replace(",", "،"), fr, en)

    def answer(self, cell: Cell) -> Any:
        """What a cell answers; None for nothing. What cannot be understood is returned as it stands, for the schema."""
        text = clean_text(cell)
        if not text:
            return None
        if self.kind == "array":
            for other in SEVERAL[1:]:
                text = text.replace(other, SEVERAL[0])
            parts = [part for part in map(str.strip, text.split(SEVERAL[0])) if part]
            return [self.words.get(fold(part), part) for part in parts]
        if self.kind in ("integer", "number"):
            return _number(text)
        return self.words.get(fold(text), text)


def _number(text: str) -> Any:
    digits = fold_digits(text).replace("٫", ".").replace(",", ".")
    try:
        value = float(digits)
    except ValueError:
        return text
    if not isfinite(value):
        return text
    return int(value) if value.is_integer() else value


@dataclass(frozen=True)
class Form:
    """The questions to a household, or to an individual, and the schema that their answers fit."""

    unit: Unit
    questions: Mapping[str, Question]
    validator: Draft202012Validator = field(repr=False)

    @classmethod
    def read(cls, unit: Unit, schema: Mapping[str, Any]) -> "Form":
        questions = {name: Question.read(name, one) for name, one in schema["properties"].items()}
        return cls(unit, questions, Draft202012Validator(dict(schema)))

    def violations(self, answers: Any) -> list[Violation]:
        """Everything wrong with these answers, in our words; empty where they fit."""
        if self.validator.is_valid(answers):
            return []
        return [one for fault in self.validator.iter_errors(answers) for one in self._told(fault)]

    def _told(self, fault: ValidationError) -> Iterator[Violation]:
        path = [str(part) for part in fault.instance_path]
        keyword = fault.kind.name
        if keyword == "additionalProperties":
            for name in fault.kind.unexpected:  # type: ignore[attr-defined]
                yield Violation(_pointer([*path, name]), name, "question_unknown", NOT_ASKED)
            return
        question = self.questions.get(path[0]) if path else None
        if question is None:
            yield Violation(_pointer(path), "", "answer_refused", NOT_AS_ASKED)
            return
        code, reason = _reason(keyword, question, inside=len(path) > 1)
        yield Violation(_pointer(path), question.name, code, reason)


def _pointer(path: Sequence[str]) -> str:
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)


def _reason(keyword: str, question: Question, *, inside: bool) -> tuple[str, Text]:
    """Our words for a keyword of JSON Schema that an answer breaks."""
    if keyword == "enum" or (keyword == "type" and (inside or question.kind == "string")):
        return "answer_not_a_choice", _listing(NOT_A_CHOICE, question)
    if keyword in ("minimum", "maximum"):
        return "answer_out_of_bounds", OUT_OF_BOUNDS.format(**question.bounds)
    if keyword == "uniqueItems":
        return "answer_twice", ANSWERED_TWICE
    if keyword == "maxItems":
        return "answers_too_many", TOO_MANY.format(**question.bounds)
    if keyword == "type" and question.kind == "array":
        return "answer_not_a_list", _listing(NOT_A_LIST, question)
    if keyword == "type" and question.kind == "boolean":
        return "answer_not_yes_or_no", NOT_YES_OR_NO
    if keyword == "type":
        text = NOT_A_WHOLE_NUMBER if question.kind == "integer" else NOT_A_NUMBER
        return "answer_not_a_number", text.format(**question.bounds)
    return "answer_refused", NOT_AS_ASKED


def _listing(text: Text, question: Question) -> Text:
    return Text(*(text.in_(one).format(accepted=question.accepted.in_(one)) for one in LANGUAGES))


@dataclass(frozen=True)
class Questionnaire:
    """One version of the questionnaire. `document` is what is published, byte for byte the same for ever."""

    version: str
    document: Mapping[str, Any] = field(repr=False)
    forms: Mapping[Unit, Form] = field(repr=False)

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Questionnaire":
        return cls(document["version"], document, {unit: Form.read(unit, document[unit]) for unit in UNITS})

    def violations(self, unit: Unit, answers: Any) -> list[Violation]:
        return self.forms[unit].violations(answers)


def question_labels(questionnaires: Mapping[str, Questionnaire]) -> dict[str, Text]:
    """The columns that answers may stand in, with the header words that name each beside its own name.

    A later version's label comes after an earlier one's and does not replace it.
    """
    labels: dict[str, Text] = {}
    for version in sorted(questionnaires):
        for unit, form in questionnaires[version].forms.items():
            for name, question in form.questions.items():
                labels.setdefault(PREFIXES[unit] + name, question.label)
    return labels


Meaning = tuple[Any, Violation | None]
"""The answer in a cell, and what is wrong with it."""


class Answered(NamedTuple):
    """What the cells of a line answer. Without a version there are no answers, and those held stay."""

    version: str | None
    answers: Mapping[str, Any]
    problems: Sequence[AnswerProblem]


NOTHING_ANSWERED = Answered(None, {}, ())


class AnswerColumns:
    """Reads the answers in the lines of one file, whose columns are `fields` by their own names (`q.walls`).

    Meanings of cells are kept, so that the millionth "mud" costs a look.
    """

    def __init__(self, fields: Iterable[str], questionnaires: Mapping[str, Questionnaire]) -> None:
        self._questionnaires = questionnaires
        self._columns = {
            unit: tuple((one, one[len(prefix) :]) for one in fields if one.startswith(prefix))
            for unit, prefix in PREFIXES.items()
        }
        self._meanings: dict[tuple[str, str], dict[Cell, Meaning]] = defaultdict(dict)
        """By version and column."""

    def read(self, unit: Unit, cells: Mapping[str, Cell]) -> Answered:
        """The answers of a household (its first line) or of an individual (each line), with what is wrong with others."""
        columns = self._columns[unit]
        if not columns:
            return NOTHING_ANSWERED
        given = [(column, name, cell) for column, name in columns if (cell := cells.get(column)) not in (None, "")]
        if not given:
            return NOTHING_ANSWERED
        version = clean_text(cells.get(VERSION_COLUMN))
        questionnaire = self._questionnaires.get(version)
        if questionnaire is None:
            code, text = (
                ("questionnaire_unknown", UNKNOWN_VERSION) if version else ("questionnaire_missing", VERSION_MISSING)
            )
            reason = text.format(versions=", ".join(sorted(self._questionnaires)))
            return Answered(None, {}, (AnswerProblem(VERSION_COLUMN, version, code, reason),))
        return self._answers(questionnaire, unit, given)

    def _answers(self, questionnaire: Questionnaire, unit: Unit, given: Sequence[tuple[str, str, Cell]]) -> Answered:
        form = questionnaire.forms[unit]
        answers: dict[str, Any] = {}
        problems = []
        for column, name, cell in given:
            value, wrong = self._meaning(form, name, cell, self._meanings[questionnaire.version, column])
            if wrong is not None:
                problems.append(AnswerProblem(column, cell, wrong.code, wrong.reason))
            elif value is not None:
                answers[name] = value
        return Answered(questionnaire.version, answers, problems)

    def _meaning(self, form: Form, name: str, cell: Cell, known: dict[Cell, Meaning]) -> Meaning:
        """An answer and what is wrong with it. Each question stands alone in the schemas, so each is checked alone."""
        # 1 and True are one key of a dict, and not one answer.
        found = known.get(cell) if isinstance(cell, str) else None
        if found is None:
            question = form.questions.get(name)
            value = question.answer(cell) if question else cell
            faults = form.violations({name: value}) if value is not None else []
            found = value, (faults[0] if faults else None)
            if isinstance(cell, str) and len(known) < REMEMBERED:
                known[cell] = found
        return found


def answered_disability(answers: Mapping[str, Any]) -> bool | None:
    """Whether the answers to the six domains tell of a disability; None where they do not say."""
    told = [answers.get(domain) for domain in DOMAINS]
    if any(answer in DISABLING for answer in told):
        return True
    return None if None in told else False


def settled_disability(declared: bool | None, answers: Mapping[str, Any]) -> tuple[bool | None, AnswerProblem | None]:
    """The disability to record, from what a line declares and what its answers say, with a warning where they differ.

    The six domains do not cover every disability: they add one and never take away what was declared.
    """
    answered = answered_disability(answers)
    if answered is None or declared is None or answered == declared:
        return (declared if answered is None else answered), None
    told = DISABILITY_ANSWERED if answered else DISABILITY_NOT_ANSWERED
    return True, AnswerProblem("disability", "none" if answered else "yes", "disability_differs", told)
