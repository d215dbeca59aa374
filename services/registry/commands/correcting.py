"""Corrections: what was held was wrong."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.commands.acting import Acting
from services.registry.commands.answering import refuse_wrong_answers
from services.registry.commands.changing import (
    Changing,
    announce,
    believed_pieces,
    lock_households,
    lock_individuals,
    state_facts,
    touch,
)
from services.registry.commands.checking import refuse_day, refuse_unknown_commune
from services.registry.commands.memberships import (
    add_identifier,
    add_nni,
    current_memberships,
    withdraw_identifiers,
)
from services.registry.errors import (
    AlreadyMerged,
    EndsBeforeItBegins,
    NamelessIndividual,
    NothingChanges,
)
from services.registry.models import Household, Identifier, Individual
from services.registry.models.states import Record
from services.registry.rules.proposals import Correction
from services.registry.rules.questionnaires import Unit, answered_disability
from shared.clock import now


async def correct(tx: AsyncSession, proposal: Correction, acting: Acting) -> Changing:
    """State other values of some fields: as if they had always been, or from one day until another."""
    _refuse_days(proposal)
    record, households = await _lock(tx, proposal)
    fields = proposal.fields()
    nni, identifiers = fields.pop("nni", _NOT_SAID), fields.pop("identifiers", [])
    if record.status == "merged":
        raise AlreadyMerged(pointer="/proposal", into=record.merged_into)
    if fields.get("commune_code"):
        await refuse_unknown_commune(tx, fields["commune_code"], "/proposal/household/commune_code")
    _refuse_nameless(record, fields)
    _check_answers(record, fields)
    new_nni = nni is not _NOT_SAID and await _nnis(tx, record.id) != ([nni] if nni else [])
    new_identifiers = await _new_identifiers(tx, record.id, identifiers)
    if not new_nni and not new_identifiers and not await _differ(tx, record, fields, proposal):
        raise NothingChanges(pointer="/proposal")

    changing = acting.begin(tx, "correction", [record, *households.values()], now().date())
    await state_facts(tx, changing, record, fields, from_on=proposal.from_on, until_on=proposal.until_on)
    if new_nni:
        await _state_nni(tx, changing, record.id, nni)
    await _state_identifiers(tx, changing, record.id, new_identifiers)
    for household in households.values():
        await touch(tx, changing, household)
    announce(tx, changing)
    return changing


_NOT_SAID: Any = object()


def _refuse_days(proposal: Correction) -> None:
    for pointer, day in (("/proposal/from_on", proposal.from_on), ("/proposal/until_on", proposal.until_on)):
        if day is not None:
            refuse_day(day, pointer=pointer)
    if proposal.from_on and proposal.until_on and proposal.until_on <= proposal.from_on:
        raise EndsBeforeItBegins(pointer="/proposal/until_on")


async def _lock(tx: AsyncSession, proposal: Correction) -> tuple[Record, dict[UUID, Household]]:
    """The record to be corrected; of a person, also the households whose pages show that person."""
    if proposal.household_id is not None:
        return (await lock_households(tx, [proposal.household_id]))[proposal.household_id], {}
    assert proposal.individual_id is not None
    households = await lock_homes(tx, proposal.individual_id)
    return (await lock_individuals(tx, [proposal.individual_id]))[proposal.individual_id], households


async def lock_homes(tx: AsyncSession, individual_id: UUID) -> dict[UUID, Household]:
    """The households an individual belongs to now, locked: before the individual, as everywhere."""
    memberships = await current_memberships(tx, individual_id=individual_id)
    return await lock_households(tx, [one.household_id for one in memberships])


def _check_answers(record: Record, fields: dict[str, Any]) -> None:
    """Answers are whole: they take the place of those held. What they say of a disability counts."""
    if fields.get("answers") is None:
        fields.pop("answers", None)
        fields.pop("questionnaire_version", None)
        return
    version = fields.setdefault("questionnaire_version", record.questionnaire_version)
    unit: Unit = "household" if isinstance(record, Household) else "individual"
    refuse_wrong_answers(unit, version, fields["answers"], f"/proposal/{unit}/answers")
    if unit == "individual" and answered_disability(fields["answers"]):
        fields["disability"] = True


def _refuse_nameless(record: Record, fields: dict[str, Any]) -> None:
    if isinstance(record, Individual):
        names = {"name_fr": record.name_fr, "name_ar": record.name_ar} | fields
        if not (names["name_fr"] or names["name_ar"]):
            raise NamelessIndividual(pointer="/proposal/individual/name_fr")


async def _differ(tx: AsyncSession, record: Record, fields: dict[str, Any], proposal: Correction) -> bool:
    start, end = proposal.from_on or date.min, proposal.until_on or date.max
    return any(
        piece.state.get(name) != value
        for piece in await believed_pieces(tx, record)
        if piece.true_from < end and (piece.true_until is None or piece.true_until > start)
        for name, value in fields.items()
    )


async def _nnis(tx: AsyncSession, individual_id: UUID) -> list[str]:
    rows = select(Identifier.value).where(
        Identifier.individual_id == individual_id, Identifier.type == "NNI", Identifier.known_until.is_(None)
    )
    return list(await tx.scalars(rows.order_by(Identifier.value)))


async def _state_nni(tx: AsyncSession, changing: Changing, individual_id: UUID, nni: str | None) -> None:
    await withdraw_identifiers(tx, changing, individual_id, "NNI")
    if nni:
        add_nni(tx, changing, individual_id, nni)


async def _new_identifiers(
    tx: AsyncSession, individual_id: UUID, told: Sequence[Mapping[str, Any]]
) -> list[tuple[Mapping[str, Any], Identifier | None]]:
    """The identifiers that are not held as told, each with the row that holds it."""
    if not told:
        return []
    held = {
        (one.type, one.value): one
        for one in await tx.scalars(
            select(Identifier).where(Identifier.individual_id == individual_id, Identifier.known_until.is_(None))
        )
    }
    found = [(one, held.get((one["type"], one["value"]))) for one in told]
    return [(one, row) for one, row in found if (row is not None) == one.get("withdraw", False)]


async def _state_identifiers(
    tx: AsyncSession,
    changing: Changing,
    individual_id: UUID,
    told: Sequence[tuple[Mapping[str, Any], Identifier | None]],
) -> None:
    for one, row in told:
        if row is not None:
            row.known_until, row.ended_by = changing.at, changing.id
        else:
            add_identifier(
                tx,
                changing,
                individual_id,
                type_=one["type"],
                value=one["value"],
                issuer=one["issuer"],
                grade="declared",
            )
    await tx.flush()
