"""What a criterion of eligibility may ask of a household: programs publish criteria on these, matching evaluates them.

Numbers of people by age count completed years on the day that is asked about.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from shared.text import Text

NUMBER_OPERATORS = frozenset({"eq", "ne", "lt", "le", "gt", "ge", "in", "not_in", "exists"})
TEXT_OPERATORS = frozenset({"eq", "ne", "in", "not_in", "exists"})
CATEGORIES = ("extreme_poor", "poor", "vulnerable", "not_poor")
"""From the poorest."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of a household. `form`: what a text must look like; None: it is a number. `words`: all that it may be, in
    their order; none: anything of its form. `least`: of a number of members the least there can be; None: it counts nobody."""

    label: Text
    form: str | None = None
    words: tuple[str, ...] = ()
    least: int | None = None

    @property
    def is_number(self) -> bool:
        return self.form is None


def _text(form: str, ar: str, fr: str, en: str) -> Attribute:
    return Attribute(Text(ar=ar, fr=fr, en=en), form)


def _word(words: tuple[str, ...], ar: str, fr: str, en: str) -> Attribute:
    return Attribute(Text(ar=ar, fr=fr, en=en), "|".join(words), words)


def _number(ar: str, fr: str, en: str) -> Attribute:
    return Attribute(Text(ar=ar, fr=fr, en=en))


def _members(ar: str, fr: str, en: str, least: int = 0) -> Attribute:
    return Attribute(Text(ar=ar, fr=fr, en=en), least=least)


ATTRIBUTES: Mapping[str, Attribute] = {
    "wilaya": _text(r"MR(0[1-9]|1[0-5])", "الولاية", "wilaya", "wilaya"),
    "moughataa": _text(r"MR[0-9]{3}", "المقاطعة", "moughataa", "moughataa"),
    "commune": _text(r"MR[0-9]{3}-C[0-9]{1,4}", "البلدية", "commune", "commune"),
    "category": _word(CATEGORIES, "فئة الهشاشة", "catégorie de vulnérabilité", "vulnerability category"),
    "head_sex": _word(("F", "M"), "جنس رب الأسرة", "sexe du chef de ménage", "sex of the head"),
    "score": _number("درجة السجل", "score du registre", "score of the registry"),
    "size": _members("عدد أفراد الأسرة", "taille du ménage", "household size", least=1),
    "disabled": _members("أفراد معاقون", "membres handicapés", "members with a disability"),
    "under_2": _members("أطفال دون السنتين", "enfants de moins de 2 ans", "children under 2"),
    "under_5": _members("أطفال دون الخامسة", "enfants de moins de 5 ans", "children under 5"),
    "school_age": _members("أطفال من 6 إلى 14 سنة", "enfants de 6 à 14 ans", "children aged 6 to 14"),
    "aged_60": _members("أفراد في الستين فما فوق", "membres de 60 ans et plus", "members aged 60 and over"),
    "women_15_49": _members("نساء من 15 إلى 49 سنة", "femmes de 15 à 49 ans", "women aged 15 to 49"),
}


class CriterionUnsound(Exception):
    """A criterion that nothing can be compared by. `what` is `attribute`, `operator` or `value`; `accepted` in words."""

    def __init__(self, what: str, accepted: str) -> None:
        super().__init__(what)
        self.what, self.accepted = what, accepted


def compared_value(attribute: str, operator: str, value: Any) -> Any:
    """What a criterion compares its attribute with: Decimals for a number, strings for a text, a tuple for in and not_in,
    a bool for exists (whether it is known at all). CriterionUnsound where that makes no sense.

    A number may stand as text, as JSON keeps exact ones.
    """
    known = ATTRIBUTES.get(attribute)
    if known is None:
        raise CriterionUnsound("attribute", ", ".join(ATTRIBUTES))
    operators = NUMBER_OPERATORS if known.is_number else TEXT_OPERATORS
    if operator not in operators:
        raise CriterionUnsound("operator", ", ".join(sorted(operators)))
    if operator == "exists":
        if value is None or isinstance(value, bool):
            return value is not False
        raise CriterionUnsound("value", "true, false")
    if operator in ("in", "not_in"):
        if not isinstance(value, list | tuple) or not value:
            raise CriterionUnsound("value", "[…]")
        return tuple(_read(known, one) for one in value)
    return _read(known, value)


def _read(attribute: Attribute, value: Any) -> Any:
    if attribute.form is not None:
        if isinstance(value, str) and re.fullmatch(attribute.form, value):
            return value
        raise CriterionUnsound("value", attribute.form)
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise CriterionUnsound("value", "0, 1, 2.5 …")
    try:
        number = Decimal(str(value))
    except InvalidOperation as fault:
        raise CriterionUnsound("value", "0, 1, 2.5 …") from fault
    if not number.is_finite():
        raise CriterionUnsound("value", "0, 1, 2.5 …")
    return number
