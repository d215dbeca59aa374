"""Reading the lines of a household: what each cell means, which lines are sound, and what is wrong with the others."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import chain
from typing import Any, NamedTuple

from services.registry.rules.columns import CATEGORY_WORDS, DISABILITY_WORDS, PRECISION_WORDS, RELATIONSHIP_WORDS
from services.registry.rules.households import (
    LISTED_TWICE,
    MISSING,
    NAME_MISSING,
    HouseholdFile,
    Member,
    Problem,
    Written,
    hashed_content,
    refused_with,
)
from services.registry.rules.questionnaires import (
    NOTHING_ANSWERED,
    AnswerColumns,
    Answered,
    AnswerProblem,
    Questionnaire,
    settled_disability,
)
from shared.household_number import is_household_number, parse_household_number
from shared.spelling import is_arabic
from shared.text import Cell, Text, clean_text, fold_digits
from shared.values import (
    BadValue,
    Parsed,
    PartialDate,
    nni_check_holds,
    parse_date,
    parse_integer,
    parse_nni,
    parse_phones,
    parse_sex,
)

_LATIN = re.compile("[A-Za-zÀ-ɏ]")
_PHONE = re.compile("[234][0-9]{7}")
REMEMBERED = 50_000
"""Cells of one column whose meaning is kept: all days of a century and all scores to two places, and some."""
LONGEST_TEXT = 200
LONGEST_NUMBER = 20
OLDEST_AGE = 120
SUSPECT_YEAR = 1900

NOT_A_SCORE = Text(
    ar="الدرجة عدد بين 0 و100.", fr="Le score est un nombre de 0 à 100.", en="A score is a number from 0 to 100."
)
NUMBER_MISSING = Text(
    ar="لا رقم للأسرة في هذا السطر؛ المقبول: رقم الأسرة في كل سطر من أسطرها.",
    fr="Cette ligne n'a pas de numéro de ménage ; accepté : le numéro du ménage sur chacune de ses lignes.",
    en="This line has no household number; accepted: the household's number on each of its lines.",
)
NUMBER_UNREADABLE = Text(
    ar="ليس رقم أسرة في السجل؛ المقبول: MR متبوعة بعشرة أرقام.",
    fr="Ceci n'est pas un numéro de ménage du registre ; accepté : MR suivi de dix chiffres.",
    en="This is not a household number of the registry; accepted: MR and ten digits.",
)
INDIVIDUAL_UNREADABLE = Text(
    ar="ليس رقم فرد؛ المقبول: أرقام وحروف لاتينية لا تتجاوز {longest}، في خلية نصية، أو خانة فارغة لمن لا رقم له.",
    fr="Ceci n'est pas un numéro d'individu ; accepté : chiffres et lettres latines, {longest} au plus, en format texte, ou une cellule vide pour qui n'en a pas.",
    en="This is not an individual number; accepted: digits and Latin letters, at most {longest}, in a text cell, or an empty cell for who has none.",
).format(longest=LONGEST_NUMBER)
YEAR_1900 = Text(
    ar="سنة الميلاد 1900 كثيرا ما تكون خلية فارغة حوّلها الجدول إلى تاريخ؛ قُبلت، ويُرجى التحقق منها.",
    fr="L'année de naissance 1900 est souvent une cellule vide qu'un tableur a changée en date ; acceptée, à vérifier.",
    en="The birth year 1900 is often an empty cell that a spreadsheet made a date of; accepted, verify it.",
)
TOO_OLD = Text(
    ar="العمر يتجاوز {oldest} سنة؛ قُبل التاريخ، ويُرجى التحقق منه.",
    fr="L'âge dépasse {oldest} ans ; la date est acceptée, à vérifier.",
    en="The age is over {oldest}; the date is accepted, verify it.",
).format(oldest=OLDEST_AGE)


class Fault(NamedTuple):
    severity: str
    code: str
    reason: Text


class Meaning(NamedTuple):
    """What a cell means: None where it is refused or says nothing."""

    value: Any
    faults: tuple[Fault, ...] = ()


Parse = Callable[[Cell], Parsed[Any]]
Line = tuple[int, Mapping[str, Cell]]


def meaning(parse: Parse, cell: Cell, *, required: bool = False) -> Meaning:
    try:
        parsed = parse(cell)
    except BadValue as bad:
        return Meaning(None, (Fault("error", bad.code, bad.text),))
    if parsed.value is None and required:
        return Meaning(None, (Fault("error", "value_missing", MISSING),))
    return Meaning(parsed.value, tuple(Fault("warning", one.code, one.text) for one in parsed.warnings))


class Column(dict[Cell, Meaning]):
    """What the cells of one column mean. Read once: a list repeats its words, places and days on every other line."""

    def __init__(self, parse: Parse, *, required: bool = False, plain: Callable[[str], bool] | None = None) -> None:
        """`plain` tells what means itself, of a column in which hardly a cell comes twice; it is not remembered."""
        super().__init__()
        self._parse, self._required, self._plain = parse, required, plain

    def __missing__(self, cell: Cell) -> Meaning:
        if self._plain is not None and isinstance(cell, str) and self._plain(cell):
            return Meaning(cell)
        found = meaning(self._parse, cell, required=self._required)
        if (self._plain is None or cell is None) and len(self) < REMEMBERED:
            self[cell] = found
        return found


class Read(NamedTuple):
    """Lines of one household, read: the household unless it is refused, and how many of its lines are."""

    household: HouseholdFile | None
    problems: list[Problem]
    refused: int


class HouseholdReader:
    """Reads the households of one list, whose columns are `fields`, as of the day it came."""

    def __init__(self, fields: Collection[str], today: date, questionnaires: Mapping[str, Questionnaire]) -> None:
        self._fields, self._today = frozenset(fields), today
        self._answers = AnswerColumns(fields, questionnaires)
        self._of_household = {
            "vulnerability_category": Column(CATEGORY_WORDS.parse, required=True),
            "score": Column(_score, required=True),
            "surveyed_on": Column(lambda cell: parse_date(cell, today, year_only=False), required=True),
        }
        self._of_member = {
            "individual_number": Column(_individual_number, plain=_is_plain_number),
            "relationship": Column(RELATIONSHIP_WORDS.parse, required="relationship" in fields),
            "sex": Column(parse_sex, required=True),
            "birth_date": Column(lambda cell: parse_date(cell, today), required="age" not in fields),
            "birth_precision": Column(PRECISION_WORDS.parse),
            "disability": Column(DISABILITY_WORDS.parse),
            "nni": Column(parse_nni, plain=nni_check_holds),
        }
        self._ages = Column(lambda cell: parse_integer(cell, 0, OLDEST_AGE + 10), required=True)
        self._phones = {name: Column(_phones) for name in ("phone", "phone_2") if name in fields}
        self._names = tuple(name for name in ("name_fr", "name_ar", "name", "name_2") if name in fields)

    def read(self, number: str, lines: Sequence[Line]) -> Read:
        """The household of these lines, all with its number. Its own fields are those of the first line that has them.

        A member whose line is refused is left out; where the household's own fields are refused, all lines are.
        """
        line, cells, problems = lines[0][0], _filled(lines), list[Problem]()
        category, score, surveyed = (
            _value(problems, line, cells, name, column) for name, column in self._of_household.items()
        )
        phones = [_value(problems, line, cells, name, column) for name, column in self._phones.items()]
        if _refused(problems):
            problems += refused_with(number, line, (at for at, _ in lines))
            return Read(None, problems, len(lines))
        members = [one for at, own in lines if (one := self._member(problems, at, own, surveyed.value)) is not None]
        members, again = _each_once(members)
        problems += again
        if not members:
            return Read(None, problems, len(lines))
        answered = self._household_answers(problems, lines)
        household = HouseholdFile(
            line=line,
            number=number,
            commune_code="",
            written=Written(*(_text(cells, name) for name in ("commune_code", "wilaya", "moughataa", "commune"))),
            village=_text(cells, "village") or None,
            vulnerability_category=category,
            score=score,
            formula_version=_text(cells, "formula_version") or None,
            surveyed_on=surveyed.value,
            phones=tuple(dict.fromkeys(chain.from_iterable(phones))) if self._phones else None,
            members=tuple(members),
            questionnaire_version=answered.version,
            answers=answered.answers or None,
            whole="relationship" in self._fields,
        )
        return Read(household._replace(content=hashed_content(household)), problems, len(lines) - len(members))

    def _member(
        self, problems: list[Problem], line: int, cells: Mapping[str, Cell], surveyed_on: date
    ) -> Member | None:
        before = len(problems)
        found = [column[cells.get(name)] for name, column in self._of_member.items()]
        number, relationship, sex, birth, precision, disability, nni = [one.value for one in found]
        for name, one in zip(self._of_member, found, strict=True):
            if one.faults:
                problems += _problems(line, cells, name, one.faults)
        if birth is None and "age" in self._fields and not _refused(problems[before:]):
            age = _value(problems, line, cells, "age", self._ages)
            birth = None if age is None else PartialDate(date(surveyed_on.year - age, 12, 31), "year")
        if birth is not None and birth.value.year <= self._today.year - OLDEST_AGE:
            problems += self._doubts_of_age(line, cells, birth)
        name_fr, name_ar = self._names_of(cells)
        if not (name_fr or name_ar):
            problems.append(Problem(line, self._names[0], "", "error", "name_missing", NAME_MISSING))
        if len(problems) > before and _refused(problems[before:]):
            return None
        answered = self._answers.read("individual", cells)
        disabled, differs = settled_disability(None if disability is None else disability == "yes", answered.answers)
        problems += _told(line, answered.problems if differs is None else (*answered.problems, differs))
        return Member(
            line,
            number or "",
            relationship or "head",
            name_fr,
            name_ar,
            sex,
            birth.value,
            precision or birth.precision,
            nni,
            nni is not None and nni_check_holds(nni),
            disabled,
            answered.version,
            answered.answers or None,
        )

    def _household_answers(self, problems: list[Problem], lines: Sequence[Line]) -> Answered:
        """The answers of the household, from the first line that has any."""
        for line, cells in lines:
            answered = self._answers.read("household", cells)
            if answered is not NOTHING_ANSWERED:
                problems += _told(line, answered.problems)
                return answered
        return NOTHING_ANSWERED

    def _doubts_of_age(self, line: int, cells: Mapping[str, Cell], birth: PartialDate) -> Iterator[Problem]:
        name = "birth_date" if cells.get("birth_date") else "age"
        if birth.value.year == SUSPECT_YEAR:
            yield Problem(line, name, cells.get(name), "warning", "birth_year_1900", YEAR_1900)
        elif self._today.year - birth.value.year > OLDEST_AGE:
            yield Problem(line, name, cells.get(name), "warning", "age_over_120", TOO_OLD)

    def _names_of(self, cells: Mapping[str, Cell]) -> tuple[str | None, str | None]:
        """The names in Latin and in Arabic letters, whatever the column says: a list may have one column for both."""
        latin: str | None = None
        arabic: str | None = None
        for name in self._names:
            in_latin, in_arabic = _by_script(clean_text(cells.get(name))[:LONGEST_TEXT])
            latin, arabic = latin or in_latin, arabic or in_arabic
        return latin, arabic


def household_number(cell: Cell) -> Meaning:
    """The number of the household that a line belongs to."""
    number = parse_household_number(cell)
    if number is None or not is_household_number(number):
        if not clean_text(cell):
            return Meaning(None, (Fault("error", "value_missing", NUMBER_MISSING),))
        return Meaning(None, (Fault("error", "household_number_unreadable", NUMBER_UNREADABLE),))
    return Meaning(number)


def _value(problems: list[Problem], line: int, cells: Mapping[str, Cell], name: str, column: Column) -> Any:
    value, faults = column[cells.get(name)]
    problems += _problems(line, cells, name, faults)
    return value


def _problems(line: int, cells: Mapping[str, Cell], name: str, faults: Iterable[Fault]) -> list[Problem]:
    return [Problem(line, name, cells.get(name), *fault) for fault in faults]


def _told(line: int, problems: Iterable[AnswerProblem]) -> Iterator[Problem]:
    return (Problem(line, one.field, one.value, "warning", one.code, one.reason) for one in problems)


def _refused(problems: Iterable[Problem]) -> bool:
    return any(problem.severity == "error" for problem in problems)


FILLED = (
    "vulnerability_category", "score", "surveyed_on", "formula_version", "phone", "phone_2", "village", "commune_code",
    "commune", "moughataa", "wilaya",
)  # fmt: skip


def _filled(lines: Sequence[Line]) -> Mapping[str, Cell]:
    """The first line, with what it leaves empty from the lines below: merged cells are filled once, not always on top."""
    first = lines[0][1]
    if len(lines) == 1 or not any(first.get(name, "") is None for name in FILLED):
        return first
    filled = dict(first)
    for _, cells in lines[1:]:
        filled |= {name: cells.get(name) for name in FILLED if filled.get(name) is None}
    return filled


def _each_once(members: Sequence[Member]) -> tuple[list[Member], list[Problem]]:
    """Members without those listed a second time: by number, or without one by names, birth and sex."""
    lines: dict[tuple[Any, ...], int] = {}
    kept, again = [], []
    for one in members:
        key = (one.number,) if one.number else (one.name_fr, one.name_ar, one.birth_date, one.sex)
        first = lines.setdefault(key, one.line)
        if first == one.line:
            kept.append(one)
        else:
            reason = LISTED_TWICE.format(line=first)
            again.append(Problem(one.line, "individual_number", one.number, "error", "member_listed_twice", reason))
    return kept, again


def _text(cells: Mapping[str, Cell], name: str) -> str:
    return clean_text(cells.get(name))[:LONGEST_TEXT]


def _by_script(text: str) -> tuple[str | None, str | None]:
    if text.isascii():
        return text or None, None
    if is_arabic(text) and not _LATIN.search(text):
        return None, text
    words = text.split(" ")
    arabic = [word for word in words if is_arabic(word)]
    if not arabic:
        return text, None
    latin = [word for word in words if not is_arabic(word) and any(map(str.isalpha, word))]
    return " ".join(latin) or None, " ".join(arabic) if latin else text


def _score(cell: Cell) -> Parsed[Decimal | None]:
    text = fold_digits(clean_text(cell)).replace(",", ".").replace("٫", ".")
    if not text:
        return Parsed(None)
    try:
        value = Decimal(text)
        if not Decimal(0) <= value <= Decimal(100):
            raise BadValue("score_out_of_range", NOT_A_SCORE)
    except InvalidOperation:
        raise BadValue("score_unreadable", NOT_A_SCORE) from None
    return Parsed(value.quantize(Decimal("0.01")))


def _is_plain_number(cell: str) -> bool:
    return cell.isascii() and cell.isdigit() and len(cell) <= LONGEST_NUMBER


def _individual_number(cell: Cell) -> Parsed[str]:
    text = fold_digits(clean_text(cell)).replace(" ", "").removesuffix(".0").upper()
    if len(text) > LONGEST_NUMBER or not text.isascii() or (not text.replace("-", "").isalnum() and text):
        raise BadValue("individual_number_unreadable", INDIVIDUAL_UNREADABLE)
    return Parsed(text)


def _phones(cell: Cell) -> Parsed[tuple[str, ...]]:
    if isinstance(cell, str) and _PHONE.fullmatch(cell):  # what most cells hold: one number as it is dialled
        return Parsed((f"+222{cell}",))
    return parse_phones(cell)
