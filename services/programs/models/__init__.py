"""Tables of a programs service."""

from services.programs.models.benefits import (
    Cycle,
    CycleStatus,
    Delivery,
    Entitlement,
    LedgerEntry,
)
from services.programs.models.connections import Connection, ImportEffects
from services.programs.models.declaring import MONEY, Base
from services.programs.models.deltas import DELTA_ACTIONS, Delta, DeltaRow
from services.programs.models.enrollments import Enrollment, EnrollmentPast, LinkRefusal
from services.programs.models.places import Place
from services.programs.models.programs import ProgramRow, ProgramValue, ProgramVersion
from services.programs.models.reviews import Attendance, Review, School

__all__ = [
    "DELTA_ACTIONS",
    "MONEY",
    "Attendance",
    "Base",
    "Connection",
    "Cycle",
    "CycleStatus",
    "Delivery",
    "Delta",
    "DeltaRow",
    "Enrollment",
    "EnrollmentPast",
    "Entitlement",
    "ImportEffects",
    "LedgerEntry",
    "LinkRefusal",
    "Place",
    "ProgramRow",
    "ProgramValue",
    "ProgramVersion",
    "Review",
    "School",
]
