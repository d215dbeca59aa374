"""The table of places, as the registry publishes it: what quotas of places are counted by."""

from sqlalchemy import Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.programs.models.declaring import Base


class Place(Base):
    """A wilaya, moughataa or commune. Villages are not kept: no quota is given for one."""

    __tablename__ = "places"

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    parent_code: Mapped[str | None] = mapped_column(Text)
    names: Mapped[list[str]] = mapped_column(JSONB)
