"""Applying the rows of a file of statuses: each enrollment turns to what its institution says it is."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy import text as sql
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.commands.changes import Change, announce_changes, keep_pasts
from services.programs.commands.enrolling import as_json
from services.programs.commands.meant import ListOutcome, Source
from services.programs.commands.seating import free_seats
from services.programs.errors.enrollments import EnrollmentExited, ProgramFull, QuotaReached
from services.programs.models import Enrollment
from services.programs.rules.program import Program
from services.programs.rules.recertifying import months_after
from services.programs.rules.seats import Seats
from services.programs.rules.status import ByItself, Status, Turn, is_seated, turn_between
from services.programs.rules.status_rows import StatusRow
from services.programs.rules.status_words import REASONS_OF
from shared.cells import Finding
from shared.text import Text

ENROLLMENT_UNKNOWN = Text(
    ar="لا تسجيل في هذا البرنامج بهذا الرقم؛ لم يتغير شيء",
    fr="aucune inscription de ce programme sous ce numéro ; rien n'a changé",
    en="no enrollment of this program under this number; nothing was changed",
)
ENROLLMENT_AMBIGUOUS = Text(
    ar="هذا الرقم يخص أكثر من تسجيل قائم في البرنامج؛ يُرجى ذكر معرّف التسجيل",
    fr="ce numéro désigne plusieurs inscriptions en cours du programme ; donner l'identifiant d'inscription",
    en="this number belongs to several current enrollments of the program; give the enrollment id",
)
STEP_REFUSED = Text(
    ar="لا يمكن الانتقال من الحالة «{before}» إلى «{wanted}»",
    fr="on ne passe pas de l'état « {before} » à « {wanted} »",
    en="there is no step from “{before}” to “{wanted}”",
)
BEFORE_IT_BEGAN = Text(
    ar="التاريخ قبل بداية هذا التسجيل ({since})",
    fr="la date précède le début de cette inscription ({since})",
    en="the date is before this enrollment began ({since})",
)
REASON_NOT_FITTING = Text(
    ar="هذا السبب لا يصلح لهذا التغيير؛ سُجّل التغيير دون سبب. المقبول: {accepted}",
    fr="ce motif ne va pas avec ce changement, enregistré sans motif. Accepté : {accepted}",
    en="this reason does not fit this change, which is recorded without one. Accepted: {accepted}",
)
FULL_TEXTS = {"program_full": ProgramFull.text, "quota_reached": QuotaReached.text}
_COLUMNS = Enrollment.__table__.c
COLUMN = {
    "enrollment_id": _COLUMNS.id,
    "household_number": _COLUMNS.household_number,
    "card_number": _COLUMNS.card_number,
    "nni": _COLUMNS.nni,
}
TURN = sql(
    "UPDATE enrollments SET status = new.status, reason = new.reason, version = new.version, exited_on = new.exited_on,"
    " enrolled_on = coalesce(new.enrolled_on, enrollments.enrolled_on),"
    " recertify_on = coalesce(new.recertify_on, enrollments.recertify_on)"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS new(id uuid, status text, reason text, version int,"
    " exited_on date, enrolled_on date, recertify_on date) WHERE enrollments.id = new.id"
)


@dataclass(slots=True)
class _Held:
    """An enrollment as far as a row of a file of statuses needs to know it."""

    id: UUID
    status: Status
    version: int
    since: date | None
    place_code: str | None


async def apply_statuses(tx: AsyncSession, program: Program, rows: Sequence[StatusRow], source: Source) -> ListOutcome:
    """Turn each enrollment named to the status told, in the order of the rows, and announce it as one batch.

    `program` is from `published_for_seats`: an application that is accepted takes a seat.
    """
    application = _Application(program, source, await free_seats(tx, program), await _held(tx, program.code, rows))
    changes = await application.apply(tx, rows)
    announce_changes(tx, source.institution, program.code, changes, by=source.partner)
    return application.outcome


Known = dict[tuple[str, Any], list[_Held]]


async def _held(tx: AsyncSession, program: str, rows: Sequence[StatusRow]) -> Known:
    """The enrollments the rows may mean, locked, by each way of naming them."""
    asked: dict[str, set[Any]] = defaultdict(set)
    for row in rows:
        for name, value in row.named.items():
            asked[name].add(value)
    wanted = (
        select(
            _COLUMNS.id,
            _COLUMNS.status,
            _COLUMNS.version,
            _COLUMNS.enrolled_on,
            _COLUMNS.applied_on,
            _COLUMNS.place_code,
            *(column.label(f"by_{name}") for name, column in COLUMN.items()),
        )
        .where(_COLUMNS.program_code == program, or_(*(COLUMN[name].in_(values) for name, values in asked.items())))
        .order_by(_COLUMNS.id)
        .with_for_update()
    )
    known: Known = defaultdict(list)
    for one in (await tx.execute(wanted)).mappings() if asked else ():
        since = one["enrolled_on"] or one["applied_on"]
        held = _Held(one["id"], Status(one["status"]), one["version"], since, one["place_code"])
        for name in COLUMN:
            known[name, one[f"by_{name}"]].append(held)
    return known


class _Application:
    """The rows of a chunk while they are applied."""

    def __init__(self, program: Program, source: Source, seats: Seats, known: Known) -> None:
        self.outcome = ListOutcome()
        self._program, self._source, self._seats, self._known = program, source, seats, known

    async def apply(self, tx: AsyncSession, rows: Sequence[StatusRow]) -> list[Change]:
        turned: dict[UUID, dict[str, Any]] = {}
        changes = []
        for row in rows:
            held = self._meant(row)
            if held is None:
                continue
            if held.id in turned:  # named twice: the second turn finds the first one stored
                await self._store(tx, turned)
                turned = {}
            if (stored := self._turn(row, held)) is not None:
                turned[held.id] = stored[0]
                changes.append(stored[1])
        await self._store(tx, turned)
        return changes

    async def _store(self, tx: AsyncSession, turned: dict[UUID, dict[str, Any]]) -> None:
        if turned:
            await keep_pasts(tx, sorted(turned))
            await tx.execute(TURN, {"rows": as_json(list(turned.values()))})

    def _meant(self, row: StatusRow) -> _Held | None:
        """Whom a row means: by its surest number that anybody has; one that runs before those that ended."""
        for way, value in row.named.items():
            found = self._known.get((way, value), [])
            current = [one for one in found if one.status is not Status.EXITED] or found[-1:]
            if len(current) > 1:
                self._refuse(row, way, "enrollment_ambiguous", ENROLLMENT_AMBIGUOUS)
                return None
            if current:
                return current[0]
        self._refuse(row, next(iter(row.named)), "enrollment_unknown", ENROLLMENT_UNKNOWN)
        return None

    def _turn(self, row: StatusRow, held: _Held) -> tuple[dict[str, Any], Change] | None:
        before, wanted = held.status, row.status
        if before is wanted:
            self.outcome.unchanged += 1
            return None
        turn = turn_between(before, wanted)
        if turn is None:
            ended = before is Status.EXITED
            code, text = (
                (EnrollmentExited.code, EnrollmentExited.text) if ended else ("status_step_refused", STEP_REFUSED)
            )
            self._refuse(row, "status", code, text.format(before=before, wanted=wanted))
            return None
        on = row.changed_on or self._source.day
        if held.since is not None and row.changed_on is not None and on < held.since:
            self._refuse(row, "changed_on", "before_it_began", BEFORE_IT_BEGAN.format(since=held.since))
            return None
        if turn is Turn.ENROLL and (full := self._seats.take(held.place_code)):
            self._refuse(row, "status", full, FULL_TEXTS[full].format(program=self._program.code))
            return None
        if is_seated(before) and not is_seated(wanted):
            self._seats.give_back(held.place_code)
        reason = self._reason(row, turn)
        held.status, held.version = wanted, held.version + 1
        enrolled_on = on if turn is Turn.ENROLL else None
        held.since = enrolled_on or held.since
        self.outcome.accepted += 1
        return {
            "id": held.id,
            "status": wanted,
            "reason": reason,
            "version": held.version,
            "exited_on": on if wanted is Status.EXITED else None,
            "enrolled_on": enrolled_on,
            "recertify_on": enrolled_on and months_after(enrolled_on, self._program.recertify_months),
        }, Change.of(held.id, held.version, before, wanted, reason)

    def _reason(self, row: StatusRow, turn: Turn) -> str:
        accepted = REASONS_OF[turn]
        if row.reason is None or row.reason in accepted:
            return row.reason or ByItself.REPORTED
        text = REASON_NOT_FITTING.format(accepted=", ".join(sorted(accepted)) or "-")
        self.outcome.findings.append(
            Finding(row.line, "reason", row.cells.get("reason"), "warning", "reason_not_fitting", text)
        )
        return ByItself.REPORTED

    def _refuse(self, row: StatusRow, name: str, code: str, reason: Text) -> None:
        self.outcome.rejected += 1
        self.outcome.findings.append(Finding(row.line, name, row.cells.get(name), "error", code, reason))
