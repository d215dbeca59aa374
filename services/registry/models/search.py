"""Tables that names are found by. They hold nothing that is not in the records, and can be made again from them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Index, Integer, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from services.registry.models.declaring import Base


class NameKeys(Base):
    """Under which keys an individual is found: see `rules/names.py`. No foreign key: it is written after the record."""

    __tablename__ = "name_keys"
    __table_args__ = (Index("ix_name_keys_keys", "keys", postgresql_using="gin"),)

    individual_id: Mapped[UUID] = mapped_column(primary_key=True)
    keys: Mapped[list[int]] = mapped_column(ARRAY(Integer))


class NameWord(Base):
    """A part of a name as somebody wrote it (folded): what a word with a slip in it is compared with."""

    __tablename__ = "name_words"
    __table_args__ = (Index("ix_name_words_seen_at", "seen_at"),)

    word: Mapped[str] = mapped_column(Text, primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
