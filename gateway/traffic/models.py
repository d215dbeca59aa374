"""The table of the traffic record."""

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, DateTime, Identity, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.delivery.models import Base


class Traffic(Base):
    """One request as it passed. The columns are the fields of X-Road's operational monitoring that a single gateway can fill."""

    __tablename__ = "traffic"
    __table_args__ = (
        Index("ix_traffic_client_member_code", "client_member_code", "position"),
        Index("ix_traffic_request_in_at", "request_in_at"),
    )

    position: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    request_in_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    request_out_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    response_in_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    response_out_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    message_id: Mapped[str] = mapped_column(Text)
    x_request_id: Mapped[str] = mapped_column(Text)
    client_member_code: Mapped[str] = mapped_column(Text)
    service_member_code: Mapped[str] = mapped_column(Text)
    service_code: Mapped[str] = mapped_column(Text)
    request_size: Mapped[int] = mapped_column(BigInteger)
    response_size: Mapped[int] = mapped_column(BigInteger)
    status_code: Mapped[int] = mapped_column(Integer)
    succeeded: Mapped[bool] = mapped_column(Boolean)
    fault_code: Mapped[str | None] = mapped_column(Text)
