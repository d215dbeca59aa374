"""What may become of a shock response, who may approve one, how long it took, and which months a plan may cover."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from enum import StrEnum

from shared.text import Text


class ResponseStatus(StrEnum):
    """Where a response stands. Its list is frozen once it is proposed, and read from `listed` on."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    APPROVED = "approved"
    LISTED = "listed"
    PAYING = "paying"
    CLOSED = "closed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


NEXT: Mapping[ResponseStatus, frozenset[ResponseStatus]] = {
    ResponseStatus.DRAFT: frozenset({ResponseStatus.PROPOSED, ResponseStatus.WITHDRAWN}),
    ResponseStatus.PROPOSED: frozenset({ResponseStatus.APPROVED, ResponseStatus.REJECTED, ResponseStatus.WITHDRAWN}),
    ResponseStatus.APPROVED: frozenset({ResponseStatus.LISTED, ResponseStatus.WITHDRAWN}),
    ResponseStatus.LISTED: frozenset({ResponseStatus.PAYING, ResponseStatus.CLOSED}),
    ResponseStatus.PAYING: frozenset({ResponseStatus.CLOSED}),
    ResponseStatus.CLOSED: frozenset(),
    ResponseStatus.REJECTED: frozenset(),
    ResponseStatus.WITHDRAWN: frozenset(),
}

STATUS_WORDS: Mapping[ResponseStatus, Text] = {
    ResponseStatus.DRAFT: Text(ar="مسودة", fr="à l'état de projet", en="a draft"),
    ResponseStatus.PROPOSED: Text(ar="مقترحة", fr="proposée", en="proposed"),
    ResponseStatus.APPROVED: Text(ar="مصادق عليها", fr="approuvée", en="approved"),
    ResponseStatus.LISTED: Text(ar="صدرت لائحتها", fr="mise en liste", en="listed"),
    ResponseStatus.PAYING: Text(ar="قيد الدفع", fr="en paiement", en="being paid"),
    ResponseStatus.CLOSED: Text(ar="مغلقة", fr="close", en="closed"),
    ResponseStatus.REJECTED: Text(ar="مرفوضة", fr="rejetée", en="rejected"),
    ResponseStatus.WITHDRAWN: Text(ar="مسحوبة", fr="retirée", en="withdrawn"),
}


def may_become(status: ResponseStatus, wanted: ResponseStatus) -> bool:
    return wanted in NEXT[status]


def next_words(status: ResponseStatus) -> Text:
    """The states that may follow, in words; a dash where none may."""
    following = [STATUS_WORDS[one] for one in ResponseStatus if one in NEXT[status]]
    return Text(
        ar=" أو ".join(one.ar for one in following) or "—",
        fr=" ou ".join(one.fr for one in following) or "—",
        en=" or ".join(one.en for one in following) or "—",
    )


def is_an_author(official: str, authors: Collection[str]) -> bool:
    """Whether this official had a hand in a plan, under whatever credential: a staff number is one person's, also where the
    same number comes with another partner's token. Nobody is kept from approving by more than a coincidence of numbers."""
    return official.casefold() in {one.casefold() for one in authors}


def month_of(day: date) -> date:
    return day.replace(day=1)


def month_after(month: date, months: int) -> date:
    """The first day of the month that many months later."""
    number = month.year * 12 + month.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def quarter_of(day: date) -> date:
    """The first day of the calendar quarter that a day is in."""
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


def covers(from_on: date, to_on: date, first_month: date, months: int) -> bool:
    """Whether the months of a plan, each at least in part, lie in a period."""
    return month_of(from_on) <= first_month and month_after(first_month, months - 1) <= month_of(to_on)


def days_between(earlier: datetime | date | None, later: datetime | date | None) -> int | None:
    """Whole days from one day to another; None while either is not known."""
    if earlier is None or later is None:
        return None
    first, last = (one.date() if isinstance(one, datetime) else one for one in (earlier, later))
    return (last - first).days
