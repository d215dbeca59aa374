"""`targeting-list`: 14,000 households chosen and counted in a country of 300,000, held in columns; reading it is not part of it."""

from __future__ import annotations

import os
import time
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
import polars as pl

from benchmarks.figures import Spread
from services.matching.figures.choosing import choose
from services.matching.figures.country import (
    BASKETS,
    ELIGIBLE,
    ENROLLED,
    HOUSEHOLDS,
    RECEIPTS,
    Country,
    twelve_months,
)
from services.matching.rules.targeting import Criterion, Exclusion, Wanted, tie_key, tie_seed
from shared.household_attributes import CATEGORIES

HOUSEHOLDS_IN_COUNTRY = 300_000
ASKED_FOR = 14_000
COMMUNES = 220
RUNS = 5
DAY = date(2026, 11, 29)
SHARES = {"TEKAVOUL": 0.35, "TEMWINE": 0.2, "EL_MAOUNA": 0.15, "HEALTH_INSURANCE": 0.3}
"""Of the households, by program: about as many as the real ones have."""


def a_country(households: int) -> Country:
    """Households of any score in 220 communes, four programs that have them at random for twelve months."""
    random = np.random.default_rng(1)
    commune = random.integers(0, COMMUNES, households)
    wilaya, within = commune // 15 + 1, commune % 15
    score = np.round(random.normal(50, 15, households), 2)
    counts = {
        name: random.integers(0, 3, households).astype(np.int32)
        for name in ("disabled", "under_2", "under_5", "school_age", "aged_60", "women_15_49")
    }
    homes = {
        "household": np.arange(households, dtype=np.uint32),
        "household_id": [str(UUID(bytes=random.bytes(16))) for _ in range(households)],
        "wilaya": [f"MR{one:02}" for one in wilaya],
        "moughataa": [f"MR{one:02}{place // 4 + 1}" for one, place in zip(wilaya, within, strict=True)],
        "commune": [f"MR{one:02}{place // 4 + 1}-C{place:02}" for one, place in zip(wilaya, within, strict=True)],
        "category": [CATEGORIES[place] for place in np.searchsorted([35, 50, 65], score)],
        "score": score,
        "size": random.integers(1, 13, households).astype(np.int32),
        "head_sex": np.where(random.random(households) < 0.3, "F", "M"),
    }
    months, enrolled = twelve_months(DAY), []
    for program, share in SHARES.items():
        who = np.flatnonzero(random.random(households) < share).astype(np.uint32)
        sure = random.random(len(who)) < 0.95
        enrolled.append(
            pl.DataFrame({"household": who, "certain": sure}).with_columns(
                program=pl.lit(program), direct=pl.lit(1, pl.Int32), value=pl.lit(120_000, pl.Int64)
            )
        )
    every = pl.concat(enrolled)
    paid = every.join(pl.DataFrame({"month": months}), how="cross")
    return Country(
        day=DAY,
        months=months,
        households=pl.DataFrame(homes | counts, HOUSEHOLDS),
        receipts=paid.select(RECEIPTS.keys()),
        enrolled=every.select(ENROLLED.keys()),
        eligible=pl.DataFrame([], ELIGIBLE, orient="row"),
        baskets=pl.DataFrame([], BASKETS, orient="row"),
        programs=(),
        matrix={("EL_MAOUNA", "TEKAVOUL"): "intended"},
        threshold=0.97,
    )


def run_targeting_list() -> dict[str, Any]:
    """Seconds to choose from 22 communes (`seconds`), and from the whole country, whom Tekavoul did not pay in three months: the
    median, and with it the least and the most."""
    load = round(os.getloadavg()[0], 1)
    country = a_country(HOUSEHOLDS_IN_COUNTRY)
    communes = tuple(country.households["commune"].unique().sort()[:22])
    wilayas = tuple(country.households["wilaya"].unique().sort())
    chosen, some = _seconds(country, communes)
    whole_chosen, whole = _seconds(country, wilayas)
    return {
        "benchmark": "targeting-list",
        "households": HOUSEHOLDS_IN_COUNTRY,
        "asked_for": ASKED_FOR,
        "seconds": some.median,
        "whole_country_s": whole.median,
        "communes_22": {"chosen": chosen, "seconds": some.as_list()},
        "whole_country": {"chosen": whole_chosen, "seconds": whole.as_list()},
        "runs": RUNS,
        "load_before": load,
    }


def _seconds(country: Country, areas: tuple[str, ...]) -> tuple[int, Spread]:
    wanted = Wanted(
        areas,
        ASKED_FOR,
        (Criterion("category", "in", ("extreme_poor", "poor")),),
        (
            Exclusion("TEKAVOUL", "paid", "exclude", country.months[-3], country.months[-1]),
            Exclusion("TEMWINE", "enrolled", "top_up"),
        ),
        "by_poor",
        "EL_MAOUNA",
    )
    seed, list_id, taken, chosen = tie_seed(bytes(32)), UUID(int=1), [], 0
    for _ in range(RUNS):
        began = time.perf_counter()
        chosen = choose(country, wanted, lambda household: tie_key(seed, list_id, household)).counts["chosen"]
        taken.append(time.perf_counter() - began)
    return chosen, Spread.of(taken)
