"""Tables of those who watch over the log: erasures, break-glass, alerts."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, DateTime, Index, Integer, LargeBinary, Text, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from gateway.delivery.models import Base


class Erasure(Base):
    """One person asks for a subject's name to be erased from the log, another decides. Then it is not held here either."""

    __tablename__ = "erasures"
    __table_args__ = (
        CheckConstraint("decided_by <> asked_by", name="two_persons"),
        CheckConstraint("(decided_at IS NULL) = (subject IS NOT NULL)", name="named_until_decided"),
        Index("ix_erasures_open", "subject", unique=True, postgresql_where="decided_at IS NULL"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    subject: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    erased: Mapped[int | None] = mapped_column(Integer)
    """Names erased, one for each month; None where it was refused, or is not decided."""


class BreakGlass(Base):
    """Access in an emergency: for an hour, every read marked, shown until a second person has reviewed it."""

    __tablename__ = "break_glass"
    __table_args__ = (
        CheckConstraint("reviewed_by <> partner || '/' || official", name="two_persons"),
        Index("ix_break_glass_unreviewed", "opened_at", postgresql_where="reviewed_at IS NULL"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    partner: Mapped[str] = mapped_column(Text)
    official: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    subject: Mapped[str | None] = mapped_column(Text)
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ends_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    reviewed_by: Mapped[str | None] = mapped_column(Text)
    reviewed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    justified: Mapped[bool | None] = mapped_column()
    remark: Mapped[str | None] = mapped_column(Text)


class ReadingAlert(Base):
    """A partner, or an official of one, that read of more people in a day than its bound, or asked for many ids that are not
    there. `official` is a commitment, empty for a partner as a whole."""

    __tablename__ = "reading_alerts"
    __table_args__ = (
        UniqueConstraint("kind", "partner", "official", "day"),
        Index("ix_reading_alerts_open", "raised_at", postgresql_where="reviewed_at IS NULL"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    partner: Mapped[str] = mapped_column(Text)
    official: Mapped[bytes] = mapped_column(LargeBinary)
    day: Mapped[date] = mapped_column(Date)
    count: Mapped[int] = mapped_column(Integer)
    bound: Mapped[int] = mapped_column(Integer)
    raised_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    reviewed_by: Mapped[str | None] = mapped_column(Text)
    reviewed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    remark: Mapped[str | None] = mapped_column(Text)
