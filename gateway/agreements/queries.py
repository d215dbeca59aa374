"""Reads of agreements. A partner sees those to which it is a party; for `partner` None, who watches over them sees all."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import case, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.agreements.models import AgreementRow, DayVolume, StepRow, VersionRow
from gateway.agreements.rules.deciding import Held
from gateway.agreements.rules.lifecycle import IN_FORCE, State, Step
from gateway.agreements.schemas import AgreementOut, SignatureOut, StepOut, VersionOut
from shared.clock import now
from shared.errors import NotFound
from shared.pagination import Page, decode_cursor, encode_cursor

NOTICE = timedelta(days=30)
"""How long before its last day an agreement is shown as ending."""
_IN_FORCE_FIRST = case((VersionRow.state.in_(IN_FORCE), 0), else_=1)


async def held(tx: AsyncSession) -> list[tuple[str, Held]]:
    """Every agreement with its recipient: the version in force, else the newest."""
    rows = (
        select(AgreementRow.recipient, VersionRow)
        .join(VersionRow, VersionRow.agreement_id == AgreementRow.id)
        .ext(distinct_on(VersionRow.agreement_id))
        .order_by(VersionRow.agreement_id, _IN_FORCE_FIRST, VersionRow.version.desc())
    )
    return [(recipient, held_of(row)) for recipient, row in await tx.execute(rows)]


def held_of(row: VersionRow) -> Held:
    return Held(row.agreement_id, row.version, State(row.state), row.said, row.review_until)


async def of_party(tx: AsyncSession, agreement_id: str, partner: str | None, *, lock: bool = False) -> AgreementRow:
    """NotFound also where the partner is no party to it."""
    found = await tx.get(AgreementRow, agreement_id, with_for_update=lock)
    if found is None or partner not in (None, found.provider, found.recipient):
        raise NotFound
    return found


async def agreements(
    tx: AsyncSession, partner: str | None, limit: int, cursor: str | None, *, kind: str | None, state: State | None
) -> Page[AgreementOut]:
    """A party's agreements, by id; with `state`, those whose governing version is in it."""
    rows = select(AgreementRow)
    if partner is not None:
        rows = rows.where(or_(AgreementRow.provider == partner, AgreementRow.recipient == partner))
    if kind is not None:
        rows = rows.where(AgreementRow.kind == kind)
    if state is not None:
        governing = (
            select(VersionRow.state)
            .where(VersionRow.agreement_id == AgreementRow.id)
            .order_by(_IN_FORCE_FIRST, VersionRow.version.desc())
            .limit(1)
            .scalar_subquery()
        )
        rows = rows.where(governing == state)
    if cursor:
        rows = rows.where(AgreementRow.id > decode_cursor(cursor, str)[0])
    found = list(await tx.scalars(rows.order_by(AgreementRow.id).limit(limit + 1)))
    items = await _out(tx, found[:limit])
    return Page(items=items, next_cursor=encode_cursor(found[limit - 1].id) if len(found) > limit else None)


async def agreement(tx: AsyncSession, agreement_id: str, partner: str | None) -> AgreementOut:
    return (await _out(tx, [await of_party(tx, agreement_id, partner)]))[0]


async def in_force_of(tx: AsyncSession, partner: str, day: date, limit: int) -> list[tuple[AgreementRow, VersionRow]]:
    """A party's agreements that hold on a day, suspended ones too; who ends first comes first."""
    rows = (
        select(AgreementRow, VersionRow)
        .join(VersionRow, VersionRow.agreement_id == AgreementRow.id)
        .where(or_(AgreementRow.provider == partner, AgreementRow.recipient == partner))
        .where(VersionRow.state.in_(IN_FORCE), VersionRow.not_before <= day, VersionRow.not_after >= day)
        .order_by(VersionRow.not_after, AgreementRow.id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in await tx.execute(rows)]


async def _out(tx: AsyncSession, found: Sequence[AgreementRow]) -> list[AgreementOut]:
    ids = [one.id for one in found]
    of_each: dict[str, list[VersionRow]] = {one: [] for one in ids}
    newest = select(VersionRow).where(VersionRow.agreement_id.in_(ids)).order_by(VersionRow.version.desc())
    for row in await tx.scalars(newest):
        of_each[row.agreement_id].append(row)
    used = await used_on(tx, ids, now().date())
    return [_agreement_out(one, of_each[one.id], used.get(one.id, 0)) for one in found]


def _agreement_out(row: AgreementRow, versions: Sequence[VersionRow], used: int) -> AgreementOut:
    governing = governing_of(versions)
    proposed = next((one for one in versions if one.state in (State.DRAFT, State.SIGNED)), None)
    return AgreementOut(
        id=row.id,
        kind=row.kind,
        provider=row.provider,
        recipient=row.recipient,
        revision=row.revision,
        version=governing.version,
        state=State(governing.state),
        terms=governing.said,
        fingerprint=governing.fingerprint,
        review_until=governing.review_until,
        ends_soon=governing.state in IN_FORCE and governing.not_after <= now().date() + NOTICE,
        proposed_version=proposed.version if proposed is not None and proposed is not governing else None,
        used_today=used,
    )


def governing_of(versions: Sequence[VersionRow]) -> VersionRow:
    """The version in force, else the newest; `versions` come newest first."""
    return next((one for one in versions if one.state in IN_FORCE), versions[0])


async def used_on(tx: AsyncSession, ids: Collection[str], day: date) -> dict[str, int]:
    """How many people's data each has given on a day."""
    rows = select(DayVolume.agreement_id, DayVolume.used).where(DayVolume.day == day, DayVolume.agreement_id.in_(ids))
    return {row[0]: row[1] for row in await tx.execute(rows)}


async def version(tx: AsyncSession, agreement_id: str, number: int, partner: str | None) -> VersionOut:
    """A version with its signatures. NotFound."""
    await of_party(tx, agreement_id, partner)
    row = await version_row(tx, agreement_id, number)
    signed = await signatures(tx, agreement_id, number)
    return VersionOut(
        agreement_id=row.agreement_id,
        version=row.version,
        state=State(row.state),
        terms=row.said,
        fingerprint=row.fingerprint,
        review_until=row.review_until,
        signatures=[SignatureOut(party=one.partner, official=one.official, signed_at=one.at) for one in signed],
    )


async def version_row(tx: AsyncSession, agreement_id: str, number: int) -> VersionRow:
    row = await tx.get(VersionRow, (agreement_id, number))
    if row is None:
        raise NotFound
    return row


async def signatures(tx: AsyncSession, agreement_id: str, number: int) -> Sequence[StepRow]:
    rows = select(StepRow).where(
        StepRow.agreement_id == agreement_id, StepRow.version == number, StepRow.step == Step.SIGN
    )
    return (await tx.scalars(rows.order_by(StepRow.id))).all()


async def history(
    tx: AsyncSession, agreement_id: str, partner: str | None, limit: int, cursor: str | None
) -> Page[StepOut]:
    """Every step of an agreement, newest first."""
    await of_party(tx, agreement_id, partner)
    rows = select(StepRow).where(StepRow.agreement_id == agreement_id)
    if cursor:
        rows = rows.where(StepRow.id < decode_cursor(cursor, UUID)[0])
    found = list(await tx.scalars(rows.order_by(StepRow.id.desc()).limit(limit + 1)))
    items = [StepOut.model_validate(one) for one in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(items[-1].id) if len(found) > limit else None)


async def to_decide(tx: AsyncSession) -> dict[str, int]:
    """What waits for a person: versions signed or proposed, emergencies to review, agreements that end within NOTICE."""
    today = now().date()
    in_force = VersionRow.state.in_(IN_FORCE)
    ending = select(func.count()).where(in_force, VersionRow.not_after <= today + NOTICE)
    reviews = select(func.count()).where(in_force, VersionRow.review_until.is_not(None))
    approvals = select(func.count()).where(VersionRow.state == State.SIGNED)
    counts = {"agreements_ending": ending, "emergencies_to_review": reviews, "agreements_to_approve": approvals}
    return {name: await tx.scalar(count) or 0 for name, count in counts.items()}
