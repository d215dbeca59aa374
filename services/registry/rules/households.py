"""Reading the registry's interchange rows: which are sound, and what a household made of them is."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from shared.text import Text
from shared.values import BadValue, nni_check_holds, parse_date, parse_nni, parse_phones

COLUMNS = (
    "household_number,commune_code,village,vulnerability_category,score,formula_version,surveyed_on,phone,"
    "individual_number,relationship,name_fr,name_ar,sex,birth_date,birth_precision,nni,disability"
).split(",")

CATEGORIES = ("extreme_poor", "poor", "vulnerable", "not_poor")
RELATIONSHIPS = ("head", "spouse", "child", "parent", "sibling", "grandchild", "other")

MEMBER_FACTS = ("name_fr", "name_ar", "sex", "birth_date", "birth_precision", "disability")
HOUSEHOLD_FACTS = (
    "commune_code", "village", "vulnerability_category", "score", "formula_version", "surveyed_on",
)  # fmt: skip

MISSING = Text(
    ar="القيمة ناقصة وهي واجبة.",
    fr="La valeur manque ; elle est obligatoire.",
    en="The value is missing; it is required.",
)
NOT_A_CHOICE = Text(
    ar="القيمة ليست من القيم المقبولة: {choices}.",
    fr="Valeur hors de la liste : {choices}.",
    en="Not one of: {choices}.",
)
NOT_A_SCORE = Text(
    ar="الدرجة عدد بين 0 و100.", fr="Le score est un nombre de 0 à 100.", en="A score is a number from 0 to 100."
)
UNKNOWN_COMMUNE = Text(
    ar="لا توجد بلدية بهذا الرمز.", fr="Aucune commune ne porte ce code.", en="No commune has this code."
)
NAME_MISSING = Text(
    ar="لا بد من اسم بإحدى الكتابتين.",
    fr="Un nom est requis, dans l'une des écritures.",
    en="A name is required, in either script.",
)

DECEASED = Text(
    ar="هذا الفرد مسجل متوفى بتاريخ {on}؛ لم يُسجَّل من جديد. إن كان ذلك خطأ فأرسلوا طلب تصحيح.",
    fr="Cet individu est enregistré comme décédé le {on} ; il n'est pas réinscrit. S'il y a erreur, demandez une correction.",
    en="This individual is recorded as deceased on {on}; not entered again. If that is wrong, send a correction.",
)
MEMBER_ELSEWHERE = Text(
    ar="هذا الفرد عضو في الأسرة {household}؛ المقبول: طلب نقل، أو ملف يخرجه منها أولا.",
    fr="Cet individu appartient au ménage {household} ; accepté : une demande de déplacement, ou un fichier qui l'en retire d'abord.",
    en="This individual belongs to household {household}; accepted: a move, or a file that takes them out of it first.",
)
MERGED_HOUSEHOLD = Text(
    ar="دُمجت هذه الأسرة في أسرة أخرى؛ المقبول: رقم الأسرة الباقية.",
    fr="Ce ménage a été fusionné avec un autre ; accepté : le numéro du ménage conservé.",
    en="This household was merged into another; accepted: the number of the household that remains.",
)
LEFT_REGISTRY = Text(
    ar="خرجت هذه الأسرة من السجل؛ المقبول: طلب عودة.",
    fr="Ce ménage a quitté le registre ; accepté : une demande de retour.",
    en="This household has left the registry; accepted: a request for its return.",
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field of one line."""

    line: int
    field: str
    value: str
    severity: str
    code: str
    reason: Text


@dataclass(frozen=True, slots=True)
class Member:
    """One individual as a household's row gives it."""

    line: int
    number: str
    relationship: str
    name_fr: str | None
    name_ar: str | None
    sex: str
    birth_date: date
    birth_precision: str
    nni: str | None
    nni_check_holds: bool
    disability: bool
    questionnaire_version: str | None = None
    answers: Mapping[str, Any] = field(default_factory=dict)

    @property
    def grade(self) -> str:
        """How far the national id is to be trusted."""
        return "check_holds" if self.nni_check_holds else "check_failed"

    def facts(self) -> dict[str, Any]:
        """What the line says of the individual, by the registry's field names."""
        told: dict[str, Any] = {name: getattr(self, name) for name in MEMBER_FACTS}
        return told | _answered(self.questionnaire_version, self.answers)

    def content(self) -> str:
        return "|".join(str(getattr(self, name)) for name in self.__slots__ if name not in ("line", "relationship"))


@dataclass(frozen=True, slots=True)
class HouseholdFile:
    """One household as its rows give it; `members` holds those whose rows are sound."""

    number: str
    commune_code: str
    village: str | None
    vulnerability_category: str
    score: Decimal
    formula_version: str
    surveyed_on: date
    phones: tuple[str, ...]
    members: tuple[Member, ...]
    questionnaire_version: str | None = None
    answers: Mapping[str, Any] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """What the lines say of the household itself, by the registry's field names."""
        told: dict[str, Any] = {name: getattr(self, name) for name in HOUSEHOLD_FACTS}
        told |= {
            "phones": list(self.phones),
            "scored_on": self.surveyed_on,
            "score_inputs_hash": None,
            "score_valid_until": None,
        }
        return told | _answered(self.questionnaire_version, self.answers)

    def content_hash(self) -> bytes:
        """The same for the same household with the same members, in whatever order the rows came."""
        own = "|".join(str(getattr(self, name)) for name in self.__slots__ if name != "members")
        members = sorted(f"{member.relationship}|{member.content()}" for member in self.members)
        return hashlib.sha256("\n".join([own, *members]).encode()).digest()


def _answered(version: str | None, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Answers where the file has them; a file without leaves those held."""
    return {} if version is None else {"questionnaire_version": version, "answers": dict(answers)}


@dataclass
class Reading:
    """Parses the cells of one line and collects what is wrong with them."""

    line: int
    cells: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)

    def take(self, name: str, parse: Callable[[str], T]) -> T | None:
        """The parsed cell; None, with a problem noted, where it is refused."""
        cell = (self.cells.get(name) or "").strip()
        try:
            return parse(cell)
        except BadValue as bad:
            self._note(name, cell, "error", bad.code, bad.text)
            return None

    def warn(self, name: str, code: str, reason: Text) -> None:
        self._note(name, self.cells.get(name) or "", "warning", code, reason)

    def refuse(self, name: str, code: str, reason: Text) -> None:
        self._note(name, self.cells.get(name) or "", "error", code, reason)

    def _note(self, name: str, value: str, severity: str, code: str, reason: Text) -> None:
        self.problems.append(Problem(self.line, name, value, severity, code, reason))

    @property
    def sound(self) -> bool:
        return all(problem.severity == "warning" for problem in self.problems)


def required(cell: str) -> str:
    if not cell:
        raise BadValue("value_missing", MISSING)
    return cell


def choice(*choices: str) -> Callable[[str], str]:
    def parse(cell: str) -> str:
        if cell not in choices:
            raise BadValue("not_a_choice", NOT_A_CHOICE.format(choices=", ".join(choices)))
        return cell

    return parse


def score(cell: str) -> Decimal:
    try:
        value = Decimal(cell)
    except InvalidOperation:
        raise BadValue("score_unreadable", NOT_A_SCORE) from None
    if not Decimal(0) <= value <= Decimal(100):
        raise BadValue("score_out_of_range", NOT_A_SCORE)
    return value.quantize(Decimal("0.01"))


def day(today: date) -> Callable[[str], date]:
    def parse(cell: str) -> date:
        found = parse_date(required(cell), today, year_only=False).value
        if found is None:
            raise BadValue("value_missing", MISSING)
        return found.value

    return parse


def read_member(reading: Reading, today: date) -> Member | None:
    """The individual of a line; None where the line is refused, with the problems in `reading`."""
    number = reading.take("individual_number", required)
    relationship = reading.take("relationship", choice(*RELATIONSHIPS))
    sex = reading.take("sex", choice("F", "M"))
    birth_date = reading.take("birth_date", day(today))
    precision = reading.take("birth_precision", choice("day", "year"))
    disability = reading.take("disability", choice("none", "yes"))
    names = {name: (reading.cells.get(name) or "").strip() or None for name in ("name_fr", "name_ar")}
    if not any(names.values()):
        reading.refuse("name_fr", "name_missing", NAME_MISSING)
    nni = parse_nni((reading.cells.get("nni") or "").strip())
    for warning in nni.warnings:
        reading.warn("nni", warning.code, warning.text)
    if not (number and relationship and sex and birth_date and precision and disability and reading.sound):
        return None
    return Member(
        line=reading.line,
        number=number,
        relationship=relationship,
        sex=sex,
        birth_date=birth_date,
        birth_precision=precision,
        nni=nni.value,
        nni_check_holds=bool(nni.value and nni_check_holds(nni.value)),
        disability=disability == "yes",
        name_fr=names["name_fr"],
        name_ar=names["name_ar"],
    )


def read_household(
    rows: Iterable[tuple[int, Mapping[str, str]]], communes: frozenset[str], today: date
) -> tuple[HouseholdFile | None, list[Problem], int]:
    """A household from its rows (line, cells), all with one household number.

    Returns the household, or None where it is refused; the problems found; and the number of lines refused. The
    household's own fields are read from its first line; a member whose line is refused is left out.
    """
    rows = list(rows)
    first = Reading(*rows[0])
    number = first.take("household_number", required)
    commune = first.take("commune_code", required)
    if commune is not None and commune not in communes:
        first.refuse("commune_code", "commune_unknown", UNKNOWN_COMMUNE)
    category = first.take("vulnerability_category", choice(*CATEGORIES))
    points = first.take("score", score)
    formula = first.take("formula_version", required)
    surveyed_on = first.take("surveyed_on", day(today))
    phones = parse_phones((first.cells.get("phone") or "").strip())
    for warning in phones.warnings:
        first.warn("phone", warning.code, warning.text)
    problems = list(first.problems)
    if not (number and commune and category and points is not None and formula and surveyed_on and first.sound):
        return None, problems, len(rows)
    members, refused = [], 0
    for line, cells in rows:
        reading = Reading(line, cells)
        member = read_member(reading, today)
        problems += reading.problems
        if member is None:
            refused += 1
        else:
            members.append(member)
    if not members:
        return None, problems, refused
    village = (first.cells.get("village") or "").strip() or None
    return (
        HouseholdFile(
            number, commune, village, category, points, formula, surveyed_on, tuple(phones.value), tuple(members)
        ),
        problems,
        refused,
    )
