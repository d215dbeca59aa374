"""What may become of a referral, and the words for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from shared.text import Text

ServiceKind = Literal["nutrition", "education", "water_sanitation", "civil_registry", "health"]


class ReferralStatus(StrEnum):
    """Where a referral stands. It is open until it is refused or served; closed once nothing is left to do."""

    SENT = "sent"
    SEEN = "seen"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    SERVED = "served"
    CLOSED = "closed"


class ReferralReason(StrEnum):
    """Why a household is referred."""

    NOT_IN_PROGRAM = "not_in_program"
    HOUSEHOLD_ASKED = "household_asked"
    SITUATION_CHANGED = "situation_changed"
    LEFT_PROGRAM = "left_program"
    """Handed over when it left the sending program; nobody chooses it."""


class HandOverOutcome(StrEnum):
    """What became of the proposal with which a household left a program. `waiting`: it is not surely known which household
    it is, or the other program has not been published yet; `referred_already`: by somebody else, and not yet decided."""

    WAITING = "waiting"
    REFERRED = "referred"
    IN_PROGRAM = "in_program"
    REFERRED_ALREADY = "referred_already"
    WITHDRAWN = "withdrawn"


class ReferralRefusal(StrEnum):
    """Why the receiving program refuses a referral."""

    NOT_ELIGIBLE = "not_eligible"
    NO_CAPACITY = "no_capacity"
    OUTSIDE_AREA = "outside_area"
    HOUSEHOLD_NOT_FOUND = "household_not_found"
    HOUSEHOLD_DECLINED = "household_declined"
    ALREADY_IN_PROGRAM = "already_in_program"
    SENT_IN_ERROR = "sent_in_error"


class Standing(StrEnum):
    """How an enrollment stands to another program. What is not known is not `not_in`."""

    IN = "in"
    NOT_IN = "not_in"
    CANNOT_TELL = "cannot_tell"


OPEN = (ReferralStatus.SENT, ReferralStatus.SEEN, ReferralStatus.ACCEPTED)

NEXT: Mapping[ReferralStatus, frozenset[ReferralStatus]] = {
    ReferralStatus.SENT: frozenset({ReferralStatus.SEEN}),
    ReferralStatus.SEEN: frozenset({ReferralStatus.ACCEPTED, ReferralStatus.REFUSED}),
    # An accepted household may still decline, or prove not to be eligible when it is visited.
    ReferralStatus.ACCEPTED: frozenset({ReferralStatus.SERVED, ReferralStatus.REFUSED}),
    ReferralStatus.REFUSED: frozenset({ReferralStatus.CLOSED}),
    ReferralStatus.SERVED: frozenset({ReferralStatus.CLOSED}),
    ReferralStatus.CLOSED: frozenset(),
}
"""The steps the keeper of the receiving program may take. An enrollment serves an open referral whatever its step."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Within how many days the receiver looks at a referral, answers it once seen, and serves it once accepted.

    What stands here holds where a receiver has set nothing: a week to look, two to answer, sixty days to serve, as an enrollment
    follows a visit.
    """

    days_to_see: int = 7
    days_to_answer: int = 14
    days_to_serve: int = 60


UNSET = Deadlines()
DUE_STEPS: Mapping[ReferralStatus, str] = {
    ReferralStatus.SENT: "to_see",
    ReferralStatus.SEEN: "to_answer",
    ReferralStatus.ACCEPTED: "to_serve",
}
"""What a referral waits for, by where it stands."""

STATUS_WORDS: Mapping[ReferralStatus, Text] = {
    ReferralStatus.SENT: Text(ar="مُرسَلة", fr="envoyée", en="sent"),
    ReferralStatus.SEEN: Text(ar="مُطَّلَع عليها", fr="vue", en="seen"),
    ReferralStatus.ACCEPTED: Text(ar="مقبولة", fr="acceptée", en="accepted"),
    ReferralStatus.REFUSED: Text(ar="مرفوضة", fr="refusée", en="refused"),
    ReferralStatus.SERVED: Text(ar="مُلبّاة", fr="satisfaite", en="served"),
    ReferralStatus.CLOSED: Text(ar="مغلقة", fr="close", en="closed"),
}


def may_become(status: ReferralStatus, wanted: ReferralStatus) -> bool:
    return wanted in NEXT[status]


def next_words(status: ReferralStatus) -> Text:
    """The steps that may follow, in words; a dash where none may."""
    following = [STATUS_WORDS[one] for one in ReferralStatus if one in NEXT[status]]
    if not following:
        return Text(ar="—", fr="—", en="—")
    return Text(
        ar=" أو ".join(one.ar for one in following),
        fr=" ou ".join(one.fr for one in following),
        en=" or ".join(one.en for one in following),
    )
