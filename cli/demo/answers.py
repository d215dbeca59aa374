"""Answers of the sample's households to the questionnaire, poorer ones living in poorer houses; the same for one seed.

They are drawn apart from the people, so that a country with answers has the very people it had without.
"""

from collections.abc import Sequence
from datetime import date
from random import Random

from cli.demo.people import Household, Person

HOUSEHOLD_ANSWERS = (
    "questionnaire_version", "q.walls", "q.roof", "q.water_source", "q.sanitation", "q.lighting", "q.rooms",
    "q.has_phone", "q.has_television", "q.has_refrigerator", "q.has_vehicle", "q.cattle", "q.camels", "q.sheep_goats",
    "q.donkeys", "q.poultry", "q.land_hectares", "q.income_source", "q.fcs", "q.rcsi", "q.hhs",
)  # fmt: skip
"""On the first line of a household; the others have its version alone."""
DOMAINS = ("qi.seeing", "qi.hearing", "qi.walking", "qi.remembering", "qi.self_care", "qi.communicating")
INDIVIDUAL_ANSWERS = (
    *DOMAINS,
    "qi.chronic_illness",
    "qi.attends_school",
    "qi.school_level",
    "qi.pregnant",
    "qi.nursing",
)
ANSWERS_HEADER = (*HOUSEHOLD_ANSWERS, *INDIVIDUAL_ANSWERS)

# From the poorest house to the best one.
WALLS = ("straw", "tent", "mud", "mud", "stone", "cement")
ROOFS = ("cloth", "straw", "wood_earth", "metal", "metal", "concrete")
WATER = ("surface", "open_well", "covered_well", "borehole", "standpipe", "piped")
SANITATION = ("none", "none", "open_latrine", "covered_latrine", "covered_latrine", "flush")
LIGHTING = ("none", "torch", "torch", "solar", "grid", "grid")
INCOME = ("none", "day_labor", "farming", "livestock", "trade", "salary")
SPREAD = 0.3
"""How far a household's answers lie from its score, as a share of the scale: likeness, not a law."""

NO_DIFFICULTY = ("none",) * len(DOMAINS)
YOUNGEST_ASKED = 5
"""The Washington Group's short set is for people of five and older."""
SCHOOL_AGES = range(6, 18)
CHILDBEARING_AGES = range(15, 50)
ASKED_ON = date(2024, 1, 1)
"""As if everybody had been asked on one day: two surveys of one person then agree."""
MIXING = 2_654_435_761  # Knuth's multiplicative hash: spreads consecutive numbers over 32 bits


def household_answers(household: Household, seed: int) -> list[str]:
    rng = Random(f"{seed}:answers:{household.number}")
    wealth = household.score / 100

    def rung(ladder: Sequence[str]) -> str:
        return ladder[min(max(int((wealth + SPREAD * (rng.random() - 0.5)) * len(ladder)), 0), len(ladder) - 1)]

    def owns(least: float) -> str:
        return "yes" if wealth + SPREAD * (rng.random() - 0.5) > least else "no"

    def some(most: float) -> str:
        return str(int(most * wealth * rng.random() ** 3))

    newer = household.surveyed_on.year >= 2024
    return [
        version_of(household), rung(WALLS), rung(ROOFS), rung(WATER), rung(SANITATION), rung(LIGHTING),
        str(1 + int(4 * wealth + 2 * rng.random())), owns(0.15), owns(0.45), owns(0.6), owns(0.75), some(25), some(15),
        some(90), some(4), some(20), f"{4 * wealth * rng.random():.1f}", rung(INCOME),
        f"{min(112.0, 20 + 70 * wealth + 15 * rng.random()):.1f}", str(int(40 * (1 - wealth) * rng.random())),
        str(int(5 * (1 - wealth) * rng.random())) if newer else "",
    ]  # fmt: skip


def version_of(household: Household) -> str:
    return "RS-2024.1" if household.surveyed_on.year >= 2024 else "RS-2020.1"


def individual_answers(person: Person) -> list[str]:
    """By the person's number alone, so that a man who heads two households answers the same in both."""
    drawn = int(person.number) * MIXING & 0xFFFFFFFF
    age = person.age_on(ASKED_ON)
    if age < YOUNGEST_ASKED:
        return [""] * len(INDIVIDUAL_ANSWERS)
    domains: Sequence[str] = NO_DIFFICULTY
    if person.disabled:
        severe = list(NO_DIFFICULTY)
        severe[drawn % len(DOMAINS)] = "cannot" if drawn >> 8 & 3 == 0 else "a_lot"
        domains = severe
    elif age > 60 and drawn >> 10 & 3 == 0:
        domains = ("some", *NO_DIFFICULTY[1:])
    chronic = "yes" if age > 40 and drawn >> 12 & 7 == 0 else "no"
    attends, level = "", ""
    if age in SCHOOL_AGES:
        attends = "no" if drawn >> 15 & 3 == 0 else "yes"
        level = "none" if attends == "no" else "primary" if age < 12 else "lower_secondary"
    pregnant, nursing = "", ""
    if person.sex == "F" and age in CHILDBEARING_AGES:
        pregnant, nursing = ("yes" if drawn >> shift & 15 == 0 else "no" for shift in (17, 21))
    return [*domains, chronic, attends, level, pregnant, nursing]
