"""A row of a file of sessions: whom it names, on which day, and whether they were there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from services.programs.rules.findings import ERRORS
from services.programs.rules.naming import ENROLLMENT_ID
from services.programs.rules.reconciling import Reported
from services.programs.rules.reported import beneficiary_of
from shared.cells import MISSING_VALUE, Cells, Finding
from shared.headers import Field, Layout
from shared.text import Cell, Text
from shared.values import parse_choice, parse_date

PRESENT: Mapping[str, tuple[str, ...]] = {
    "present": (
        "présent", "présente", "oui", "p", "1", "x", "yes", "attended", "حاضر", "حاضرة", "نعم", "حضر", "حضرت",
    ),
    "absent": ("absente", "non", "a", "0", "no", "missed", "غائب", "غائبة", "لا", "غاب", "غابت"),
}  # fmt: skip
SESSION_ON = Field(
    Text(ar="تاريخ الجلسة", fr="Date de la séance", en="Session date"),
    "Date ¦ Date de la séance ¦ Date séance ¦ Séance du ¦ Session date ¦ Date of session ¦ Session ¦ التاريخ ¦ تاريخ الجلسة ¦ الجلسة",
)
PRESENCE = Field(
    Text(ar="الحضور", fr="Présence", en="Attendance"),
    "Présence ¦ Présent ¦ Présente ¦ Participation ¦ Statut ¦ Attendance ¦ Present ¦ Attended ¦ الحضور ¦ حاضر",
)


@dataclass(frozen=True, slots=True)
class Attended:
    """Whom a row names (as a delivery would), the day of the session, and whether they were there."""

    whom: Reported
    present: bool

    @property
    def key(self) -> str:
        one = self.whom
        return f"{one.household_number or one.card_number or one.nni or one.enrollment_id} {one.delivered_on}"


def attendance_layout() -> Layout:
    own = {"enrollment_id": ENROLLMENT_ID, "session_on": SESSION_ON, "present": PRESENCE}
    return Layout.of("household_number", "card_number", "nni", "name", required=("session_on", "present"), own=own)


def read_attendance(line: int, cells: Mapping[str, Cell], today: date) -> tuple[Attended | None, list[Finding]]:
    """The attendance of a line, or None where an error keeps it out, with everything found wrong."""
    row = Cells(line, cells)
    session = row.read("session_on", lambda cell: parse_date(cell, today, year_only=False))
    present = row.read("present", lambda cell: parse_choice(cell, PRESENT))
    for name, value in (("session_on", session), ("present", present)):
        if value is None and not any(one.field == name for one in row.findings):
            row.find(name, "value_missing", MISSING_VALUE)
    whom = beneficiary_of(row)
    if not any(whom.values()):
        row.find("household_number", "nobody_named", ERRORS["nobody_named"])
    if row.refused or session is None:
        return None, row.findings
    return Attended(Reported(line=line, delivered_on=session.value, **whom), present == "present"), row.findings
