"""Tells a partner by what it shows: a secret, or an assertion signed with its private key."""

import hashlib
import hmac
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from gateway.changes import Changes
from gateway.errors import ClientUnknown, TooManyFailures
from gateway.limits import Failures
from gateway.partners import commands
from gateway.partners.assertions import NotShown, Proof, claimed_subject, proven
from gateway.partners.books import Books
from gateway.partners.file import Partner
from shared.clock import now
from shared.logs import log
from shared.platform import Platform

NO_SUCH_SECRET = bytes(32)


@dataclass(frozen=True, slots=True)
class Secret:
    client_id: str
    secret: str


@dataclass(frozen=True, slots=True)
class Assertion:
    """`client_id` where the form names it beside the assertion; then both must say the same."""

    assertion: str
    client_id: str | None


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks, with which credential, and through which certificate (x5t#S256), if any."""

    partner: Partner
    credential: UUID
    certificate: str | None


class Clients:
    """Tells who asks for a token. `audiences`: the names by which an assertion may call us."""

    def __init__(self, books: Books, changes: Changes, audiences: Collection[str]) -> None:
        self._books, self._changes, self._audiences = books, changes, audiences
        self.failures = Failures()
        self.used: dict[UUID, datetime] = {}
        """When each credential last opened the door here, as far as it is not written down yet (partners/work.py)."""

    async def authenticate(
        self, platform: Platform, shown: Secret | Assertion, address: str, certificate: str | None
    ) -> Client:
        """Who it is; ClientUnknown, or after ten failures in a minute from one address TooManyFailures.

        Failures are counted by client and address, so that a stranger cannot lock a partner out.
        """
        who = f"{_name(shown)[:64]} {address}"
        if wait := self.failures.wait(who):
            refusal = TooManyFailures()
            refusal.headers = {"Retry-After": str(wait)}
            raise refusal
        try:
            try:
                partner, credential = await self._who(platform, shown)
            except NotShown:
                await self._changes.read_for_news(platform)
                partner, credential = await self._who(platform, shown)
            if partner.suspended or (partner.certificate_required and certificate is None):
                raise NotShown("suspended" if partner.suspended else "without its certificate")
        except NotShown as wrong:
            self.failures.add(who)
            log.warning("client_refused", address=address, reason=str(wrong))
            raise ClientUnknown from None
        self.used[credential] = now()
        return Client(partner, credential, certificate)

    async def _who(self, platform: Platform, shown: Secret | Assertion) -> tuple[Partner, UUID]:
        if isinstance(shown, Secret):
            return self._by_secret(shown)
        return await self._by_assertion(platform, shown)

    def _by_secret(self, shown: Secret) -> tuple[Partner, UUID]:
        partner = self._books.partners.get(shown.client_id)
        # A plain SHA-256 is enough: secrets are 256 random bits that we made, there is no dictionary to try.
        given = hashlib.sha256(shown.secret.encode("utf-8", "surrogatepass")).digest()
        held = [one for one in self._books.of(shown.client_id) if one.secret_sha256 is not None]
        right = [one for one in held if hmac.compare_digest(given, one.secret_sha256 or NO_SUCH_SECRET)]
        if partner is None or not right:
            raise NotShown("secret")
        if partner.key_only:
            raise NotShown("a secret where only keys count")
        return partner, right[0].id

    async def _by_assertion(self, platform: Platform, shown: Assertion) -> tuple[Partner, UUID]:
        subject = claimed_subject(shown.assertion)
        partner = self._books.partners.get(subject)
        if partner is None or shown.client_id not in (None, subject):
            raise NotShown("no such client")
        proof: Proof = proven(
            shown.assertion, subject, self._books.of(subject), audiences=self._audiences, moment=time.time()
        )
        async with platform.database.transaction() as tx:
            ends_at = datetime.fromtimestamp(proof.ends, UTC)
            if not await commands.use_assertion(tx, subject, proof.jti, ends_at):
                raise NotShown("used before")
        return partner, proof.credential


def _name(shown: Secret | Assertion) -> str:
    if isinstance(shown, Secret):
        return shown.client_id
    try:
        return claimed_subject(shown.assertion)
    except NotShown:
        return shown.client_id or ""
