"""Cases of forbidden overlaps: what two institutions answer, what follows from it, and until when."""

from datetime import datetime, timedelta
from enum import StrEnum

ANSWER_WITHIN = timedelta(days=30)
"""Both institutions answer within so many days of the opening."""


class CaseStatus(StrEnum):
    """`disputed`: the answers do not fit together, and a third person settles it · `ceased`: closed by itself, because the
    overlap ended or is no longer forbidden, before anybody had resolved it."""

    OPEN = "open"
    DISPUTED = "disputed"
    RESOLVED = "resolved"
    CEASED = "ceased"


class CaseAnswer(StrEnum):
    """What an institution answers for its own program."""

    KEEP_HERE = "keep_here"
    END_HERE = "end_here"
    NOT_SAME_HOUSEHOLD = "not_same_household"
    EXCEPTION = "exception"
    """Both may go on, by a legal text that the answer names."""


class CaseOutcome(StrEnum):
    """What persons resolved. Each institution carries it out itself: the platform ends no enrollment."""

    ONE_ENDS = "one_ends"
    BOTH_END = "both_end"
    EXCEPTION = "exception"
    NOT_SAME_HOUSEHOLD = "not_same_household"


class CaseEnd(StrEnum):
    """Why the overlap of a case is no matter any more."""

    OVERLAP_CEASED = "overlap_ceased"
    NO_LONGER_FORBIDDEN = "no_longer_forbidden"


AGREED: dict[frozenset[CaseAnswer], CaseOutcome] = {
    frozenset({CaseAnswer.END_HERE}): CaseOutcome.BOTH_END,
    frozenset({CaseAnswer.END_HERE, CaseAnswer.KEEP_HERE}): CaseOutcome.ONE_ENDS,
    frozenset({CaseAnswer.END_HERE, CaseAnswer.EXCEPTION}): CaseOutcome.ONE_ENDS,
    frozenset({CaseAnswer.END_HERE, CaseAnswer.NOT_SAME_HOUSEHOLD}): CaseOutcome.ONE_ENDS,
    frozenset({CaseAnswer.EXCEPTION}): CaseOutcome.EXCEPTION,
    frozenset({CaseAnswer.EXCEPTION, CaseAnswer.KEEP_HERE}): CaseOutcome.EXCEPTION,
    frozenset({CaseAnswer.NOT_SAME_HOUSEHOLD}): CaseOutcome.NOT_SAME_HOUSEHOLD,
}
"""What two answers come to, whichever institution gave which; any others are disputed."""


def after_answers(one: CaseAnswer | None, other: CaseAnswer | None) -> tuple[CaseStatus, CaseOutcome | None]:
    """Where a case stands by its answers: open until both are there."""
    if one is None or other is None:
        return CaseStatus.OPEN, None
    agreed = AGREED.get(frozenset({one, other}))
    return (CaseStatus.RESOLVED, agreed) if agreed else (CaseStatus.DISPUTED, None)


def may_settle(status: CaseStatus, due_at: datetime, moment: datetime) -> bool:
    """A third person decides where the two do not agree, or where one has not answered in time."""
    return status == CaseStatus.DISPUTED or (status == CaseStatus.OPEN and moment > due_at)
