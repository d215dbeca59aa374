"""The life of an enrollment, and the reasons for its turns.

Reasons are a closed list, because they leave the institution with every change: free text would carry names.
"""

from enum import StrEnum


class Status(StrEnum):
    APPLIED = "applied"
    ENROLLED = "enrolled"
    SUSPENDED = "suspended"
    EXITED = "exited"


class LinkStatus(StrEnum):
    """Whether matching has found the beneficiary in the registry."""

    PENDING = "pending"
    LINKED = "linked"
    TO_ADJUDICATE = "to_adjudicate"
    UNMATCHED = "unmatched"


class SuspensionReason(StrEnum):
    ABSENT = "absent"
    DECEASED = "deceased"
    MOVED = "moved"
    NOT_ELIGIBLE = "not_eligible"
    DUPLICATE = "duplicate"
    TO_VERIFY = "to_verify"
    CONDITIONS_NOT_MET = "conditions_not_met"


class ResumptionReason(StrEnum):
    RETURNED = "returned"
    REPLACED = "replaced"
    VERIFIED = "verified"
    MISTAKE = "mistake"


class ExitReason(StrEnum):
    DECEASED = "deceased"
    MOVED = "moved"
    REPLACED = "replaced"
    NOT_ELIGIBLE = "not_eligible"
    DUPLICATE = "duplicate"
    WITHDREW = "withdrew"
    GRADUATED = "graduated"
    MISTAKE = "mistake"


LISTED = "listed"
"""Enrolled by a row of the institution's list."""
REMOVED_BY_LIST = "removed_by_list"
"""Exited by a removal in the institution's delta."""
