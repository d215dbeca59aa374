"""`tekamoul match train`, `evaluate` and `compare` as a person runs them."""

import json
import random
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from benchmarks.linkage.data import Files, write_country
from cli.main import app


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """A registry of 6,000 and of it a list of 1,500, a third in Arabic."""
    return write_country(tmp_path_factory.mktemp("country"), 6_000, 1_500, "mixed", seed=3)


@pytest.fixture(scope="module")
def models(country: Files, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """One learned from the lists alone, one from pairs that are known too."""
    folder = tmp_path_factory.mktemp("models")
    alone, known = folder / "alone.json", folder / "known.json"
    assert match("train", *of(country), "--out", alone).exit_code == 0
    told = match("train", *of(country), "--truth", country.truth, "--out", known)
    assert told.exit_code == 0, told.output
    assert "truth (" in told.stderr
    return alone, known


def match(*words: object, language: str = "en") -> Result:
    return CliRunner().invoke(app, ["match", *map(str, words)], env={"TEKAMOUL_LANG": language, "COLUMNS": "200"})


def of(country: Files) -> tuple[object, ...]:
    return country.left, country.right, "--mapping", country.mapping


def evaluated(country: Files, model: Path, out: Path, *words: object, language: str = "en") -> dict[str, Any]:
    asked = ("evaluate", model, *of(country), "--truth", country.truth, "--report", out, *words)
    told = match(*asked, language=language)
    assert told.exit_code == 0, told.output
    found: dict[str, Any] = json.loads(out.read_bytes())
    return found


def test_a_report_counts_what_the_same_model_links(country: Files, models: tuple[Path, Path], tmp_path: Path) -> None:
    found = evaluated(country, models[0], tmp_path / "r.json")
    out = tmp_path / "links.parquet"
    assert match("link", *of(country), "--model", models[0], "--out", out).exit_code == 0
    linked, truth = pl.read_parquet(out), pl.read_parquet(country.truth)
    for name, pairs in (("at_link", linked.filter(pl.col("decision") == "link")), ("at_ask", linked)):
        right = pairs.join(truth, on=["left_id", "right_id"], how="semi").height
        assert (found[name]["taken"], found[name]["right"], found[name]["true"]) == (pairs.height, right, truth.height)
    assert found["at_link"]["precision"]["value"] > 0.99
    assert {one["by"] for one in found["groups"]} == {"place", "script", "sex", "clan", "rarity", "number"}
    assert sum(one["rows"] for one in found["groups"] if one["by"] == "place") == 1_500


def test_known_pairs_teach_at_least_as_much(country: Files, models: tuple[Path, Path], tmp_path: Path) -> None:
    other = write_country(tmp_path / "other", 6_000, 1_500, "mixed", seed=4)
    alone, known = (evaluated(other, model, tmp_path / "r.json") for model in models)
    assert known["costs"]["total"] <= alone["costs"]["total"] + 15
    # Without a national id it is harder to be found: it is shown.
    assert ("number", "without") in {(one["by"], one["group"]) for one in known["clearly_worse"]}


class Page(HTMLParser):
    """What a page asks of the network, and whether its marks are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.direction = ""
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.asked += [value or "" for name, value in attrs if name in ("src", "href")]
        self.direction = self.direction or (told.get("dir") or "" if tag == "html" else "")
        if tag not in ("meta", "polyline", "circle"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("meta", "polyline", "circle"):
            assert self.open.pop() == tag


@pytest.mark.parametrize(
    ("language", "direction", "first"),
    [
        ("ar", "rtl", "مجموعات تُخدم أسوأ"),
        ("fr", "ltr", "Groupes nettement moins"),
        ("en", "ltr", "Groups served clearly worse"),
    ],
)
def test_the_page_is_whole_by_itself_in_three_languages(
    country: Files, models: tuple[Path, Path], tmp_path: Path, language: str, direction: str, first: str
) -> None:
    html = tmp_path / "r.html"
    evaluated(country, models[1], tmp_path / "r.json", "--html", html, language=language)
    text, page = html.read_text(encoding="utf-8"), Page()
    page.feed(text)
    assert (page.asked, page.direction, page.open) == ([], direction, [])
    assert "url(" not in text and text.count("<svg") == 2
    assert first in text[: text.index("<table")]  # before any figure


def test_who_is_worse_is_the_first_line_that_is_said(country: Files, models: tuple[Path, Path], tmp_path: Path) -> None:
    asked = ("--truth", country.truth, "--report", tmp_path / "r.json")
    told = match("evaluate", models[1], *of(country), *asked)
    first = told.stderr[: told.stderr.index("At the threshold")]
    assert first.startswith("Groups served clearly worse: ")
    assert "Personal number: without (Recall " in first


def test_a_model_beside_itself_decides_nothing_differently(
    country: Files, models: tuple[Path, Path], tmp_path: Path
) -> None:
    out, html = tmp_path / "c.json", tmp_path / "c.html"
    files = ("--left", country.left, "--right", country.right, "--mapping", country.mapping, "--truth", country.truth)
    told = match("compare", models[0], models[0], models[1], *files, "--report", out, "--html", html)
    assert told.exit_code == 0, told.output
    found = json.loads(out.read_bytes())
    same, other = found["comparisons"]
    assert (same["right_only"], same["p"], same["winner"]) == ([0, 0], 1.0, None)
    assert same["decided"]["differently"] == 0
    costs = [one["costs"]["total"] for one in found["reports"]]
    assert other["costs"] == [costs[0], costs[2]]
    assert "alone.json beside known.json" in html.read_text(encoding="utf-8")


def pairs_file(folder: Path, lines: str) -> Path:
    path = folder / "pairs.csv"
    path.write_text(lines, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("lines", "language", "words"),
    [
        ("left_id,right_id\n1,1\n99999,2\n88888,3\n", "en", "pairs.csv: 2 values of left_id are not in the list"),
        (
            "left_id,right_id\n1,99999\n",
            "fr",
            "pairs.csv : 1 valeurs de right_id ne sont pas dans la liste, dont 99999",
        ),
        ("left_id,right_id\n", "ar", "pairs.csv لا يحوي أي زوج"),
        ("left,right\n1,1\n", "en", "The column left_id is not in pairs.csv"),
    ],
)
def test_pairs_that_are_not_of_the_lists_are_refused(
    country: Files, models: tuple[Path, Path], tmp_path: Path, lines: str, language: str, words: str
) -> None:
    asked = ("--truth", pairs_file(tmp_path, lines), "--report", tmp_path / "r.json")
    told = match("evaluate", models[0], *of(country), *asked, language=language)
    assert told.exit_code == 1
    assert words in " ".join(told.stderr.split())
    assert not (tmp_path / "r.json").exists()


def test_records_called_alike_are_refused(country: Files, models: tuple[Path, Path], tmp_path: Path) -> None:
    twice = tmp_path / "twice.parquet"
    listed = pl.read_parquet(country.right)
    pl.concat([listed, listed.filter(pl.col("rec_id") == 7)]).write_parquet(twice)
    asked = ("--truth", country.truth, "--report", tmp_path / "r.json")
    told = match("evaluate", models[0], country.left, twice, "--mapping", country.mapping, *asked)
    assert told.exit_code == 1
    assert "Two records are called 7: right_id must be unique" in told.stderr


def test_one_model_alone_is_no_comparison(country: Files, models: tuple[Path, Path]) -> None:
    files = ("--left", country.left, "--right", country.right, "--mapping", country.mapping, "--truth", country.truth)
    assert match("compare", models[0], *files).exit_code == 2


def test_a_report_that_could_not_be_written_is_refused_before_the_work(
    country: Files, models: tuple[Path, Path], tmp_path: Path
) -> None:
    asked = ("--truth", country.truth, "--report", tmp_path / "no" / "r.json")
    assert "cannot be written" in match("evaluate", models[0], *of(country), *asked).stderr


def test_training_without_pairs_enough_says_what_it_learned_from(country: Files, tmp_path: Path) -> None:
    few = random.Random(1).sample(pl.read_parquet(country.truth).rows(), 40)
    pairs = pairs_file(tmp_path, "left_id,right_id\n" + "".join(f"{a},{b}\n" for a, b in few))
    told = match("train", *of(country), "--truth", pairs, "--out", tmp_path / "m.json")
    assert told.exit_code == 0, told.output
    assert "id (" in told.stderr
