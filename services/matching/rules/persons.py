"""What persons said about one beneficiary's link, step by step, and what stands of it.

Steps are only ever added, or marked as undone; what stands is a fold over those that were not. To undo one is therefore
to fold without it: exactly what stood before stands again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from services.matching.rules.deciding import Decision, OpenedFor, Refused, Scored, rank_of


class Said(StrEnum):
    """What a person said in one step; `reset` is matching's own: the evidence a first person saw is no longer there."""

    SAME = "same"
    DIFFERENT = "different"
    CANNOT_TELL = "cannot_tell"
    SKIPPED = "skipped"
    LINKED = "linked"
    UNLINKED = "unlinked"
    RESET = "reset"


class UnlinkReason(StrEnum):
    """Why a link is taken away: `another_person` leaves the household open, `another_household` and `unknown_here` refuse
    both, and `mistake` takes back a link that a person made, as if it had not been made."""

    ANOTHER_PERSON = "another_person"
    ANOTHER_HOUSEHOLD = "another_household"
    UNKNOWN_HERE = "unknown_here"
    MISTAKE = "mistake"


OPINIONS = (Said.SAME, Said.DIFFERENT, Said.CANNOT_TELL, Said.LINKED)
"""Steps with which a second person confirms, or contradicts, the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step. `by` names the person; `needs_second`: it counts only when another person says the same next."""

    id: UUID
    said: Said
    by: tuple[str, str]
    individual_id: UUID | None = None
    household_id: UUID | None = None
    reason: UnlinkReason | None = None
    needs_second: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Whom a person said the beneficiary is not; `id` is the step's."""

    id: UUID
    individual_id: UUID
    household_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A decision that stands: the individual it is, and the household where it was seen; nobody: it cannot be told."""

    individual_id: UUID | None
    household_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Stands:
    """What stands after some steps. `waiting` is a first person's decision that a second has not confirmed."""

    held: Held | None = None
    refusals: tuple[Refusal, ...] = ()
    waiting: Step | None = None
    disputed: bool = False
    skips: int = 0
    last: Said | None = None
    """The last that took effect."""
    before_link: "Stands | None" = None
    """What stood before the link that is held, for whom it was a mistake."""


def what_stands(steps: Iterable[Step]) -> Stands:
    """Fold the steps that were not undone, oldest first."""
    stands = Stands()
    for step in steps:
        stands = _after(stands, step)
    return stands


def agree(first: Step, second: Step) -> bool:
    """Whether two persons say the same of the same individual."""
    as_one = {Said.LINKED: Said.SAME}
    return (as_one.get(first.said, first.said), first.individual_id) == (
        as_one.get(second.said, second.said),
        second.individual_id,
    )


def _after(stands: Stands, step: Step) -> Stands:
    if step.said is Said.RESET:
        return replace(stands, waiting=None)
    if step.said is Said.SKIPPED:
        return replace(stands, skips=stands.skips + 1)
    if stands.waiting is not None and step.said in OPINIONS:
        settled = replace(stands, waiting=None, disputed=not agree(stands.waiting, step))
        return settled if settled.disputed else _effect(settled, step)
    if step.needs_second:
        return replace(stands, waiting=step)
    return _effect(replace(stands, waiting=None, disputed=False), step)


def _effect(stands: Stands, step: Step) -> Stands:
    individual = step.individual_id
    if step.said is Said.CANNOT_TELL:
        return replace(stands, held=Held(None), last=step.said, before_link=None)
    assert individual is not None
    if step.said in (Said.SAME, Said.LINKED):
        others = tuple(one for one in stands.refusals if one.individual_id != individual)
        held = Held(individual, step.household_id)
        return replace(stands, held=held, refusals=others, last=step.said, before_link=stands)
    if step.reason is UnlinkReason.MISTAKE and stands.before_link is not None:
        return replace(stands.before_link, skips=stands.skips)
    still = stands.held
    if step.said is Said.UNLINKED or (still is not None and still.individual_id in (None, individual)):
        still = None
    whole = step.reason in (UnlinkReason.ANOTHER_HOUSEHOLD, UnlinkReason.UNKNOWN_HERE)
    refusal = Refusal(step.id, individual, step.household_id if whole else None)
    refusals = (*stands.refusals, refusal)
    return replace(stands, held=still, refusals=refusals, last=step.said, before_link=None)


def upheld(decision: Decision, held: Held | None, found: Sequence[Scored], refused: Refused) -> Decision:
    """What persons decided, above what the model would.

    `found` are the memberships of the individual the held decision leads to by now, with the comparison of each. Where
    there is none, or an institution has refused all, the question is open again: nobody else is linked instead.
    """
    if held is None:
        return decision
    if held.individual_id is None:
        return replace(decision, kind="adjudicate") if decision.kind == "link" else decision
    allowed = [one for one in found if not refused.holds_for(one.individual)]
    if not allowed:
        why = OpenedFor.CONTRADICTED if found else OpenedFor.INDIVIDUAL_LEFT
        return replace(decision, kind="adjudicate", opened_for=why)
    best = min(allowed, key=lambda one: (one.individual.household_id != held.household_id, rank_of(one)))
    return Decision(
        "link",
        best.individual.individual_id,
        best.individual.household_id,
        1.0,  # a person's word
        best.comparison,
        ranked=decision.ranked,
        held=True,
    )
