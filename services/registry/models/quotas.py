"""Table of quotas: how many households a place may have in the registry, by which decree and for how long."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, DateTime, Index, Integer, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.registry.models.declaring import Base


class Quota(Base):
    """The quota of a commune or village in a period. Its use is never stored: it is counted where households live."""

    __tablename__ = "quotas"
    __table_args__ = (
        UniqueConstraint("place_code", "period"),
        CheckConstraint("households >= 0", name="households"),
        CheckConstraint("valid_until > valid_from", name="valid_for_a_while"),
        Index("ix_quotas_valid_until", "valid_until"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    place_code: Mapped[str] = mapped_column(Text)
    period: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    households: Mapped[int] = mapped_column(Integer)
    categories: Mapped[list[str]] = mapped_column(JSONB)
    """The vulnerability categories that are counted; none: every household."""
    legal_reference: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[date] = mapped_column(Date)
    valid_until: Mapped[date] = mapped_column(Date)
    """The first day it is no longer valid."""
    exceeded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When its use was seen beyond it; None while it is not."""
    crossings: Mapped[int] = mapped_column(Integer)
    """How often its use has gone beyond it, each announced once."""
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_by: Mapped[str] = mapped_column(Text)
