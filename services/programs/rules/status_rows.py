"""A row of a file of statuses: whom it means, which status the institution gave, since when and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.programs.rules.naming import ENROLLMENT_ID, named_in
from services.programs.rules.status import Status
from services.programs.rules.status_words import reason_of, status_of
from shared.cells import Finding
from shared.headers import Field
from shared.text import Cell, Text, clean_text
from shared.values import BadValue, parse_date

OWN_FIELDS: Mapping[str, Field] = {
    "enrollment_id": ENROLLMENT_ID,
    "status": Field(
        Text(ar="الحالة", fr="Statut", en="Status"),
        "Statut ¦ État ¦ Situation ¦ Statut du bénéficiaire ¦ Nouveau statut ¦ Status ¦ State ¦ New status ¦ الحالة ¦ الوضعية"
        " ¦ حالة المستفيد ¦ حالة التسجيل ¦ الحالة الجديدة",
    ),
    "reason": Field(
        Text(ar="السبب", fr="Motif", en="Reason"),
        "Motif ¦ Raison ¦ Cause ¦ Motif du changement ¦ Reason ¦ السبب ¦ سبب التغيير ¦ المبرر",
    ),
    "changed_on": Field(
        Text(ar="تاريخ التغيير", fr="Date du changement", en="Date of the change"),
        "Date ¦ Date du changement ¦ Date de changement ¦ Depuis le ¦ Date d'effet ¦ Changed on ¦ Date of change"
        " ¦ Effective date ¦ التاريخ ¦ تاريخ التغيير ¦ تاريخ السريان",
    ),
}
ID_UNREADABLE = Text(
    ar="هذا ليس معرّف تسجيل",
    fr="ceci n'est pas un identifiant d'inscription",
    en="this is not the id of an enrollment",
)
NOBODY_NAMED = Text(
    ar="السطر لا يذكر أحدا؛ المقبول: معرّف التسجيل أو رقم الأسرة أو رقم البطاقة أو رقم التعريف الوطني",
    fr="la ligne ne désigne personne ; accepté : identifiant d'inscription, n° ménage, n° carte ou NNI",
    en="the row names nobody; accepted: enrollment id, household number, card number or national id",
)
STATUS_UNKNOWN = Text(
    ar="هذه الكلمة ليست من كلمات الحالة المعروفة لهذا البرنامج؛ أضيفوها إلى status_words أو استعملوا: {accepted}",
    fr="ce mot n'est pas un statut connu de ce programme ; ajoutez-le à status_words ou écrivez : {accepted}",
    en="this word is no status known to this program; add it to status_words or write: {accepted}",
)
REASON_UNKNOWN = Text(
    ar="لم يُفهم السبب؛ سُجّل التغيير دون سبب",
    fr="motif non compris ; le changement est enregistré sans motif",
    en="the reason was not understood; the change is recorded without one",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRow:
    """What a row says; `named` holds every way in which it names the beneficiary."""

    line: int
    status: Status
    named: Mapping[str, Any]
    reason: str | None = None
    changed_on: date | None = None
    cells: Mapping[str, Cell] = field(default_factory=dict)


def read_status_row(
    line: int, cells: Mapping[str, Cell], words: Mapping[str, str], today: date
) -> tuple[StatusRow | None, list[Finding]]:
    """The row, or None where an error keeps it out, with everything found wrong. `words`: the program's own."""
    findings: list[Finding] = []

    def find(name: str, severity: Any, code: str, reason: Text) -> None:
        findings.append(Finding(line, name, cells.get(name), severity, code, reason))

    named = named_in(cells)
    if not named and clean_text(cells.get("enrollment_id")):
        find("enrollment_id", "error", "enrollment_id_unreadable", ID_UNREADABLE)
    elif not named:
        find("household_number", "error", "nobody_named", NOBODY_NAMED)
    status = status_of(cells.get("status"), words)
    if status is None:
        accepted = ", ".join(Status)
        find("status", "error", "status_unknown", STATUS_UNKNOWN.format(accepted=accepted))
    reason = None
    if clean_text(cells.get("reason")) and (reason := reason_of(cells.get("reason"))) is None:
        find("reason", "warning", "reason_unknown", REASON_UNKNOWN)
    changed_on = None
    try:
        day = parse_date(cells.get("changed_on"), today, year_only=False).value
        changed_on = day.value if day else None
    except BadValue as fault:
        find("changed_on", "error", fault.code, fault.text)
    if status is None or any(one.severity == "error" for one in findings):
        return None, findings
    return StatusRow(line=line, status=status, named=named, reason=reason, changed_on=changed_on, cells=cells), findings
