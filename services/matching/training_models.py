"""Tables of the models that links are made by: each with its report, and which was in force when."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Float, ForeignKey, Identity, Index, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, deferred, mapped_column

from services.matching.models import Base


class LinkageModel(Base):
    """A set of models; once it is ready nothing of it changes."""

    __tablename__ = "linkage_models"
    __table_args__ = (
        Index("uq_linkage_models_training", "status", unique=True, postgresql_where="status = 'training'"),
        CheckConstraint("status IN ('training', 'ready', 'failed', 'cancelled')", name="status"),
        CheckConstraint("(status = 'ready') = (body IS NOT NULL)", name="ready_with_body"),
    )

    version: Mapped[str] = mapped_column(Text, primary_key=True)
    status: Mapped[str] = mapped_column(Text)
    progress: Mapped[float] = mapped_column(Float)
    """How much of the training is done, 0 to 1."""
    body: Mapped[bytes | None] = deferred(mapped_column(LargeBinary))
    """The set as JSON, as `engine/models.py` reads it."""
    report: Mapped[dict[str, Any] | None] = deferred(mapped_column(JSONB(none_as_null=True)))
    trained_from: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """How many members, rows of each unit and decisions of persons it was learned from."""
    failure: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    created_by: Mapped[str] = mapped_column(Text)
    """The partner, and below its official; `tekamoul` and nobody of a set that ships."""
    official: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ModelPromotion(Base):
    """A turn of the version in force; rows are only added."""

    __tablename__ = "model_promotions"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    version: Mapped[str] = mapped_column(ForeignKey("linkage_models.version"))
    """In force from here on."""
    rolled_back: Mapped[str | None] = mapped_column(ForeignKey("linkage_models.version"))
    """The version that was taken back, where this turn did that."""
    promoted_by: Mapped[str] = mapped_column(Text)
    official: Mapped[str] = mapped_column(Text)
    promoted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
