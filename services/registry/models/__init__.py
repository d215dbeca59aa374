"""The registry's tables."""

from services.registry.models.changes import Change, Conflict, PastState
from services.registry.models.declaring import Base
from services.registry.models.people import (
    HOUSEHOLD_FACTS,
    INDIVIDUAL_FACTS,
    Household,
    Identifier,
    Individual,
    Membership,
)
from services.registry.models.places import Place, PlacesEdition

__all__ = [
    "HOUSEHOLD_FACTS",
    "INDIVIDUAL_FACTS",
    "Base",
    "Change",
    "Conflict",
    "Household",
    "Identifier",
    "Individual",
    "Membership",
    "PastState",
    "Place",
    "PlacesEdition",
]
