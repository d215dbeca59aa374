"""Who changed what and when, and what the registry believed before: the two clocks.

`true_from` and `true_until` say when a fact holds in the world, `known_from` and `known_until` when the registry
believed it. The state that holds today lies in `households` and `individuals`; every other state in `past_states`.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, Date, DateTime, ForeignKey, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.registry.models.declaring import Base, one_of

RECORD_KINDS = ("household", "individual")
DECISIONS = ("keep_held", "take_offered", "dismiss")
CHANGE_KINDS = (
    "import", "correction", "birth", "death", "succession", "marriage", "move", "split", "removal", "return", "merge", "undo",
    "scoring",
)  # fmt: skip


class Change(Base):
    """One command that changed records: its moment is the `known_from` of everything it brought.

    An import makes one for each batch it announces; `id` is that batch's id.
    """

    __tablename__ = "changes"
    __table_args__ = (
        one_of("kind", CHANGE_KINDS),
        Index("ix_changes_import_id", "import_id", postgresql_where="import_id IS NOT NULL"),
        Index("ix_changes_unsearchable", "id", postgresql_where="NOT searchable"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    made_by: Mapped[str] = mapped_column(Text)
    """The partner whose call, file or approval it was."""
    source: Mapped[str] = mapped_column(Text)
    """Where the facts come from: a rank in `data/sources.json`."""
    reason: Mapped[str | None] = mapped_column(Text)
    import_id: Mapped[UUID | None]
    request_id: Mapped[UUID | None]
    undoes: Mapped[UUID | None] = mapped_column(ForeignKey("changes.id"), unique=True)
    """A change is undone once; an undo may itself be undone."""
    searchable: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """Whether search knows what the change brought. Set back to false, it is indexed again."""


class Clocks:
    """Columns of a record whose state is known by two clocks."""

    version: Mapped[int] = mapped_column(Integer)
    true_from: Mapped[date] = mapped_column(Date)
    known_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    change_id: Mapped[UUID]
    """The last change that touched the record or its memberships and identifiers. No foreign key here and below: the
    change is a row of the same transaction, and to look it up again for each of millions of rows doubles an import."""
    source: Mapped[str] = mapped_column(Text)
    """Of every field that is not in `sources`."""
    source_on: Mapped[date] = mapped_column(Date)
    sources: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """`{field: [source, date]}` where a field came from elsewhere than the record."""


class PastState(Base):
    """A state of a record that does not hold today: it ended (`true_until`), or is no longer believed (`known_until`)."""

    __tablename__ = "past_states"
    __table_args__ = (
        one_of("kind", RECORD_KINDS),
        CheckConstraint("true_until IS NOT NULL OR known_until IS NOT NULL", name="is_past"),
        CheckConstraint("true_until > true_from", name="true_for_a_while"),
        Index("ix_past_states_change_id", "change_id"),
    )

    record_id: Mapped[UUID] = mapped_column(primary_key=True)
    known_from: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    true_from: Mapped[date] = mapped_column(Date, primary_key=True)
    known_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    true_until: Mapped[date | None] = mapped_column(Date)
    kind: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    state: Mapped[dict[str, Any]] = mapped_column(JSONB)
    source: Mapped[str] = mapped_column(Text)
    source_on: Mapped[date] = mapped_column(Date)
    sources: Mapped[dict[str, Any]] = mapped_column(JSONB)
    change_id: Mapped[UUID]
    ended_by: Mapped[UUID | None]
    """The change after which it was no longer believed."""


class Conflict(Base):
    """A source said otherwise than a source that is believed more: what is held stays, and both are told."""

    __tablename__ = "conflicts"
    __table_args__ = (
        one_of("kind", RECORD_KINDS),
        one_of("decision", DECISIONS),
        CheckConstraint("settled_at IS NULL OR decision IS NOT NULL", name="settled_by_a_decision"),
        Index("ix_conflicts_held_source_id", "held_source", "id"),
        Index("ix_conflicts_offered_source_id", "offered_source", "id"),
        Index(
            "uq_conflicts_open",
            "record_id",
            "field",
            "offered_source",
            unique=True,
            postgresql_where="settled_at IS NULL",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    record_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(Text)
    field: Mapped[str] = mapped_column(Text)
    held_value: Mapped[Any] = mapped_column(JSONB(none_as_null=False))
    held_source: Mapped[str] = mapped_column(Text)
    held_on: Mapped[date] = mapped_column(Date)
    offered_value: Mapped[Any] = mapped_column(JSONB(none_as_null=False))
    offered_source: Mapped[str] = mapped_column(Text)
    offered_on: Mapped[date] = mapped_column(Date)
    offered_by: Mapped[str] = mapped_column(Text)
    batch_id: Mapped[UUID]
    """The event `registry.conflicts.found` it was announced with."""
    found_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    settled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    settled_by: Mapped[str | None] = mapped_column(Text)
    decision: Mapped[str | None] = mapped_column(Text)
    settled_reason: Mapped[str | None] = mapped_column(Text)
    settled_change: Mapped[UUID | None]
    """The change by which the offered value was taken; to undo it is to undo that change."""
