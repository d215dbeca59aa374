"""The walls between packages stand, and each refuses one forbidden import added to a copy of the code."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PACKAGES = ("services", "gateway", "shared", "cli")
NAMES_WITHOUT_MEANING = {"utils", "util", "helpers", "common", "core", "base", "manager", "misc"}
LONGEST_FILE = 400

VIOLATIONS = [
    pytest.param("services/matching/queries.py", "services.registry.models", {"1"}, id="a service imports another"),
    pytest.param("shared/clock.py", "services.registry.errors", {"2"}, id="shared imports a service"),
    pytest.param("shared/clock.py", "gateway.paths", {"2", "4a"}, id="shared imports the gateway"),
    pytest.param("gateway/paths.py", "services.programs.errors", {"3"}, id="the gateway imports a service"),
    pytest.param("cli/ports.py", "gateway.paths", {"4a"}, id="the command imports the gateway"),
    pytest.param("services/registry/queries/households.py", "cli.ports", {"4b"}, id="a service imports the command"),
    pytest.param(
        "services/programs/queries/enrollments.py", "services.programs.routes", {"5"}, id="a query imports a route"
    ),
    pytest.param(
        "services/registry/models/people.py", "services.registry.queries", {"5"}, id="a model imports a query"
    ),
    pytest.param(
        "services/registry/rules/households.py", "services.registry.models", {"5", "6"}, id="a rule imports a table"
    ),
    pytest.param("services/programs/rules/value.py", "httpx", {"6"}, id="a rule imports an HTTP client"),
    pytest.param(
        "services/matching/rules/clustering.py", "shared.database", {"6"}, id="a rule reaches SQL by way of another"
    ),
    pytest.param("gateway/proxy.py", "gateway.delivery.queries", {"7"}, id="the proxy imports deliveries"),
    pytest.param("gateway/delivery/order.py", "gateway.dashboard.words", {"7"}, id="deliveries import the dashboard"),
    pytest.param("gateway/agreements/rules/leaving.py", "shared.sharing", {"8"}, id="the check uses what it checks"),
]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house")
    for package in PACKAGES:
        shutil.copytree(PROJECT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", "static"))
    shutil.copy(PROJECT / "pyproject.toml", folder)
    return folder


@pytest.fixture
def house(original: Path, tmp_path: Path) -> Path:
    """A copy of the code to break."""
    shutil.copytree(original, tmp_path / "copy")
    return tmp_path / "copy"


def broken_walls(folder: Path) -> set[str]:
    """The numbers of the contracts that lint-imports finds broken; its exit status must agree."""
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    verdicts = dict(re.findall(r"^(\d\w?) .* (KEPT|BROKEN)$", done.stdout, re.MULTILINE))
    assert set(verdicts) == {"1", "2", "3", "4a", "4b", "5", "6", "7", "8"}, done.stdout + done.stderr
    broken = {number for number, verdict in verdicts.items() if verdict == "BROKEN"}
    assert done.returncode == (1 if broken else 0), done.stdout + done.stderr
    return broken


def test_the_walls_stand(original: Path) -> None:
    assert broken_walls(original) == set()


@pytest.mark.parametrize(("file", "imported", "refused_by"), VIOLATIONS)
def test_a_forbidden_import_is_refused(house: Path, file: str, imported: str, refused_by: set[str]) -> None:
    with (house / file).open("a") as source:
        source.write(f"\nimport {imported}\n")

    # Others may break with it: whoever imports the offender now reaches what it imports.
    assert refused_by <= broken_walls(house)


def test_a_file_of_no_known_layer_is_refused(house: Path) -> None:
    (house / "services/registry/tricks.py").write_text("")

    assert broken_walls(house) == {"5"}


def sources() -> list[Path]:
    return sorted(file for package in PACKAGES for file in (PROJECT / package).rglob("*.py"))


def test_no_file_has_a_name_without_meaning() -> None:
    assert [str(file) for file in sources() if file.stem in NAMES_WITHOUT_MEANING] == []


def test_no_file_is_too_long_to_read() -> None:
    lengths = {str(file.relative_to(PROJECT)): len(file.read_text().splitlines()) for file in sources()}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_the_rules_ask_neither_clock_nor_chance() -> None:
    asking = re.compile(
        r"^\s*(import|from) (time|random|secrets|shared\.clock)\b|\b(now|today|utcnow)\(\)", re.MULTILINE
    )
    rules = [file for file in sources() if "rules" in file.relative_to(PROJECT).parts]
    assert rules, "where are the rules?"
    assert [str(file) for file in rules if asking.search(file.read_text())] == []
