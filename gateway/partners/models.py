"""Tables of the partners: who they are, with what they show it, and which tokens are withdrawn."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, DateTime, Float, ForeignKey, Index, Integer, LargeBinary, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gateway.delivery.models import Base


class PartnerRow(Base):
    """One institution. Nobody is removed, for what is logged names them; who may no longer call is suspended."""

    __tablename__ = "partners"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    names: Mapped[dict[str, str]] = mapped_column(JSONB)
    permissions: Mapped[list[str]] = mapped_column(ARRAY(Text))
    programs: Mapped[list[str]] = mapped_column(ARRAY(Text))
    subscribes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    requests_per_second: Mapped[float] = mapped_column(Float)
    burst: Mapped[int] = mapped_column(Integer)
    concurrent: Mapped[int] = mapped_column(Integer)
    sandbox: Mapped[bool]
    """Seen only by a gateway of the sandbox; the others only by one of the real platform."""
    key_only: Mapped[bool]
    """Its secrets are refused: it shows a signed assertion."""
    certificate_required: Mapped[bool]
    """It gets tokens only through a client certificate, and bound to it."""
    added_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    added_by: Mapped[str] = mapped_column(Text)
    suspended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    suspended_by: Mapped[str | None] = mapped_column(Text)
    suspended_because: Mapped[str | None] = mapped_column(Text)


class Credential(Base):
    """What a partner shows to get a token: the SHA-256 of a secret of ours, or the public key of a key pair of its own.

    Good from `not_before` to `ends_at`. What was got with it stays good when it ends, and ends when it is revoked.
    """

    __tablename__ = "credentials"
    __table_args__ = (
        CheckConstraint("(secret_sha256 IS NULL) <> (public_key IS NULL)", name="a_secret_or_a_key"),
        CheckConstraint("(public_key IS NULL) = (kid IS NULL)", name="a_key_has_a_name"),
        Index("uq_credentials_secret_sha256", "secret_sha256", unique=True),
        Index("uq_credentials_partner_kid", "partner", "kid", unique=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    partner: Mapped[str] = mapped_column(ForeignKey("partners.id"), index=True)
    secret_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    public_key: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    kid: Mapped[str | None] = mapped_column(Text)
    """The key's thumbprint (RFC 7638), so that one key has one name."""
    not_before: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ends_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    added_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    added_by: Mapped[str] = mapped_column(Text)
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_by: Mapped[str | None] = mapped_column(Text)
    last_used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When a token was last got with it; None also for what was last used before this was noted."""


class UsedAssertion(Base):
    """An assertion that has opened the door once; forgotten when it could not any more."""

    __tablename__ = "used_assertions"

    partner: Mapped[str] = mapped_column(Text, primary_key=True)
    jti_sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    ends_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)


class RevokedToken(Base):
    """A token withdrawn before its end, by its `jti`; forgotten after that end."""

    __tablename__ = "revoked_tokens"

    jti: Mapped[str] = mapped_column(Text, primary_key=True)
    partner: Mapped[str] = mapped_column(Text)
    ends_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
