"""Tables of places."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, DateTime, ForeignKey, Index, Integer, LargeBinary, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.registry.models.declaring import Base, one_of
from services.registry.rules.places import KINDS


class Place(Base):
    """A wilaya, moughataa, commune or village. `names` holds every spelling known, in both scripts.

    `code` is the registry's own key and never changes; `pcode` is the official one where there is one. Places end and
    are never deleted.
    """

    __tablename__ = "places"
    __table_args__ = (
        one_of("kind", KINDS),
        one_of("valid_from_precision", ("day", "year")),
        CheckConstraint("(kind = 'wilaya') = (parent_code IS NULL)", name="parent"),
        CheckConstraint("valid_until > valid_from", name="ends_after_it_begins"),
        Index("ix_places_parent_code", "parent_code"),
        Index("uq_places_pcode", "pcode", unique=True, postgresql_where="pcode IS NOT NULL"),
    )

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[UUID] = mapped_column(unique=True, server_default=func.gen_random_uuid())
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    pcode: Mapped[str | None] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("places.code"))
    """Today's; on earlier days see `former_parents`."""
    former_parents: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    """`[{"parent_code", "until_on"}]`, oldest first: the parent until the day before; None where it is not known."""
    name_fr: Mapped[str] = mapped_column(Text)
    name_ar: Mapped[str | None] = mapped_column(Text)
    names: Mapped[list[str]] = mapped_column(JSONB)
    valid_from: Mapped[date | None] = mapped_column(Date)
    """None: before anybody wrote it down."""
    valid_from_precision: Mapped[str] = mapped_column(Text, server_default=text("'day'"))
    valid_until: Mapped[date | None] = mapped_column(Date)
    """The first day on which it is no more."""
    successors: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    """`[{"code", "from_on"}]`: the places that took over from this one, or a part of it, from a day on."""
    edits: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    """What operators stated of it, by column: laid over every edition of the table that ships."""


class PlacesEdition(Base):
    """Which edition of the table of places is loaded, by the checksum of its files."""

    __tablename__ = "places_editions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    checksum: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    loaded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
