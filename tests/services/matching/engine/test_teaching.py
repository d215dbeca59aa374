"""Models learned in a registry from the rows of lists, on a drawn country whose truth is known and was never told."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from markupsafe import escape

from benchmarks.linkage.data import Files, write_country
from cli.model_page import page_of
from cli.model_words import first_line, household_lines
from services.matching.engine.files import read_list
from services.matching.engine.households import BY_NUMBER, BY_PHONE, Beside
from services.matching.engine.lists import Stopped, compare_lists
from services.matching.engine.mapping import read_mapping
from services.matching.engine.model import STATED_HOUSEHOLD
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
    none = Listed(rows[:0], pl.Series([], dtype=pl.String), NOTHING, Beside.nobody(0))
    names = listed["name"].fill_null("")
    units = dict.fromkeys(UNITS, none) | {unit: Listed(rows, names, said, Beside.nobody(len(rows)))}
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
    records = material.listed["individual"].records
    for at, keys in enumerate(index.keys_of(records)):
        found = index.find_packed(model, records[at : at + 1], looking, 2, keys)
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
    pupils = Listed(nobody, material.listed["individual"].names.head(600), NOTHING, Beside.nobody(600))
    with_pupils = replace(material, listed={**material.listed, "pupil": pupils})
    report = teach(with_pupils, "x", BEFORE)[1]
    assert report["not_judged"] == ["pupil"]
    assert first_line(report, "en").endswith("Not judged, for want of known pairs: Unit: pupil.")


@pytest.fixture(scope="module")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """A list that numbers its households by itself; who is who persons have said."""
    return write_country(tmp_path_factory.mktemp("numbered"), 8_000, 6_000, "numbered", seed=8)


def numbered_material(files: Files) -> Material:
    """Its rows with the list's own numbers."""
    pairs = pl.read_parquet(files.truth).rows()
    left, right = (np.array([pair[side] - 1 for pair in pairs], np.int64) for side in (0, 1))
    material = material_of(files, said=Said(left, right, np.ones(len(left), bool)))
    own = pl.read_parquet(files.right)["own_household"].cast(pl.String)
    listed = material.listed["individual"]
    at = slice(
        REGISTRY.offsets[REGISTRY.position("household_number") or 0],
        REGISTRY.offsets[REGISTRY.position("household_number") or 0] + 2,
    )
    packed = pack({"household_number": [own]}, Vocabulary(REGISTRY))
    records = listed.records.copy()
    records[:, at] = packed[:, at]
    rows = own.rank("dense").fill_null(0).cast(pl.Int64).to_numpy()
    beside = Beside(rows, np.full(len(rows), BY_NUMBER, np.uint8))
    return replace(material, listed={**material.listed, "individual": replace(listed, records=records, beside=beside)})


def test_what_others_of_a_household_say_is_learned_as_from_plain_files(numbered: Files) -> None:
    models, report = teach(numbered_material(numbered), "x", BEFORE)

    # The same lists as plain files, of which nobody says who is who.
    mapping = read_mapping(numbered.mapping.read_text(encoding="utf-8"))
    lists = [read_list(file, mapping, side)[1] for file, side in ((numbered.left, "left"), (numbered.right, "right"))]
    plain = compare_lists(mapping.fields, *lists).model.household
    learned = models.for_unit("individual").household
    assert plain is not None and learned is not None
    assert learned[1] == pytest.approx(plain[1], abs=0.6)
    assert learned[1] != STATED_HOUSEHOLD[1] and 1.0 < learned[1] <= 3.0
    assert 0.0 <= learned[2] < 1.0  # a phone tells already

    told = report["learned_from"]["individual"]["household"]
    assert told["agrees"]["learned"] and told["agrees"]["bits"] == round(learned[1], 2)
    assert told["agrees"]["pairs"] > 500
    # A row that stands for a household stands alone; so do pupils without numbers, who learn from all rows here.
    assert report["learned_from"]["household"]["household"] == {}
    assert models.for_unit("household").household is None

    for language, words in (("en", "learned from"), ("fr", "appris de"), ("ar", "بت (من")):
        line = household_lines(report, language)[0]
        assert words in line and f"{learned[1]:.2f}" in line
        assert escape(line) in page_of(report, language)


def test_where_too_few_stand_together_what_is_stated_holds_and_the_report_says_so(numbered: Files) -> None:
    material = numbered_material(numbered)
    listed = material.listed["individual"]
    few = np.where(listed.beside.rows <= 20, listed.beside.rows, 0)
    some = replace(listed, beside=replace(listed.beside, rows=few))
    models, report = teach(replace(material, listed={**material.listed, "individual": some}), "x", BEFORE)
    assert models.for_unit("individual").household == STATED_HOUSEHOLD
    told = report["learned_from"]["individual"]["household"]
    assert not told["agrees"]["learned"] and told["agrees"]["bits"] == STATED_HOUSEHOLD[1]
    assert "stated: too few pairs" in household_lines(report, "en")[0]

    alone = replace(listed, beside=Beside.nobody(len(few)))
    models, report = teach(replace(material, listed={**material.listed, "individual": alone}), "x", BEFORE)
    assert models.for_unit("individual").household is None
    assert household_lines(report, "en") == []


def test_strangers_of_a_list_with_numbers_of_its_own_do_not_bear_the_registry_s(numbered: Files) -> None:
    """Who bore them would be found in the own household by the number, as no row of the list is: probabilities told would
    fall below the truth."""
    material = numbered_material(numbered)
    models, _ = teach(material, "x", BEFORE)
    decided = linked(material, models)
    mine = {(left - 1, right - 1) for left, right in pl.read_parquet(numbered.truth).rows()}
    between = {pair: p for pair, p in decided.items() if 0.3 <= p < 0.96}
    assert len(between) > 100
    told, true = sum(between.values()), len(between.keys() & mine)
    assert abs(told - true) / len(between) < 0.15


def test_households_of_several_lists_are_others() -> None:
    lists = [
        Beside(np.array(rows, np.int64), np.full(len(rows), by, np.uint8))
        for rows, by in (([1, 0, 1], BY_NUMBER), ([], BY_NUMBER), ([2, 1, 2, 0], BY_PHONE))
    ]
    joined = Beside.one_after_another(lists)
    assert joined.rows.tolist() == [1, 0, 1, 3, 2, 3, 0]
    assert joined.by.tolist() == [BY_NUMBER] * 3 + [BY_PHONE] * 4


def test_who_asks_it_to_stop_is_heard(country: Files) -> None:
    done: list[float] = []
    with pytest.raises(Stopped):
        teach(material_of(country), "x", BEFORE, done.append, lambda: len(done) > 2)
    assert done == sorted(done) and len(done) == 3


def test_a_set_that_ships_trained_comes_with_its_report() -> None:
    report = json.loads((REPORTS / TRAINED.name).read_bytes())
    assert report["model"] == Models.load(TRAINED).version == TRAINED.stem
    assert report["comparison"]["models"] == [BEFORE.version, TRAINED.stem]
