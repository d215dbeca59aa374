"""Table of households enrolled in programs, as matching tells it: agreements reach households by it, and no route tells it."""

from uuid import UUID

from sqlalchemy import BigInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.registry.models.declaring import Base


class EnrolledHousehold(Base):
    """Whether a household is enrolled in a program. No foreign key: the news may come before a record does."""

    __tablename__ = "enrolled_households"

    household_id: Mapped[UUID] = mapped_column(primary_key=True)
    program: Mapped[str] = mapped_column(Text, primary_key=True)
    enrolled: Mapped[bool]
    version: Mapped[int] = mapped_column(BigInteger)
