"""Words of benefits: what becomes of a delivery, what an entry of the ledger counts, why something due is held."""

from enum import StrEnum


class Outcome(StrEnum):
    """What came of a delivery: `partly` handed over less than was due, `absent` and `rejected` nothing."""

    PAID = "paid"
    PARTLY = "partly"
    ABSENT = "absent"
    REJECTED = "rejected"

    @property
    def handed_over(self) -> bool:
        return self in (Outcome.PAID, Outcome.PARTLY)


class EntryKind(StrEnum):
    """Entries count up what is due (`entitled`) and what was handed over (`delivered`).

    `cancelled` takes back what was due, `corrected` what was said to be handed over: both with the opposite sign.
    """

    ENTITLED = "entitled"
    CANCELLED = "cancelled"
    DELIVERED = "delivered"
    CORRECTED = "corrected"


HANDED_OVER = (EntryKind.DELIVERED, EntryKind.CORRECTED)
"""Entries of what was handed over; the others are of what is due."""


class State(StrEnum):
    """How an entitlement stands beside what was handed over. `missing`: nothing was, and its cycle is closed."""

    DUE = "due"
    HELD = "held"
    CANCELLED = "cancelled"
    DELIVERED = "delivered"
    PARTLY = "partly"
    OVER = "over"
    ABSENT = "absent"
    REJECTED = "rejected"
    MISSING = "missing"


HOLDS = ("deceased", "conditions_not_met", "size_unknown", "under_review")
"""Why something due is not to be handed over until a person decides."""
CASH = "MRU"
MEAL = "meal"
"""What an entitlement consists of where it is no good of a quota."""
