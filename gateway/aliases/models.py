"""The table of aliases."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Text, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from gateway.delivery.models import Base


class Alias(Base):
    """A partner's own random name of a household, an individual or an enrollment: two partners cannot join their lists by it."""

    __tablename__ = "aliases"
    __table_args__ = (UniqueConstraint("alias"),)

    partner: Mapped[str] = mapped_column(Text, primary_key=True)
    # The column bears the name of its first use, because a gateway of the version before this one still reads it.
    subject_id: Mapped[UUID] = mapped_column("enrollment_id", primary_key=True)
    alias: Mapped[UUID] = mapped_column(server_default=func.gen_random_uuid())
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
