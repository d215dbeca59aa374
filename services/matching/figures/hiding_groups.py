"""The counts of a country by group, and which groups are hidden so far, one family of counts after another."""

from collections.abc import Iterable, Sequence

from services.matching.figures.counting import EVERYONE, Counted
from services.matching.figures.groups import Group, sums
from services.matching.figures.states import BOTH, CERTAIN
from services.matching.figures.suppressing import Counts, Family, Move, hidden, partition, sizes

Hidden = dict[tuple[str, str], set[Group]]
"""By family and bound, the groups of which it is hidden."""


class Hiding:
    """The counts of a country, and which groups of them are hidden so far.

    What is told by certain and probable links differs from what is told by the certain ones in the probable ones: where these
    are few, the larger figure is hidden. So what is hidden of the certain is hidden of both.
    """

    def __init__(self, counted: Counted) -> None:
        self.counted = counted
        within = counted.states.households.select("wilaya", "moughataa").unique().sort("wilaya", "moughataa").rows()
        self.sums = sums(counted.groups, within)
        self.everyone = counted.households(EVERYONE)
        self.people = hidden(sizes(self.everyone), self.sums)
        self.found: Hidden = {}

    def hide(self, families: Sequence[Family], *forced: set[Group]) -> set[Group]:
        """Hidden in one of several families is hidden in all: they are told side by side."""
        found, before = self.people.union(*forced), -1
        while before != len(found):
            before = len(found)
            for family in families:
                found |= hidden(family, self.sums, found, self.people)
        return found

    def both_bounds(
        self, name: str, certain: Sequence[Family], both: Sequence[Family], forced: Iterable[str] = ()
    ) -> None:
        """`forced`: the families without which nothing is told of this one."""
        before: set[Group] = set()
        for bound, families in ((CERTAIN, certain), (BOTH, both)):
            before = self.hide(families, before, *(self.found[one, bound] for one in forced))
            self.found[name, bound] = before

    def split(self, part: Counts, whole: Counts) -> Family:
        return partition([part, less(whole, part)], self.everyone)

    def widened(self, certain: Counts, both: Counts, whole: Counts) -> Family:
        """The probable ones, and the rest: what may be otherwise while the certain ones stay."""
        probable, rest = less(both, certain), less(whole, both)
        move = Move(some(probable), some(rest))
        return Family([probable, both, rest], [[move]] * 3, self.everyone)


def less(whole: Counts, part: Counts) -> Counts:
    return {group: many - part[group] for group, many in whole.items()}


def some(*counts: Counts) -> set[Group]:
    """The groups in which each of these counts is more than none."""
    return {group for group in counts[0] if all(one[group] for one in counts)}


def of_bounds(hiding: Hiding, name: str) -> tuple[Counts, Counts]:
    """A count by certain links, and by all."""
    certain, both = (hiding.counted.households(f"{name}:{bound}") for bound in (CERTAIN, BOTH))
    return certain, both
