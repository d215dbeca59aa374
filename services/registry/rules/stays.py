"""Who belongs to a household on which days, as its surveys tell one after another, in whatever order they come.

A survey says who belongs from its day until the day of the next one that is known.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from services.registry.rules.clocks import Piece


@dataclass(slots=True, eq=False)
class Stay:
    """An individual in a household with a role, from one day until the day before another (None: still).

    `row` is the membership as it is stored; None where it is not yet.
    """

    household_id: UUID
    household_number: str
    individual_id: UUID
    relationship: str
    from_on: date
    until_on: date | None = None
    row: Any = None

    def holds_on(self, day: date) -> bool:
        return self.from_on <= day and (self.until_on is None or day < self.until_on)

    def meets(self, from_on: date, until_on: date | None) -> bool:
        """Whether some day of it lies between these days, the second not among them (None: for ever)."""
        return (until_on is None or self.from_on < until_on) and (self.until_on is None or from_on < self.until_on)

    def lasting(self, from_on: date, until_on: date | None) -> "Stay":
        """The same on other days, not yet stored."""
        return Stay(self.household_id, self.household_number, self.individual_id, self.relationship, from_on, until_on)


class Window(NamedTuple):
    """The days of which a survey says who belongs: from its own until the next survey's (None: it is the newest)."""

    from_on: date
    until_on: date | None


def window_of(pieces: Sequence[Piece], surveyed_on: date) -> Window | None:
    """The window of a survey, when the household has learned its facts; None where a better source speaks of its days."""
    told = surveyed_on.isoformat()
    since = [piece for piece in pieces if piece.true_until is None or piece.true_until > surveyed_on]
    if not since or since[0].state.get("surveyed_on") != told:
        return None
    until_on = next((piece.true_from for piece in since if piece.state.get("surveyed_on") != told), None)
    return Window(surveyed_on, until_on)


def departures(stays: Iterable[Stay], window: Window, listed: Mapping[UUID, str], whole: bool) -> list[Stay]:
    """The stays that end with a survey: of who is not listed (where the list is whole), or has another role.

    Who came after the day of the survey is not its business.
    """
    return [
        stay
        for stay in stays
        if stay.holds_on(window.from_on)
        and listed.get(stay.individual_id, None if whole else stay.relationship) != stay.relationship
    ]


def left_of(stay: Stay, window: Window) -> list[Stay]:
    """What remains of a stay outside of a window."""
    rest = []
    if stay.from_on < window.from_on:
        rest.append(stay.lasting(stay.from_on, window.from_on))
    if window.until_on is not None and (stay.until_on is None or stay.until_on > window.until_on):
        rest.append(stay.lasting(window.until_on, stay.until_on))
    return rest


def arrival(stays: Iterable[Stay], window: Window, new: Stay) -> tuple[Stay, Stay | None]:
    """The stay of a listed member who had none on the day: `new`, until the member's next; one with it where they touch.

    Returns the stay that begins, and the later stay that it takes in.
    """
    later = min(
        (stay for stay in stays if stay.from_on > window.from_on and stay.meets(window.from_on, None)),
        key=lambda stay: stay.from_on,
        default=None,
    )
    if later is None or (window.until_on is not None and later.from_on > window.until_on):
        return new.lasting(window.from_on, window.until_on), None
    if later.relationship == new.relationship:
        return new.lasting(window.from_on, later.until_on), later
    return new.lasting(window.from_on, later.from_on), None
