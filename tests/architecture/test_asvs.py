"""The table of security requirements is whole, and what it names exists."""

import ast
import csv
import re
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
TABLE = PROJECT / "docs/security/asvs.md"
NUMBERS = Path(__file__).with_name("asvs-5.0.0.csv")
ROW = re.compile(r"^\| (v5\.0\.0-[0-9.]+) \| ([12]) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
TEST = re.compile(r"`([\w/]+\.py)::(\w+)`")
FILE = re.compile(
    r"(?<![\w/])((?:(?:docs|deploy|gateway|services|shared)/[\w./-]+|pyproject|ARCHITECTURE)\.(?:md|py|json|conf|toml|html))\b(?!::)"
)
REASON = re.compile(r"does not apply: |not met\b")


def rows() -> list[tuple[str, str, str, str]]:
    return ROW.findall(TABLE.read_text(encoding="utf-8"))


@cache
def written_in(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {one.name for one in tree.body if isinstance(one, functions) and one.name.startswith("test_")}


def test_every_requirement_of_levels_1_and_2_stands_in_the_table_once() -> None:
    listed = NUMBERS.read_text(encoding="utf-8").splitlines()
    wanted = [(one["number"], one["level"]) for one in csv.DictReader(line for line in listed if line[0] != "#")]

    assert len(wanted) == 253
    assert [(number, level) for number, level, _, _ in rows()] == wanted


def test_every_test_and_file_that_the_table_names_exists() -> None:
    missing = []
    for number, _, _, shown in rows():
        for file, test in TEST.findall(shown):
            path = PROJECT / "tests" / file
            if not path.exists() or test not in written_in(path):
                missing.append(f"{number}: {file}::{test}")
        missing += [f"{number}: {file}" for file in FILE.findall(shown) if not (PROJECT / file).exists()]

    assert missing == []


def test_every_row_names_a_test_or_a_file_or_says_why_there_is_none() -> None:
    kinds = (TEST, FILE, REASON)
    assert [number for number, _, _, shown in rows() if not any(kind.search(shown) for kind in kinds)] == []
    assert [number for number, _, asked, _ in rows() if len(asked) > 100] == []  # our words, and few of them


def test_the_figures_above_the_table_are_its_own() -> None:
    told = [
        int(one)
        for one in re.findall(r"Of (\d+) requirements (\d+) do not\napply, and (\d+) are", TABLE.read_text())[0]
    ]
    shown = [one for _, _, _, one in rows()]

    assert told == [
        len(shown),
        sum(one.startswith("does not apply") for one in shown),
        sum("not met" in one for one in shown),
    ]
