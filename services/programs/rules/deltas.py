"""What a delta tells of a beneficiary, and how the file of it is headed."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from services.programs.rules.exports import IN_ANOTHER_FORM
from services.programs.rules.program import ListForm
from shared.exporting.cells import Column, headings_of
from shared.headers import FIELDS
from shared.text import Language, Text

FACTS = (
    "household_number", "name", "father_name", "nni", "phones", "sex", "birth_date", "wilaya", "moughataa", "commune",
    "village", "household_size", "school", "school_class", "card_number",
)  # fmt: skip
"""What is compared: who the beneficiary is and where. A status or a payment is no news of a delta."""

ACTIONS: Mapping[str, Text] = {
    "add": Text(ar="إضافة", fr="ajout", en="added"),
    "remove": Text(ar="حذف", fr="retrait", en="removed"),
    "change": Text(ar="تعديل", fr="modification", en="changed"),
}
ROW = ("action", "effective_on")


def delta_fields(form: ListForm) -> list[str]:
    """The columns of the file: those of the program's list that a delta fills, with what happened and from when."""
    shown = {"phone", "phone_2", *FACTS, *ROW}
    fields = [name for name in form.fields if name in shown]
    return [*(name for name in ROW if name not in fields), *fields]


def headings() -> dict[str, set[str]]:
    """Of every column that a delta may have, what it may be headed by."""
    fields = sorted({"phone", "phone_2", *FACTS, *ROW} & FIELDS.keys())
    return headings_of(Column(name, "text", FIELDS[name].label) for name in fields)


def columns_of(form: ListForm, fields: Sequence[str], language: Language) -> list[Column]:
    layout = form.layout()
    return [
        Column(layout.label(name).in_(language), IN_ANOTHER_FORM.get(name, "text"), layout.label(name))
        for name in fields
    ]


def cells_of(
    action: str, effective_on: date, facts: Mapping[str, Any], fields: Sequence[str], language: Language
) -> list[Any]:
    """One line of the file."""
    phones: Sequence[str] = facts.get("phones") or ()
    birth = facts.get("birth_date")
    known = {
        "action": ACTIONS[action].in_(language),
        "effective_on": effective_on,
        "phone": phones[0] if phones else None,
        "phone_2": phones[1] if len(phones) > 1 else None,
        "birth_date": date.fromisoformat(birth) if birth else None,
    }
    return [known[name] if name in known else facts.get(name) for name in fields]
