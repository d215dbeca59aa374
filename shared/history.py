"""What changed, when, by whom and why: one row per version of an aggregate."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Index, Integer, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.database import PlatformBase


class History(PlatformBase):
    """Version `version` of aggregate `aggregate_id`; `batch_id` names the announcement it went out with."""

    __tablename__ = "history"
    __table_args__ = (Index("ix_history_batch_id_aggregate_id", "batch_id", "aggregate_id"),)

    aggregate_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    batch_id: Mapped[UUID]
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    changed_by: Mapped[str] = mapped_column(Text)
    change: Mapped[dict[str, Any]] = mapped_column(JSONB)
