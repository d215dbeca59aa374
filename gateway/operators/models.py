"""Tables of the people who sign in to the dashboard."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Text,
    false,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from gateway.delivery.models import Base


class Operator(Base):
    """One person. Nobody is removed, for what is logged names them; who may no longer sign in is disabled."""

    __tablename__ = "operators"
    __table_args__ = (
        CheckConstraint("(role = 'partner_viewer') = (partner IS NOT NULL)", name="viewers_have_partners"),
        CheckConstraint("password_hash IS NOT NULL OR account IS NOT NULL", name="a_way_to_sign_in"),
        CheckConstraint(
            "num_nonnulls(factor_secret, factor_step, factor_added_at) IN (0, 3)", name="factors_are_whole"
        ),
        Index("uq_operators_account", "account", unique=True),
    )

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    role: Mapped[str] = mapped_column(Text)
    partner: Mapped[str | None] = mapped_column(ForeignKey("partners.id"))
    """Whose pages a partner viewer sees."""
    password_hash: Mapped[str | None] = mapped_column(Text)
    """argon2id, as a PHC string; None for who signs in with an account alone."""
    password_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """How long a first password opens, until another is chosen; None for a password of the person's own."""
    account: Mapped[str | None] = mapped_column(Text)
    """The person's `sub` at the institution's own issuer."""
    factor_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    """What the person's authenticator works codes out of, encrypted (factors.py); None for who has no second factor."""
    factor_step: Mapped[int | None] = mapped_column(BigInteger)
    """The step of the last code that was shown: none of it or before is good again."""
    factor_added_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    added_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    added_by: Mapped[str] = mapped_column(Text)
    disabled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    disabled_by: Mapped[str | None] = mapped_column(Text)

    def takes_password(self, moment: datetime) -> bool:
        """Whether the person may sign in, and a first password has not ended."""
        return self.disabled_at is None and (self.password_until is None or self.password_until > moment)


class OperatorSession(Base):
    """A browser that signed in, known by the SHA-256 of its cookie."""

    __tablename__ = "operator_sessions"

    token_sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    operator: Mapped[str] = mapped_column(ForeignKey("operators.name"), index=True)
    began_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    ends_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    """When the person last asked for something, give or take a minute; what a page asks for by itself does not count."""
    address: Mapped[str | None] = mapped_column(Text)
    """Where from, for the person to know it by."""


class OperatorSignIn(Base):
    """A sign-in that has a step left, known by the SHA-256 of its cookie. It opens nothing but the page of that step."""

    __tablename__ = "operator_sign_ins"

    token_sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    operator: Mapped[str] = mapped_column(ForeignKey("operators.name"), index=True)
    ends_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    by_account: Mapped[bool] = mapped_column(Boolean, server_default=false())
    """Whether the institution's issuer has proven who it is, and not a password."""
    factor_shown: Mapped[bool] = mapped_column(Boolean, server_default=false())
    """Whether the second factor was shown, here or to the issuer."""


class RecoveryCode(Base):
    """In the place of a code of the authenticator, once: for who has lost it."""

    __tablename__ = "operator_recovery_codes"

    code_sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    operator: Mapped[str] = mapped_column(ForeignKey("operators.name"), index=True)


class SignInFailures(Base):
    """How often in a row someone failed to sign in: a name from one address, or a name from anywhere."""

    __tablename__ = "sign_in_failures"

    who_sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    failures: Mapped[int] = mapped_column(Integer)
    last_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
