"""Names in both scripts: who may be called what, and how a person's full name is put together."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import accumulate
from random import Random
from typing import NamedTuple

GROUPS = ("hassaniya", "pulaar", "soninke", "wolof")

# Given names are very unequally common: one in ten men is a Mohamed. Names not listed here weigh 1.
POPULAR = {
    "Mohamed": 16, "Ahmed": 10, "Sidi": 6, "Cheikh": 6, "Mohamed Lemine": 5, "Abdallahi": 5, "Sidi Mohamed": 5,
    "Brahim": 4, "El Moctar": 4, "El Hacen": 3, "Ely": 3, "Mohamed Salem": 3, "Mohamed Mahmoud": 3, "Aly": 3,
    "Isselmou": 3, "Sid'Ahmed": 3, "Mohamed Vall": 3, "Mohamed Abdallahi": 3, "Mahmoud": 3, "Oumar": 3,
    "Fatimetou": 14, "Mariem": 11, "Aichetou": 9, "Khadijetou": 7, "Aminetou": 6, "Zeinebou": 4, "Vatma": 4,
    "Lalla": 3, "Meimouna": 3, "Salka": 3, "Mamadou": 6, "Amadou": 6, "Samba": 4, "Abdoulaye": 4, "Demba": 3,
    "Fatimata": 6, "Aminata": 6, "Mariata": 4, "Coumba": 4, "Aïssata": 4, "Hawa": 3, "Bakary": 3, "Fatoumata": 5,
    "Bintou": 3, "Ndèye": 3, "Fatou": 4, "Alioune": 4, "Babacar": 3, "Ba": 6, "Diallo": 5, "Sow": 5, "Sy": 4,
    "Kane": 4, "Camara": 5, "Traoré": 4, "Touré": 3, "Diop": 5, "Ndiaye": 5, "Fall": 4,
}  # fmt: skip


class Name(NamedTuple):
    """One given or family name. Variants are other spellings of the same name, met in lists."""

    latin: str
    arabic: str
    latin_variants: tuple[str, ...] = ()
    arabic_variants: tuple[str, ...] = ()


class Pattern(NamedTuple):
    """How the parts stand in a full name, e.g. `{given} Ould {father}`."""

    key: str
    latin: str
    arabic: str
    weight: float

    @property
    def shows_family(self) -> bool:
        return "{family}" in self.latin


@dataclass(slots=True)
class FullName:
    """The parts of a person's name. `family` is the clan, inherited from the father and kept in marriage."""

    group: str
    given: Name
    father: Name
    grandfather: Name
    family: Name
    pattern: Pattern

    @property
    def latin(self) -> str:
        return self.pattern.latin.format(
            given=self.given.latin,
            father=self.father.latin,
            grandfather=self.grandfather.latin,
            family=self.family.latin,
        )

    @property
    def arabic(self) -> str:
        return self.pattern.arabic.format(
            given=self.given.arabic,
            father=self.father.arabic,
            grandfather=self.grandfather.arabic,
            family=self.family.arabic,
        )


@dataclass(frozen=True, slots=True)
class Pool:
    """Names to draw from, each with its cumulated weight."""

    names: tuple[Name, ...]
    weights: tuple[float, ...]

    def draw(self, rng: Random) -> Name:
        return rng.choices(self.names, cum_weights=self.weights)[0]


def rows_of(package: str, file: str) -> Iterator[dict[str, str]]:
    """The lines of a csv file in the folder `data` of a package."""
    text = (resources.files(package) / "data" / file).read_text(encoding="utf-8")
    yield from csv.DictReader(text.splitlines())


def split_variants(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split("|") if part.strip())


def _pool(rows: list[dict[str, str]]) -> Pool:
    names = tuple(
        Name(r["latin"], r["arabic"], split_variants(r["latin_variants"]), split_variants(r["arabic_variants"]))
        for r in rows
    )
    return Pool(names, tuple(accumulate(float(POPULAR.get(name.latin, 1)) for name in names)))


@cache
def given_names(group: str, sex: str) -> Pool:
    """The given names of one group and sex (F or M), with those every group shares."""
    rows = rows_of("cli.demo", "given_names.csv")
    return _pool([r for r in rows if r["gender"] == sex and r["group"] in (group, "shared")])


@cache
def family_names(group: str) -> Pool:
    return _pool([r for r in rows_of("cli.demo", "family_names.csv") if r["group"] == group])


@cache
def patterns(group: str, sex: str) -> tuple[Pattern, ...]:
    return tuple(
        Pattern(r["pattern"], r["latin_template"], r["arabic_template"], float(r["weight"]))
        for r in rows_of("cli.demo", "name_patterns.csv")
        if r["group"] == group and r["gender"] == sex
    )


def draw_pattern(rng: Random, group: str, sex: str) -> Pattern:
    known = patterns(group, sex)
    return rng.choices(known, weights=[pattern.weight for pattern in known])[0]
