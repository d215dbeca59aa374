"""Partners and what they show, as the API gives and takes them. No secret is ever told again."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from gateway.agreements.terms import Program, no_repeats
from gateway.partners.file import ONE_LINE, PARTNER_ID, Limits, Names, Partner, Permission
from gateway.partners.models import Credential, PartnerRow
from shared.clock import now

LONGEST_OVERLAP_HOURS = 720
Permissions = Annotated[tuple[Permission, ...], AfterValidator(no_repeats)]
Programs = Annotated[tuple[Program, ...], AfterValidator(no_repeats)]


PartnerId = Annotated[str, StringConstraints(pattern=rf"^{PARTNER_ID.pattern}$")]


class Taken(BaseModel):
    """What comes in says nothing that is not asked."""

    model_config = ConfigDict(extra="forbid")


class PartnerIn(Taken):
    """A new partner. `sandbox`: it exists only for the sandbox's gateway, which no real data can be reached through."""

    id: PartnerId
    names: Names
    permissions: Permissions = Field(min_length=1)
    programs: Programs = ()
    subscribes: Programs = ()
    limits: Limits
    sandbox: bool = False
    key_only: bool = False
    certificate_required: bool = False

    def partner(self) -> Partner:
        return Partner.model_validate(self.model_dump())


class PartnerChange(Taken):
    """What is named changes; what is absent stays."""

    permissions: Permissions | None = Field(default=None, min_length=1)
    programs: Programs | None = None
    subscribes: Programs | None = None
    limits: Limits | None = None
    key_only: bool | None = None
    certificate_required: bool | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_dump(exclude_none=True):
            raise ValueError("nothing to change")
        return self

    def columns(self) -> dict[str, Any]:
        """The columns it changes."""
        given = self.model_dump(exclude_none=True)
        given |= given.pop("limits", {})
        return {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}


class Suspension(Taken):
    reason: str = Field(min_length=3, max_length=500, pattern=ONE_LINE)


class KeyIn(Taken):
    """A public key as JWK: P-256 (ES256) or Ed25519 (EdDSA). Good from `not_before` on; absent: from now on."""

    public_key: dict[str, Any] = Field(max_length=20)
    not_before: AwareDatetime | None = None


class Rotation(Taken):
    """For how many hours the secrets before it stay good, so that the partner can change over."""

    overlap_hours: float = Field(default=24, ge=0, le=LONGEST_OVERLAP_HOURS)


class PartnerOut(BaseModel):
    id: str
    names: Names
    permissions: list[str]
    programs: list[str]
    subscribes: list[str]
    limits: Limits
    sandbox: bool
    key_only: bool
    certificate_required: bool
    added_at: datetime
    added_by: str
    suspended_at: datetime | None
    suspended_by: str | None
    suspended_because: str | None

    @classmethod
    def of(cls, row: PartnerRow) -> Self:
        limits = Limits(requests_per_second=row.requests_per_second, burst=row.burst, concurrent=row.concurrent)
        own = {name: getattr(row, name) for name in cls.model_fields if name not in ("names", "limits")}
        return cls(names=Names(**row.names), limits=limits, **own)


class CredentialOut(BaseModel):
    """A key or a secret, never the secret itself. `state`: waiting, good, ended or revoked.

    `last_used_at`: when a token was last got with it, written down within some seconds; what such a token does shows elsewhere.
    """

    id: UUID
    kind: str
    state: str
    kid: str | None
    public_key: dict[str, Any] | None
    not_before: datetime
    ends_at: datetime | None
    added_at: datetime
    added_by: str
    revoked_at: datetime | None
    revoked_by: str | None
    last_used_at: datetime | None

    @classmethod
    def of(cls, row: Credential) -> Self:
        own = {name: getattr(row, name) for name in cls.model_fields if name not in ("kind", "state")}
        return cls(kind="secret" if row.public_key is None else "key", state=_state(row, now()), **own)


class SecretOut(BaseModel):
    """A new secret, told this once."""

    client_id: str
    client_secret: str
    credential: CredentialOut


def _state(row: Credential, moment: datetime) -> str:
    if row.revoked_at is not None:
        return "revoked"
    if row.ends_at is not None and row.ends_at <= moment:
        return "ended"
    return "waiting" if moment < row.not_before else "good"
