"""How many more a program takes: its capacity, and its quotas of places."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from services.programs.rules.program import Program

Full = Literal["program_full", "quota_reached"]


@dataclass(slots=True)
class Seats:
    """The places still free: `None` in all where nothing limits the program, and those of each quota by its p-code."""

    in_all: int | None = None
    of_places: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, program: Program, taken: Mapping[str | None, int]) -> "Seats":
        """`taken`: how many seats are taken by the p-code of the place; None: of those whose place is not known."""
        return cls(
            None if program.capacity is None else program.capacity - sum(taken.values()),
            {
                quota.place: quota.most
                - sum(number for code, number in taken.items() if code is not None and lies_in(code, quota.place))
                for quota in program.quotas
            },
        )

    def full(self, place_code: str | None) -> Full | None:
        """Why somebody of this place cannot be taken now; None where there is a seat.

        Whose place is not known counts in no quota, only in the program's capacity.
        """
        if self.in_all is not None and self.in_all <= 0:
            return "program_full"
        return "quota_reached" if any(self.of_places[place] <= 0 for place in self._around(place_code)) else None

    def take(self, place_code: str | None) -> Full | None:
        """Take a seat where there is one; else why there is none."""
        if (full := self.full(place_code)) is None:
            self._add(place_code, -1)
        return full

    def give_back(self, place_code: str | None) -> None:
        self._add(place_code, 1)

    def _add(self, place_code: str | None, seats: int) -> None:
        if self.in_all is not None:
            self.in_all += seats
        for place in self._around(place_code):
            self.of_places[place] += seats

    def _around(self, place_code: str | None) -> Iterable[str]:
        """The quotas of the place and of those it lies in, whose codes its own begins with."""
        return [place for place in self.of_places if place_code is not None and lies_in(place_code, place)]


def lies_in(place_code: str, place: str) -> bool:
    """Whether a place is, or lies in, another: MR011-C01 in itself, in MR011 and in MR01. Nothing lies in a commune."""
    return place_code == place or ("-" not in place and place_code.startswith(place))
