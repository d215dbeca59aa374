"""What make and the setup scripts promise, as far as it can be seen without installing anything."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from deploy.manifests import DEPLOY, ROOT

TARGETS = [
    "help",
    "setup",
    "setup-dev",
    "run",
    "test",
    "faults",
    "lint",
    "format",
    "bench",
    "bench-linkage",
    "lock",
    "clean",
    "clean-all",
]


def make(*arguments: str) -> str:
    done = subprocess.run(["make", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def executable(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)


def test_make_alone_lists_every_target_with_a_line_about_it() -> None:
    lines = make().splitlines()

    assert [line.split()[1] for line in lines] == TARGETS
    assert all(len(line.split()) > 3 for line in lines)


def test_arguments_are_passed_on() -> None:
    assert make("-n", "run", "ARGS=--households 5000").endswith("/tekamoul run --households 5000\n")
    assert make("-n", "bench", "B=main-job").endswith("/tekamoul bench main-job\n")


def test_no_lock_file_names_an_index_or_leaves_a_package_without_hashes() -> None:
    ours = (ROOT / "requirements.lock", ROOT / "requirements-dev.lock", ROOT / "requirements-linkage.lock")
    for lock in (*ours, DEPLOY / "build-tools.lock"):
        text = lock.read_text(encoding="utf-8")
        packages = re.findall(r"^[a-z0-9].*==.*$", text, re.MULTILINE)

        assert "://" not in text
        assert packages
        assert all(line.endswith("\\") for line in packages)


def test_the_development_lock_holds_every_package_of_the_run_time_lock() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^[a-z0-9][^ ;\\]*==[^ ;\\]+", (ROOT / name).read_text(), re.MULTILINE))

    assert pins("requirements.lock") <= pins("requirements-dev.lock")


@pytest.mark.parametrize(
    ("required", "expected"), [("", 0), ("1", 1)], ids=["told and passed over", "never in .ci/run"]
)
def test_a_missing_tool_is_named_with_what_cannot_run(tmp_path: Path, required: str, expected: int) -> None:
    executable(tmp_path, "id", "echo 1000")

    done = subprocess.run(
        ["/bin/bash", DEPLOY / "setup-system", "chromium", "kubectl"],
        env={"PATH": str(tmp_path), "TEKAMOUL_REQUIRE_ALL": required},
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert done.returncode == expected
    assert done.stderr.splitlines() == [
        "setup: chromium is missing: the browser tests (tests/browser) cannot run. As root: apt-get install chromium",
        "setup: kubectl is missing: the Kubernetes manifests cannot be checked (make lint, tests/deploy). "
        "As root: apt-get install kubernetes-client",
    ]


def test_root_installs_only_the_missing_tool_without_a_question(tmp_path: Path) -> None:
    executable(tmp_path, "id", "echo 0")
    executable(tmp_path, "chromium", "exit 0")
    executable(tmp_path, "apt-get", f'echo "$DEBIAN_FRONTEND $*" >> {tmp_path}/calls')

    subprocess.run(
        ["/bin/bash", DEPLOY / "setup-system", "chromium", "kubectl"],
        env={"PATH": str(tmp_path)},
        check=True,
        capture_output=True,
        timeout=30,
    )

    assert (tmp_path / "calls").read_text().splitlines() == [
        "noninteractive update -qq",
        "noninteractive install -y -qq --no-install-recommends kubernetes-client",
    ]


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A project folder with nothing but the setup script, so that no virtual environment is touched."""
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "setup-python").write_bytes((DEPLOY / "setup-python").read_bytes())
    (tmp_path / "bin").mkdir()
    for tool in ("bash", "dirname", "id"):
        (tmp_path / "bin" / tool).symlink_to(f"/usr/bin/{tool}")
    return tmp_path


def refusal_of_setup(project: Path) -> str:
    done = subprocess.run(
        ["/bin/bash", project / "deploy" / "setup-python", "requirements.lock"],
        env={"PATH": str(project / "bin")},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 1
    return done.stderr


def test_another_python_is_not_taken_and_setup_says_what_to_install(elsewhere: Path) -> None:
    executable(elsewhere / "bin", "python3", "exit 1")

    assert "Python 3.11 was not found" in refusal_of_setup(elsewhere)


def test_without_ensurepip_setup_says_what_to_install(elsewhere: Path) -> None:
    # Has the right version and fails to import ensurepip, as Debian's does without python3.11-venv.
    executable(elsewhere / "bin", "python3.11", 'case "$2" in *ensurepip*) exit 1 ;; *) exit 0 ;; esac')

    assert "cannot make a virtual environment. As root: apt-get install python3.11-venv" in refusal_of_setup(elsewhere)
