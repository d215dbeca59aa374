"""Tables of exports, the same in every service that writes files: what was asked for and by whom, and the file made."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.database import NAMING

OPEN = ("waiting", "running")
"""What the worker has yet to bring to an end."""


class ExportsBase(DeclarativeBase):
    """Tables of the services that write files."""

    metadata = MetaData(naming_convention=NAMING)


class Export(ExportsBase):
    """One request for a file. The row stays when the file is gone: it says who took what out, and when."""

    __tablename__ = "exports"
    __table_args__ = (
        # Each service's migration also says what its exports may hold.
        CheckConstraint("format IN ('csv', 'xlsx', 'parquet')", name="format"),
        CheckConstraint("status IN ('waiting', 'running', 'completed', 'failed')", name="status"),
        Index("ix_exports_open", "id", postgresql_where="status IN ('waiting', 'running')"),
        Index("ix_exports_partner_id", "partner", "id"),
        Index("ix_exports_expires_at", "expires_at", postgresql_where="size IS NOT NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    partner: Mapped[str] = mapped_column(Text)
    what: Mapped[str] = mapped_column(Text)
    format: Mapped[str] = mapped_column(Text)
    filters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """By name: those that were given."""
    columns: Mapped[list[str]] = mapped_column(JSONB)
    as_of: Mapped[date | None] = mapped_column(Date)
    """None, and `known_at` too, for what is exported as it is now."""
    known_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    status: Mapped[str] = mapped_column(Text)
    rows_done: Mapped[int] = mapped_column(Integer)
    size: Mapped[int | None] = mapped_column(BigInteger)
    """Of the file in bytes; None while there is none, and again when it has been removed."""
    checksum: Mapped[bytes | None] = mapped_column(LargeBinary)
    failure: Mapped[dict[str, str] | None] = mapped_column(JSONB)
    """Why no file could be made: `code`, and the text in ar, fr and en."""
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    completed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ExportPart(ExportsBase):
    """A piece of the file, of writing.PART_BYTES but for the last."""

    __tablename__ = "export_parts"

    export_id: Mapped[UUID] = mapped_column(ForeignKey("exports.id", ondelete="CASCADE"), primary_key=True)
    part: Mapped[int] = mapped_column(Integer, primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
