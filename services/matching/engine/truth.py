"""What is known of two lists: which of their records are one person."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]
Marks = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Truth:
    """Pairs of one person, by the rows of the left and of the right list. A row of the right list that is in no pair is
    nobody's on the left."""

    left: Rows
    right: Rows
    rows: int
    """Of the right list."""

    def marks(self, left: npt.NDArray[np.integer], right: npt.NDArray[np.integer]) -> Marks:
        """By pair, whether it is one of a person."""
        width = int(max(self.left.max(initial=0), left.max(initial=0))) + 1
        marks: Marks = np.isin(right.astype(np.int64) * width + left, self.right * width + self.left)
        return marks

    def halves(self, seed: int = 1) -> tuple[Marks, Marks]:
        """The rows of the right list in two halves by chance: to learn from, and to calibrate on."""
        first = np.random.default_rng(seed).random(self.rows) < 0.5
        return first, ~first
