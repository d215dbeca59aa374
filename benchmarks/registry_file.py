"""A registry of any size as its interchange csv, written fast: names and places of the sample country, simpler kinship."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate, cycle
from pathlib import Path
from random import Random

from cli.demo.generate import REGISTRY_HEADER
from cli.demo.names import Name, Pool, given_names
from cli.demo.people import FIRST_INDIVIDUAL, FIRST_NNI, INDIVIDUAL_SPAN, INDIVIDUAL_STEP, NNI_COUNT, NNI_STEP
from cli.demo.places import Commune, communes

TODAY = date(2026, 10, 1)
SIZES = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
SIZE_WEIGHTS = (4, 6, 8, 11, 14, 15, 13, 11, 8, 5, 3, 2)
"""Of 100 households; a household has 6 people on average, as in the country."""
CATEGORIES = (("extreme_poor", 35, 4, 30), ("poor", 30, 30, 48), ("vulnerable", 20, 48, 62), ("not_poor", 15, 62, 96))
WITH_NNI, YEAR_ONLY, WITH_PHONE, DISABLED = 0.42, 0.45, 0.92, 0.02
DRAWN_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Written:
    households: int
    people: int


def write_registry(file: Path, households: int, seed: int = 2026) -> Written:
    """Write `households` households, one line per member; the same arguments give the same bytes."""
    rng = Random(f"{seed}:{households}")
    people = 0
    with file.open("w", encoding="utf-8", newline="") as stream:
        lines = csv.writer(stream, lineterminator="\n")
        lines.writerow(REGISTRY_HEADER)
        for rows in _households(rng, households):
            lines.writerows(rows)
            people += len(rows)
    return Written(households, people)


def _drawn(rng: Random, pool: Pool) -> Iterator[Name]:
    while True:
        yield from rng.choices(pool.names, cum_weights=pool.weights, k=DRAWN_AT_ONCE)


def _nnis(rng: Random) -> Iterator[str]:
    start = rng.randrange(NNI_COUNT)
    for number in cycle(range(NNI_COUNT)):
        yield str(FIRST_NNI + 97 * ((start + number * NNI_STEP) % NNI_COUNT))


def _numbers() -> Iterator[str]:
    for position in range(INDIVIDUAL_SPAN):
        yield str(FIRST_INDIVIDUAL + position * INDIVIDUAL_STEP % INDIVIDUAL_SPAN)


def _households(rng: Random, count: int) -> Iterator[list[list[str]]]:
    places = communes()
    men, women = _drawn(rng, given_names("hassaniya", "M")), _drawn(rng, given_names("hassaniya", "F"))
    nnis, weights = _nnis(rng), list(accumulate(place.weight for place in places))
    numbers = _numbers()
    # In the order of places, as the registry writes its files.
    where = sorted(rng.choices(range(len(places)), cum_weights=weights, k=count))
    for position, (place, size) in enumerate(zip(where, rng.choices(SIZES, SIZE_WEIGHTS, k=count), strict=True), 1):
        about, surveyed_on = _about(rng, places[place], position)
        head, father = next(men), next(men)
        rows = []
        for member in range(size):
            role = ("head", "spouse")[member] if member < 2 else "child"
            sex = "M" if role == "head" else "F" if role == "spouse" or rng.random() < 0.5 else "M"
            given = head if role == "head" else next(men if sex == "M" else women)
            parent = head if role == "child" else father if role == "head" else next(men)
            born_on, precision = _born(rng, surveyed_on, role)
            rows.append(
                [
                    *about,
                    next(numbers),
                    role,
                    f"{given.latin} {'Ould' if sex == 'M' else 'Mint'} {parent.latin}",
                    f"{given.arabic} {'ولد' if sex == 'M' else 'بنت'} {parent.arabic}",
                    sex,
                    born_on.isoformat(),
                    precision,
                    next(nnis) if rng.random() < WITH_NNI else "",
                    "yes" if rng.random() < DISABLED else "none",
                ]
            )
        yield rows


def _about(rng: Random, commune: Commune, position: int) -> tuple[list[str], date]:
    """What the lines of a household say of it, and the day of its survey."""
    surveyed_on = date(2021, 1, 1) + timedelta(days=rng.randrange((TODAY - date(2021, 1, 1)).days))
    category, _, least, most = rng.choices(CATEGORIES, [weight for _, weight, _, _ in CATEGORIES])[0]
    about = [
        f"{commune.moughataa_code}{position:07d}",
        commune.code,
        commune.draw_village(rng).latin,
        category,
        f"{rng.uniform(least, most):.2f}",
        "PMT-2024.1" if surveyed_on.year >= 2024 else "PMT-2021.2",
        surveyed_on.isoformat(),
        f"{rng.choice('2344')}{rng.randrange(10_000_000):07d}" if rng.random() < WITH_PHONE else "",
    ]
    return about, surveyed_on


def _born(rng: Random, surveyed_on: date, role: str) -> tuple[date, str]:
    age = rng.randrange(18) if role == "child" else rng.randint(20, 75)
    if rng.random() < YEAR_ONLY:
        return date(surveyed_on.year - age - 1, 12, 31), "year"
    return surveyed_on - timedelta(days=age * 365 + rng.randrange(1, 364)), "day"
