"""The tables of imports, the same in every service that takes files."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    Boolean,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.database import NAMING


class ImportStatus(StrEnum):
    UPLOADING = "uploading"
    RECEIVED = "received"
    RUNNING = "running"
    CHECKED = "checked"
    """A dry run has read it to its end: nothing was kept of it but the counts and the issues."""
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    """A corrected file has taken its place."""
    REPEATED = "repeated"
    """The same file was here before; `same_as` is the import that holds it."""


WAITING = (ImportStatus.RECEIVED, ImportStatus.RUNNING)
"""What the worker has yet to bring to an end."""
COUNTS = frozenset({ImportStatus.RECEIVED, ImportStatus.RUNNING, ImportStatus.CHECKED, ImportStatus.COMPLETED})
"""Where an import stands for its file: the same file again is the same import."""


class ImportsBase(DeclarativeBase):
    """Tables of the services that take files."""

    metadata = MetaData(naming_convention=NAMING)


class Import(ImportsBase):
    """One file. `lines_done` is the last line whose effect is committed."""

    __tablename__ = "imports"
    __table_args__ = (
        Index(
            "uq_imports_same_file",
            "kind",
            "partner",
            "checksum",
            "currency",
            "dry_run",
            unique=True,
            postgresql_where="status IN ('received', 'running', 'checked', 'completed')",
        ),
        Index("ix_imports_open", "created_at", postgresql_where="status IN ('received', 'running')"),
        Index("ix_imports_uploading", "expires_at", postgresql_where="status = 'uploading'"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    """What the file lists: a program's code, or `households`."""
    partner: Mapped[str] = mapped_column(Text)
    filename: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    checksum: Mapped[bytes] = mapped_column(LargeBinary)
    """Of the file and of the mapping sent with it: read otherwise, a file says something else. Empty while uploading."""
    size: Mapped[int] = mapped_column(Integer)
    received: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """Bytes stored; the size, once the file is whole."""
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When an upload that is not whole will be removed."""
    dry_run: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    mapping: Mapped[dict[str, str] | None] = mapped_column(JSONB(none_as_null=True))
    """The sender's word on its columns: header text -> field, sent with the file or remembered."""
    supersedes: Mapped[UUID | None] = mapped_column(ForeignKey("imports.id"))
    same_as: Mapped[UUID | None] = mapped_column(ForeignKey("imports.id"))
    status: Mapped[ImportStatus] = mapped_column(Text)
    lines_total: Mapped[int | None] = mapped_column(Integer)
    """Lines of the file, counted before it is read: about, where cells hold line breaks."""
    lines_done: Mapped[int] = mapped_column(Integer, default=0)
    accepted: Mapped[int] = mapped_column(Integer, default=0)
    unchanged: Mapped[int] = mapped_column(Integer, default=0)
    rejected: Mapped[int] = mapped_column(Integer, default=0)
    warnings: Mapped[int] = mapped_column(Integer, default=0)
    failure: Mapped[dict[str, str] | None] = mapped_column(JSONB)
    """Why the import ended before the file did: `code`, and the text in ar, fr and en."""
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
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
    __table_args__ = (
        Index("ix_import_issues_import_id_id", "import_id", "id"),
        Index("ix_import_issues_import_id_line", "import_id", "line", "id"),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    import_id: Mapped[UUID] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"))
    line: Mapped[int] = mapped_column(Integer)
    field: Mapped[str] = mapped_column(Text)
    value: Mapped[str] = mapped_column(Text)
    severity: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    reason: Mapped[dict[str, str]] = mapped_column(JSONB)


class ImportMapping(ImportsBase):
    """How a partner's files of one kind, with this set of headers, are to be read."""

    __tablename__ = "import_mappings"
    __table_args__ = (UniqueConstraint("partner", "kind", "headers_hash"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    partner: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    headers_hash: Mapped[bytes] = mapped_column(LargeBinary)
    headers: Mapped[list[str]] = mapped_column(JSONB)
    mapping: Mapped[dict[str, str]] = mapped_column(JSONB)
    used_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
