"""Fault tests run against one real platform of their own, and say at the end what was killed and what it cost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import whole_platform
from faults.killing import Faults

RECORDS = pytest.StashKey[list[tuple[Faults, Path]]]()


def pytest_configure(config: pytest.Config) -> None:
    whole_platform.share(config)
    config.stash.setdefault(RECORDS, [])


@pytest.fixture
def faults(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Faults]:
    """What a test kills; shown after the last test and written as JSON beside the test's other files."""
    record = Faults(request.node.name)
    yield record
    path = tmp_path / "faults.json"
    record.write(path)
    request.config.stash[RECORDS].append((record, path))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for record, path in config.stash.get(RECORDS, []):
        if record.kills:
            terminalreporter.section(f"faults: {record.test}", sep="-")
            for line in record.table():
                terminalreporter.write_line(line)
            terminalreporter.write_line(f"written to {path}")
