"""Records as an agreement lets them be told: the attributes it names, each in its form, and where the record is from. Pure.

The gateway checks what comes out of here by docs/agreements.md alone, and uses nothing of this file: one mistake must not
pass both.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, model_serializer

from shared.agreements import BAND, BOOLEAN, FULL, MASKED, YEAR_ONLY, Agreement
from shared.errors import Refusal
from shared.text import Text

SIZES = ((3, "1-2"), (6, "3-5"), (10, "6-9"), (None, "10+"))
SCORES = ((20, "0-19"), (40, "20-39"), (60, "40-59"), (80, "60-79"), (None, "80-100"))
AGES = ((5, "0-4"), (18, "5-17"), (60, "18-59"), (None, "60+"))
AMOUNTS = ((1000, "0-999"), (2000, "1000-1999"), (5000, "2000-4999"), (None, "5000+"))
"""Bands by the first number that no longer belongs to each; the last has no end."""
Bands = tuple[tuple[int | None, str], ...]
_BANDS: Mapping[str, Bands] = {"size": SIZES, "score": SCORES, "amount": AMOUNTS}
NAMES = frozenset({"name", "father_name", "head_name"})
SHOWN_OF_A_NUMBER = 2
ROW = "row"
"""The field in which the gateway is told where a record is from; it takes it out."""


class Shared(BaseModel):
    """A record, or a part of one, as an agreement lets it be told: a field that it does not allow is not there at all."""

    # Its type is left out, so that the API's description shows the fields and not "an object".
    @model_serializer(mode="wrap")
    def _what_was_set(self, whole):  # type: ignore[no-untyped-def]
        return {name: value for name, value in whole(self).items() if name in self.model_fields_set}


class FieldsNotShared(Refusal):
    code, status = "fields_not_shared", 403
    text = Text(
        ar="الاتفاقية {agreement} لا تشمل: {fields}. المقبول: {accepted}.",
        fr="L'accord {agreement} ne comprend pas : {fields}. Accepté : {accepted}.",
        en="The agreement {agreement} does not include: {fields}. Accepted: {accepted}.",
    )


class TodayAlone(Refusal):
    code, status = "today_alone_shared", 403
    text = Text(
        ar="بموجب اتفاقية لا يُعطى إلا حال اليوم. احذفوا as_of وknown_at.",
        fr="Au titre d'un accord, seul l'état d'aujourd'hui est donné. Retirez as_of et known_at.",
        en="Under an agreement only today's state is given. Leave out as_of and known_at.",
    )


def forms_asked(agreement: Agreement, fields: str | None) -> dict[str, str]:
    """Of each attribute to be told, in which form: all that the agreement allows, or those of them named in `fields`
    (between commas). FieldsNotShared where one is not among them."""
    forms = agreement.forms()
    if fields is None:
        return forms
    wanted = [one for one in fields.split(",") if one]
    if further := sorted(set(wanted) - forms.keys()):
        raise FieldsNotShared(
            pointer="/fields", agreement=agreement.id, fields=", ".join(further), accepted=", ".join(sorted(forms))
        )
    return {name: forms[name] for name in wanted}


def refuse_asked_by(agreement: Agreement, attributes: Collection[str]) -> None:
    """FieldsNotShared where rows are asked for by an attribute that is not given in full: the answer would tell it."""
    if further := sorted(set(attributes) - agreement.attributes):
        accepted = ", ".join(sorted(agreement.attributes)) or "—"
        raise FieldsNotShared(
            pointer=f"/{further[0]}", agreement=agreement.id, fields=", ".join(further), accepted=accepted
        )


def told(attribute: str, form: str, value: Any, today: date) -> Any:
    """A value in the form in which an agreement gives it; None stays None, but where it is asked whether there is one."""
    if form == BOOLEAN:
        return bool(value)
    if value is None or form == FULL:
        return value
    if form == YEAR_ONLY:
        return str(value.year) if isinstance(value, date) else str(value)
    if form == BAND:
        return _band_of_birth(value, today) if attribute == "birth_date" else band(_BANDS[attribute], value)
    assert form == MASKED
    hidden: Callable[[str], str | None] = initials if attribute in NAMES else last_two
    return [hidden(one) for one in value] if isinstance(value, list) else hidden(value)


def band(bands: Bands, number: int | Decimal) -> str:
    """The band of a number."""
    return next(name for end, name in bands if end is None or number < end)


def _band_of_birth(value: date | str, today: date) -> str:
    """By completed years today; where only the year is known, by the years since."""
    if isinstance(value, str):
        return band(AGES, today.year - int(value))
    return band(AGES, today.year - value.year - ((today.month, today.day) < (value.month, value.day)))


def last_two(number: str) -> str:
    """A number of which only the last two characters can be read; of one so short, none."""
    if len(number) <= SHOWN_OF_A_NUMBER:
        return "*" * max(len(number), SHOWN_OF_A_NUMBER)
    return "*" * (len(number) - SHOWN_OF_A_NUMBER) + number[-SHOWN_OF_A_NUMBER:]


def initials(name: str) -> str | None:
    """The first letter of each word; None where there is no letter."""
    letters = (next((sign for sign in word if sign.isalpha()), None) for word in name.split())
    return " ".join(f"{one}." for one in letters if one is not None) or None


def known_day(day: date, precision: str) -> date | str:
    """A birth date as far as it is known: the day, or the year alone as text."""
    return str(day.year) if precision == "year" else day
