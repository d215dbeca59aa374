"""A model as settings of Splink 5, in SQL that DuckDB and Spark read alike.

What numbers, phones, dates, sexes and places reach, SQL works out itself. How alike two names or texts are it cannot: for
those a row of the right file lists the values of the left one that reach a level beside its own (`splink_tables.py`), and SQL
looks whether the other's is among them. Weights are the model's: the level's m and u, and Splink's adjustment by term
frequency where a level adds how rare a value is.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from services.matching.engine.fields import Field, Kind, Layout
from services.matching.engine.keys import Plan
from services.matching.engine.model import Model, rare_shares
from services.matching.engine.rarity import Doubles
from services.matching.engine.scoring import LEAST_RARE, MOST_RARE

BY_SQL: Final = (Kind.NUMBER, Kind.PHONE, Kind.DATE, Kind.SEX, Kind.PLACE)
"""Kinds whose levels SQL works out; those of the others are listed."""
NUMBER_DIGITS: Final = 15
DATE_DIGITS = PHONE_DIGITS = 8
_PLAIN = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Listed:
    """A level that some listed pair of values reaches; `spellings`: which of the left and of the right one, of a name."""

    level: str
    spellings: tuple[int, int] | None = None

    def column(self, field: str) -> str:
        return "_".join((field, self.level, *map(str, self.spellings or ())))


@dataclass(frozen=True, slots=True)
class _Level:
    name: str
    condition: str
    rarity_of: str | None = None
    """The column whose term frequencies adjust it."""


def column_of(layout: Layout, at: int) -> str:
    """What a field is called in SQL: by its name where that is plain, an extra field by its number."""
    field = layout.fields[at]
    return field.name if field.kind is not Kind.TEXT and _PLAIN.fullmatch(field.name) else f"field_{at}"


def paired(column: str, one: int, other: int) -> str:
    """The column that holds spelling, or phone, `one` of the left file and `other` of the right one, from 1."""
    return f"{column}_{one}_{other}"


def settings_of(
    model: Model, weights: Doubles, plan: Plan, used: Sequence[int], listed: Mapping[int, Sequence[Listed]],
    phones: Mapping[int, Sequence[tuple[int, int]]], same: bool,
) -> dict[str, Any]:  # fmt: skip
    """The settings as Splink reads them from JSON. `weights` [fields, MOST_LEVELS] as the kernels have them, rounded to 32 bits;
    `used`: the rules by which some row is looked up; `listed` by field; `phones`: by field which of the left file's phones
    may be which of the right one's; `same`: both files are one, compared with itself."""
    once = " AND l.unique_id < r.unique_id" if same else ""
    odds = 2.0**model.prior
    return {
        "link_type": "link_only",
        "unique_id_column_name": "unique_id",
        "probability_two_random_records_match": odds / (1.0 + odds),
        "comparisons": [
            _comparison(model, at, weights[at], listed.get(at, ()), phones.get(at, ()))
            for at in range(len(model.layout.fields))
        ],
        "blocking_rules_to_generate_predictions": [
            {"blocking_rule": f"l.key_{plan.rules[number].left} = r.rule_{number}{once}"} for number in used
        ],
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
        "additional_columns_to_retain": ["record_id"],
    }


def _comparison(
    model: Model, at: int, weights: Doubles, listed: Sequence[Listed], phones: Sequence[tuple[int, int]]
) -> dict[str, Any]:
    field, column = model.layout.fields[at], column_of(model.layout, at)
    missing, levels = _levels(field, column, listed, phones)
    told: list[dict[str, Any]] = [
        {"sql_condition": missing, "label_for_charts": "missing", "is_null_level": True},
        *(_weighed(model, at, weights, one) for one in levels),
    ]
    return {"output_column_name": column, "comparison_description": field.name, "comparison_levels": told}


def _weighed(model: Model, at: int, weights: Doubles, level: _Level) -> dict[str, Any]:
    """A level with its u, and an m of which, with what Splink adds for rarity, comes what the model lets it weigh.

    Splink adds share * (log2 u - log2 tf), the model share * (rarity - average): m takes in what is constant of that.
    """
    number = model.layout.fields[at].levels.index(level.name)
    u, bits = float(model.u[at, number]), float(weights[number])
    share = float(np.float32(rare_shares(model.layout)[at, number]))
    told: dict[str, Any] = {"sql_condition": level.condition, "label_for_charts": level.name.replace("_", " ")}
    constant = 0.0
    if level.rarity_of and share:
        scale = scale_of(model, at)
        constant = share * (math.log2(u) - math.log2(scale) + float(np.float32(model.average[at])))
        told |= {
            "tf_adjustment_column": level.rarity_of,
            "tf_adjustment_weight": share,
            "disable_tf_exact_match_detection": True,
        }
    return told | {"m_probability": u * 2.0 ** (bits - constant), "u_probability": u}


def scale_of(model: Model, at: int) -> float:
    """What a value that is as rare as nothing, 0 bits, has as term frequency: 1, or for a phone that nobody shares its u."""
    field = model.layout.fields[at]
    return float(model.u[at, field.levels.index("equal")]) if field.kind is Kind.PHONE else 1.0


def term_frequency(model: Model, at: int, rarity: Doubles) -> Doubles:
    """The term frequencies of values so rare, in bits; within the bounds of what rarity may add."""
    average = float(np.float32(model.average[at]))
    frequency: Doubles = scale_of(model, at) * np.exp2(-np.clip(rarity, average + LEAST_RARE, average + MOST_RARE))
    return frequency


def _levels(
    field: Field, column: str, listed: Sequence[Listed], phones: Sequence[tuple[int, int]]
) -> tuple[str, list[_Level]]:
    """When a field is missing, and its levels in the order in which they are asked; the last is what is left."""
    match field.kind:
        case Kind.NUMBER:
            return _number(column)
        case Kind.PHONE:
            return _phone([paired(column, *one) for one in phones])
        case Kind.DATE:
            return _date(column)
        case Kind.SEX:
            return _sex(column)
        case Kind.PLACE:
            return _place(column)
        case _:
            return _by_list(field, column, listed)


def _both(column: str) -> tuple[str, str]:
    return f"{column}_l", f"{column}_r"


def _unknown(*columns: str) -> str:
    return " OR ".join(f"{side} IS NULL" for column in columns for side in _both(column))


def _exchanged(a: str, b: str, digits: int) -> str:
    """Two neighbours exchanged: at one place each digit stands where the other was, and all else is the same."""
    ways = (
        f"(substr({a}, {at}, 1) = substr({b}, {at + 1}, 1) AND substr({a}, {at + 1}, 1) = substr({b}, {at}, 1)"
        f" AND substr({a}, 1, {at - 1}) = substr({b}, 1, {at - 1}) AND substr({a}, {at + 2}) = substr({b}, {at + 2}))"
        for at in range(1, digits)
    )
    return f"({' OR '.join(ways)})"


def _slip(column: str, digits: int) -> str:
    """Of two texts of so many digits one digit is wrong, or two neighbours are exchanged."""
    a, b = _both(column)
    near = f"levenshtein({a}, {b})"
    return f"({near} = 1 OR ({near} = 2 AND {_exchanged(a, b, digits)}))"


def _number(column: str) -> tuple[str, list[_Level]]:
    a, b = _both(column)
    digits = f"{column}_digits"
    lost = f"levenshtein({a}, {b}) = 1"
    known = f"{digits}_l IS NOT NULL AND {digits}_r IS NOT NULL"
    return _unknown(column), [
        _Level("equal", f"{a} = {b}"),
        _Level("one_slip", f"{known} AND ({lost} OR {_slip(digits, NUMBER_DIGITS)})"),
        _Level("different", "ELSE"),
    ]


def _phone(pairs: Sequence[str]) -> tuple[str, list[_Level]]:
    """Of several phones that are the same, the one that fewest share counts."""
    levels = []
    for one in pairs:
        rarer = [
            f"NOT coalesce({other}_l = {other}_r AND {other}_shared_l < {one}_shared_l, FALSE)"
            for other in pairs
            if other != one
        ]
        levels.append(_Level("equal", " AND ".join((f"{one}_l = {one}_r", *rarer)), rarity_of=one))
    slips = " OR ".join(f"coalesce({_slip(one, PHONE_DIGITS)}, FALSE)" for one in pairs) or "FALSE"
    missing = " AND ".join(f"({_unknown(one)})" for one in pairs) or "TRUE"
    return missing, [*levels, _Level("one_slip", slips), _Level("different", "ELSE")]


def _date(column: str) -> tuple[str, list[_Level]]:
    """A column of eight digits, missing where the year alone is known, and one of the year."""
    a, b = _both(column)
    apart = f"abs({column}_year_l - {column}_year_r)"
    days = f"{a} IS NOT NULL AND {b} IS NOT NULL"
    swapped = f"substr({a}, 5, 2) = substr({b}, 7, 2) AND substr({a}, 7, 2) = substr({b}, 5, 2)"
    return _unknown(f"{column}_year"), [
        _Level("same_day", f"{a} = {b}"),
        _Level("swapped", f"{apart} = 0 AND {swapped}"),
        _Level("ten_years", f"{apart} = 10 AND (NOT ({days}) OR substr({a}, 5) = substr({b}, 5))"),
        _Level("one_slip", f"{days} AND {_slip(column, DATE_DIGITS)}"),
        _Level("same_year", f"{apart} = 0 AND NOT ({days})"),
        _Level("other_day", f"{apart} = 0"),
        _Level("next_year", f"{apart} = 1"),
        _Level("near_year", f"{apart} = 2"),
        _Level("different", "ELSE"),
    ]


def _sex(column: str) -> tuple[str, list[_Level]]:
    a, b = _both(column)
    hinted = f"({column}_hinted_l OR {column}_hinted_r)"
    return _unknown(column), [
        _Level("hinted", f"{hinted} AND {a} = {b}"),
        _Level("against_hint", hinted),
        _Level("same", f"{a} = {b}"),
        _Level("different", "ELSE"),
    ]


def _place(column: str) -> tuple[str, list[_Level]]:
    widest = [f"{column}_{level}" for level in (1, 2, 3)]
    levels = [_Level(f"other_{at}", f"{one}_l <> {one}_r") for at, one in enumerate(widest, start=1)]
    levels += [_Level(f"same_{at}", f"{widest[at - 1]}_l = {widest[at - 1]}_r") for at in (3, 2)]
    missing = " AND ".join(f"({_unknown(one)})" for one in widest)
    return missing, [*levels, _Level("same_1", "ELSE")]


def _by_list(field: Field, column: str, listed: Sequence[Listed]) -> tuple[str, list[_Level]]:
    """What is listed reaches the level it is listed for; of the rest two known values differ, where the kind has that level,
    and others are missing."""
    among = {one: f"coalesce(array_contains({one.column(column)}_r, {column}_l), FALSE)" for one in listed}
    reached = " OR ".join(told for one, told in among.items() if one.level != "missing")
    unlisted = f"NOT ({reached})" if reached else "TRUE"
    missing = f"NOT ({column}_known_l AND {column}_known_r) AND {unlisted}" if "different" in field.levels else unlisted
    told_missing = [told for one, told in among.items() if one.level == "missing"]
    levels = [
        _Level(one.level, told, _rarity_column(field, column, one))
        for one, told in among.items()
        if one.level not in ("missing", "different")
    ]
    # Where a kind has no such level nothing is left for the last one, which Splink wants all the same.
    left = "different" if "different" in field.levels else field.levels[-1]
    return " OR ".join((*told_missing, f"({missing})")), [*levels, _Level(left, "ELSE")]


def _rarity_column(field: Field, column: str, listed: Listed) -> str | None:
    if listed.spellings:
        return paired(column, *listed.spellings)
    return f"{column}_value" if field.kind in (Kind.TEXT, Kind.PART) else None
