"""Shares with their intervals, and the exact test of two judges on the same cases."""

from dataclasses import dataclass
from typing import Final

import numpy as np

Z: Final = 1.959963984540054
"""Of a normal distribution, 95 % lie within so many deviations."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share and the interval of 95 % about it, all from 0 to 1."""

    value: float
    low: float
    high: float

    def below(self, other: "Share") -> bool:
        """Whether it is less by more than chance explains: the two intervals lie apart."""
        return self.high < other.low

    def told(self) -> dict[str, float]:
        return {"value": round(self.value, 6), "low": round(self.low, 6), "high": round(self.high, 6)}


def share(part: int, of: int) -> Share | None:
    """`part` of `of` with Wilson's interval (1927), which also holds for few cases and near 0 and 1. None of nothing."""
    if not of:
        return None
    value = part / of
    middle = (value + Z * Z / (2 * of)) / (1 + Z * Z / of)
    reach = Z / (1 + Z * Z / of) * float(np.sqrt(value * (1 - value) / of + Z * Z / (4 * of * of)))
    return Share(value, max(0.0, middle - reach), min(1.0, middle + reach))


def f1(found: int, wrong: int, missed: int) -> Share | None:
    """F1 of so many true pairs found, false ones taken and true ones missed.

    It is 2s / (1 + s) of the share s of those found among all three, and so is its interval (Hand, Christen and Kirielle,
    2021).
    """
    of = share(found, found + wrong + missed)
    return of and Share(*(2 * one / (1 + one) for one in (of.value, of.low, of.high)))


def exact_p(first_only: int, second_only: int) -> float:
    """McNemar's exact test (1947), two-sided: how probable it is that of the cases that only one of two judges got right as
    many or more fall to one of them, were they equally good."""
    cases = first_only + second_only
    if not cases:
        return 1.0
    taken = np.arange(1, min(first_only, second_only) + 1, dtype=np.float64)
    # The logarithms of the binomial coefficients, each from the one before.
    logs = np.concatenate(([0.0], np.cumsum(np.log((cases - taken + 1) / taken)))) - cases * np.log(2.0)
    return float(min(1.0, 2.0 * np.exp(logs).sum()))
