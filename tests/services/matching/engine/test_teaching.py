"""Models learned in a registry from the rows of lists, on a drawn country whose truth is known and was never told."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from benchmarks.linkage.data import Files, write_country
from cli.model_words import first_line
from services.matching.engine.lists import Stopped
from services.matching.engine.models import REGISTRY, UNITS, Models
from services.matching.engine.packing import Vocabulary, pack
from services.matching.engine.teaching import LEAST_BEARERS, Listed, Material, Said, TooFewPairs, teach
from services.matching.settings import MODELS, REPORTS

BEFORE = Models.newest(MODELS.glob("2026-11-expert.json"))
TRAINED = MODELS / "2026-11-country.json"
NOTHING = Said(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, bool))
CODES = ("wilaya_code", "moughataa_code", "commune_code")


def columns(frame: pl.DataFrame, **named: list[str]) -> dict[str, list[pl.Series]]:
    """The fields of REGISTRY that these columns hold; places by code, which the drawn files hold as numbers."""
    texts = frame.with_columns(pl.all().cast(pl.String))
    return {field: [texts.get_column(name) for name in names] for field, names in named.items()}


def material_of(files: Files, unit: str = "individual", said: Said = NOTHING, **changed: pl.Series) -> Material:
    registry, listed = pl.read_parquet(files.left), pl.read_parquet(files.right).with_columns(**changed)
    shared: Any = {"nni": ["nni"], "phone": ["phone"], "birth": ["birth_date"], "sex": ["sex"], "place": list(CODES)}
    vocabulary = Vocabulary(REGISTRY)
    own = {"name": ["name_fr", "name_ar"], "household_number": ["household_number"]}
    held = pack(columns(registry, **shared, **own), vocabulary)
    rows = pack(columns(listed, **shared, name=["name"]), vocabulary)
    none = Listed(rows[:0], pl.Series([], dtype=pl.String), NOTHING)
    units = dict.fromkeys(UNITS, none) | {unit: Listed(rows, listed["name"].fill_null(""), said)}
    numbers = np.arange(len(held), dtype=np.int64)
    return Material(vocabulary, held, numbers, registry["household_number"].to_numpy().astype(np.int64), units)


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return write_country(tmp_path_factory.mktemp("taught"), 8_000, 4_000, "mixed", seed=8)


@pytest.fixture(scope="module")
def taught(country: Files) -> tuple[Models, dict[str, Any]]:
    return teach(material_of(country), "2027-01", BEFORE)


def test_what_is_learned_and_what_ships_link_a_country_of_another_seed_no_worse_than_the_expert(
    taught: tuple[Models, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = write_country(tmp_path_factory.mktemp("other"), 8_000, 4_000, "mixed", seed=9)
    mine = {(left - 1, right - 1) for left, right in pl.read_parquet(other.truth).rows()}
    false, missed, costs = {}, {}, {}
    for name, models in (("expert", BEFORE), ("learned", taught[0]), ("shipped", Models.load(TRAINED))):
        decided = linked(material_of(other), models)
        links = {pair for pair, p in decided.items() if p >= 32 / 33}
        asked = {pair for pair, p in decided.items() if p >= 1 / 3.3}
        false[name], missed[name] = len(links - mine), len(mine - asked)
        costs[name] = 33 * false[name] + 3.3 * missed[name] + len(asked - links)
    assert costs["learned"] <= costs["expert"]
    # In a registry a fifth as large as that in which it was trained, a set asks persons more and errs no more.
    assert false["shipped"] <= false["expert"] and missed["shipped"] <= missed["expert"]


def linked(material: Material, models: Models) -> Mapping[tuple[int, int], float]:
    """The best record of each row by the index, one row at a time, with its probability."""
    from services.matching.engine.index import Index

    index = Index(material.vocabulary, material.registry, np.ones(len(material.registry), bool), models.rarity)
    looking, model, out = index.looking(), models.for_unit("individual"), {}
    for at in range(len(material.listed["individual"].records)):
        found = index.find_packed(model, material.listed["individual"].records[at : at + 1], looking, 2)
        if found:
            lead = found[0].score - found[1].score if len(found) > 1 else 99.0
            odds = float(model.odds(np.array([found[0].score], np.float32))[0])
            out[found[0].row, at] = min(odds / (1 + odds), 1.0 if lead >= 3.0 else 0.96)
    return out


def test_the_report_tells_the_truth_though_it_never_saw_it(
    country: Files, taught: tuple[Models, dict[str, Any]]
) -> None:
    """On the rows of the list itself, without national ids, as the report judges."""
    report = taught[1]
    blank = pl.Series("nni", [None] * 4_000, dtype=pl.String)
    decided = linked(material_of(country, nni=blank), taught[0])
    mine = {(left - 1, right - 1) for left, right in pl.read_parquet(country.truth).rows()}
    links = {pair for pair, p in decided.items() if p >= 32 / 33}
    assert report["at_link"]["recall"]["value"] == pytest.approx(len(links & mine) / len(mine), abs=0.05)
    assert report["at_link"]["precision"]["value"] == pytest.approx(len(links & mine) / len(links), abs=0.01)
    assert report["calibration_error"] < 0.05
    assert {one["by"] for one in report["groups"]} == {"unit", "place", "script", "sex", "clan", "rarity"}
    assert report["comparison"]["models"] == ["2026-11-expert", "2027-01"]


def test_the_same_material_teaches_the_same(country: Files, taught: tuple[Models, dict[str, Any]]) -> None:
    models, report = teach(material_of(country), "2027-01", BEFORE)
    for unit in UNITS:
        one, other = models.for_unit(unit), taught[0].for_unit(unit)
        np.testing.assert_allclose(one.bits(), other.bits(), atol=1e-6)  # names are numbered in any order
        assert one.prior == pytest.approx(other.prior, abs=1e-6)
    assert report["costs"] == taught[1]["costs"] and report["groups"] == taught[1]["groups"]


def test_a_model_tells_of_no_name_that_few_bear(taught: tuple[Models, dict[str, Any]]) -> None:
    bits = np.log2(8_000 * 2 / LEAST_BEARERS)  # each record has two spellings
    assert max(taught[0].rarity.parts.values()) <= bits
    assert taught[0].rarity.unknown <= bits


def test_what_a_household_shares_confirms_nobody(country: Files) -> None:
    blank = pl.Series("nni", [None] * 4_000, dtype=pl.String)
    with pytest.raises(TooFewPairs) as few:
        teach(material_of(country, nni=blank), "x", BEFORE)
    assert few.value.pairs == 0


def test_a_number_that_two_persons_bear_confirms_nobody(country: Files) -> None:
    material = material_of(country)
    twice = replace(
        material,
        registry=np.concatenate((material.registry, material.registry)),
        persons=np.arange(2 * len(material.persons)),
        households=np.concatenate((material.households, material.households)),
    )
    with pytest.raises(TooFewPairs) as few:
        teach(twice, "x", BEFORE)
    assert few.value.pairs == 0


def test_what_persons_decided_teaches_and_what_they_refused_is_held_against_it(country: Files) -> None:
    truth = pl.read_parquet(country.truth).rows()
    left, right = (np.array([pair[side] - 1 for pair in truth], np.int64) for side in (0, 1))
    other = np.roll(left, 1)
    said = Said(np.concatenate((left, other)), np.concatenate((right, right)), np.repeat([True, False], len(left)))
    blank = pl.Series("nni", [None] * 4_000, dtype=pl.String)
    models, report = teach(material_of(country, said=said, nni=blank), "x", BEFORE)
    taught = {one["rule"]: one["pairs"] for one in report["learned_from"]["individual"]["pairs"]}
    assert taught["persons"] == pytest.approx(len(left) / 2, rel=0.1)  # the other half judges
    assert report["learned_from"]["individual"]["known_pairs"] == len(left)
    assert report["refused"]["pairs"] == pytest.approx(len(left) / 2, rel=0.1)
    assert report["refused"]["linked"] <= 2
    # A national id that neither side has is seen in no pair: what an expert expects of it stands.
    assert models.for_unit("individual").bits()[REGISTRY.position("nni") or 0, 1] > 10


def test_a_unit_with_few_rows_learns_from_those_of_all(taught: tuple[Models, dict[str, Any]]) -> None:
    told = taught[1]["learned_from"]
    assert not told["individual"]["of_all_units"] and told["pupil"]["of_all_units"]
    assert told["pupil"]["pairs"] == told["individual"]["pairs"]


def test_a_unit_of_whom_no_pair_is_known_is_told_before_all_else(country: Files) -> None:
    material = material_of(country)
    nobody = material.listed["individual"].records[:600].copy()
    nobody[:, REGISTRY.offsets[REGISTRY.position("nni") or 0] : 2] = 0
    pupils = Listed(nobody, material.listed["individual"].names.head(600), NOTHING)
    with_pupils = replace(material, listed={**material.listed, "pupil": pupils})
    report = teach(with_pupils, "x", BEFORE)[1]
    assert report["not_judged"] == ["pupil"]
    assert first_line(report, "en").endswith("Not judged, for want of known pairs: Unit: pupil.")


def test_who_asks_it_to_stop_is_heard(country: Files) -> None:
    done: list[float] = []
    with pytest.raises(Stopped):
        teach(material_of(country), "x", BEFORE, done.append, lambda: len(done) > 2)
    assert done == sorted(done) and len(done) == 3


def test_a_set_that_ships_trained_comes_with_its_report() -> None:
    report = json.loads((REPORTS / TRAINED.name).read_bytes())
    assert report["model"] == Models.load(TRAINED).version == TRAINED.stem
    assert report["comparison"]["models"] == [BEFORE.version, TRAINED.stem]
