"""The people: individuals, households, and the numbers the registry gives them."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from cli.demo.names import FullName, Name, draw_pattern, family_names, given_names
from cli.demo.places import Commune

# 99........ with a remainder of 1 by 97: the ids that no real person holds, 1,030,928 of them.
FIRST_NNI = 9_900_000_033
NNI_COUNT = (9_999_999_999 - FIRST_NNI) // 97 + 1
NNI_STEP = 616_999  # has no divisor in common with NNI_COUNT, so every id comes once
ADULTS_WITH_NNI = 0.65
CHILDREN_WITH_NNI = 0.20
ADULT_AGE = 18

FIRST_INDIVIDUAL = 1_000_000_000
INDIVIDUAL_SPAN = 9_000_000_000
INDIVIDUAL_STEP = 7_368_787  # no divisor in common with the span

YEAR_ONLY = 0.48  # of people older than two: 45 of 100 of all
SURVEY_START = date(2021, 1, 1)


@dataclass(slots=True, eq=False)
class Person:
    """One individual. `number` and `nni` are empty for someone without; a date known by year is 31/12 or 01/01."""

    number: str
    name: FullName
    sex: str
    born_on: date
    year_only: bool
    nni: str
    disabled: bool

    def age_on(self, day: date) -> int:
        return day.year - self.born_on.year - ((day.month, day.day) < (self.born_on.month, self.born_on.day))


@dataclass(slots=True, eq=False)
class Household:
    """A household with its members in order, head first. `number` is empty when the registry does not know it."""

    number: str
    commune: Commune
    village: Name
    category: str
    score: float
    surveyed_on: date
    phone: str
    phone_is_agents: bool
    members: list[tuple[str, Person]] = field(default_factory=list)

    @property
    def head(self) -> Person:
        return self.members[0][1]

    @property
    def formula_version(self) -> str:
        return "PMT-2024.1" if self.surveyed_on.year >= 2024 else "PMT-2021.2"

    def in_role(self, role: str) -> list[Person]:
        return [person for kind, person in self.members if kind == role]

    @property
    def is_disabled(self) -> bool:
        return any(person.disabled for _, person in self.members)


class Numbers:
    """Gives each individual and household its number once, in an order that looks arbitrary but is fixed by the seed."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._ids = rng.randrange(NNI_COUNT)
        self._individuals = rng.randrange(INDIVIDUAL_SPAN)
        self._households: Counter[str] = Counter()

    def nni(self) -> str:
        self._ids = (self._ids + NNI_STEP) % NNI_COUNT
        return str(FIRST_NNI + 97 * self._ids)

    def individual(self) -> str:
        self._individuals = (self._individuals + INDIVIDUAL_STEP) % INDIVIDUAL_SPAN
        return str(FIRST_INDIVIDUAL + self._individuals)

    def household(self, moughataa_code: str) -> str:
        # Gaps, as left by households struck off: a mistyped number then mostly names nobody.
        self._households[moughataa_code] += self._rng.randint(1, 9)
        return f"{moughataa_code}{self._households[moughataa_code]:07d}"

    def phone(self) -> str:
        return f"{self._rng.choice('2344')}{self._rng.randrange(10_000_000):07d}"


class Births:
    """Brings people into being: draws names, birth dates and ids, all as of one day."""

    def __init__(self, rng: Random, numbers: Numbers, today: date) -> None:
        self.rng = rng
        self.numbers = numbers
        self.today = today

    def given(self, group: str, sex: str, *, unlike: Collection[str] = ()) -> Name:
        """A given name; siblings rarely share one, so `unlike` is avoided a few times."""
        pool = given_names(group, sex)
        name = pool.draw(self.rng)
        for _ in range(5):
            if name.latin not in unlike:
                break
            name = pool.draw(self.rng)
        return name

    def stranger(self, group: str, sex: str, age: int) -> Person:
        """Someone without relatives drawn yet: a founder, or one who married in."""
        father, grandfather = self.given(group, "M"), self.given(group, "M")
        family = family_names(group).draw(self.rng)
        return self.person(group, sex, age, father=father, grandfather=grandfather, family=family)

    def person(
        self,
        group: str,
        sex: str,
        age: int,
        *,
        father: Name,
        grandfather: Name,
        family: Name,
        unlike: Collection[str] = (),
    ) -> Person:
        given = self.given(group, sex, unlike={father.latin, *unlike})
        name = FullName(group, given, father, grandfather, family, draw_pattern(self.rng, group, sex))
        born_on, year_only = self._birth(age)
        has_nni = self.rng.random() < (ADULTS_WITH_NNI if age >= ADULT_AGE else CHILDREN_WITH_NNI)
        disabled = self.rng.random() < (0.025 if age < 30 else 0.06 if age < 60 else 0.16)
        return Person("", name, sex, born_on, year_only, self.numbers.nni() if has_nni else "", disabled)

    def _birth(self, age: int) -> tuple[date, bool]:
        """A birth date of someone `age` years old today, often known by year only."""
        last = date(self.today.year - age, self.today.month, min(self.today.day, 28))
        born_on = last - timedelta(days=self.rng.randrange(360))
        if age < 3 or self.rng.random() >= YEAR_ONLY:
            return born_on, False
        if self.rng.random() < 0.7:
            return date(born_on.year, 12, 31), True
        return date(born_on.year, 1, 1), True
