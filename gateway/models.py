"""All tables of the gateway's own database."""

from gateway.delivery.models import Base

__all__ = ["Base"]
