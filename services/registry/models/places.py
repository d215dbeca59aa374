"""Tables of places."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, LargeBinary, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.registry.models.declaring import Base, one_of


class Place(Base):
    """A wilaya, moughataa or commune. `names` holds every spelling known, in both scripts."""

    __tablename__ = "places"
    __table_args__ = (one_of("kind", ("wilaya", "moughataa", "commune")),)

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("places.code"))
    name_fr: Mapped[str] = mapped_column(Text)
    name_ar: Mapped[str | None] = mapped_column(Text)
    names: Mapped[list[str]] = mapped_column(JSONB)


class PlacesEdition(Base):
    """Which edition of the table of places is loaded, by the checksum of its files."""

    __tablename__ = "places_editions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    checksum: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    loaded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
