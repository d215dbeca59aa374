"""All tables of the gateway's own database."""

import gateway.agreements.models
import gateway.disclosures.models
import gateway.disclosures.oversight_models
import gateway.operators.models
import gateway.partners.models  # noqa: F401 - the imports define tables
from gateway.aliases.models import Alias
from gateway.delivery.models import Base
from gateway.limit_models import Quota
from gateway.traffic.models import Traffic

__all__ = ["Alias", "Base", "Quota", "Traffic"]
