"""What an export of a programs service holds: its columns, and how each is headed.

The columns of a beneficiary are those of the program's own list, headed so that the file can be sent back as a list.
A payment list, filled in, and an export of deliveries are headed as reports of deliveries. What only we know is headed as
ours, and left out when the file returns.
"""

from collections.abc import Mapping, Sequence

from services.programs.rules.naming import ENROLLMENT_ID
from services.programs.rules.program import ListForm, Program
from services.programs.rules.reported import OWN as REPORTED
from services.programs.rules.reported import layout_of
from shared.exporting.cells import Column, headings_of
from shared.headers import FIELDS, OWN_COLUMN
from shared.text import LANGUAGES, Language, Text

ADDED = Text(ar="إضافة", fr="ajout", en="added")
"""The action of everybody in a list whose form says row by row what is to be done."""

IN_ANOTHER_FORM: Mapping[str, str] = {
    "birth_date": "date",
    "effective_on": "date",
    "household_size": "integer",
    "amount": "decimal",
}
"""Types of the fields of a list that are not text."""
OF_THE_LIST_ALONE = frozenset({"action", "effective_on", "amount", "remark", "category"})
"""Fields that say something of the listing, not of who is listed."""


def _own(name: str, type_: str, ar: str, fr: str, en: str) -> Column:
    return Column(name, type_, Text(ar=ar, fr=fr, en=en))


_STATUS = _own("status", "text", "الحالة", "statut", "status")
_ENROLLMENT = _own("enrollment_id", "text", "معرّف التسجيل", "identifiant de l'inscription", "id of the enrollment")
_ENTITLEMENT = _own("entitlement_id", "text", "معرّف الاستحقاق", "identifiant du droit", "id of the entitlement")
_CYCLE = (
    _own("starts_on", "date", "بداية الدورة", "début du cycle", "start of the cycle"),
    _own("ends_on", "date", "نهاية الدورة", "fin du cycle", "end of the cycle"),
)
_FINDINGS = _own("findings", "list", "ملاحظات المطابقة", "constats du rapprochement", "findings of the reconciliation")

OWN: Mapping[str, tuple[Column, ...]] = {
    "enrollments": (
        _STATUS,
        _own("reason", "text", "سبب الحالة", "motif du statut", "reason of the status"),
        _own("enrolled_on", "date", "تاريخ التسجيل", "date d'inscription", "day of enrollment"),
        _own("exited_on", "date", "تاريخ الخروج", "date de sortie", "day of exit"),
        _own("monthly_value_mru", "decimal", "القيمة الشهرية", "valeur mensuelle en MRU", "monthly value in MRU"),
        _own("link_status", "text", "الربط بالسجل", "lien au registre", "link to the registry"),
        _own("registry_household_id", "text", "الأسرة في السجل", "ménage au registre", "household in the registry"),
        _ENROLLMENT,
    ),
    "entitlements": (
        _own("period", "date", "دورة تبدأ في", "cycle commençant le", "cycle starting on"),
        _CYCLE[1],
        _STATUS,
        _own("hold_reason", "text", "سبب التعليق", "motif de la retenue", "why it is held"),
        _own("people", "integer", "عدد الأفراد المحتسبين", "personnes comptées", "people counted"),
        _own("lines", "json", "التفصيل", "détail", "line by line"),
        _ENTITLEMENT,
        _ENROLLMENT,
    ),
    "deliveries": (
        _own("delivered_on", "date", "تاريخ التسليم", "date de remise", "day of delivery"),
        _own("outcome", "text", "النتيجة", "résultat", "outcome"),
        _own("channel", "text", "القناة", "canal", "channel"),
        _own("agent", "text", "الوكيل", "agent", "agent"),
        _own("reference", "text", "مرجع الوصل", "référence du reçu", "reference of the receipt"),
        _own("lines", "json", "التفصيل", "détail", "line by line"),
        _FINDINGS,
        _own("corrects", "text", "يصحح التسليم", "corrige la remise", "corrects the delivery"),
        _own("delivery_id", "text", "معرّف التسليم", "identifiant de la remise", "id of the delivery"),
        _ENTITLEMENT,
        _ENROLLMENT,
    ),
    "reconciliation": (
        *_CYCLE,
        _own("due_mru", "decimal", "المستحق", "dû en MRU", "due in MRU"),
        _own("delivered_mru", "decimal", "المسلَّم", "remis en MRU", "handed over in MRU"),
        _own("balance_mru", "decimal", "الباقي", "reste en MRU", "balance in MRU"),
        _own("state", "text", "المطابقة", "rapprochement", "reconciliation"),
        _own("last_delivered_on", "date", "آخر تسليم", "dernière remise", "last delivery"),
        _ENTITLEMENT,
        _ENROLLMENT,
    ),
}
"""What we add to the columns of the list, by kind of export."""

IDS_OF_OWN_RECORDS = ("enrollment_id", "entitlement_id", "delivery_id", "corrects", "reference")
"""Columns in which ids stand: of the institution's own records, and of the receipts as its agent wrote them."""

AMOUNT = {"entitlements", "deliveries"}
"""Exports whose amount stands in the list's own column: the payment agent's list and its report."""


def beneficiary_fields(form: ListForm, what: str) -> list[str]:
    """The fields of the program's list that an export of this kind shows, in the list's order."""
    if what == "enrollments":
        return [name for name in form.fields if name != "remark"]
    shown = [name for name in form.fields if name not in OF_THE_LIST_ALONE]
    return [*shown, "amount"] if what in AMOUNT else shown


def column_names(form: ListForm, what: str) -> list[str]:
    return [*beneficiary_fields(form, what), *(column.name for column in OWN[what])]


def headings() -> dict[str, set[str]]:
    """Of every column that an export may have, what it may be headed by; a program's list may have more of its own."""
    reported = {**REPORTED, "enrollment_id": ENROLLMENT_ID}
    found = headings_of(Column(name, "text", field.label) for name, field in FIELDS.items())
    for own in (column for columns in OWN.values() for column in columns):
        labels = [OWN_COLUMN.in_(one).format(what=own.label.in_(one)) for one in LANGUAGES]
        if own.name in reported:
            labels += [reported[own.name].label.in_(one) for one in LANGUAGES]
        found.setdefault(own.name, {own.name}).update(labels)
    return found


def columns_of(program: Program, what: str, names: Sequence[str], headed: Language | None) -> list[Column]:
    """The named columns as they stand in the file; headed in a language, or None: by their names."""
    form = program.list_form
    layout = form.layout()
    report = layout_of(program) if what in AMOUNT else None
    columns = []
    for name in beneficiary_fields(form, what):
        label = layout.label(name)
        header = label.in_(headed) if headed else name
        columns.append((name, Column(header, IN_ANOTHER_FORM.get(name, "text"), label)))
    for own in OWN[what]:
        header = own.name
        if headed and report is not None and own.name in report.fields:
            header = report.label(own.name).in_(headed)
        elif headed:
            header = OWN_COLUMN.in_(headed).format(what=own.label.in_(headed))
        columns.append((own.name, Column(header, own.type, own.label)))
    return [column for name, column in columns if name in names]
