"""Remarks with which a list comes back: read from a file, kept with the list, and proposed to the registry, which answers."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.rules.targeting import READABLE, ListStatus
from services.matching.targeting.commands import turn
from services.matching.targeting.models import ListRemark, TargetedHousehold, TargetingList
from services.matching.targeting.schemas import RemarkOut, RemarkPulled
from shared.clock import now
from shared.contracts.matching import RemarksProposed
from shared.errors import NotFound, NotPermitted
from shared.headers import Layout
from shared.household_number import parse_household_number
from shared.identity import Caller
from shared.ids import new_id
from shared.importing.importer import Chunk, Issue, Outcome, chunks_of
from shared.importing.models import Import
from shared.outbox import record
from shared.pagination import Page, decode_cursor, encode_cursor
from shared.remarks import LAYOUT, Remark, Unread, kind_of_remark, read_remark
from shared.tables import Row
from shared.text import Language, Text, clean_text, fold

KIND = "remarks"
PERMISSION = "lists:request"
NOTED, SENT = "noted", "sent"
NOT_ON_A_LIST = Text(
    ar="لا توجد هذه الأسرة في قائمة متاحة لكم؛ المقبول: رقم من قائمة لم تُغلق ولم تُلغ",
    fr="ce ménage n'est sur aucune liste mise à votre disposition ; accepté : un numéro d'une liste ni close ni révoquée",
    en="this household is on no list released to you; accepted: a number of a list neither closed nor revoked",
)


@dataclass(frozen=True, slots=True)
class ReadLine:
    """A line with a remark. `again` reads it anew with the cells that the household's place on the list leaves."""

    line: int
    number: str | None
    cells: Mapping[str, Any]
    read: Remark | Unread

    @property
    def absent(self) -> bool:
        return isinstance(self.read, Unread) and self.read.code == "nothing_proposed"


class RemarksKind:
    """The importer of files of the kind `remarks`; a line without a remark says nothing, and is no error."""

    def refuse(self, caller: Caller, kind: str) -> None:
        if not caller.may(PERMISSION):
            raise NotPermitted(permission=PERMISSION)

    def layout(self, kind: str) -> Layout | None:
        return LAYOUT

    def chunks(self, import_: Import, file: Path) -> Iterator[Chunk]:
        day = import_.created_at.date()

        def read(row: Row) -> ReadLine:
            number = parse_household_number(row.cells.get("household_number"))
            return ReadLine(row.line, number, row.cells, read_remark(row.line, row.cells, day))

        return chunks_of(file, import_, LAYOUT, read)

    def keys(self, import_: Import, chunk: Chunk) -> Iterable[tuple[int, str]]:
        return ((one.line, one.number) for one in chunk.rows if one.number is not None)

    async def apply(self, tx: AsyncSession, import_: Import, chunk: Chunk) -> Outcome:
        told = [one for one in chunk.rows if clean_text(one.cells.get("remark"))]
        outcome = Outcome(unchanged=len(chunk.rows) - len(told))
        listed = await _listed(tx, import_.partner, {one.number for one in told if one.number is not None})
        for one in told:
            if isinstance(one.read, Unread) and not one.absent:
                _issue(outcome, one.read)
            elif (row := listed.get(one.number)) is None:
                number = one.cells.get("household_number")
                _issue(outcome, Unread(one.line, "household_number", number, "error", "not_on_a_list", NOT_ON_A_LIST))
            else:
                outcome.accepted += await _keep(tx, import_, one, row)
        return outcome

    async def completed(self, tx: AsyncSession, import_: Import) -> None:
        """The lists touched are returned, and what proposes a change goes to the registry, in one announcement."""
        touched = select(ListRemark.list_id).where(ListRemark.import_id == import_.id)
        lists = select(TargetingList).where(TargetingList.id.in_(touched), TargetingList.status.in_(READABLE))
        for found in await tx.scalars(lists.order_by(TargetingList.id).with_for_update()):
            turn(tx, found, ListStatus.RETURNED, by=import_.partner)
        sent = select(func.count()).where(ListRemark.import_id == import_.id, ListRemark.outcome == SENT)
        if count := await tx.scalar(sent):
            record(tx, RemarksProposed(batch_id=import_.id, partner=import_.partner, remarks=count))


def _issue(outcome: Outcome, unread: Unread) -> None:
    outcome.rejected += 1
    outcome.issues.append(Issue(unread.line, unread.field, unread.value, "error", unread.code, unread.reason))


async def _listed(tx: AsyncSession, partner: str, numbers: set[str]) -> dict[str | None, TargetedHousehold]:
    """By number, the household on the partner's latest list that has it and is not at its end."""
    rows = (
        select(TargetedHousehold)
        .join(TargetingList, TargetingList.id == TargetedHousehold.list_id)
        .where(TargetingList.partner == partner, TargetingList.status.in_(READABLE))
        .where(TargetedHousehold.household_number.in_(numbers))
        .order_by(TargetedHousehold.list_id)
    )
    return {one.household_number: one for one in await tx.scalars(rows)}


async def _keep(tx: AsyncSession, import_: Import, one: ReadLine, row: TargetedHousehold) -> bool:
    kind = kind_of_remark(one.cells.get("remark"))
    stored = await tx.scalar(
        insert(ListRemark)
        .values(
            id=new_id(),
            list_id=row.list_id,
            import_id=import_.id,
            line=one.line,
            household_number=one.number,
            kind=kind,
            remark=_told(one.read, row) if isinstance(one.read, Remark) else None,
            outcome=NOTED if one.absent else SENT,
            made_at=now(),
        )
        .on_conflict_do_nothing()
        .returning(ListRemark.id)
    )
    return stored is not None


def _told(remark: Remark, row: TargetedHousehold) -> dict[str, Any]:
    """The remark for the registry. A file that comes back has the place of the list in its columns: that is not where a
    household moved to."""
    wilaya, moughataa, commune, village = remark.place
    same = commune == row.commune_code and fold(village) == fold(row.village)
    place = ("", "", "", "") if same else (wilaya, moughataa, commune, village)
    told = remark._asdict() | {"place": place, "on": remark.on.isoformat() if remark.on else None}
    return told | {"household_number": row.household_number}


async def pulled(tx: AsyncSession, batch_id: UUID, limit: int, cursor: str | None) -> Page[RemarkPulled]:
    """The remarks of one file that propose something."""
    rows = (
        select(ListRemark)
        .where(ListRemark.import_id == batch_id, ListRemark.remark.is_not(None))
        .order_by(ListRemark.id)
        .limit(limit + 1)
    )
    if cursor:
        rows = rows.where(ListRemark.id > decode_cursor(cursor, UUID)[0])
    found = list(await tx.scalars(rows))
    items = [RemarkPulled(**(one.remark or {}) | {"id": one.id}) for one in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(items[-1].id) if len(found) > limit else None)


async def take_over_answers(tx: AsyncSession, answers: Iterable[Mapping[str, Any]]) -> None:
    """Keep what became of remarks, as the registry tells it now. It has their words by then, and they are kept there alone."""
    told = {UUID(one["id"]): one for one in answers}
    for one in await tx.scalars(select(ListRemark).where(ListRemark.id.in_(told)).with_for_update()):
        one.outcome, one.reason = told[one.id]["status"], told[one.id]["reason"]
        one.remark = None


async def remarks(
    tx: AsyncSession, list_id: UUID, by: Caller, language: Language, limit: int, cursor: str | None
) -> Page[RemarkOut]:
    """The remarks of a list, for its recipient and the provider of its data. NotFound."""
    found = await tx.get(TargetingList, list_id)
    if found is None or by.name not in (found.partner, found.provider):
        raise NotFound
    rows = select(ListRemark).where(ListRemark.list_id == list_id).order_by(ListRemark.id).limit(limit + 1)
    if cursor:
        rows = rows.where(ListRemark.id > decode_cursor(cursor, UUID)[0])
    some = list(await tx.scalars(rows))
    items = [
        RemarkOut(
            id=one.id,
            import_id=one.import_id,
            line=one.line,
            household_number=one.household_number,
            kind=one.kind,
            outcome=one.outcome,
            reason=one.reason[language] if one.reason else None,
            made_at=one.made_at,
        )
        for one in some[:limit]
    ]
    return Page(items=items, next_cursor=encode_cursor(items[-1].id) if len(some) > limit else None)
