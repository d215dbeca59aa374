"""Applying the rows of an institution's list: enrollments begin, and where the list is a delta, end."""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.commands.changes import Change, announce_changes, keep_pasts
from services.programs.commands.enrolling import STORE, Beginning, as_json
from services.programs.commands.listed_changes import apply_changes
from services.programs.commands.meant import Active, ListOutcome, Source, active_of, meant_by
from services.programs.commands.seating import free_seats, place_finder
from services.programs.errors.enrollments import FULL
from services.programs.models import Enrollment
from services.programs.rules.beneficiary_key import beneficiary_key
from services.programs.rules.listed import Listed
from services.programs.rules.program import Program
from services.programs.rules.seats import Seats
from services.programs.rules.status import ByItself, Status, is_seated
from shared.cells import Finding
from shared.text import Text

DUPLICATE_IN_LIST = Text(
    ar="هذا المستفيد مذكور من قبل في السطر {line}؛ لم يُسجَّل مرة ثانية",
    fr="ce bénéficiaire figure déjà à la ligne {line} ; il n'est pas inscrit deux fois",
    en="this beneficiary already stands on line {line}; not enrolled twice",
)
REMOVAL_UNKNOWN = Text(
    ar="لا أحد مسجل في هذا البرنامج بهذا الرقم؛ لم يُحذف أحد. المقبول: رقم الأسرة أو رقم التعريف كما أُرسلا عند الإضافة",
    fr="personne n'est inscrit à ce programme sous ce numéro ; rien n'a été retiré. Accepté : le n° ménage ou le NNI de l'ajout",
    en="nobody is enrolled in this program under this number; nothing was removed. Accepted: the household number or national"
    " id sent with the addition",
)
REMOVAL_AMBIGUOUS = Text(
    ar="هذا الرقم يخص أكثر من مسجل واحد في البرنامج؛ لم يُحذف أحد. يُرجى ذكر رقم الأسرة",
    fr="ce numéro désigne plus d'un inscrit du programme ; rien n'a été retiré. Indiquer le n° ménage",
    en="this number belongs to more than one enrollment of the program; nothing was removed. Give the household number",
)


async def apply_list(tx: AsyncSession, program: Program, rows: Sequence[Listed], source: Source) -> ListOutcome:
    """Enroll who is new, exit who is removed and correct who is changed, in the order of the rows; announce it by batches."""
    outcome = ListOutcome()
    for changes, some in groupby(rows, key=lambda row: row.action == "change"):
        apply = apply_changes if changes else _apply
        outcome.add(await apply(tx, program, list(some), source))
    return outcome


async def _apply(tx: AsyncSession, program: Program, rows: Sequence[Listed], source: Source) -> ListOutcome:
    """Additions and removals, announced as one batch."""
    keys = [beneficiary_key(program.unit, row) for row in rows]
    seats = await free_seats(tx, program)
    application = _Application(program, source, await active_of(tx, program.code, rows, keys), seats)
    find = await place_finder(tx, program)
    for row, key in zip(rows, keys, strict=True):
        if row.action == "remove":
            application.remove(row, key)
        else:
            application.add(row, key, find(row.wilaya, row.moughataa, row.commune))
    changes = await application.store(tx)
    announce_changes(tx, source.institution, program.code, changes, by=source.partner)
    return application.outcome


class _Application:
    """The rows of a chunk while they are applied: what is active, what begins, what ends."""

    def __init__(self, program: Program, source: Source, active: Iterable[Active], seats: Seats) -> None:
        self.outcome = ListOutcome()
        self._program, self._source, self._seats = program, source, seats
        self._active = {one.key: one for one in active}
        self._begun: dict[UUID, dict[str, Any]] = {}
        self._ended: list[dict[str, Any]] = []
        self._changes: list[Change] = []

    def add(self, row: Listed, key: str, place_code: str | None) -> None:
        known = self._active.get(key)
        if known is not None:
            self.outcome.unchanged += 1
            if known.import_id == self._source.import_id:
                reason = DUPLICATE_IN_LIST.format(line=known.source_line)
                self._find(row, "warning", "duplicate_in_list", reason)
            return
        full = self._seats.take(place_code)
        status = Status.APPLIED if full else Status.ENROLLED
        if full:
            self._find(row, "warning", full, FULL[full])
        source = self._source
        beginning = Beginning(
            self._program,
            row,
            status,
            ByItself.LISTED,
            place_code=place_code,
            import_id=source.import_id,
            on=source.day,
        )
        columns = beginning.columns()
        id_: UUID = columns["id"]
        self._begun[id_] = columns
        self._active[key] = Active(
            id_, key, 1, status, source.import_id, row.line, row.household_number, row.nni, place_code
        )
        self._changes.append(Change.of(id_, 1, None, status, ByItself.LISTED))
        self.outcome.accepted += 1

    def remove(self, row: Listed, key: str) -> None:
        found = meant_by(row, key, self._active)
        if len(found) != 1:
            self.outcome.rejected += 1
            if found:
                self._find(row, "error", "removal_ambiguous", REMOVAL_AMBIGUOUS)
            else:
                self._find(row, "error", "removal_unknown", REMOVAL_UNKNOWN)
            return
        self._end(found[0], row.effective_on or self._source.day)
        self.outcome.accepted += 1

    def _end(self, known: Active, on: date) -> None:
        del self._active[known.key]
        if is_seated(known.status):
            self._seats.give_back(known.place_code)
        version = known.version + 1
        self._changes.append(Change.of(known.id, version, known.status, Status.EXITED, ByItself.REMOVED_BY_LIST))
        begun = self._begun.get(known.id)
        if begun is not None:  # begun and ended by rows of one chunk
            begun.update(status=Status.EXITED, version=version, reason=ByItself.REMOVED_BY_LIST, exited_on=on)
        else:
            self._ended.append({"ended_id": known.id, "ended_version": version, "ended_on": on})

    def _find(self, row: Listed, severity: Any, code: str, reason: Text) -> None:
        name = "action" if row.action == "remove" else "name"
        self.outcome.findings.append(Finding(row.line, name, row.listed.get(name), severity, code, reason))

    async def store(self, tx: AsyncSession) -> list[Change]:
        """Write what began and ended; returns the changes that came about."""
        connection = await tx.connection()
        table: Any = Enrollment.__table__
        if self._ended:  # first, so that who is removed and added again is not refused as active twice
            await keep_pasts(tx, [one["ended_id"] for one in self._ended])
            await connection.execute(
                update(table)
                .where(table.c.id == bindparam("ended_id"))
                .values(
                    status=Status.EXITED,
                    reason=ByItself.REMOVED_BY_LIST,
                    version=bindparam("ended_version"),
                    exited_on=bindparam("ended_on"),
                ),
                self._ended,
            )
        if self._begun:
            stored = await tx.execute(STORE, {"rows": as_json(list(self._begun.values()))})
            self._forget(set(self._begun) - set(stored.scalars()))
        return self._changes

    def _forget(self, ids: set[UUID]) -> None:
        """Another import has enrolled these in the meantime: nothing began here."""
        if ids:
            self._changes = [one for one in self._changes if one.enrollment_id not in ids]
            self.outcome.accepted -= len(ids)
            self.outcome.unchanged += len(ids)
