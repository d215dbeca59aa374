"""Tables of a programs service."""

from services.programs.models.benefits import (
    HOLDS,
    Cycle,
    CycleStatus,
    Delivery,
    Entitlement,
    EntryKind,
    LedgerEntry,
    Outcome,
)
from services.programs.models.declaring import MONEY, Base
from services.programs.models.enrollments import Enrollment, EnrollmentPast, LinkRefusal
from services.programs.models.programs import ProgramRow, ProgramValue, ProgramVersion
from services.programs.models.reviews import REVIEW_KINDS, Attendance, Review, School

__all__ = [
    "HOLDS",
    "MONEY",
    "REVIEW_KINDS",
    "Attendance",
    "Base",
    "Cycle",
    "CycleStatus",
    "Delivery",
    "Enrollment",
    "EnrollmentPast",
    "Entitlement",
    "EntryKind",
    "LedgerEntry",
    "LinkRefusal",
    "Outcome",
    "ProgramRow",
    "ProgramValue",
    "ProgramVersion",
    "Review",
    "School",
]
