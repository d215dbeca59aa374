"""The name lists of the sample country as arrays: every name has a number, and every spelling of it a share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cli.demo.names import GROUPS, Name, Pattern, Pool, family_names, given_names, patterns
from cli.demo.spelling import ARABIC_HABITS, LATIN_HABITS, without_accents

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]
Draws = np.random.Generator

SEXES = ("M", "F")
KNOWN_VARIANT = {"latin": 0.8, "arabic": 0.7}
"""Of the names not written in the usual way, the share in a spelling of the list; the others follow a habit of spelling."""
NO_ACCENTS = 0.3


@dataclass(frozen=True)
class Drawing:
    """Numbers to draw from, each with its share; `shares` add up."""

    numbers: Ints
    shares: Floats

    def draw(self, rng: Draws, count: int) -> Ints:
        at = np.searchsorted(self.shares, rng.random(count) * self.shares[-1], side="right")
        drawn: Ints = self.numbers[at]
        return drawn


class Spellings:
    """All spellings of all names in one script. `write` draws one for each name asked."""

    def __init__(self, names: list[Name], script: str, variant: float) -> None:
        texts: list[str] = []
        shares: list[float] = []
        for number, name in enumerate(names):
            known = _spellings(name, script, variant)
            texts += known
            shares += list(number + np.minimum(np.cumsum(list(known.values())), 1.0))
            shares[-1] = number + 1.0
        self._texts, self._shares = pl.Series(texts), np.array(shares)

    def write(self, rng: Draws, numbers: Ints) -> pl.Series:
        """A spelling of each of the names with these numbers."""
        at = np.searchsorted(self._shares, numbers + rng.random(len(numbers)), side="right")
        return self._texts.gather(at)


def _spellings(name: Name, script: str, variant: float) -> dict[str, float]:
    """Each spelling of one name with its share; the usual one has what is left over."""
    usual, listed, habits = (
        (name.latin, name.latin_variants, LATIN_HABITS)
        if script == "latin"
        else (name.arabic, name.arabic_variants, ARABIC_HABITS)
    )
    by_habit = [re.sub(old, new, usual, count=1) for old, new in habits if re.search(old, usual)] or [usual]
    by_list = variant * KNOWN_VARIANT[script] if listed else 0.0
    shares: dict[str, float] = {usual: 1.0 - variant}
    for text in listed:
        shares[text] = shares.get(text, 0.0) + by_list / len(listed)
    for text in by_habit:
        shares[text] = shares.get(text, 0.0) + (variant - by_list) / len(by_habit)
    if script == "arabic":
        return shares
    plain: dict[str, float] = {}
    for text, share in shares.items():
        plain[text] = plain.get(text, 0.0) + share * (1 - NO_ACCENTS)
        bare = without_accents(text)
        plain[bare] = plain.get(bare, 0.0) + share * NO_ACCENTS
    return plain


class NameLists:
    """Given and family names by group and sex, and the forms in which a full name is written."""

    def __init__(self) -> None:
        self.names: list[Name] = []
        self.patterns: list[Pattern] = []
        self._number: dict[Name, int] = {}
        self.given = {(g, s): self._drawing(given_names(group, s)) for g, group in enumerate(GROUPS) for s in SEXES}
        self.family = {g: self._drawing(family_names(group)) for g, group in enumerate(GROUPS)}
        self.forms = {(g, s): self._forms(patterns(group, s)) for g, group in enumerate(GROUPS) for s in SEXES}

    def _drawing(self, pool: Pool) -> Drawing:
        numbers = []
        for name in pool.names:
            if name not in self._number:
                self._number[name] = len(self.names)
                self.names.append(name)
            numbers.append(self._number[name])
        return Drawing(np.array(numbers), np.array(pool.weights))

    def _forms(self, known: tuple[Pattern, ...]) -> Drawing:
        first = len(self.patterns)
        self.patterns += known
        return Drawing(np.arange(first, len(self.patterns)), np.cumsum([one.weight for one in known]))

    @cached_property
    def shows_family(self) -> Truths:
        """Of each form, whether the family name stands in it."""
        return np.array([pattern.shows_family for pattern in self.patterns])

    def usual_forms(self, group: int, sex: str, *, family: bool) -> Drawing:
        """The forms usual in a group that show the family name, or that do not."""
        known = self.forms[group, sex]
        kept = self.shows_family[known.numbers] == family
        weights = np.diff(known.shares, prepend=0.0)[kept]
        return Drawing(known.numbers[kept], np.cumsum(weights))

    def draw_each(self, rng: Draws, group: Ints, female: Truths, kind: str) -> Ints:
        """For each person a `given`, `family` or `form` usual in the group and, where it matters, for the sex."""
        drawn = np.zeros(len(group), dtype=np.int64)
        for g in range(len(GROUPS)):
            for s in SEXES:
                which = np.flatnonzero((group == g) & (female == (s == "F")))
                source: dict[str, Any] = {"given": self.given[g, s], "family": self.family[g], "form": self.forms[g, s]}
                drawn[which] = source[kind].draw(rng, len(which))
        return drawn
