"""A figure as it is told: of whom, in what unit, which part of what whole, and why there is none where there is none."""

from typing import Final, Literal, NamedTuple

from services.matching.figures.groups import Group

Reason = Literal["hidden", "no_one", "nothing_given", "nothing_to_compare", "lowest_is_zero"]
HIDDEN: Final = "hidden"
NO_ONE: Final = "no_one"
NOTHING_GIVEN: Final = "nothing_given"
NOTHING_TO_COMPARE: Final = "nothing_to_compare"
LOWEST_IS_ZERO: Final = "lowest_is_zero"
MONEY: Final = "money"


class Cell(NamedTuple):
    """One figure. Money is in hundredths of an MRU; `value` is the indicator itself, None where `reason` says why.

    `program` and `other` are empty where the figure is of any program; `other` is the second of a pair, the programs of a
    combination (`A+B`), the month of a peak, or a benefit. `family` says with which counts it is hidden.
    """

    indicator: str
    by: str
    group: str
    program: str
    other: str
    unit: str
    bound: str
    numerator: int | None
    denominator: int | None
    value: float | None
    reason: Reason | None
    overlap_class: str | None
    family: str

    @property
    def of(self) -> Group:
        return (self.by, self.group)


def share(
    indicator: str,
    group: Group,
    part: int,
    whole: int,
    *,
    unit: str,
    bound: str,
    family: str,
    program: str = "",
    other: str = "",
    overlap_class: str | None = None,
    without: Reason = NO_ONE,
) -> Cell:
    """A part of a whole; of nothing there is no share, and `without` says so."""
    value, reason = (part / whole, None) if whole else (None, without)
    return Cell(indicator, *group, program, other, unit, bound, part, whole, value, reason, overlap_class, family)


def hide(cell: Cell) -> Cell:
    return cell._replace(numerator=None, denominator=None, value=None, reason=HIDDEN)
