"""`tekamoul match export` as a person runs it; that its SQL weighs as the kernels do: engine/test_splink_export.py."""

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from cli.main import app

MAPPING = "record_id: key\nfields: {name: name, birth_date: born, phone: phone}\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two lists, a mapping, and a model that was learned from them."""
    made = tmp_path_factory.mktemp("export")
    rows = [(f"p{at}", f"Sidi Salem {at % 7}", f"19{50 + at % 40}-05-06", 22_000_000 + at) for at in range(60)]
    registry = pl.DataFrame(rows, schema=["key", "name", "born", "phone"], orient="row")
    registry.write_parquet(made / "registry.parquet")
    registry.head(20).write_csv(made / "list.csv")
    (made / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
    files = (made / "registry.parquet", made / "list.csv", "--mapping", made / "mapping.yaml")
    assert match("link", *files, "--out", made / "out.csv", "--save-model", made / "model.json").exit_code == 0
    return made


def match(*words: object) -> Result:
    return CliRunner().invoke(app, ["match", *map(str, words)], env={"TEKAMOUL_LANG": "en"})


def export(folder: Path, out: Path, *files: str, model: str = "model.json", mapping: str = "mapping.yaml") -> Result:
    named = [folder / file for file in files or ("registry.parquet", "list.csv")]
    return match("export", *named, "--mapping", folder / mapping, "--model", folder / model, "--out", out)


def test_a_folder_holds_all_that_splink_needs(folder: Path, tmp_path: Path) -> None:
    told = export(folder, tmp_path / "out")
    assert told.exit_code == 0, told.output
    out = tmp_path / "out"
    assert {one.name for one in out.iterdir()} == {
        "README.md", "export.json", "frequencies", "left.parquet", "link.py", "right.parquet", "settings.json",
    }  # fmt: skip
    left, right = pl.read_parquet(out / "left.parquet"), pl.read_parquet(out / "right.parquet")
    assert left.schema == right.schema
    assert left["record_id"].to_list() == [f"p{at}" for at in range(60)]
    assert right["record_id"].to_list() == [f"p{at}" for at in range(20)]
    settings = json.loads((out / "settings.json").read_bytes())
    adjusted = {
        level["tf_adjustment_column"]
        for comparison in settings["comparisons"]
        for level in comparison["comparison_levels"]
        if "tf_adjustment_column" in level
    }
    assert adjusted == {file.stem for file in (out / "frequencies").iterdir()} == {"name_1_1", "phone_1_1"}
    assert adjusted == set(json.loads((out / "export.json").read_bytes())["frequencies"])
    assert [one.name for one in tmp_path.iterdir()] == ["out"]


def test_one_file_is_exported_against_itself_so_that_each_pair_is_met_once(folder: Path, tmp_path: Path) -> None:
    assert export(folder, tmp_path / "out", "registry.parquet").exit_code == 0
    rules = json.loads((tmp_path / "out" / "settings.json").read_bytes())["blocking_rules_to_generate_predictions"]
    assert rules
    assert all(rule["blocking_rule"].endswith("l.unique_id < r.unique_id") for rule in rules)


def test_an_empty_folder_is_filled_and_a_full_one_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert export(folder, tmp_path / "empty").exit_code == 0
    again = export(folder, tmp_path / "empty")
    assert again.exit_code == 1
    assert "is not empty" in again.stderr
    (tmp_path / "file").write_text("kept")
    assert match("export", folder / "list.csv", "--mapping", folder / "mapping.yaml", "--model", folder / "model.json",
                 "--out", tmp_path / "file").exit_code == 2  # fmt: skip
    assert (tmp_path / "file").read_text() == "kept"


def test_a_model_of_other_fields_and_one_that_is_none_are_refused_and_leave_nothing(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "other.yaml").write_text("fields: {name: name, birth_date: born}", encoding="utf-8")
    (folder / "none.json").write_text("{}")
    for told, words in (
        (export(folder, tmp_path / "out", mapping="other.yaml"), "made for other fields: phone, birth, sex, name"),
        (export(folder, tmp_path / "out", model="none.json"), "does not fit these lists"),
    ):
        assert told.exit_code == 1
        assert words in " ".join(told.stderr.split())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_no_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    told = export(folder, tmp_path / "nowhere" / "out")
    assert told.exit_code == 1
    assert "cannot be written" in " ".join(told.stderr.split())
