"""Why an eligible household is in neither a program nor one of its substitutes: how it stands in the program's own list."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class GapReason(StrEnum):
    NEVER_ENROLLED = "never_enrolled"
    WAITING = "waiting"
    """It has applied."""
    SUSPENDED = "suspended"
    EXITED = "exited"


OF_STATUS: Final[Mapping[str, GapReason]] = {
    "suspended": GapReason.SUSPENDED,
    "applied": GapReason.WAITING,
    "exited": GapReason.EXITED,
}
"""By the status of an enrollment that does not serve. Where a household has several, the first of these counts."""
