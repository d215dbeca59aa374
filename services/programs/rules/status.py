"""The life of an enrollment, and the reasons for its turns.

Reasons are a closed list, because they leave the institution with every change: free text would carry names.
"""

from collections.abc import Mapping
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
    """`graduated`: the household no longer needs the program, which is what the program was for."""

    DECEASED = "deceased"
    MOVED = "moved"
    REPLACED = "replaced"
    NOT_ELIGIBLE = "not_eligible"
    DUPLICATE = "duplicate"
    WITHDREW = "withdrew"
    GRADUATED = "graduated"
    MISTAKE = "mistake"


class RejectionReason(StrEnum):
    """Why an application ends without having been accepted."""

    NOT_ELIGIBLE = "not_eligible"
    DUPLICATE = "duplicate"
    DECEASED = "deceased"
    MOVED = "moved"
    WITHDREW = "withdrew"
    MISTAKE = "mistake"


class TransferReason(StrEnum):
    """Why another person of the household now receives."""

    HEAD_DECEASED = "head_deceased"
    HEAD_MOVED = "head_moved"
    HEAD_ABSENT = "head_absent"
    HEAD_CHANGED = "head_changed"


class LinkRefusalReason(StrEnum):
    """Why an institution refuses a link: `another_person` leaves the household open, the others refuse both."""

    ANOTHER_PERSON = "another_person"
    ANOTHER_HOUSEHOLD = "another_household"
    UNKNOWN_HERE = "unknown_here"


class ByItself(StrEnum):
    """Reasons of turns for which nobody chooses one."""

    LISTED = "listed"
    """Begun by a row of the institution's list."""
    REMOVED_BY_LIST = "removed_by_list"
    """Exited by a removal in the institution's delta."""
    REGISTERED = "registered"
    """Begun by one request of the institution's system."""
    ACCEPTED = "accepted"
    """An application accepted by a person."""
    ADMITTED = "admitted"
    """The next of the waiting list, for whom there was a place."""
    HANDED_OVER = "handed_over"
    """An application that another program of the institution proposed when the household left it."""
    REPORTED = "reported"
    """A turn in a file of statuses that does not say why."""
    RECERTIFIED = "recertified"
    CORRECTED = "corrected"
    UNDONE = "undone"
    """The step before is taken back."""


class Turn(StrEnum):
    """What may happen to an enrollment that there is."""

    ENROLL = "enroll"
    REJECT = "reject"
    SUSPEND = "suspend"
    RESUME = "resume"
    EXIT = "exit"
    TRANSFER = "transfer"
    RECERTIFY = "recertify"
    CORRECT = "correct"


_CONTINUING = frozenset({Status.ENROLLED, Status.SUSPENDED})
FROM: Mapping[Turn, frozenset[Status]] = {
    Turn.ENROLL: frozenset({Status.APPLIED}),
    Turn.REJECT: frozenset({Status.APPLIED}),
    Turn.SUSPEND: frozenset({Status.ENROLLED}),
    Turn.RESUME: frozenset({Status.SUSPENDED}),
    Turn.EXIT: _CONTINUING,
    Turn.TRANSFER: _CONTINUING | {Status.APPLIED},
    Turn.RECERTIFY: _CONTINUING,
    Turn.CORRECT: _CONTINUING | {Status.APPLIED},
}
"""From which statuses a turn is possible."""
TO: Mapping[Turn, Status] = {
    Turn.ENROLL: Status.ENROLLED,
    Turn.REJECT: Status.EXITED,
    Turn.SUSPEND: Status.SUSPENDED,
    Turn.RESUME: Status.ENROLLED,
    Turn.EXIT: Status.EXITED,
}
"""Where a turn leads; one that is not here leaves the status as it is."""


def turn_between(before: Status, wanted: Status) -> Turn | None:
    """The turn that leads from one status to another; None where there is none, as from `exited` to anything."""
    return next((turn for turn, to in TO.items() if to == wanted and before in FROM[turn]), None)


def is_seated(status: Status) -> bool:
    """Whether an enrollment of this status takes a place of the program's capacity: a suspended one keeps its own."""
    return status in _CONTINUING
