"""Partners and what they show: for the security officer, and each partner's own."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from gateway.partners import commands, queries
from gateway.partners.file import PARTNER_ID
from gateway.partners.keys import public_key
from gateway.partners.schemas import (
    CredentialOut,
    KeyIn,
    PartnerChange,
    PartnerId,
    PartnerIn,
    PartnerOut,
    Rotation,
    SecretOut,
    Suspension,
)
from shared.database import Tx
from shared.identity import Caller, permitted
from shared.pagination import LARGEST_PAGE, Cursor, Limit, Page, decode_cursor, encode_cursor

router = APIRouter(prefix="/v1/partners", tags=["partners"])
own = APIRouter(prefix="/v1/credentials", tags=["credentials"])

Reader = Annotated[Caller, permitted("partners:read")]
Officer = Annotated[Caller, permitted("partners:write")]
Owner = Annotated[Caller, permitted("credentials:write")]


@router.get("")
async def list_partners(tx: Tx, by: Reader, limit: Limit = LARGEST_PAGE, cursor: Cursor = None) -> Page[PartnerOut]:
    """All partners, real ones and those of the sandbox, by their code."""
    after = decode_cursor(cursor, _code)[0] if cursor else ""
    rows = await queries.partners(tx, after=after, limit=limit + 1)
    more = encode_cursor(rows[limit - 1].id) if len(rows) > limit else None
    return Page(items=[PartnerOut.of(row) for row in rows[:limit]], next_cursor=more)


@router.post("", status_code=201)
async def add_partner(tx: Tx, body: PartnerIn, by: Officer) -> PartnerOut:
    """Add a partner. It can call once it has a key or a secret."""
    return PartnerOut.of(await commands.add_partner(tx, body.partner(), by.name))


@router.get("/{partner_id}")
async def read_partner(tx: Tx, partner_id: PartnerId, by: Reader) -> PartnerOut:
    """One partner, with what it may do and how it signs in."""
    return PartnerOut.of(await queries.partner(tx, partner_id))


@router.patch("/{partner_id}")
async def change_partner(tx: Tx, partner_id: PartnerId, body: PartnerChange, by: Officer) -> PartnerOut:
    """Change what a partner may do, how much, or how it signs in; in force within a second, for tokens it has, too."""
    return PartnerOut.of(await commands.change_partner(tx, partner_id, body.columns(), by.name))


@router.post("/{partner_id}/suspend")
async def suspend_partner(tx: Tx, partner_id: PartnerId, body: Suspension, by: Officer) -> PartnerOut:
    """Close the door to a partner within a second, for the tokens it has, too."""
    return PartnerOut.of(await commands.suspend_partner(tx, partner_id, body.reason, by.name))


@router.post("/{partner_id}/resume")
async def resume_partner(tx: Tx, partner_id: PartnerId, by: Officer) -> PartnerOut:
    """Open the door to a suspended partner again."""
    return PartnerOut.of(await commands.resume_partner(tx, partner_id, by.name))


@router.get("/{partner_id}/credentials")
async def list_credentials(tx: Tx, partner_id: PartnerId, by: Reader) -> list[CredentialOut]:
    """What a partner shows or showed, the newest first."""
    await queries.partner(tx, partner_id)
    return [CredentialOut.of(row) for row in await queries.credentials(tx, partner_id)]


@router.post("/{partner_id}/keys", status_code=201)
async def add_key(tx: Tx, partner_id: PartnerId, body: KeyIn, by: Officer) -> CredentialOut:
    """Add a partner's public key beside those it has."""
    key = public_key(body.public_key)
    return CredentialOut.of(await commands.add_key(tx, partner_id, key, not_before=body.not_before, by=by.name))


@router.post("/{partner_id}/rotate-secret", status_code=201)
async def rotate_secret(tx: Tx, partner_id: PartnerId, body: Rotation, by: Officer) -> SecretOut:
    """A new secret, told this once; those before it stay good for the overlap."""
    return await _rotated(tx, partner_id, body, by.name)


@router.post("/{partner_id}/credentials/{credential_id}/revoke")
async def revoke_credential(tx: Tx, partner_id: PartnerId, credential_id: UUID, by: Officer) -> CredentialOut:
    """Withdraw a key or secret and every token got with it, within a second."""
    return CredentialOut.of(await commands.revoke_credential(tx, partner_id, credential_id, by.name))


@own.get("")
async def list_own_credentials(tx: Tx, by: Owner) -> list[CredentialOut]:
    """The caller's own keys and secrets, the newest first."""
    return [CredentialOut.of(row) for row in await queries.credentials(tx, by.name)]


@own.post("/keys", status_code=201)
async def add_own_key(tx: Tx, body: KeyIn, by: Owner) -> CredentialOut:
    """Add a public key of the caller's. To change keys without a failed call: add the new one, use it, revoke the old."""
    key = public_key(body.public_key)
    return CredentialOut.of(await commands.add_key(tx, by.name, key, not_before=body.not_before, by=by.name))


@own.post("/rotate-secret", status_code=201)
async def rotate_own_secret(tx: Tx, body: Rotation, by: Owner) -> SecretOut:
    """A new secret for the caller, told this once; those before it stay good for the overlap."""
    return await _rotated(tx, by.name, body, by.name)


@own.post("/{credential_id}/revoke")
async def revoke_own_credential(tx: Tx, credential_id: UUID, by: Owner) -> CredentialOut:
    """Withdraw a key or secret of the caller's and every token got with it, within a second."""
    return CredentialOut.of(await commands.revoke_credential(tx, by.name, credential_id, by.name))


async def _rotated(tx: Tx, partner_id: str, body: Rotation, by: str) -> SecretOut:
    overlap = timedelta(hours=body.overlap_hours)
    credential, secret = await commands.rotate_secret(tx, partner_id, overlap=overlap, by=by)
    return SecretOut(client_id=partner_id, client_secret=secret, credential=CredentialOut.of(credential))


def _code(value: object) -> str:
    if not isinstance(value, str) or not PARTNER_ID.fullmatch(value):
        raise ValueError
    return value
