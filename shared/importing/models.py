"""The tables of imports, the same in every service that takes files."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Identity, Index, Integer, LargeBinary, MetaData, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.database import NAMING


class ImportStatus(StrEnum):
    RECEIVED = "received"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


class ImportsBase(DeclarativeBase):
    """Tables of the services that take files."""

    metadata = MetaData(naming_convention=NAMING)


class Import(ImportsBase):
    """One file. `lines_done` is the last line whose effect is committed."""

    __tablename__ = "imports"
    __table_args__ = (
        Index(
            "uq_imports_same_file", "kind", "checksum", "currency", unique=True, postgresql_where="status <> 'failed'"
        ),
        Index("ix_imports_open", "created_at", postgresql_where="status IN ('received', 'running')"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    """What the file lists: a program's code, or `households`."""
    partner: Mapped[str] = mapped_column(Text)
    filename: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    checksum: Mapped[bytes] = mapped_column(LargeBinary)
    size: Mapped[int] = mapped_column(Integer)
    status: Mapped[ImportStatus] = mapped_column(Text)
    lines_done: Mapped[int] = mapped_column(Integer, default=0)
    accepted: Mapped[int] = mapped_column(Integer, default=0)
    unchanged: Mapped[int] = mapped_column(Integer, default=0)
    rejected: Mapped[int] = mapped_column(Integer, default=0)
    warnings: Mapped[int] = mapped_column(Integer, default=0)
    failure: Mapped[dict[str, str] | None] = mapped_column(JSONB)
    """Why the file could not be read: `code`, and the text in ar, fr and en."""
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    completed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ImportPart(ImportsBase):
    """A piece of the file as sent."""

    __tablename__ = "import_parts"

    import_id: Mapped[UUID] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True)
    part: Mapped[int] = mapped_column(Integer, primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ImportIssue(ImportsBase):
    """A line, the field, its value as sent, and what was wrong with it."""

    __tablename__ = "import_issues"
    __table_args__ = (Index("ix_import_issues_import_id_id", "import_id", "id"),)

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    import_id: Mapped[UUID] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"))
    line: Mapped[int] = mapped_column(Integer)
    field: Mapped[str] = mapped_column(Text)
    value: Mapped[str] = mapped_column(Text)
    severity: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    reason: Mapped[dict[str, str]] = mapped_column(JSONB)
