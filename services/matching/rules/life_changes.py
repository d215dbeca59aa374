"""Changes in the life of a household that propose another program, how the two programs fit, and the words for both. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from services.matching.rules.ages import AGES, years_before
from services.matching.rules.eligibility import Group, eligible
from services.matching.rules.matrix import PairRule
from shared.text import Text

REMEMBERED_DAYS: Final = 31
"""A change proposes for a month: whom it is may be known, and a program may come to mean it, some days after."""


class LifeChange(StrEnum):
    TURNED_2 = "turned_2"
    LEFT_SCHOOL_AGE = "left_school_age"
    LEFT_SCHOOL_LIST = "left_school_list"
    BECAME_DISABLED = "became_disabled"


class Fit(StrEnum):
    """Why a program is the next one, the first before the others."""

    REQUIRED = "required"
    INTENDED = "intended"
    COMPLEMENT = "complement"


class ProposalStatus(StrEnum):
    OPEN = "open"
    REFERRED = "referred"
    DECLINED = "declined"


BIRTHDAYS: Final[Mapping[LifeChange, int]] = {
    LifeChange.TURNED_2: AGES["under_2"][1] or 0,
    LifeChange.LEFT_SCHOOL_AGE: AGES["school_age"][1] or 0,
}
"""The changes that a birthday makes, by the years completed."""
CHANGE_WORDS: Final[Mapping[LifeChange, Text]] = {
    LifeChange.TURNED_2: Text(
        ar="أتم طفل من الأسرة سنتين في {on}",
        fr="un enfant du ménage a eu 2 ans le {on}",
        en="a child of the household turned 2 on {on}",
    ),
    LifeChange.LEFT_SCHOOL_AGE: Text(
        ar="تجاوز طفل من الأسرة سن الدراسة في {on}",
        fr="un enfant du ménage a dépassé l'âge scolaire le {on}",
        en="a child of the household passed school age on {on}",
    ),
    LifeChange.LEFT_SCHOOL_LIST: Text(
        ar="خرج تلميذ من الأسرة من قائمة المدرسة في {on}",
        fr="un élève du ménage a quitté la liste de l'école le {on}",
        en="a pupil of the household left the school's list on {on}",
    ),
    LifeChange.BECAME_DISABLED: Text(
        ar="سُجلت إعاقة فرد من الأسرة في {on}",
        fr="un membre du ménage a été enregistré comme handicapé le {on}",
        en="a member of the household was registered as having a disability on {on}",
    ),
}
FIT_WORDS: Final[Mapping[Fit, Text]] = {
    Fit.REQUIRED: Text(
        ar="تفرض مصفوفة القواعد الجمع بين البرنامجين",
        fr="la matrice des règles exige les deux programmes ensemble",
        en="the rules matrix requires the two programs together",
    ),
    Fit.INTENDED: Text(
        ar="تقصد مصفوفة القواعد الجمع بين البرنامجين",
        fr="la matrice des règles prévoit les deux programmes ensemble",
        en="the rules matrix intends the two programs together",
    ),
    Fit.COMPLEMENT: Text(
        ar="يذكر البرنامج الأول الثاني مكملا له",
        fr="le premier programme nomme le second son complément",
        en="the first program names the second as its complement",
    ),
}
WHOLE: Final = Text(
    ar="{change}؛ {fit}، وقاعدة {program} تعني الأسرة وهي ليست فيه.",
    fr="{change} ; {fit}, et la règle de {program} vise le ménage, qui n'y est pas.",
    en="{change}; {fit}, and the rule of {program} means the household, which is not in it.",
)


@dataclass(frozen=True, slots=True)
class Next:
    """The program that fits next, and why."""

    program: str
    fit: Fit


def birthdays(change: LifeChange, day: date) -> tuple[date, date]:
    """Who was born after the first of two days and not after the second has had the birthday within the days remembered."""
    years = BIRTHDAYS[change]
    return years_before(date.fromordinal(day.toordinal() - REMEMBERED_DAYS), years), years_before(day, years)


def next_program(
    program: str,
    missed_by: Collection[str],
    complements: Collection[str],
    rules: Mapping[tuple[str, str], PairRule],
    household: Mapping[str, Any],
) -> Next | None:
    """Of the programs that mean a household and do not reach it, the one that belongs beside `program` most."""
    order = list(Fit)
    found = [
        Next(other, fit)
        for other in missed_by
        if other != program
        and (fit := _fit(other in complements, rules.get((min(program, other), max(program, other))), household))
    ]
    return min(found, key=lambda one: (order.index(one.fit), one.program), default=None)


def _fit(is_complement: bool, rule: PairRule | None, household: Mapping[str, Any]) -> Fit | None:
    said = class_for(rule, household) if rule else "undecided"
    if said in (Fit.REQUIRED, Fit.INTENDED):
        return Fit(said)
    return Fit.COMPLEMENT if is_complement and said in ("tolerated", "undecided") else None


def class_for(rule: PairRule, household: Mapping[str, Any]) -> str | None:
    """The class of a pair for one household; None where it cannot be told which exemption it meets."""
    for one in rule.exemptions:
        met = eligible(Group("all", one.conditions), household)
        if met is not False:
            return one.overlap_class if met else None
    return rule.overlap_class


def why(change: LifeChange, on: date, next_: Next) -> Text:
    """The reasons in three languages."""
    told = {
        language: getattr(WHOLE, language).format(
            change=getattr(CHANGE_WORDS[change], language).format(on=on.isoformat()),
            fit=getattr(FIT_WORDS[next_.fit], language),
            program=next_.program,
        )
        for language in ("ar", "fr", "en")
    }
    return Text(**{language: text[0].upper() + text[1:] for language, text in told.items()})
