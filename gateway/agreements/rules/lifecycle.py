"""The states of a version of an agreement, and the steps between them."""

from datetime import timedelta
from enum import StrEnum

REVIEW_WITHIN = timedelta(days=1)
"""How long an emergency agreement holds on one person's word."""


class State(StrEnum):
    DRAFT = "draft"
    SIGNED = "signed"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    TERMINATED = "terminated"


class Step(StrEnum):
    DRAFT = "draft"
    SIGN = "sign"
    APPROVE = "approve"
    REVIEW = "review"
    SUSPEND = "suspend"
    RESUME = "resume"
    TERMINATE = "terminate"
    EXPIRE = "expire"
    REPLACE = "replace"


OPEN = frozenset({State.DRAFT, State.SIGNED})
IN_FORCE = frozenset({State.ACTIVE, State.SUSPENDED})

_LEADS_TO: dict[Step, dict[State, State]] = {
    Step.SIGN: {State.DRAFT: State.DRAFT},
    Step.APPROVE: {State.SIGNED: State.ACTIVE},
    Step.REVIEW: {State.ACTIVE: State.ACTIVE, State.SUSPENDED: State.SUSPENDED},
    Step.SUSPEND: {State.ACTIVE: State.SUSPENDED},
    Step.RESUME: {State.SUSPENDED: State.ACTIVE},
    Step.TERMINATE: dict.fromkeys(OPEN | IN_FORCE, State.TERMINATED),
    Step.REPLACE: dict.fromkeys(OPEN | IN_FORCE, State.TERMINATED),
    Step.EXPIRE: dict.fromkeys(OPEN | IN_FORCE, State.EXPIRED),
}
ASKED_FOR = (Step.SIGN, Step.APPROVE, Step.REVIEW, Step.SUSPEND, Step.RESUME, Step.TERMINATE)
"""The steps that a person takes; the others follow from these and from the day."""


def after(state: State, step: Step) -> State | None:
    """The state that a step leads to; None where it is not allowed. The second signature makes a draft `signed`."""
    return _LEADS_TO.get(step, {}).get(state)


def allowed(state: State) -> list[Step]:
    """What a person may do with a version in this state."""
    return [step for step in ASKED_FOR if state in _LEADS_TO[step]]
