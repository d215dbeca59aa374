"""A row of a delivery report becomes what it says was handed over, or a finding that says why it cannot."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

from services.programs.rules.benefits import MEAL, Outcome
from services.programs.rules.findings import ERRORS
from services.programs.rules.naming import ENROLLMENT_ID, NUMBERS, named_in
from services.programs.rules.program import Program
from services.programs.rules.reconciling import NOTHING, Reported
from services.programs.rules.schools import school_key
from shared.cells import MISSING_VALUE, Cells, Finding, as_sent
from shared.headers import Field, Layout
from shared.text import Cell, Text, clean_text, fold, fold_digits
from shared.values import (
    BadValue,
    Currency,
    Parsed,
    parse_choice,
    parse_date,
    parse_integer,
    parse_money,
    parse_nni,
    parse_phones,
)

MOST_MEALS = 10_000
"""Of one school and day; the largest schools have a few thousand pupils."""
OUTCOMES: Mapping[str, tuple[str, ...]] = {
    "paid": (
        "payé", "payée", "versé", "versée", "remis", "servi", "servie", "oui", "réglé", "ok", "yes", "delivered", "done",
        "مدفوع", "مدفوعة", "تم الدفع", "دفع", "مسلم", "تم التسليم", "نعم", "استلم", "استلمت",
    ),
    "partly": (
        "partiel", "partielle", "partiellement", "payé partiellement", "paiement partiel", "partial", "partially paid",
        "جزئي", "جزئيا", "دفع جزئي", "مدفوع جزئيا",
    ),
    "absent": (
        "absente", "non présenté", "ne s'est pas présenté", "non venu", "no show", "not present",
        "غائب", "غائبة", "لم يحضر", "لم تحضر",
    ),
    "rejected": (
        "rejeté", "rejetée", "rejet", "refusé", "refusée", "échec", "échoué", "annulé", "failed", "refused", "returned",
        "مرفوض", "مرفوضة", "رفض", "فشل", "ملغى",
    ),
}  # fmt: skip
PROGRAM = Field(
    Text(ar="البرنامج", fr="Programme", en="Program"), "Programme ¦ Program ¦ Programme code ¦ البرنامج ¦ اسم البرنامج"
)
DELIVERED_ON = Field(
    Text(ar="تاريخ التسليم", fr="Date de paiement", en="Date of delivery"),
    "Date ¦ Date de paiement ¦ Date paiement ¦ Date du paiement ¦ Payé le ¦ Date de remise ¦ Date de distribution ¦ Date d'achat"
    " ¦ Date de la transaction ¦ Jour ¦ Payment date ¦ Date paid ¦ Paid on ¦ Date of payment ¦ Date of delivery ¦ Delivery date"
    " ¦ Purchase date ¦ Day ¦ التاريخ ¦ تاريخ الدفع ¦ تاريخ التسليم ¦ تاريخ الصرف ¦ تاريخ الشراء ¦ اليوم",
)
OWN: Mapping[str, Field] = {
    "delivered_on": DELIVERED_ON,
    "program": PROGRAM,
    "outcome": Field(
        Text(ar="النتيجة", fr="Statut du paiement", en="Outcome"),
        "Statut ¦ Statut du paiement ¦ Statut de paiement ¦ Résultat ¦ État ¦ Situation ¦ Payé ¦ Payment status ¦ Status ¦ Outcome"
        " ¦ Result ¦ النتيجة ¦ حالة الدفع ¦ وضعية الدفع ¦ الحالة",
    ),
    "period": Field(
        Text(ar="الفترة", fr="Période", en="Period"),
        "Période ¦ Début de période ¦ Cycle ¦ Period ¦ Period start ¦ Cycle start ¦ الفترة ¦ بداية الفترة ¦ الدورة",
    ),
    "channel": Field(
        Text(ar="القناة", fr="Canal", en="Channel"),
        "Canal ¦ Mode de paiement ¦ Moyen de paiement ¦ Channel ¦ Payment method ¦ القناة ¦ طريقة الدفع",
    ),
    "agent": Field(
        Text(ar="الوكيل", fr="Agence", en="Agent"),
        "Agence ¦ Agent ¦ Agent payeur ¦ Point de paiement ¦ Guichet ¦ Boutique ¦ Magasin ¦ Code boutique ¦ Shop ¦ Shop code ¦ Store"
        " ¦ Agency ¦ Paying agent ¦ الوكيل ¦ الوكالة ¦ نقطة الدفع ¦ الدكان ¦ رمز الدكان ¦ المتجر",
    ),
    "reference": Field(
        Text(ar="المرجع", fr="Référence", en="Reference"),
        "Référence ¦ Réf ¦ N° reçu ¦ Reçu ¦ Numéro de reçu ¦ N° transaction ¦ N° de transaction ¦ Reference ¦ Receipt"
        " ¦ Receipt number ¦ Transaction id ¦ المرجع ¦ رقم الوصل ¦ الوصل ¦ رقم العملية",
    ),
}
OF_GOODS: Mapping[str, Field] = {
    "good": Field(
        Text(ar="السلعة", fr="Produit", en="Good"),
        "Produit ¦ Denrée ¦ Article ¦ Good ¦ Item ¦ Product ¦ السلعة ¦ المادة",
    ),
    "quantity": Field(Text(ar="الكمية", fr="Quantité", en="Quantity"), "Quantité ¦ Qté ¦ Quantity ¦ Qty ¦ الكمية"),
}
MEALS = Field(
    Text(ar="عدد الوجبات", fr="Repas servis", en="Meals served"),
    "Repas servis ¦ Repas ¦ Nombre de repas ¦ Nb repas ¦ Meals ¦ Meals served ¦ Number of meals ¦ عدد الوجبات ¦ الوجبات",
)
QUANTITY_UNREADABLE = Text(
    ar="كمية غير مقروءة؛ المقبول: عدد موجب بثلاثة أرقام بعد الفاصلة على الأكثر",
    fr="quantité illisible ; accepté : un nombre positif avec trois décimales au plus",
    en="unreadable quantity; accepted: a positive number with at most three decimals",
)


def layout_of(program: Program) -> Layout:
    """The columns of the delivery reports of a program, by what it gives."""
    if program.benefit == "meal":
        fields = ("school", "wilaya", "moughataa", "commune", "village")
        own = {name: OWN[name] for name in ("delivered_on", "program", "agent", "reference")} | {"meals": MEALS}
        return Layout.of(*fields, required=("school", "delivered_on", "meals"), own=own)
    numbers = ("household_number", "card_number", "nni", "phone", "name")
    own = dict(OWN) | {"enrollment_id": ENROLLMENT_ID}
    goods = {one.code: one.names for value in program.values for one in value.goods}
    if goods:
        named = {
            code: Field(Text(names.ar, names.fr, names.en), f"{names.fr} ¦ {names.en} ¦ {names.ar} ¦ {code}")
            for code, names in goods.items()
        }
        return Layout.of(*numbers, required=("delivered_on",), own=own | dict(OF_GOODS) | named)
    return Layout.of(*numbers, "amount", required=("delivered_on", "amount"), own=own)


def read_report(
    line: int, cells: Mapping[str, Cell], program: Program, unit: Currency, today: date
) -> tuple[Reported | None, list[Finding]]:
    """What a line reports, or None where an error keeps it out, with everything found wrong."""
    row = Cells(line, cells)
    delivered = row.read("delivered_on", lambda cell: parse_date(cell, today, year_only=False))
    if delivered is None and not row.refused:
        row.find("delivered_on", "value_missing", MISSING_VALUE)
    period = row.read("period", lambda cell: parse_date(cell, date(today.year + 1, 12, 31), year_only=False))
    if not is_this_program(row.text("program"), program):
        row.find("program", "another_program", ERRORS["another_program"].format(program=program.code))
    outcome = row.read("outcome", lambda cell: parse_choice(cell, OUTCOMES))
    amount, goods = _what(row, program, unit)
    result = Outcome(outcome) if outcome else Outcome.PAID
    if result.handed_over and not goods and amount is None and not row.refused:
        name = {"meal": "meals", "food_subsidy": "quantity"}.get(program.benefit, "amount")
        row.find(name, "nothing_delivered", ERRORS["nothing_delivered"])
    whom = _whom(row, program)
    if row.refused or delivered is None:
        return None, row.findings
    handed_over = result.handed_over
    said = Reported(
        line=line,
        as_sent=as_sent(cells),
        outcome=result,
        # An agent lists the sum to be paid also beside who did not come.
        amount=(amount or NOTHING) if handed_over else NOTHING,
        goods=goods if handed_over else {},
        delivered_on=delivered.value,
        period_on=period.value if period else None,
        channel=row.text("channel"),
        agent=row.text("agent"),
        reference=row.text("reference"),
        **whom,
    )
    return said, row.findings


def is_this_program(word: str | None, program: Program) -> bool:
    """Whether the word is no other program's: empty, this one's code or one of its names."""
    names = (program.code, program.names.ar, program.names.fr, program.names.en)
    return not word or fold(word) in {fold(name) for name in names} | {fold(program.code.replace("_", " "))}


def _whom(row: Cells, program: Program) -> dict[str, Any]:
    if program.benefit == "meal":
        key = school_key(row.text("school"), row.text("commune"))
        if not key:
            row.find("school", "value_missing", MISSING_VALUE)
        return {"school": key}
    whom = beneficiary_of(row) | {"phones": row.read("phone", parse_phones, wrong="warning") or ()}
    if not any(whom.values()):
        row.find("household_number", "nobody_named", ERRORS["nobody_named"])
    return whom


def beneficiary_of(row: Cells) -> dict[str, Any]:
    """The numbers by which a line names a beneficiary, each as it is kept; what is doubtful about them is found."""
    row.read("nni", parse_nni)
    return dict.fromkeys(("enrollment_id", *NUMBERS)) | named_in(row.cells)


def _what(row: Cells, program: Program, unit: Currency) -> tuple[Decimal | None, dict[str, Decimal]]:
    if program.benefit == "meal":
        meals = row.read("meals", lambda cell: parse_integer(cell, 0, MOST_MEALS))
        return None, {} if meals is None else {MEAL: Decimal(meals)}
    known = {one.code: one for value in program.values for one in value.goods}
    if not known:
        return row.read("amount", lambda cell: parse_money(cell, unit, exact=True)), {}
    goods = {code: quantity for code in known if (quantity := row.read(code, parse_quantity))}
    if named := row.text("good"):
        words = {code: (one.names.ar, one.names.fr, one.names.en) for code, one in known.items()}
        try:
            code = parse_choice(named, words).value
        except BadValue:
            row.find("good", "unknown_good", ERRORS["unknown_good"].format(accepted=", ".join(known)))
            return None, goods
        quantity = row.read("quantity", parse_quantity)
        if code and quantity:
            goods[code] = goods.get(code, NOTHING) + quantity
    return None, goods


def parse_quantity(cell: Cell) -> Parsed[Decimal | None]:
    """A quantity of goods, positive and with at most three decimals, as "12", "12,5" or "12 kg"; 0 says nothing."""
    text = fold_digits(clean_text(cell)).replace(" ", "").replace("٫", ".").replace(",", ".")
    if not text:
        return Parsed(None)
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,3})?)0*[^\W\d]*\.?", text)
    if found is None:
        raise BadValue("quantity_unreadable", QUANTITY_UNREADABLE)
    return Parsed(Decimal(found[1]) or None)


def together(reports: Iterable[Reported]) -> Iterator[list[Reported]]:
    """Lines that follow one another and are one receipt: a good on each."""
    for _, lines in groupby(reports, key=lambda one: (one.reference, *_names(one)) if one.reference else one.line):
        yield list(lines)


def merged(lines: Sequence[Reported]) -> Reported:
    """The lines of one receipt as one delivery, on the first one's line."""
    if len(lines) == 1:
        return lines[0]
    goods: dict[str, Decimal] = {}
    for one in lines:
        for code, quantity in one.goods.items():
            goods[code] = goods.get(code, NOTHING) + quantity
    return replace(lines[0], goods=goods)


def _names(one: Reported) -> tuple[object, ...]:
    return one.enrollment_id, one.household_number, one.card_number, one.nni, one.phones, one.delivered_on
