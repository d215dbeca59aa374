"""Writing in the partners' tables. Whatever a process decides by is announced, so that all know within a second."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.changes import announce
from gateway.partners.differing import differences
from gateway.partners.errors import KeyKnown, PartnerInNoFile, PartnerKnown, TooManyCredentials
from gateway.partners.file import Partner
from gateway.partners.keys import thumbprint_of
from gateway.partners.models import Credential, PartnerRow, RevokedToken, UsedAssertion
from gateway.partners.seeding import row_of
from shared.clock import now
from shared.errors import NotFound
from shared.ids import new_id
from shared.logs import log

SECRET_BYTES = 32
"""256 random bits: nobody guesses them, so a plain SHA-256 of them is all that need be kept."""
MOST_CREDENTIALS = 10
"""A partner's credentials that are good or yet to be."""


async def add_partner(tx: AsyncSession, partner: Partner, by: str) -> PartnerRow:
    """A new partner, without anything to show yet; PartnerKnown."""
    given = upsert(PartnerRow).values(row_of(partner, by)).on_conflict_do_nothing(index_elements=["id"])
    row: PartnerRow | None = (await tx.execute(given.returning(PartnerRow))).scalar_one_or_none()
    if row is None:
        raise PartnerKnown(pointer="/id", partner=partner.id)
    await announce(tx)
    log.info("partner_added", partner=partner.id, by=by)
    return row


async def change_partner(tx: AsyncSession, partner_id: str, changes: dict[str, Any], by: str) -> PartnerRow:
    """Other permissions, programs, limits or rules of signing in; what is not named stays."""
    row = await _locked(tx, partner_id)
    for name, value in changes.items():
        setattr(row, name, value)
    await announce(tx)
    log.info("partner_changed", partner=partner_id, fields=sorted(changes), by=by)
    return row


async def take_from_file(tx: AsyncSession, partner_id: str, seed: Partner | None, by: str) -> PartnerRow:
    """Add what the file of this version lets the partner do and the database does not; what only the database has stays.

    PartnerInNoFile.
    """
    row = await _locked(tx, partner_id)
    if seed is None:
        raise PartnerInNoFile(partner=partner_id)
    added = {one.field: one.only_in_file for one in differences(seed, row) if one.only_in_file}
    if not added:
        return row
    return await change_partner(tx, partner_id, {one: [*getattr(row, one), *more] for one, more in added.items()}, by)


async def suspend_partner(tx: AsyncSession, partner_id: str, reason: str, by: str) -> PartnerRow:
    """From now on nothing opens the door for it: no token it has, and it gets none. Again changes nothing."""
    row = await _locked(tx, partner_id)
    if row.suspended_at is None:
        row.suspended_at, row.suspended_by, row.suspended_because = now(), by, reason
        await announce(tx)
        log.warning("partner_suspended", partner=partner_id, by=by)
    return row


async def resume_partner(tx: AsyncSession, partner_id: str, by: str) -> PartnerRow:
    """End its suspension; what it had before is good again."""
    row = await _locked(tx, partner_id)
    if row.suspended_at is not None:
        row.suspended_at = row.suspended_by = row.suspended_because = None
        await announce(tx)
        log.warning("partner_resumed", partner=partner_id, by=by)
    return row


async def add_key(
    tx: AsyncSession, partner_id: str, public_key: dict[str, str], *, not_before: datetime | None, by: str
) -> Credential:
    """A further public key; those there are stay good, so that the partner changes over without a failed call.

    KeyKnown where the partner has or had it: a key revoked once never comes back.
    """
    await _locked(tx, partner_id)
    kid = thumbprint_of(public_key)
    known = select(Credential.id).where(Credential.partner == partner_id, Credential.kid == kid)
    if await tx.scalar(known) is not None:
        raise KeyKnown(pointer="/public_key", kid=kid)
    await _refuse_too_many(tx, partner_id)
    credential = Credential(
        id=new_id(), partner=partner_id, public_key=public_key, kid=kid, not_before=not_before or now(), added_by=by
    )
    return await _added(tx, credential)


async def rotate_secret(tx: AsyncSession, partner_id: str, *, overlap: timedelta, by: str) -> tuple[Credential, str]:
    """A new secret, told this once; the ones before it end after `overlap`."""
    await _locked(tx, partner_id)
    await _refuse_too_many(tx, partner_id)
    moment = now()
    for old in await _unrevoked(tx, partner_id):
        if old.secret_sha256 is not None and (old.ends_at is None or old.ends_at > moment + overlap):
            old.ends_at = moment + overlap
    secret = secrets.token_urlsafe(SECRET_BYTES)
    digest = hashlib.sha256(secret.encode()).digest()
    credential = Credential(id=new_id(), partner=partner_id, secret_sha256=digest, not_before=moment, added_by=by)
    return await _added(tx, credential), secret


async def revoke_credential(tx: AsyncSession, partner_id: str, credential_id: UUID, by: str) -> Credential:
    """Withdraw a key or secret, and every token got with it, at once. Again changes nothing. NotFound also for another partner's."""
    await _locked(tx, partner_id)
    credential = await tx.get(Credential, credential_id, with_for_update=True)
    if credential is None or credential.partner != partner_id:
        raise NotFound
    if credential.revoked_at is None:
        credential.revoked_at, credential.revoked_by = now(), by
        await announce(tx)
        log.warning("credential_revoked", partner=partner_id, credential=str(credential_id), by=by)
    return credential


async def revoke_token(tx: AsyncSession, partner_id: str, jti: str, ends_at: datetime) -> None:
    """Withdraw one token before its end."""
    row = {"jti": jti, "partner": partner_id, "ends_at": ends_at}
    await tx.execute(upsert(RevokedToken).values(row).on_conflict_do_nothing(index_elements=["jti"]))
    await announce(tx)
    log.info("token_revoked", partner=partner_id)


async def use_assertion(tx: AsyncSession, partner_id: str, jti: str, ends_at: datetime) -> bool:
    """Whether this is its first use, in any of the gateway's processes."""
    row = {
        "partner": partner_id,
        "jti_sha256": hashlib.sha256(jti.encode("utf-8", "surrogatepass")).digest(),
        "ends_at": ends_at,
    }
    given = upsert(UsedAssertion).values(row).on_conflict_do_nothing(index_elements=["partner", "jti_sha256"])
    return await tx.scalar(given.returning(UsedAssertion.partner)) is not None


async def note_uses(tx: AsyncSession, used: Mapping[UUID, datetime]) -> None:
    """Write down when credentials were last used; another process may have written a later use meanwhile. In one order, so that
    two processes never wait for each other."""
    for credential, at in sorted(used.items()):
        later = func.greatest(Credential.last_used_at, at)
        await tx.execute(update(Credential).where(Credential.id == credential).values(last_used_at=later))


async def forget_ended(tx: AsyncSession, moment: datetime) -> None:
    """Remove what has no meaning any more: assertions and withdrawn tokens past their end."""
    for table in (UsedAssertion, RevokedToken):
        await tx.execute(delete(table).where(table.ends_at < moment))


async def _locked(tx: AsyncSession, partner_id: str) -> PartnerRow:
    row = await tx.get(PartnerRow, partner_id, with_for_update=True)
    if row is None:
        raise NotFound
    return row


async def _unrevoked(tx: AsyncSession, partner_id: str) -> Sequence[Credential]:
    wanted = select(Credential).where(Credential.partner == partner_id, Credential.revoked_at.is_(None))
    return (await tx.scalars(wanted)).all()


async def _refuse_too_many(tx: AsyncSession, partner_id: str) -> None:
    moment = now()
    good = [one for one in await _unrevoked(tx, partner_id) if one.ends_at is None or one.ends_at > moment]
    if len(good) >= MOST_CREDENTIALS:
        raise TooManyCredentials(limit=MOST_CREDENTIALS)


async def _added(tx: AsyncSession, credential: Credential) -> Credential:
    tx.add(credential)
    await tx.flush()
    await tx.refresh(credential)
    await announce(tx)
    kind = "secret" if credential.public_key is None else "key"
    log.info("credential_added", partner=credential.partner, credential=str(credential.id), kind=kind)
    return credential
