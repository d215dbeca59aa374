"""A row of cells becomes a beneficiary, or a finding that says why it cannot.

What a row needs in order to be worked with (the cells its list must fill, a date, a size, an amount that can be read)
keeps it out when it is wrong. What only helps to recognise a person (numbers, phones, sex) never does.
"""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, timedelta
from decimal import Decimal
from typing import cast

from services.programs.rules.listed import Action, Listed
from services.programs.rules.naming import read_card_number
from services.programs.rules.program import ListForm, Value
from services.programs.rules.value import is_ten_times_off, payment_due
from shared.cells import MISSING_VALUE, Cells, Finding, as_sent
from shared.listed_person import read_person
from shared.text import Cell, Text
from shared.values import (
    Currency,
    Parsed,
    PartialDate,
    clean_text,
    parse_choice,
    parse_date,
    parse_integer,
    parse_money,
)

LARGEST_HOUSEHOLD = 60
"""The largest households of the registry have about forty members; more is a slip."""
COMING_DAYS = 366
"""An addition or removal may take effect in the coming year."""
ACTIONS = {
    "add": ("ajout", "ajouter", "inscription", "إضافة", "اضافة", "تسجيل", "added", "new"),
    "change": (
        "modification", "modifier", "modifié", "changement", "mise à jour", "correction", "تعديل", "تغيير", "تحديث", "تصحيح",
        "changed", "modified", "update", "updated",
    ),
    "remove": ("retrait", "retirer", "suppression", "radiation", "حذف", "سحب", "إلغاء", "removed", "delete"),
}  # fmt: skip

TEN_TIMES_TOO_MUCH = Text(
    ar="المبلغ عشرة أضعاف ما يمنحه البرنامج ({due} أوقية جديدة)؛ الوحدة المصرَّح بها للملف هي {unit}، يُرجى التحقق منها",
    fr="le montant est dix fois ce que donne le programme ({due} MRU) ; l'unité déclarée du fichier est {unit}, à vérifier",
    en="the amount is ten times what the program gives ({due} MRU); the file's declared unit is {unit}, verify it",
)
A_TENTH = Text(
    ar="المبلغ عُشر ما يمنحه البرنامج ({due} أوقية جديدة)؛ الوحدة المصرَّح بها للملف هي {unit}، يُرجى التحقق منها",
    fr="le montant est le dixième de ce que donne le programme ({due} MRU) ; l'unité déclarée du fichier est {unit}, à vérifier",
    en="the amount is a tenth of what the program gives ({due} MRU); the file's declared unit is {unit}, verify it",
)


def read_row(
    line: int, cells: Mapping[str, Cell], form: ListForm, unit: Currency, today: date
) -> tuple[Listed | None, list[Finding]]:
    """The beneficiary of a line, or None where an error keeps it out, with everything found wrong.

    `unit` is the one declared for the file's amounts.
    """
    row = Cells(line, cells)
    for name in form.filled:
        if not clean_text(cells.get(name)):
            row.find(name, "value_missing", MISSING_VALUE)
    person = read_person(row, today)
    listed = Listed(
        **{one.name: getattr(person, one.name) for one in fields(person)},
        line=line,
        listed=as_sent(cells),
        action=_action(row),
        effective_on=_effective_on(row, today),
        village=row.text("village"),
        household_size=row.read("household_size", lambda cell: parse_integer(cell, 1, LARGEST_HOUSEHOLD)),
        card_number=read_card_number(row.text("card_number")),
        amount_mru=row.read("amount", lambda cell: parse_money(cell, unit)),
    )
    return (None if row.refused else listed), row.findings


def _action(row: Cells) -> Action:
    said = row.read("action", lambda cell: parse_choice(cell, ACTIONS))
    return cast(Action, said or "add")


def _effective_on(row: Cells, today: date) -> date | None:
    def parse(cell: Cell) -> Parsed[PartialDate | None]:
        return parse_date(cell, today + timedelta(days=COMING_DAYS), year_only=False)

    day = row.read("effective_on", parse)
    return day.value if day else None


def doubt_amount(listed: Listed, version: Value, unit: Currency) -> Finding | None:
    """A warning where the payment listed is ten times, or a tenth of, what the program gives.

    `version` is the program's value in force, `unit` the one declared for the file's amounts.
    """
    if not is_ten_times_off(version, listed.household_size, listed.amount_mru):
        return None
    due = payment_due(version, listed.household_size) or Decimal(0)
    reason = TEN_TIMES_TOO_MUCH if (listed.amount_mru or 0) > due else A_TENTH
    text = reason.format(due=due, unit=unit)
    return Finding(listed.line, "amount", listed.listed.get("amount"), "warning", "amount_ten_times_off", text)
