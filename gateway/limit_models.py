"""Tables of the limits."""

from datetime import datetime

from sqlalchemy import DateTime, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from gateway.delivery.models import Base


class Quota(Base):
    """What is left in a partner's bucket; `granted` is the portion a process took last. Not logged: after a crash all are full."""

    __tablename__ = "quotas"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)

    partner: Mapped[str] = mapped_column(Text, primary_key=True)
    tokens: Mapped[float]
    granted: Mapped[float]
    refilled_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
