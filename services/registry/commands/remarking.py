"""Remarks of a program's list become proposals: each is tried at once, and waits for who has the authority."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.commands.requests import PROPOSALS, Proposing, propose
from services.registry.models import ChangeRequest, Household, Identifier, Individual, Membership
from shared.errors import Refusal
from shared.names import parse_name, similarity
from shared.place_names import PlaceIndex
from shared.remarks import Remark, Unread
from shared.text import Text

OFFICIAL = "file"
"""Who proposed: the file's sender is the partner's system, and each row has its line in the import."""
SAME_NAME = 0.85
"""Of a household's few members, a name this alike is the one that is meant."""

HOUSEHOLD_UNKNOWN = Text(
    ar="لا توجد أسرة نشطة بهذا الرقم",
    fr="aucun ménage actif ne porte ce numéro",
    en="no active household has this number",
)
PERSON_UNKNOWN = Text(
    ar="لا يُعرف من المقصود من أعضاء الأسرة؛ المقبول: رقم الفرد أو رقم التعريف الوطني أو اسمه كما في السجل",
    fr="on ne sait quel membre du ménage est visé ; accepté : son n° individu, son NNI ou son nom comme au registre",
    en="which member of the household is meant is not known; accepted: the individual number, national id or registered name",
)
PLACE_UNKNOWN = Text(
    ar="لا يُعرف المكان الجديد؛ المقبول: ولاية ومقاطعة وبلدية من جدول الأماكن",
    fr="le nouveau lieu n'est pas connu ; accepté : wilaya, moughataa et commune de la table des lieux",
    en="the new place is not known; accepted: wilaya, moughataa and commune of the table of places",
)


@dataclass(frozen=True, slots=True)
class Proposed:
    """The request that says what a remark does; not `new` where it waited already."""

    request_id: UUID
    new: bool


async def propose_remark(tx: AsyncSession, remark: Remark, places: PlaceIndex, *, by: str) -> Unread | Proposed:
    """Propose what a remark says; Unread where it cannot be."""
    household = await tx.scalar(select(Household).where(Household.number == remark.household_number))
    if household is None or household.status != "active":
        return _unread(remark, "household_number", remark.household_number, "household_unknown", HOUSEHOLD_UNKNOWN)
    told = await _proposal(tx, remark, household, places)
    if isinstance(told, Unread):
        return told
    proposal = PROPOSALS.validate_python(told)
    known = select(ChangeRequest.id).where(
        ChangeRequest.proposed_by == by,
        ChangeRequest.status == "proposed",
        ChangeRequest.proposal == proposal.model_dump(mode="json", exclude_unset=True),
    )
    if (waiting := await tx.scalar(known.limit(1))) is not None:
        return Proposed(waiting, new=False)
    try:
        async with tx.begin_nested():
            request = await propose(tx, proposal, Proposing(by, OFFICIAL, remark.told[:500] or None), None)
    except Refusal as refusal:
        field = (refusal.pointer or "/remark").rpartition("/")[2]
        return _unread(remark, field, remark.told, refusal.code, refusal.detail)
    return Proposed(request.id, new=True)


async def _proposal(
    tx: AsyncSession, remark: Remark, household: Household, places: PlaceIndex
) -> dict[str, Any] | Unread:
    if remark.kind == "not_poor":
        category = {"vulnerability_category": "not_poor"}
        return {"kind": "correction", "household_id": household.id, "household": category}
    if remark.kind == "duplicate":
        twin = await tx.scalar(select(Household).where(Household.number == remark.twin_number))
        if twin is None or twin.status != "active":
            return _unread(remark, "remark", remark.told, "household_unknown", HOUSEHOLD_UNKNOWN)
        return {"kind": "merge", "record": "household", "keep_id": twin.id, "drop_id": household.id}
    on = {"household_id": household.id, "on": remark.on}
    if remark.kind == "removal":
        return {"kind": "removal", **on, "reason": "left_country"}
    if remark.kind == "move":
        wilaya, moughataa, commune, village = remark.place
        found = places.resolve(wilaya, moughataa, commune).commune_code
        if found is None:
            return _unread(remark, "commune", commune, "commune_not_found", PLACE_UNKNOWN)
        return {"kind": "move", **on, "commune_code": found, "village": village or None}
    members = await _members(tx, household.id)
    if remark.kind == "succession":
        successor = _member(members, remark.successor_number, None, "")
        if successor is None:
            return _unread(remark, "successor_number", remark.successor_number, "person_unknown", PERSON_UNKNOWN)
        return {"kind": "succession", **on, "individual_id": successor.id}
    person = _member(members, remark.individual_number, remark.nni, remark.name)
    if person is None:
        return _unread(remark, "individual_number", remark.individual_number, "person_unknown", PERSON_UNKNOWN)
    successor = _member(members, remark.successor_number, None, "") if remark.successor_number else None
    heads = successor is not None and person.relationship == "head"
    return {
        "kind": "death",
        "individual_id": person.id,
        "died_on": remark.on,
        "successors": {household.id: successor.id} if heads and successor is not None else {},
    }


class _Member:
    def __init__(self, individual: Individual, relationship: str, nni: str | None) -> None:
        self.id: UUID = individual.id
        self.number = individual.number
        self.names = [parse_name(name) for name in (individual.name_fr, individual.name_ar) if name]
        self.relationship = relationship
        self.nni = nni


async def _members(tx: AsyncSession, household_id: UUID) -> list[_Member]:
    nni = (
        select(Identifier.value)
        .where(Identifier.individual_id == Individual.id, Identifier.type == "NNI", Identifier.known_until.is_(None))
        .limit(1)
        .scalar_subquery()
    )
    rows = await tx.execute(
        select(Individual, Membership.relationship, nni)
        .join(Membership, Membership.individual_id == Individual.id)
        .where(Membership.household_id == household_id, Membership.until_on.is_(None), Membership.known_until.is_(None))
        .order_by(Individual.number)
    )
    return [_Member(individual, relationship, number) for individual, relationship, number in rows]


def _member(members: Sequence[_Member], number: str, nni: str | None, name: str) -> _Member | None:
    """The one member who is meant: by number, else by national id, else by the only name that is alike."""
    if number:
        return next((one for one in members if one.number == number), None)
    if nni and (found := [one for one in members if one.nni == nni]):
        return found[0]
    asked = parse_name(name)
    alike = [one for one in members if any(similarity(asked, other, SAME_NAME) >= SAME_NAME for other in one.names)]
    return alike[0] if len(alike) == 1 else None


def _unread(remark: Remark, field: str, value: str, code: str, reason: Text) -> Unread:
    return Unread(remark.line, field, value, "error", code, reason)
