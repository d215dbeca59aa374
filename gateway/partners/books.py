"""The books of one gateway process: the partners, what they show and which tokens are withdrawn, as the database has it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.partners.file import Limits, Names, Partner, Partners
from gateway.partners.models import Credential, PartnerRow, RevokedToken
from shared.clock import now


@dataclass(frozen=True, slots=True)
class Held:
    """One credential that has not been revoked: a secret's SHA-256, or a public key (JWK)."""

    id: UUID
    partner: str
    secret_sha256: bytes | None
    public_key: dict[str, Any] | None
    kid: str | None
    not_before: datetime
    ends_at: datetime | None

    def is_good(self, moment: datetime) -> bool:
        return self.not_before <= moment and (self.ends_at is None or moment < self.ends_at)


class Books:
    """What is known of the partners. `partners` is one dictionary for the life of the process, changed in place."""

    def __init__(self, *, sandbox: bool) -> None:
        self.partners: Partners = {}
        self.credentials: dict[UUID, Held] = {}
        self.revoked: frozenset[str] = frozenset()
        """The `jti` of tokens withdrawn before their end."""
        self._of_partner: dict[str, tuple[Held, ...]] = {}
        self._sandbox = sandbox
        self._told: list[Callable[[], None]] = []

    def when_changed(self, told: Callable[[], None]) -> None:
        """Call `told` whenever something in the books has become different."""
        self._told.append(told)

    def of(self, partner: str) -> tuple[Held, ...]:
        """The partner's credentials that are good now."""
        moment = now()
        return tuple(one for one in self._of_partner.get(partner, ()) if one.is_good(moment))

    async def read(self, tx: AsyncSession) -> None:
        """Read them anew. A partner of the other kind (sandbox or real) does not exist for this process."""
        rows = await tx.scalars(select(PartnerRow).where(PartnerRow.sandbox == self._sandbox))
        partners = {row.id: _partner(row) for row in rows}
        held = await tx.scalars(select(Credential).where(Credential.revoked_at.is_(None)))
        credentials = {row.id: _held(row) for row in held if row.partner in partners}
        revoked = frozenset((await tx.scalars(select(RevokedToken.jti))).all())
        self.keep(partners, credentials, revoked)

    def keep(self, partners: Partners, credentials: dict[UUID, Held], revoked: frozenset[str]) -> None:
        """Take over what was read; whoever asked is told where it differs from before."""
        if (partners, credentials, revoked) == (self.partners, self.credentials, self.revoked):
            return
        # Without an await in between: no request sees half of it.
        self.partners.clear()
        self.partners.update(partners)
        self.credentials, self.revoked = credentials, revoked
        self._of_partner = {name: _of(name, credentials.values()) for name in partners}
        for told in self._told:
            told()


def _of(partner: str, credentials: Iterable[Held]) -> tuple[Held, ...]:
    return tuple(one for one in credentials if one.partner == partner)


def _partner(row: PartnerRow) -> Partner:
    values: dict[str, Any] = {
        "id": row.id,
        "names": Names(**row.names),
        "permissions": tuple(row.permissions),
        "programs": tuple(row.programs),
        "subscribes": tuple(row.subscribes),
        "limits": Limits(requests_per_second=row.requests_per_second, burst=row.burst, concurrent=row.concurrent),
        "sandbox": row.sandbox,
        "key_only": row.key_only,
        "certificate_required": row.certificate_required,
        "suspended": row.suspended_at is not None,
    }
    # Not validated again: a permission that this version no longer has must not keep a partner out.
    return Partner.model_construct(**values)


def _held(row: Credential) -> Held:
    return Held(row.id, row.partner, row.secret_sha256, row.public_key, row.kid, row.not_before, row.ends_at)
