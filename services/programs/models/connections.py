"""Tables of connections to institutions' own systems, and of what a checked file would do."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Integer, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.programs.models.declaring import Base
from shared.importing.models import Import


class Connection(Base):
    """How far a connection of the configuration has come. A row appears with its first run."""

    __tablename__ = "connections"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    after: Mapped[str | None] = mapped_column(Text)
    """The cursor of the last row pulled, as text; None for a folder, and before the first row."""
    last_run_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    last_success_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_import_id: Mapped[UUID | None] = mapped_column(ForeignKey(Import.id, ondelete="SET NULL"))
    files: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """Files taken in, or made of rows pulled."""
    failures: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """In a row; 0 once a run has succeeded."""
    error: Mapped[dict[str, str] | None] = mapped_column(JSONB(none_as_null=True))
    """Why the last run failed: `code`, and the text in ar, fr and en."""


class ImportEffects(Base):
    """What a list that was only checked would do, as the database stood then (rules.effects.Effects)."""

    __tablename__ = "import_effects"

    import_id: Mapped[UUID] = mapped_column(ForeignKey(Import.id, ondelete="CASCADE"), primary_key=True)
    effects: Mapped[dict[str, Any]] = mapped_column(JSONB)
    counted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
