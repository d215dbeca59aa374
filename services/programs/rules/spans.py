"""The days on which an enrollment was enrolled, out of its turns: what was suspended or undone does not count."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from services.programs.rules.status import ByItself, Status

Span = tuple[date, date | None]
"""From the first day up to the day before the second; None: still."""


@dataclass(frozen=True, slots=True)
class TurnOn:
    """A turn: to which status, and the day it was recorded. `undone`: it took the turn before it back."""

    to: Status
    on: date
    undone: bool = False

    @classmethod
    def of(cls, change: Mapping[str, Any], on: date) -> Self:
        return cls(Status(change["to"]), on, change["reason"] == ByItself.UNDONE)


def enrolled_spans(turns: Iterable[TurnOn], enrolled_on: date | None, exited_on: date | None) -> list[Span]:
    """The spans, oldest first, of the turns in their order.

    The first begins on `enrolled_on`, the last ends on `exited_on`, as the institution says; between them a suspension and
    a resumption hold from the day they were recorded. A span of no day at all is none.
    """
    spans: list[Span] = []
    since: date | None = None
    for turn in _standing(turns):
        if turn.to is Status.ENROLLED and since is None:
            since = turn.on if spans or enrolled_on is None else enrolled_on
        elif turn.to is not Status.ENROLLED and since is not None:
            until = exited_on if turn.to is Status.EXITED and exited_on is not None else turn.on
            spans, since = [*spans, (since, until)], None
    if since is not None:
        spans.append((since, None))
    return [(first, until) for first, until in spans if until is None or first < until]


def _standing(turns: Iterable[TurnOn]) -> list[TurnOn]:
    """The turns that were not taken back. An application that is ended because what made it was undone is a turn of its own."""
    standing: list[TurnOn] = []
    for turn in turns:
        if turn.undone and len(standing) > 1 and standing[-2].to is turn.to:
            standing.pop()
        else:
            standing.append(turn)
    return standing
