"""The states of a question that waits for a person, and how it stands after what happened to its row."""

from enum import StrEnum

from services.matching.rules.deciding import OpenedFor
from services.matching.rules.persons import Said, Stands
from shared.text import Text


class AdjudicationStatus(StrEnum):
    OPEN = "open"
    AWAITING_SECOND = "awaiting_second"
    """A person has decided, and another one must confirm it."""
    DECIDED = "decided"
    SETTLED = "settled"
    """Nobody need decide any more: what is held by now leaves no doubt."""


ASKED = (AdjudicationStatus.OPEN, AdjudicationStatus.AWAITING_SECOND)
"""In the queue."""


class Outcome(StrEnum):
    SAME = "same"
    DIFFERENT = "different"
    CANNOT_TELL = "cannot_tell"


REASONS: dict[OpenedFor, Text] = {
    OpenedFor.DOUBTFUL: Text(
        ar="التشابه لا يكفي للربط دون مراجعة",
        fr="la ressemblance ne suffit pas pour lier sans vérification",
        en="the likeness is not enough to link without a person",
    ),
    OpenedFor.INDIVIDUAL_LEFT: Text(
        ar="الفرد الذي قُرر أنه هو لم يعد في السجل",
        fr="l'individu retenu n'est plus dans le registre",
        en="the individual decided on is no longer in the registry",
    ),
    OpenedFor.CONTRADICTED: Text(
        ar="قراران متعارضان: الفرد المختار مرفوض من جهة أخرى",
        fr="décisions contradictoires : l'individu retenu a été refusé ailleurs",
        en="decisions contradict one another: the individual decided on was refused elsewhere",
    ),
    OpenedFor.EVIDENCE_CHANGED: Text(
        ar="تغيرت المعطيات منذ القرار السابق",
        fr="les éléments ont changé depuis la décision précédente",
        en="what is known has changed since the decision before",
    ),
    OpenedFor.BY_HAND: Text(
        ar="ربط يدوي ينتظر تأكيد شخص ثان",
        fr="lien fait à la main, en attente d'une seconde personne",
        en="a link made by hand that waits for a second person",
    ),
}


def status_after(stands: Stands, *, in_doubt: bool) -> AdjudicationStatus:
    """How a question stands after a person's step, or an undo. `in_doubt`: its row is left to a person."""
    if stands.waiting is not None:
        return AdjudicationStatus.AWAITING_SECOND
    if stands.disputed:
        return AdjudicationStatus.OPEN
    if not in_doubt:
        return AdjudicationStatus.DECIDED if stands.last is not None else AdjudicationStatus.SETTLED
    if stands.held is not None and stands.held.individual_id is None:
        return AdjudicationStatus.DECIDED
    return AdjudicationStatus.OPEN


def outcome_of(stands: Stands) -> Outcome | None:
    """The last decision that took effect, as an answer."""
    if stands.last in (None, Said.CANNOT_TELL):
        return Outcome.CANNOT_TELL if stands.last else None
    return Outcome.SAME if stands.last in (Said.SAME, Said.LINKED) else Outcome.DIFFERENT
