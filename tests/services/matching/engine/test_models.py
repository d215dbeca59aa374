"""What the service weighs pairs by: one set of models for the units of lists, frozen with how rare names are."""

import json
from collections.abc import Mapping
from dataclasses import replace
from math import log2
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine.fields import LINE_WORDS
from services.matching.engine.index import Index
from services.matching.engine.model import Model, expert_shares
from services.matching.engine.models import REGISTRY, UNITS, Models
from services.matching.engine.packing import Vocabulary, pack
from services.matching.engine.packing_one import pack_one
from services.matching.engine.rarity import Rarity, counted_rarity
from services.matching.settings import MODELS
from shared.spelling import skeleton

SHIPPED = Models.newest(MODELS.glob("*.json"))
Record = Mapping[str, list[str]]


def columns(records: list[Record]) -> dict[str, list[Any]]:
    return {
        one.name: [
            pl.Series([(record.get(one.name) or [""] * 3)[at] for record in records], dtype=pl.String)
            for at in range(one.columns)
        ]
        for one in REGISTRY.fields
    }


def scored(registered: Record, row: Record, unit: str) -> dict[str, tuple[str, float]]:
    """By field the level and the bits of a pair of the shipped models; whatever its keys."""
    index = Index.build(REGISTRY, columns([registered]), SHIPPED.rarity)
    (found,) = index.find(SHIPPED.for_unit(unit), row, index.looking())
    return {
        one.name: (one.levels[level], bits)
        for one, level, bits in zip(REGISTRY.fields, found.levels, found.bits, strict=True)
        if level
    }


HEAD: Record = {
    "nni": ["9900000033"],
    "household_number": ["MR0630000025"],
    "phone": ["22112233", ""],
    "birth": ["1975-04-12"],
    "sex": ["M"],
    "place": ["MR06", "MR063", "MR0630001"],
    "role": ["head"],
    "name": ["Yeslem Ould Bowba", "يسلم ولد بوبه"],
}


def test_a_record_of_the_registry_is_one_cache_line() -> None:
    assert REGISTRY.width == LINE_WORDS


@pytest.mark.parametrize(
    ("row", "unit", "field", "level", "bits"),
    [
        # The numbers of the shipped file, worked out by hand: log2(0.90 / 1.37329e-05) = 16.
        ({"nni": ["9900000033"]}, "individual", "nni", "equal", 16),
        ({"household_number": ["630000025"]}, "household", "household_number", "equal", 12),
        ({"household_number": ["630000025"]}, "household", "role", "head", 2.5),
        # Two uncommon parts are 4 bits rare, as two names that two people share by chance: nothing to add to 9.
        ({"name": ["Yeslem Bowba"], "place": ["MR06", "MR063", "MR0630001"]}, "individual", "name", "same", 9),
        ({"name": ["Yeslem Bowba"], "place": ["MR06", "MR063", "MR0630001"]}, "individual", "place", "same_3", 3),
        ({"phone": ["22112233"], "nni": ["9900000033"]}, "individual", "phone", "equal", 8),
        ({"nni": ["9900000033"], "birth": ["1975"]}, "individual", "birth", "same_year", 4.5),
        ({"nni": ["9900000033"], "sex": ["F"]}, "individual", "sex", "different", -5),
    ],
)
def test_what_is_shipped_weighs(row: Record, unit: str, field: str, level: str, bits: float) -> None:
    row = row | ({"role": ["household"]} if unit == "household" else {})

    told, weight = scored(HEAD, row, unit)[field]

    assert told == level
    assert weight == pytest.approx(bits, abs=0.001)


def test_common_parts_of_a_name_weigh_less() -> None:
    common = {**HEAD, "name": ["Mohamed Ould Ahmed Salem Ould Demba", ""]}
    row = {"nni": ["9900000033"]}

    def bits(held: str, asked: str) -> float:
        return scored({**common, "name": [held, ""]}, {**row, "name": [asked]}, "individual")["name"][1]

    # Mohamed and Ahmed weigh 1 bit each where others weigh 2: of 4 on average.
    assert bits("Yeslem Ould Bowba", "Yeslem Ould Bowba") == pytest.approx(9)
    assert bits("Mohamed Ould Bowba", "Mohamed Ould Bowba") == pytest.approx(8)
    assert bits("Mohamed Ould Mohamed", "Mohamed Ould Mohamed") == pytest.approx(7)
    assert bits("Yeslem Ould Bowba Ould Dedda", "Yeslem Ould Bowba Ould Dedda") == pytest.approx(11)


@pytest.mark.parametrize(
    ("held", "row", "level", "bits"),
    [
        ({"father_name": ["Bowba", ""]}, {"name": ["Yeslem"], "father_name": ["Bowba"]}, "same", 4),
        # Both whole names tell the father: to tell him once more adds little.
        ({"father_name": ["Bowba", ""]}, {"name": ["Yeslem Ould Bowba"], "father_name": ["Bowba"]}, "repeated", 1.5),
        ({}, {"name": ["Yeslem Ould Bowba"], "father_name": ["Bowba"]}, "repeated", 1.5),
        ({}, {"name": ["Yeslem"], "father_name": ["Bowba"]}, "same", 4),
        ({}, {"name": ["Yeslem"], "father_name": ["Cheikh"]}, "unconfirmed", -2),
        # A grandfather is told by no second name.
        (
            {"father_name": ["Bowba Ould Dedda", ""]},
            {"name": ["Yeslem Ould Bowba"], "father_name": ["Bowba Ould Dedda"]},
            "same",
            4,
        ),
        ({"father_name": ["Bowba", ""]}, {"name": ["Yeslem"], "father_name": ["Cheikh"]}, "different", -6),
    ],
)
def test_fathers_by_hand(held: Record, row: Record, level: str, bits: float) -> None:
    told = scored({**HEAD, **held}, {"nni": ["9900000033"], **row}, "pupil")["father_name"]

    assert told == (level, pytest.approx(bits, abs=0.001))


def test_a_pupils_class_is_laid_to_the_age_of_who_is_registered() -> None:
    child = {**HEAD, "birth": ["2016-02-03"], "role": ["child"]}
    row = {"nni": ["9900000033"], "school": ["2024-11-02", "3AF"]}

    assert scored(child, row, "pupil")["school"] == ("fits", pytest.approx(0.5, abs=0.001))
    assert "birth" not in scored(child, row, "pupil")


def test_the_shipped_models_say_what_they_are() -> None:
    assert SHIPPED.layout == REGISTRY
    assert SHIPPED.rarity.parts[skeleton("mhmd")] == 1.0
    assert {SHIPPED.for_unit(unit).version for unit in UNITS} == {SHIPPED.version}
    assert (MODELS / f"{SHIPPED.version}.json").exists()
    assert [SHIPPED.for_unit(unit).prior for unit in UNITS] == [-11.0, -11.0, -12.0]


def a_set(parts: Mapping[str, float], unknown: float) -> Models:
    model = Model("x", REGISTRY, *expert_shares(REGISTRY), np.zeros(len(REGISTRY.fields)), -10.0)
    return Models.of("v1", dict.fromkeys(UNITS, model), Rarity(parts, unknown))


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.text("mdSlkʿ", min_size=1, max_size=5), st.floats(0, 64)), st.floats(0, 64))
def test_a_set_of_models_is_read_back_as_it_was(parts: dict[str, float], unknown: float) -> None:
    again = Models.from_json(a_set(parts, unknown).to_json())

    assert again.to_json() == a_set(parts, unknown).to_json()
    assert again.rarity == Rarity(parts, unknown)
    assert Model.from_json(again.for_unit("pupil").to_json()).rarity == again.rarity


@pytest.mark.parametrize(
    "change",
    [
        {"models": {}},
        {"rarity": None},
        {"rarity": {"part_bits": {"mmd": -1}, "unknown_bits": 2}},
        {"rarity": {"part_bits": {"mmd": "x"}, "unknown_bits": 2}},
        {"models": {"household": {"version": "x"}}},
    ],
)
def test_what_is_no_set_of_models_is_refused(change: dict[str, Any]) -> None:
    told = json.loads(a_set({"mmd": 1.0}, 2.0).to_json())

    with pytest.raises(ValueError, match="not a set of models"):
        Models.from_json(json.dumps(told | change).encode())


def test_models_of_other_fields_make_no_set() -> None:
    one = a_set({}, 1.0).for_unit("pupil")
    other = replace(one, layout=replace(one.layout, fields=one.layout.fields[::-1]))

    with pytest.raises(ValueError, match="the same fields"):
        Models.of("v1", {"household": one, "individual": one, "pupil": other}, Rarity({}, 1.0))


def test_the_newest_set_is_the_one_whose_version_comes_last(tmp_path: Path) -> None:
    for version in ("2026-11", "2027-01"):
        (tmp_path / f"{version}.json").write_bytes(replace(a_set({}, 1.0), version=version).to_json())

    assert Models.newest(tmp_path.glob("*.json")).version == "2027-01"


def test_how_rare_the_parts_of_names_are_is_counted_by_their_consonants() -> None:
    vocabulary = Vocabulary(REGISTRY)
    names = ["Mohamed Ould Salem", "Mhamed Ould Bowba", "Mohamed Ould Dedda", "Mariem Mint Salem"]
    records = pack(columns([{"name": [name, ""]} for name in names]), vocabulary)

    rarity = counted_rarity(vocabulary, (records,))

    # Of four names three bear Mohamed however it is spelled, two Salem; the others one each, as rare as what nobody bears.
    assert rarity.parts == {"mmd": pytest.approx(log2(4 / 3), abs=0.001), skeleton("slm"): 1.0}
    assert rarity.unknown == 2.0


def test_a_name_is_as_rare_as_its_parts_together() -> None:
    vocabulary = Vocabulary(REGISTRY)
    for name in ("Mohamed Ould Salem", "Mohamed", "Dedda", ""):
        pack_one({"name": [name]}, vocabulary)

    bits = Rarity({"mmd": 1.5}, 7.0).of_names(vocabulary.names.arrays)

    assert bits.tolist() == [0.0, 8.5, 1.5, 7.0]
    assert Rarity({}, 7.0).of_names(vocabulary.names.arrays, 2).tolist() == [7.0, 7.0]
