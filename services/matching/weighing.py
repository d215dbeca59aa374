"""Pairs of rows and individuals weighed by the engine: what both sides tell, packed; the levels of a pair, in the rules' words.

Also the keys by which they meet. What is packed here belongs to one question and is thrown away.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from math import log2
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from services.matching.engine.batch import judge_rows
from services.matching.engine.fields import Kind
from services.matching.engine.keys import held_keys, keys_of, number_keys, plan_of
from services.matching.engine.model import Model
from services.matching.engine.models import REGISTRY, Models
from services.matching.engine.packing import PHONE_BITS, SHARED_MOST, Vocabulary, Words, pack
from services.matching.engine.packing_one import pack_one
from services.matching.engine.scoring import Tables, tables_of, work_of
from services.matching.rules.clustering import same_person
from services.matching.rules.comparing import Comparison, compared, forbidden
from services.matching.rules.facts import BeneficiaryFacts, IndividualFacts
from services.matching.rules.identifiers import household_code, national_id

Values = Mapping[str, Sequence[str | None]]
PLAN = plan_of(REGISTRY, wide=True)
_PHONES = REGISTRY.offsets[REGISTRY.of_kind(Kind.PHONE)[0]]
_MOST_PHONES = REGISTRY.fields[REGISTRY.of_kind(Kind.PHONE)[0]].words
_PHONE = np.uint32((1 << PHONE_BITS) - 1)
FEW = 8


def row_values(b: BeneficiaryFacts) -> Values:
    """What a row of a list tells, as the engine reads it."""
    return {
        "nni": (national_id(b.nni),),
        "household_number": (household_code(b.household_number),),
        "phone": b.phones,
        "birth": (_birth(b),),
        "sex": (b.sex,),
        "place": (b.wilaya_code, b.moughataa_code, b.commune_code),
        "role": ("household" if b.unit == "household" else None,),
        "school": (b.listed_on.isoformat(), b.school_class) if b.unit == "pupil" and b.listed_on else (),
        "father_name": (b.father_name,),
        "name": (b.name,),
    }


def person_values(i: IndividualFacts) -> Values:
    """What the registry tells of an individual; `registry_index.py` reads the same out of its table."""
    return {
        "nni": (i.nni,),
        "household_number": (i.household_number,),
        "phone": i.phones,
        "birth": (_birth(i),),
        "sex": (i.sex,),
        "place": (i.wilaya_code, i.moughataa_code, i.commune_code),
        "role": (i.relationship,),
        "father_name": (i.father_name,),
        "name": (i.name_fr, i.name_ar),
    }


def _birth(facts: BeneficiaryFacts | IndividualFacts) -> str | None:
    day = facts.birth_date
    if day is None:
        return None
    return str(day.year) if facts.birth_precision == "year" else day.isoformat()


def packed(values: Sequence[Values], vocabulary: Vocabulary) -> Words:
    """[rows, width] records, whose phones stand on no other household as far as they tell."""
    if len(values) <= FEW:  # whole columns take as long for one row as for a thousand
        none = np.zeros((0, REGISTRY.width), np.uint32)
        return np.concatenate([none, *(pack_one(one, vocabulary) for one in values)])
    columns = {
        field.name: [
            pl.Series([_at(one.get(field.name, ()), place) for one in values], dtype=pl.String)
            for place in range(field.columns)
        ]
        for field in REGISTRY.fields
    }
    records = pack(columns, vocabulary)
    records[:, _PHONES : _PHONES + _MOST_PHONES] &= _PHONE
    return records


def _at(values: Sequence[str | None], place: int) -> str | None:
    return values[place] if place < len(values) else None


def packed_people(people: Sequence[IndividualFacts], vocabulary: Vocabulary) -> Words:
    """The same of individuals, with on how many households each phone stands."""
    records = packed([person_values(one) for one in people], vocabulary)
    for at, one in enumerate(people):
        for place, households in enumerate(one.phone_households[:_MOST_PHONES]):
            if records[at, _PHONES + place]:
                records[at, _PHONES + place] |= np.uint32(shared_bits(households))
    return records


def shared_bits(households: int) -> int:
    """On how many households a phone stands, as a record holds it."""
    return min(int(log2(max(1, households))), SHARED_MOST) << PHONE_BITS


def weigh(models: Models, b: BeneficiaryFacts, people: Sequence[IndividualFacts]) -> list[Comparison]:
    """The row beside each of these individuals, whatever their keys."""
    if not people:
        return []
    vocabulary, model = Vocabulary(REGISTRY), models.for_unit(b.unit)
    left, right = packed_people(people, vocabulary), packed([row_values(b)], vocabulary)
    judged = _judged(
        left, right, np.arange(len(people)), np.zeros(len(people), np.int64), _tables(vocabulary, models), model
    )
    return [
        comparison(model, b, one, float(score), levels, bits)
        for one, score, levels, bits in zip(
            people, judged.score, judged.levels.tolist(), judged.bits.tolist(), strict=True
        )
    ]


def _tables(vocabulary: Vocabulary, models: Models) -> Tables:
    return tables_of(vocabulary, models.rarity.of_names(vocabulary.names.arrays))


@dataclass(frozen=True, slots=True)
class _Judged:
    score: npt.NDArray[np.float32]
    levels: npt.NDArray[np.uint8]
    bits: npt.NDArray[np.float32]


def _judged(
    left: Words,
    right: Words,
    left_rows: npt.NDArray[Any],
    right_rows: npt.NDArray[Any],
    tables: Tables,
    model: Model,
) -> _Judged:
    fields, count = len(REGISTRY.fields), len(left_rows)
    out = _Judged(
        np.empty(count, np.float32), np.empty((count, fields), np.uint8), np.empty((count, fields), np.float32)
    )
    rows = left_rows.astype(np.uint32), right_rows.astype(np.uint32)
    judge_rows(left, right, *rows, tables, model.fields(), work_of(), out.score, out.levels, out.bits)
    return out


def comparison(
    model: Model,
    b: BeneficiaryFacts,
    i: IndividualFacts,
    score: float,
    levels: Sequence[int],
    bits: Sequence[float],
) -> Comparison:
    """What the engine says of a pair, in the words of the rules."""
    weights = model.weights
    named = {field.name: field.levels[level] for field, level in zip(REGISTRY.fields, levels, strict=True)}
    told = compared(
        (field.name, field.levels[level], own[level], round(bit - own[level], 6))
        for field, level, bit, own in zip(REGISTRY.fields, levels, bits, weights, strict=True)
    )
    odds = float(model.odds(np.array([score], np.float32))[0])
    return Comparison(score, odds / (1.0 + odds), told, forbidden(b, i, named["nni"], named["name"]), model.version)


class Rows:
    """Rows of lists, to be laid beside one another."""

    def __init__(self, rows: Mapping[Any, BeneficiaryFacts], models: Models) -> None:
        self._model = models.for_unit("individual")
        self._rows, self._places = rows, {id_: at for at, id_ in enumerate(rows)}
        self._vocabulary = Vocabulary(REGISTRY)
        self._records = packed([row_values(one) for one in rows.values()], self._vocabulary)
        self._tables = _tables(self._vocabulary, models)

    def same_person(self, a: Any, b: Any) -> bool:
        """Whether two of them are one person, by exact strong evidence alone."""
        one, other = self._rows[a].birth_date, self._rows[b].birth_date
        left, right = np.array([self._places[a]]), np.array([self._places[b]])
        (levels,) = _judged(self._records, self._records, left, right, self._tables, self._model).levels.tolist()
        named = {field.name: field.levels[level] for field, level in zip(REGISTRY.fields, levels, strict=True)}
        other_year = one is not None and other is not None and one.year != other.year
        return same_person(named["nni"], named["household_number"], named["name"], other_year=other_year)

    def number_keys(self) -> set[int]:
        """The keys of the national ids and household numbers on them."""
        keys = keys_of(self._records, REGISTRY, PLAN, self._vocabulary.names.arrays, self._vocabulary.place_hashes())
        return set(chain.from_iterable(number_keys(one, PLAN).tolist() for one in keys))


def keys_of_people(people: Iterable[IndividualFacts]) -> set[int]:
    """What these individuals are found by: beneficiaries with one of these keys may be one of them."""
    vocabulary = Vocabulary(REGISTRY)
    records = packed([person_values(one) for one in people], vocabulary)
    keys = keys_of(records, REGISTRY, PLAN, vocabulary.names.arrays, vocabulary.place_hashes())
    return set(held_keys(keys, PLAN).tolist())
