"""All tables of the gateway's own database."""

import gateway.agreements.models
import gateway.disclosures.models  # noqa: F401 - the import defines tables
from gateway.delivery.models import Base
from gateway.limit_models import Quota

__all__ = ["Base", "Quota"]
