"""The order in which an enrollment's changes enter the feed. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one enrollment, as its owner announced it. Owners announce every version: 1, 2, 3."""

    enrollment_id: UUID
    version: int
    program: str
    from_status: str | None
    to_status: str
    reason: str | None
    changed_at: datetime


def in_order(changes: Iterable[Change], last: int) -> tuple[list[Change], list[Change]]:
    """One enrollment's changes by version: those that follow the version `last` without a gap, and the rest.

    What the feed has already is in neither.
    """
    entering: list[Change] = []
    early: list[Change] = []
    for change in sorted(changes, key=lambda one: one.version):
        if change.version == last + 1:
            entering.append(change)
            last = change.version
        elif change.version > last:
            early.append(change)
    return entering, early
