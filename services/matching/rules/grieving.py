"""Grievances: to whom they go, what may become of them, and until when."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from services.matching.errors import GrievanceNeedsProgram, GrievanceNotAnonymous, GrievanceOfNobody
from shared.text import Text


class Category(StrEnum):
    """What a grievance is about."""

    EXCLUSION = "exclusion"
    PAYMENT_MISSING = "payment_missing"
    WRONG_AMOUNT = "wrong_amount"
    WRONG_DATA = "wrong_data"
    CONDUCT = "conduct"
    """Of an official: never shown to the institution it is about."""
    OTHER = "other"


class Desk(StrEnum):
    """Who answers: the keepers of the program, the keeper of the registry, or the grievance unit, which stands above both."""

    PROGRAM = "program"
    REGISTRY = "registry"
    UNIT = "unit"


class GrievanceStatus(StrEnum):
    OPENED = "opened"
    ACKNOWLEDGED = "acknowledged"
    ANSWERED = "answered"
    ACCEPTED = "accepted"
    ESCALATED = "escalated"
    CLOSED = "closed"


class Verdict(StrEnum):
    """What the answer decides."""

    UPHELD = "upheld"
    PARTLY_UPHELD = "partly_upheld"
    REJECTED = "rejected"


class GrievanceStep(StrEnum):
    """What somebody does with a grievance; the first three the desk, the others whoever opened it."""

    ACKNOWLEDGE = "acknowledge"
    ANSWER = "answer"
    CLOSE = "close"
    ACCEPT = "accept"
    ESCALATE = "escalate"
    REOPEN = "reopen"


OF_DESK = frozenset({GrievanceStep.ACKNOWLEDGE, GrievanceStep.ANSWER, GrievanceStep.CLOSE})
LEADS: Mapping[GrievanceStep, tuple[frozenset[GrievanceStatus], GrievanceStatus]] = {
    GrievanceStep.ACKNOWLEDGE: (frozenset({GrievanceStatus.OPENED}), GrievanceStatus.ACKNOWLEDGED),
    GrievanceStep.ANSWER: (
        frozenset({GrievanceStatus.ACKNOWLEDGED, GrievanceStatus.ESCALATED}),
        GrievanceStatus.ANSWERED,
    ),
    GrievanceStep.ACCEPT: (frozenset({GrievanceStatus.ANSWERED}), GrievanceStatus.ACCEPTED),
    GrievanceStep.ESCALATE: (frozenset({GrievanceStatus.ANSWERED}), GrievanceStatus.ESCALATED),
    GrievanceStep.CLOSE: (frozenset({GrievanceStatus.ACCEPTED, GrievanceStatus.ANSWERED}), GrievanceStatus.CLOSED),
    GrievanceStep.REOPEN: (frozenset({GrievanceStatus.CLOSED}), GrievanceStatus.OPENED),
}
"""From where to where each step leads. An answer nobody accepted may be closed once its time to be accepted has passed."""

WAITS_FOR: Mapping[GrievanceStatus, timedelta] = {
    GrievanceStatus.OPENED: timedelta(days=3),
    GrievanceStatus.ACKNOWLEDGED: timedelta(days=15),
    GrievanceStatus.ESCALATED: timedelta(days=15),
    GrievanceStatus.ANSWERED: timedelta(days=30),
}
"""How long the next step may take: three days to acknowledge, fifteen to answer, thirty for the household to accept or escalate."""

STATUS_WORDS: Mapping[GrievanceStatus, Text] = {
    GrievanceStatus.OPENED: Text(ar="مفتوح", fr="ouverte", en="opened"),
    GrievanceStatus.ACKNOWLEDGED: Text(ar="تم الإشعار باستلامه", fr="reçue", en="acknowledged"),
    GrievanceStatus.ANSWERED: Text(ar="أُجيب عنه", fr="répondue", en="answered"),
    GrievanceStatus.ACCEPTED: Text(ar="قُبل جوابه", fr="réponse acceptée", en="accepted"),
    GrievanceStatus.ESCALATED: Text(ar="مرفوع", fr="portée plus haut", en="escalated"),
    GrievanceStatus.CLOSED: Text(ar="مغلق", fr="close", en="closed"),
}
NEEDS_PROGRAM = frozenset({Category.PAYMENT_MISSING, Category.WRONG_AMOUNT})


def desk_of(category: Category, program: str | None) -> Desk:
    """Who answers. GrievanceNeedsProgram where nobody could say what was not paid."""
    if category is Category.CONDUCT:
        return Desk.UNIT
    if category in NEEDS_PROGRAM and program is None:
        raise GrievanceNeedsProgram(pointer="/program")
    return Desk.PROGRAM if program is not None and category is not Category.WRONG_DATA else Desk.REGISTRY


def refuse_of_nobody(category: Category, *, anonymous: bool, of_somebody: bool) -> None:
    """GrievanceNotAnonymous where it is not about conduct; GrievanceOfNobody where nobody can be answered."""
    if anonymous and category is not Category.CONDUCT:
        raise GrievanceNotAnonymous(pointer="/anonymous")
    if not anonymous and not of_somebody:
        raise GrievanceOfNobody(pointer="/household_number")


def may_take(step: GrievanceStep, status: GrievanceStatus, *, escalated: bool, reopened: bool, late: bool) -> bool:
    """Whether a step may be taken: escalated and opened again once, and closed unaccepted only when it is `late`."""
    if status not in LEADS[step][0]:
        return False
    if step is GrievanceStep.CLOSE and status is GrievanceStatus.ANSWERED:
        return late
    return not (step is GrievanceStep.ESCALATE and escalated) and not (step is GrievanceStep.REOPEN and reopened)
