"""All tables of the gateway's own database."""

from gateway.delivery.models import Base
from gateway.limit_models import Quota

__all__ = ["Base", "Quota"]
