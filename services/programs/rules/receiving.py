"""What a household receives from one enrollment, in words for whoever asks on its behalf."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from services.programs.rules.explaining import HELD
from services.programs.rules.status import Status
from shared.text import Text

STANDS = {
    Status.APPLIED: Text(
        ar="طلب قيد الانتظار منذ {since}",
        fr="demande en attente depuis le {since}",
        en="has applied on {since} and waits",
    ),
    Status.ENROLLED: Text(ar="مسجَّل منذ {since}", fr="inscrit depuis le {since}", en="enrolled since {since}"),
    Status.SUSPENDED: Text(
        ar="موقوف مؤقتا؛ كان مسجَّلا منذ {since}؛ لا يُستحق شيء جديد",
        fr="suspendu ; inscrit depuis le {since} ; rien de nouveau n'est dû",
        en="suspended; enrolled since {since}; nothing new falls due",
    ),
    Status.EXITED: Text(
        ar="خرج من البرنامج في {until}", fr="sorti du programme le {until}", en="left the program on {until}"
    ),
}
WORTH = Text(
    ar="يساوي {amount} أوقية جديدة في الشهر، في الأشهر التي يصرف فيها البرنامج",
    fr="vaut {amount} MRU par mois, les mois où le programme verse",
    en="is worth {amount} MRU a month, in the months in which the program gives",
)
WORTH_UNKNOWN = Text(
    ar="قيمته في الشهر مجهولة: تتوقف على عدد أفراد الأسرة",
    fr="sa valeur mensuelle est inconnue : elle dépend de la taille du ménage",
    en="what it is worth a month is not known: that depends on the size of the household",
)
RECEIVED = Text(
    ar="استُحق {due} أوقية جديدة (عدد الدورات: {cycles})، سُلّم منها {delivered}",
    fr="{due} MRU dus (cycles : {cycles}), dont {delivered} remis",
    en="{due} MRU fell due (cycles: {cycles}), of which {delivered} handed over",
)
HELD_BACK = Text(
    ar="محجوز: {held} أوقية جديدة",
    fr="retenu : {held} MRU",
    en="held back: {held} MRU",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiving:
    """An enrollment with its sums over all cycles, in MRU."""

    status: Status
    applied_on: date | None
    enrolled_on: date | None
    exited_on: date | None
    held_reason: str | None
    monthly: Decimal | None
    cycles: int
    due: Decimal
    held: Decimal
    delivered: Decimal


def explain_receiving(one: Receiving) -> Iterator[Text]:
    """How the enrollment stands, what it is worth, and what came of it."""
    yield STANDS[one.status].format(since=one.enrolled_on or one.applied_on or "-", until=one.exited_on)
    if one.status == Status.ENROLLED:
        yield WORTH.format(amount=one.monthly) if one.monthly is not None else WORTH_UNKNOWN
    if one.cycles:
        yield RECEIVED.format(due=one.due, cycles=one.cycles, delivered=one.delivered)
    if one.held:
        yield HELD_BACK.format(held=one.held)
    if one.held_reason is not None:
        yield HELD[one.held_reason]
