"""A country of any size in seconds: people in households, as arrays. By the patterns of the sample country (`cli/demo`).

Siblings share their father's names, phone and place, cousins live next door, a third of the men carries one of ten names,
and every second birth date is known by its year only: what makes one person hard to tell from another.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from benchmarks.linkage.names import Draws, Ints, NameLists, Truths
from cli.demo.places import communes

TODAY = np.datetime64("2026-06-30")
PEOPLE_PER_HOUSEHOLD = 5.8
"""Fewer than the households have on average, 6.2: enough are drawn for any count, and some households are left out."""

FEMALE_HEADS, MARRIED, HUSBAND_ABROAD = 0.30, 0.93, 0.10
COUSINS_NEXT_DOOR = 0.07
NO_PHONE, AGENT_PHONE, COUSINS_PHONE = 0.08, 0.10, 0.5
AGENT_SERVES = 400
"""Households among whom one agent's phone is handed round: it stands with a tenth of them."""
NNI_OF_ADULTS, NNI_OF_CHILDREN, ADULT = 0.92, 0.36, 18
YEAR_ONLY, LAST_OF_DECEMBER = 0.48, 0.7
MOST_BIRTHS = 16

FIRST_NNI = 9_000_000_083
NNI_COUNT = (9_999_999_999 - FIRST_NNI) // 97 + 1
NNI_STEP = 6_169_999
"""More ids than the 1,030,928 that begin with 99; the step has no divisor in common with their number, so none comes twice."""


@dataclass
class People:
    """One entry for each person. Names are numbers in `NameLists`, 0 in `phone` and `nni` means none."""

    household: Ints
    commune: Ints
    group: Ints
    female: Truths
    given: Ints
    father: Ints
    grandfather: Ints
    family: Ints
    form: Ints
    born_on: NDArray[np.datetime64]
    year_only: Truths
    phone: Ints
    nni: Ints

    def __len__(self) -> int:
        return len(self.household)

    def take(self, which: Ints) -> Self:
        return type(self)(**{one.name: getattr(self, one.name)[which] for one in fields(self)})


@dataclass
class _Group:
    """People of one role, before they are put together: where they live, their age and their names."""

    home: Ints
    female: Truths
    age: Ints
    given: Ints
    father: Ints
    grandfather: Ints
    family: Ints

    def take(self, which: Ints) -> Self:
        return type(self)(**{one.name: getattr(self, one.name)[which] for one in fields(self)})


def draw_people(count: int, seed: int, lists: NameLists) -> People:
    """`count` people, household by household. The same seed gives the same people."""
    return _Drawer(np.random.default_rng(seed), lists, count).people(count)


class _Drawer:
    def __init__(self, rng: Draws, lists: NameLists, count: int) -> None:
        self.rng, self.lists = rng, lists
        self.homes = int(count / PEOPLE_PER_HOUSEHOLD) + 20
        places = communes()
        weights = np.cumsum([place.weight for place in places])
        self.commune = np.sort(np.searchsorted(weights, rng.random(self.homes) * weights[-1], side="right"))
        shares = np.cumsum([place.group_shares for place in places], axis=1)
        self.group = (rng.random(self.homes)[:, None] > shares[self.commune]).sum(axis=1).clip(0, 3)
        self.cousins = (rng.random(self.homes) < COUSINS_NEXT_DOOR) & (self.commune == np.roll(self.commune, 1))
        self.cousins[0] = False
        self.cousins &= ~np.roll(self.cousins, 1)
        self.group[self.cousins] = self.group[np.flatnonzero(self.cousins) - 1]

    def people(self, count: int) -> People:
        heads = self._heads()
        parts = [heads]
        wives = self._strangers(self._some(heads, MARRIED, ~heads.female), female=True)
        wives.age = np.maximum(17, heads.age[wives.home] - self.rng.integers(2, 13, len(wives.home)))
        parts += [wives, self._children(wives, fathers=heads.take(wives.home))]
        mothers = heads.take(np.flatnonzero(heads.female))
        husbands = self._strangers(mothers.home, female=False)
        husbands.age = np.minimum(90, mothers.age + self.rng.integers(3, 13, len(mothers.home)))
        abroad = self.rng.random(len(husbands.home)) >= HUSBAND_ABROAD
        parts += [husbands.take(np.flatnonzero(~abroad)), self._children(mothers, fathers=husbands)]
        parts += [self._siblings(heads), self._parents(heads), *self._grandchildren(heads), self._lodgers(heads)]
        return self._together(parts, count)

    def _some(self, heads: _Group, share: float, among: Truths) -> Ints:
        return np.flatnonzero(among & (self.rng.random(len(heads.home)) < share))

    def _given(self, home: Ints, female: Truths) -> Ints:
        return self.lists.draw_each(self.rng, self.group[home], female, "given")

    def _strangers(self, home: Ints, *, female: bool | Truths) -> _Group:
        """People whose parents are not drawn: founders, and those who married in. Their age is for the caller."""
        sex = np.broadcast_to(np.asarray(female), home.shape).copy()
        men = np.zeros(len(home), dtype=np.bool_)
        family = self.lists.draw_each(self.rng, self.group[home], men, "family")
        names = self._given(home, sex), self._given(home, men), self._given(home, men), family
        return _Group(home, sex, np.zeros(len(home), dtype=np.int64), *names)

    def _heads(self) -> _Group:
        home = np.arange(self.homes)
        heads = self._strangers(home, female=self.rng.random(self.homes) < FEMALE_HEADS)
        heads.age = self.rng.normal(np.where(heads.female, 48, 46), 13).round().astype(np.int64).clip(21, 88)
        cousins = np.flatnonzero(self.cousins)
        for names in (heads.father, heads.grandfather, heads.family):
            names[cousins] = names[cousins - 1]
        return heads

    def _children(self, mothers: _Group, fathers: _Group) -> _Group:
        """Children still at home; girls leave at marriage sooner than boys. Each carries the father's names."""
        born = self.rng.integers(16, 24, len(mothers.home))
        parts = []
        for _ in range(MOST_BIRTHS):
            which = np.flatnonzero(born <= np.minimum(mothers.age, 44))
            age, girls = (mothers.age - born)[which], self.rng.random(len(which)) < 0.5
            stays = np.select([age < 16, age < 22, age < 32], [0.87, 0.6, 0.22], 0.05)
            stays = np.where(girls & (age >= 16), 0.8 * stays, stays)
            kept = self.rng.random(len(which)) < stays
            parts.append(self._offspring(fathers.take(which[kept]), girls[kept], age[kept]))
            born = born + self.rng.choice([1, 2, 2, 3, 3, 4, 6], len(born))
        return self._unlike(_joined(parts))

    def _offspring(self, fathers: _Group, female: Truths, age: Ints) -> _Group:
        home = fathers.home
        return _Group(home, female, age, self._given(home, female), fathers.given, fathers.father, fathers.family)

    def _unlike(self, children: _Group) -> _Group:
        """Siblings rarely share a given name, and a son rarely his father's: they draw again, three times at most."""
        for _ in range(3):
            key = children.home * 100_000 + children.given
            order = np.argsort(key, kind="stable")
            again = np.zeros(len(key), dtype=np.bool_)
            again[order[1:]] = key[order[1:]] == key[order[:-1]]
            which = np.flatnonzero(again | (children.given == children.father))
            children.given[which] = self._given(children.home[which], children.female[which])
        return children

    def _siblings(self, heads: _Group) -> _Group:
        them = heads.take(self._some(heads, 0.12, heads.age > 0))
        them.female = self.rng.random(len(them.home)) < 0.5
        them.given = self._given(them.home, them.female)
        them.age = np.maximum(15, them.age - self.rng.integers(0, 13, len(them.home)))
        return them

    def _parents(self, heads: _Group) -> _Group:
        """Of young heads: the mother mostly, or the father, then by the names that the head carries."""
        home = self._some(heads, 0.16, heads.age <= 55)
        them = self._strangers(home, female=self.rng.random(len(home)) < 0.7)
        them.age = np.minimum(95, heads.age[home] + self.rng.integers(17, 38, len(home)))
        fathers = np.flatnonzero(~them.female)
        for names, of_head in (
            (them.given, heads.father),
            (them.father, heads.grandfather),
            (them.family, heads.family),
        ):
            names[fathers] = of_head[home[fathers]]
        return them

    def _grandchildren(self, heads: _Group) -> tuple[_Group, _Group]:
        """A son's children when the head is a man, three in five; else a daughter's, whose father nobody here knows."""
        some = self._some(heads, 0.45, heads.age >= 50)
        home = np.repeat(some, self.rng.integers(1, 5, len(some)))
        female = self.rng.random(len(home)) < 0.5
        age = (self.rng.random(len(home)) * (heads.age[home] - 41)).astype(np.int64)
        of_son = ~heads.female[home] & (self.rng.random(len(home)) < 0.6)
        men = np.zeros(int(of_son.sum()), dtype=np.bool_)
        fathers = heads.take(home[of_son])
        fathers.father, fathers.given = fathers.given, self._given(fathers.home, men)
        others = self._strangers(home[~of_son], female=female[~of_son])
        others.age = age[~of_son]
        return self._offspring(fathers, female[of_son], age[of_son]), others

    def _lodgers(self, heads: _Group) -> _Group:
        home = self._some(heads, 0.15, heads.age > 0)
        them = self._strangers(home, female=self.rng.random(len(home)) < 0.5)
        them.age = self.rng.integers(4, 71, len(home))
        return them

    def _together(self, parts: list[_Group], count: int) -> People:
        every = _joined(parts)
        if len(every.home) < count:
            raise ValueError(f"drew {len(every.home)} people, not {count}")  # the households are larger than that
        some = self.rng.permutation(self.homes)[every.home]  # left out are households here and there, the last in part
        every = every.take(np.sort(np.argsort(some, kind="stable")[:count]))
        every = every.take(np.argsort(every.home, kind="stable"))
        group = self.group[every.home]
        born_on, year_only = self._births(every.age)
        form = self.lists.draw_each(self.rng, group, every.female, "form")
        names = every.given, every.father, every.grandfather, every.family
        phone, nni = self._phones()[every.home], self._nnis(every.age)
        return People(
            every.home, self.commune[every.home], group, every.female, *names, form, born_on, year_only, phone, nni
        )

    def _births(self, age: Ints) -> tuple[NDArray[np.datetime64], Truths]:
        days = (age * 365.25).astype(np.int64) + self.rng.integers(0, 360, len(age))
        born_on = TODAY - days.astype("timedelta64[D]")
        year_only = (age >= 3) & (self.rng.random(len(age)) < YEAR_ONLY)
        year = born_on.astype("datetime64[Y]")
        december = (year + 1).astype("datetime64[D]") - 1
        first = np.where(self.rng.random(len(age)) < LAST_OF_DECEMBER, december, year.astype("datetime64[D]"))
        return np.where(year_only, first, born_on), year_only

    def _nnis(self, age: Ints) -> Ints:
        start = int(self.rng.integers(NNI_COUNT))
        ids = FIRST_NNI + 97 * ((start + np.arange(len(age), dtype=np.int64) * NNI_STEP) % NNI_COUNT)
        has = self.rng.random(len(age)) < np.where(age >= ADULT, NNI_OF_ADULTS, NNI_OF_CHILDREN)
        return np.where(has, ids, 0)

    def _phones(self) -> Ints:
        """One phone of each household: its own mostly, an agent's, that of the cousins next door, or none."""
        own, draw = draw_phones(self.rng, self.homes), self.rng.random(self.homes)
        agents = draw_phones(self.rng, self.homes // AGENT_SERVES + 1)
        own = np.where(draw < NO_PHONE + AGENT_PHONE, agents[np.arange(self.homes) // AGENT_SERVES], own)
        own[draw < NO_PHONE] = 0
        shared = np.flatnonzero(self.cousins & (draw > 1 - COUSINS_PHONE))
        own[shared] = own[shared - 1]
        return own


def draw_phones(rng: Draws, count: int) -> Ints:
    """Numbers of eight digits as Mauritania has them: the first is 2, 3 or 4."""
    return rng.choice([2, 3, 4, 4], count) * 10_000_000 + rng.integers(0, 10_000_000, count)


def _joined(parts: list[_Group]) -> _Group:
    return _Group(*(np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(_Group)))
