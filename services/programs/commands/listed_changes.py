"""Applying the rows of a list that say what else is known of who is in the program, as a delta's changes do."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.commands.changes import Change, announce_changes, keep_pasts
from services.programs.commands.facts import listed_of, take_over_facts, with_facts
from services.programs.commands.meant import Active, ListOutcome, Source, active_of, meant_by
from services.programs.errors.enrollments import ActiveMeanwhile
from services.programs.models import Enrollment
from services.programs.rules.beneficiary_key import beneficiary_key
from services.programs.rules.facts import FACTS
from services.programs.rules.listed import Listed
from services.programs.rules.program import Program
from services.programs.rules.status import ByItself, Status
from shared.cells import Finding
from shared.text import Text

CHANGE_UNKNOWN = Text(
    ar="لا أحد مسجل في هذا البرنامج بهذا الرقم؛ لم يتغير شيء. المقبول: رقم الأسرة أو رقم التعريف كما أُرسلا عند الإضافة",
    fr="personne n'est inscrit à ce programme sous ce numéro ; rien n'a été modifié. Accepté : le n° ménage ou le NNI de l'ajout",
    en="nobody is enrolled in this program under this number; nothing was changed. Accepted: the household number or national"
    " id sent with the addition",
)
CHANGE_AMBIGUOUS = Text(
    ar="هذا الرقم يخص أكثر من مسجل واحد في البرنامج؛ لم يتغير شيء. يُرجى ذكر رقم الأسرة",
    fr="ce numéro désigne plus d'un inscrit du programme ; rien n'a été modifié. Indiquer le n° ménage",
    en="this number belongs to more than one enrollment of the program; nothing was changed. Give the household number",
)


async def apply_changes(tx: AsyncSession, program: Program, rows: Sequence[Listed], source: Source) -> ListOutcome:
    """Correct what the rows tell, cell by cell: an empty cell says nothing. Announced as one batch."""
    outcome, changes = ListOutcome(), list[Change]()
    for row in rows:
        key = beneficiary_key(program.unit, row)
        found = meant_by(row, key, {one.key: one for one in await active_of(tx, program.code, [row], [key])})
        if len(found) == 1:
            change = await _correct(tx, program, row, found[0], outcome)
            changes += [] if change is None else [change]
        elif found:
            _refuse(outcome, row, "change_ambiguous", CHANGE_AMBIGUOUS)
        else:
            _refuse(outcome, row, "change_unknown", CHANGE_UNKNOWN)
    announce_changes(tx, source.institution, program.code, changes, by=source.partner)
    return outcome


async def _correct(
    tx: AsyncSession, program: Program, row: Listed, meant: Active, outcome: ListOutcome
) -> Change | None:
    enrollment = await tx.get_one(Enrollment, meant.id, with_for_update=True)
    told = [name for name in row.listed if name in FACTS]
    if "phone_2" not in told:  # both phones stand in one column: the second stays where the row names the first alone
        row = replace(row, phones=tuple(dict.fromkeys((*row.phones, *enrollment.phones[1:]))))
    known, wanted = listed_of(enrollment), with_facts(enrollment, row, told)
    if wanted == known:
        outcome.unchanged += 1
        return None
    key = beneficiary_key(program.unit, wanted)
    if key != meant.key and await active_of(tx, program.code, [wanted], [key]):
        _refuse(outcome, row, ActiveMeanwhile.code, ActiveMeanwhile.text)
        return None
    await keep_pasts(tx, [enrollment.id])
    enrollment.version += 1
    await take_over_facts(tx, enrollment, program, row, told)
    await tx.flush()
    outcome.accepted += 1
    status = Status(enrollment.status)
    return Change.of(enrollment.id, enrollment.version, status, status, ByItself.CORRECTED)


def _refuse(outcome: ListOutcome, row: Listed, code: str, reason: Text) -> None:
    outcome.rejected += 1
    outcome.findings.append(Finding(row.line, "action", row.listed.get("action"), "error", code, reason))
