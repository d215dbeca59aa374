"""Small countries held in columns, from plain words or drawn at random: what figures of interlinkage are tested over."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

import polars as pl
from hypothesis import strategies as st

from services.matching.figures.country import (
    BASKETS,
    ELIGIBLE,
    ENROLLED,
    HOUSEHOLDS,
    RECEIPTS,
    STANDING,
    Country,
    ProgramFacts,
    ValueVersion,
    twelve_months,
)
from services.matching.rules.matrix import OverlapClass

DAY = date(2026, 6, 30)
LEAN = (6, 7, 8, 9)
CENTS = 100
"""Words are in whole MRU, frames in hundredths."""

TEKAVOUL = ProgramFacts(
    code="TEKAVOUL",
    institution="taazour",
    names={"ar": "تكافل", "fr": "Tekavoul", "en": "Tekavoul"},
    unit="household",
    benefit="cash",
    values=(ValueVersion(date(2020, 1, 1), 1_200 * CENTS, "household"),),
)
EL_MAOUNA = ProgramFacts(
    code="EL_MAOUNA",
    institution="csa",
    names={"ar": "المعونة", "fr": "El Maouna", "en": "El Maouna"},
    unit="household",
    benefit="cash",
    values=(ValueVersion(date(2020, 1, 1), 450 * CENTS, "person", months=LEAN),),
)
DISABILITY = ProgramFacts(
    code="DISABILITY_CASH",
    institution="masef",
    names={"ar": "دعم الإعاقة", "fr": "Aide au handicap", "en": "Disability cash"},
    unit="individual",
    benefit="cash",
    values=(ValueVersion(date(2020, 1, 1), 1_000 * CENTS, "person"),),
)
CANTEEN = ProgramFacts(
    code="SCHOOL_FEEDING",
    institution="men",
    names={"ar": "المطاعم المدرسية", "fr": "Cantines scolaires", "en": "School canteens"},
    unit="pupil",
    benefit="meal",
    values=(ValueVersion(date(2020, 1, 1), 300 * CENTS, "pupil", months=(10, 11, 12, 1, 2, 3, 4, 5, 6)),),
)
PROGRAMS = (DISABILITY, EL_MAOUNA, CANTEEN, TEKAVOUL)


@dataclass(frozen=True)
class Home:
    """A household in plain words, in whole MRU.

    `gets`: by program, what a month brings: one number for the months in which the program gives, or a number by month of
    the year ({6: 2700}). `enrolled`: further programs it is in that bring nothing. `probable`: of all these, those whose
    link a person is still to decide. `eligible`, `cannot_tell`: by whose rule.
    """

    gets: Mapping[str, int | Mapping[int, int]] = field(default_factory=dict)
    enrolled: Iterable[str] = ()
    probable: Iterable[str] = ()
    eligible: Iterable[str] = ()
    cannot_tell: Iterable[str] = ()
    standing: Mapping[str, str] = field(default_factory=dict)
    """By program in whose list it stands without being enrolled: suspended, waiting or exited."""
    direct: Mapping[str, int] = field(default_factory=dict)
    """By program: how many of it are enrolled; 1 where it is not said."""
    wilaya: str = "MR01"
    moughataa: str = "MR011"
    commune: str = "MR011-C01"
    category: str = "poor"
    score: float | None = None
    size: int = 5
    head_sex: str | None = "M"
    disabled: int | None = 0
    under_2: int = 0
    under_5: int = 0
    school_age: int = 0
    aged_60: int = 0
    women_15_49: int = 0


def country(
    homes: Iterable[Home],
    *,
    day: date = DAY,
    programs: tuple[ProgramFacts, ...] = PROGRAMS,
    matrix: Mapping[tuple[str, str], OverlapClass] | None = None,
    basket: Mapping[int, int] | int = 1_000,
    threshold: float = 0.97,
) -> Country:
    """A country of these households, in their order. `basket`: MRU a person needs in a month, or MRU by size of household."""
    homes, months = tuple(homes), twelve_months(day)
    by_code = {one.code: one for one in programs}
    sizes = sorted({home.size for home in homes})
    needs = {size: size * basket if isinstance(basket, int) else basket[size] for size in sizes}
    receipts: list[tuple[Any, ...]] = []
    enrolled: list[tuple[Any, ...]] = []
    eligible: list[tuple[int, str, bool | None]] = []
    standing: list[tuple[int, str, str, bool]] = []
    for number, home in enumerate(homes):
        for program, gets in home.gets.items():
            certain, direct = program not in home.probable, home.direct.get(program, 1)
            by_month = gets if isinstance(gets, Mapping) else dict.fromkeys(_giving(by_code[program], day), gets)
            enrolled.append((number, program, direct, certain, max(by_month.values(), default=0) * CENTS))
            receipts += [
                (number, program, month, by_month[month.month] * CENTS, direct, certain)
                for month in months
                if month.month in by_month
            ]
        for program in home.enrolled:
            enrolled.append((number, program, home.direct.get(program, 1), program not in home.probable, 0))
        eligible += [(number, program, True) for program in home.eligible]
        eligible += [(number, program, None) for program in home.cannot_tell]
        standing += [(number, one, reason, one not in home.probable) for one, reason in home.standing.items()]
    return Country(
        day=day,
        months=months,
        households=pl.DataFrame([_row(number, home) for number, home in enumerate(homes)], HOUSEHOLDS),
        receipts=pl.DataFrame(receipts, RECEIPTS, orient="row"),
        enrolled=pl.DataFrame(enrolled, ENROLLED, orient="row"),
        eligible=pl.DataFrame(eligible, ELIGIBLE, orient="row"),
        baskets=pl.DataFrame(
            [(month, size, needs[size] * CENTS) for month in months for size in sizes], BASKETS, orient="row"
        ),
        programs=programs,
        matrix=dict(matrix or {}),
        threshold=threshold,
        standing=pl.DataFrame(standing, STANDING, orient="row"),
    )


def _giving(program: ProgramFacts, day: date) -> tuple[int, ...]:
    held = [version for version in program.values if version.from_on <= day]
    return (held[-1].months if held else None) or tuple(range(1, 13))


def _row(number: int, home: Home) -> dict[str, Any]:
    row = {name: getattr(home, name) for name in HOUSEHOLDS if hasattr(home, name)}
    return row | {"household": number, "household_id": str(UUID(int=number + 1))}


PLACES = (("MR01", "MR011", "MR011-C01"), ("MR01", "MR012", "MR012-C01"), ("MR03", "MR031", "MR031-C01"))
CATEGORIES = ("extreme_poor", "poor", "vulnerable", "not_poor")
REASONS = ("suspended", "waiting", "exited")
PAIRS = tuple((a.code, b.code) for a in PROGRAMS for b in PROGRAMS if a.code < b.code)


@st.composite
def homes(draw: st.DrawFn) -> Home:
    """Any household: of no program, of some, of all; sure or not, eligible or not, known or not."""
    codes = [one.code for one in PROGRAMS]
    some = st.lists(st.sampled_from(codes), unique=True)
    of = draw(some)
    by_month = st.dictionaries(st.integers(1, 12), st.sampled_from((0, 450, 2_700)), max_size=6)
    wilaya, moughataa, commune = draw(st.sampled_from(PLACES))
    eligible, listed = draw(some), draw(some)
    size = draw(st.integers(1, 12))
    inside = [one for one in listed if one not in of]
    return Home(
        gets={one: draw(st.one_of(st.sampled_from((0, 300, 1_200)), by_month)) for one in of},
        enrolled=inside,
        standing={one: draw(st.sampled_from(REASONS)) for one in draw(some) if one not in (*of, *inside)},
        probable=draw(some),
        eligible=eligible,
        cannot_tell=[one for one in draw(some) if one not in eligible],
        wilaya=wilaya,
        moughataa=moughataa,
        commune=commune,
        category=draw(st.sampled_from(CATEGORIES)),
        score=draw(st.none() | st.integers(0, 8).map(float)),
        size=size,
        head_sex=draw(st.sampled_from(("F", "M", None))),
        disabled=draw(st.sampled_from((0, 1, None))),
        under_2=0,
        under_5=draw(st.integers(0, 1)),
    )


@st.composite
def random_country(draw: st.DrawFn, most: int = 14) -> Country:
    """A small country of any households, none at all included; each pair of programs may have a class."""
    classes: st.SearchStrategy[OverlapClass] = st.sampled_from(("required", "intended", "tolerated", "forbidden"))
    made = draw(st.lists(homes(), max_size=most))
    return country(
        made,
        matrix=draw(st.dictionaries(st.sampled_from(PAIRS), classes)),
        basket=draw(st.sampled_from((500, 1_000))),
    )


def many_homes(number: int, home: Home, **changed: Any) -> list[Home]:
    """As many households alike."""
    return [replace(home, **changed)] * number
