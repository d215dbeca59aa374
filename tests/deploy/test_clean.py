"""`make clean` removes what was made here, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from types import ModuleType

import pytest
from deploy.manifests import script


@pytest.fixture
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, with a folder of the test in place of /var/lib/tekamoul."""
    module = script("clean")
    outside = tmp_path / "var-tmp"
    outside.mkdir()
    monkeypatch.setattr(module, "OUTSIDE_DATA", outside)
    return module


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for folder in ("data", "services/__pycache__", ".mypy_cache", "build", ".venv/lib/__pycache__", "docs"):
        (root / folder).mkdir(parents=True)
    (root / "docs" / "glossary.md").write_text("kept", encoding="utf-8")
    return root


def ready_file(project: Path, pid: int) -> Path:
    path = project / "data" / "ready.json"
    path.write_text(json.dumps({"pids": {"supervisor": pid}}), encoding="utf-8")
    return path


def ended_pid() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_data_caches_and_builds_go_and_the_rest_stays(clean: ModuleType, project: Path) -> None:
    assert clean.clean(project, everything=False) == 0

    left = sorted(str(path.relative_to(project)) for path in project.rglob("*"))
    assert left == [
        ".venv",
        ".venv/lib",
        ".venv/lib/__pycache__",
        "docs",
        "docs/glossary.md",
        "services",
    ]


def test_clean_all_removes_the_virtual_environment_too(clean: ModuleType, project: Path) -> None:
    assert clean.clean(project, everything=True) == 0

    assert not (project / ".venv").exists()


def test_cleaning_twice_is_as_good_as_once(clean: ModuleType, project: Path) -> None:
    assert clean.clean(project, everything=False) == 0
    assert clean.clean(project, everything=False) == 0


def test_a_running_platform_is_not_touched(
    clean: ModuleType, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ready = ready_file(project, os.getpid())

    assert clean.clean(project, everything=True) == 1

    assert ready.exists()
    assert (project / ".mypy_cache").exists()
    assert f"(process {os.getpid()}): stop it first" in capsys.readouterr().err


def test_what_a_killed_platform_left_is_removed(clean: ModuleType, project: Path) -> None:
    ready_file(project, ended_pid())

    assert clean.clean(project, everything=False) == 0
    assert not (project / "data").exists()


def test_an_unreadable_ready_file_stops_nothing(clean: ModuleType, project: Path) -> None:
    (project / "data" / "ready.json").write_text("{", encoding="utf-8")

    assert clean.clean(project, everything=False) == 0
    assert not (project / "data").exists()


def test_the_database_kept_outside_is_removed_with_its_link(clean: ModuleType, project: Path) -> None:
    folder = clean.OUTSIDE_DATA / "tekamoul-1a2b-x"
    (folder / "postgres").mkdir(parents=True)
    (project / "data" / "postgres").symlink_to(folder / "postgres")

    assert clean.clean(project, everything=False) == 0
    assert not folder.exists()
    assert not (project / "data").exists()


@pytest.mark.parametrize("elsewhere", ["home/tekamoul-photos", "var-tmp/other/postgres"])
def test_a_link_to_someone_elses_folder_is_cut_and_the_folder_kept(
    clean: ModuleType, project: Path, tmp_path: Path, elsewhere: str
) -> None:
    target = tmp_path / elsewhere
    target.mkdir(parents=True)
    (project / "data" / "postgres").symlink_to(target)

    assert clean.clean(project, everything=False) == 0
    assert target.is_dir()
    assert not (project / "data").exists()


def test_data_that_is_itself_a_link_is_cut(clean: ModuleType, project: Path, tmp_path: Path) -> None:
    disk = tmp_path / "large-disk"
    disk.mkdir()
    (project / "data").rmdir()
    (project / "data").symlink_to(disk)

    assert clean.clean(project, everything=False) == 0
    assert disk.is_dir()
    assert not (project / "data").is_symlink()
