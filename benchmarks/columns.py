"""A country in columns, drawn at random without a name: as many households and programs as asked, for benchmarks of figures.

Programs reach whom they mean more often than others, so households are in some combinations of them and not in all.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from services.matching.figures.country import (
    BASKETS,
    ELIGIBLE,
    ENROLLED,
    HOUSEHOLDS,
    RECEIPTS,
    Country,
    ProgramFacts,
    ValueVersion,
    twelve_months,
)

DAY = date(2026, 10, 31)
CENTS = 100
PROGRAMS = (
    # code, benefit, MRU, per, months, whom it means (the poorest share by score), how many of them it reaches
    ("TEKAVOUL", "cash", 1_200, "household", None, 0.35, 0.75),
    ("TEKAVOUL_SEASONAL", "cash", 900, "household", (6, 7, 8), 0.35, 0.30),
    ("EL_MAOUNA", "cash", 450, "person", (6, 7, 8, 9), 0.60, 0.35),
    ("TEMWINE", "food_subsidy", 320, "household", None, 0.70, 0.45),
    ("SCHOOL_FEEDING", "meal", 220, "pupil", (10, 11, 12, 1, 2, 3, 4, 5, 6), 1.00, 0.40),
    ("DISABILITY_CASH", "cash", 667, "household", None, 0.35, 0.07),
    ("HEALTH_INSURANCE", "health_insurance", 175, "household", None, 0.50, 0.60),
    ("WFP_LEAN_SEASON", "cash", 500, "person", (6, 7, 8), 0.50, 0.12),
)
BEYOND = 0.08
"""Of those whom a program does not mean, the share it reaches of what it reaches of the others."""
WILAYAS = np.array([14, 10, 11, 8, 10, 8, 3, 2, 7, 8, 1, 1, 4, 7, 6]) / 100


def country_in_columns(households: int, seed: int = 1) -> Country:
    """About six people a household; two and a half programs each."""
    draw, months = np.random.default_rng(seed), twelve_months(DAY)
    frame, score = _households(households, draw)
    receipts, enrolled, eligible = [], [], []
    for code, _, mru, per, giving, meant, reached in PROGRAMS:
        inside = score < meant
        who = np.nonzero(draw.random(households) < np.where(inside, reached, reached * BEYOND))[0].astype(np.uint32)
        times = {"household": 1, "person": frame["size"].to_numpy()[who], "pupil": 2}[per]
        rows = pl.DataFrame(
            {
                "household": who,
                "program": code,
                "direct": 2 if per == "pupil" else 1,
                "certain": draw.random(len(who)) < 0.95,
                "value": np.full(len(who), mru * CENTS) * times,
            },
            schema=ENROLLED,
        )
        given = pl.DataFrame({"month": [one for one in months if giving is None or one.month in giving]})
        enrolled.append(rows)
        receipts.append(rows.join(given, how="cross").select(list(RECEIPTS)).cast(RECEIPTS))  # type: ignore[arg-type]
        means = {"household": np.nonzero(inside)[0].astype(np.uint32), "program": code, "eligible": True}
        eligible.append(pl.DataFrame(means, schema=ELIGIBLE))
    needs = [(month, size, (2_200 + 1_450 * size) * CENTS) for month in months for size in range(1, 21)]
    return Country(
        day=DAY,
        months=months,
        households=frame,
        receipts=pl.concat(receipts).sort("household", "program", "month"),
        enrolled=pl.concat(enrolled).sort("household", "program"),
        eligible=pl.concat(eligible),
        baskets=pl.DataFrame(needs, BASKETS, orient="row"),
        programs=tuple(_program(*one[:5]) for one in PROGRAMS),
        matrix={("EL_MAOUNA", "TEKAVOUL"): "intended", ("TEKAVOUL", "TEMWINE"): "tolerated"},
        threshold=0.97,
    )


def _program(code: str, benefit: str, mru: int, per: str, months: tuple[int, ...] | None) -> ProgramFacts:
    version = ValueVersion(date(2020, 1, 1), mru * CENTS, per, months=months)
    unit = "pupil" if per == "pupil" else "household"
    return ProgramFacts(code, "sample", {"ar": code, "fr": code, "en": code}, unit, benefit, (version,))


def _households(count: int, draw: np.random.Generator) -> tuple[pl.DataFrame, np.ndarray]:
    score = draw.random(count)
    wilaya = np.array([f"MR{number:02d}" for number in range(1, 16)])[draw.choice(15, count, p=WILAYAS)]
    category = np.select([score < 0.35, score < 0.60, score < 0.80], ["extreme_poor", "poor", "vulnerable"], "not_poor")
    frame = pl.DataFrame(
        {
            "household": np.arange(count, dtype=np.uint32),
            "household_id": [
                f"{number:08x}-0000-7000-8000-{number * 2_654_435_761 % 2**48:012x}" for number in range(count)
            ],
            "wilaya": wilaya,
            "moughataa": np.char.add(wilaya, draw.integers(1, 5, count).astype(str)),
            "commune": np.char.add(wilaya, "1-C01"),
            "category": category,
            "score": score * 100,
            "size": np.clip(draw.poisson(5, count) + 1, 1, 20),
            "head_sex": np.where(draw.random(count) < 0.3, "F", "M"),
            "disabled": (draw.random(count) < 0.06).astype(int),
            "under_2": draw.integers(0, 2, count),
            "under_5": draw.integers(0, 3, count),
            "school_age": draw.integers(0, 4, count),
            "aged_60": draw.integers(0, 2, count),
            "women_15_49": draw.integers(0, 3, count),
        },
        schema=HOUSEHOLDS,
    )
    return frame, score
