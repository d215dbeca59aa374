"""The registry's tables."""

from services.registry.models.changes import Change, Conflict, PastState
from services.registry.models.declaring import Base
from services.registry.models.enrolled import EnrolledHousehold
from services.registry.models.people import (
    HOUSEHOLD_FACTS,
    INDIVIDUAL_FACTS,
    Household,
    Identifier,
    Individual,
    Membership,
)
from services.registry.models.places import Place, PlacesEdition
from services.registry.models.quality import QualityAge, QualityCount, QualityFinding, QualityRun, QualityStanding
from services.registry.models.quotas import Quota
from services.registry.models.requests import ChangeRequest, ListedRemark, RequestDecision
from services.registry.models.scorings import Scoring
from services.registry.models.search import NameKeys, NameWord

__all__ = [
    "HOUSEHOLD_FACTS",
    "INDIVIDUAL_FACTS",
    "Base",
    "Change",
    "ChangeRequest",
    "Conflict",
    "EnrolledHousehold",
    "Household",
    "Identifier",
    "Individual",
    "ListedRemark",
    "Membership",
    "NameKeys",
    "NameWord",
    "PastState",
    "Place",
    "PlacesEdition",
    "QualityAge",
    "QualityCount",
    "QualityFinding",
    "QualityRun",
    "QualityStanding",
    "Quota",
    "RequestDecision",
    "Scoring",
]
