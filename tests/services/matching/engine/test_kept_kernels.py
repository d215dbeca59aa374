"""What was compiled beside a source that is read-only, as in an image, is taken over by who may not write there."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from numba.core.caching import _CacheLocator

from services.matching.engine import compiling
from services.matching.engine.warming import compile_kernels

ROOT = Path(__file__).resolve().parents[4]
ENGINE = Path("services/matching/engine")
CAPABILITIES = "-dac_override,-dac_read_search,-fowner"
READ_ONLY = ["setpriv", f"--inh-caps={CAPABILITIES}", f"--bounding-set={CAPABILITIES}"] if os.getuid() == 0 else []
"""Root writes whatever the permissions say, unless it has laid that down."""
START = """
from services.matching.engine import compiling
from services.matching.engine.warming import compile_kernels
began = compiling.kernels_kept()
print(began, compile_kernels(), compiling.kernels_kept() - began, compiling._kept_in())
"""


@pytest.fixture
def image() -> Iterator[Path]:
    """The sources as an image has them, with their kernels: to be read alone."""
    compile_kernels()
    kept = Path(str(compiling._kept_in()))
    with tempfile.TemporaryDirectory(prefix="tekamoul-test-", dir="/var/tmp") as name:
        folder = Path(name)
        for package in ("services", "shared"):
            shutil.copytree(
                ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", "migrations")
            )
        engine = folder / ENGINE
        # Numba keeps them under the place of the source: compiled in the image they would lie there already.
        (own,) = (one for one in kept.iterdir() if one.name.startswith("engine_"))
        at_home = _CacheLocator.get_suitable_cache_subpath(str(engine / "keys.py"))
        shutil.copytree(own, engine / "__pycache__" / kept.name / at_home)
        for one in (folder / "services", *(folder / "services").rglob("*/")):
            one.chmod(0o555)
        yield folder
        for one in (folder / "services", *(folder / "services").rglob("*/")):
            one.chmod(0o755)


def started(image: Path) -> tuple[int, bool, int, Path]:
    """Kernels at the start, whether any had to be compiled, how many, and where they are kept."""
    environment = {
        "HOME": str(image / "home"),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(image),
        "TMPDIR": str(image),
    }
    done = subprocess.run(
        [*READ_ONLY, sys.executable, "-B", "-c", START],
        cwd=image,
        env=environment | {"PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    began, compiled, more, folder = done.stdout.split()
    return int(began), compiled == "True", int(more), Path(folder)


def test_nothing_is_compiled_where_the_source_is_read_only_and_brings_its_kernels(image: Path) -> None:
    kept = compiling.kernels_kept()

    first, again = started(image), started(image)

    assert first[:3] == again[:3] == (kept, False, 0)
    assert first[3].is_relative_to(image / "home")
    assert kept > 50


def test_what_is_kept_already_stays(tmp_path: Path) -> None:
    prepared, own = tmp_path / "prepared", tmp_path / "own"
    for folder in (prepared, own):
        folder.mkdir()
        (folder / "one.nbc").write_text(folder.name)

    compiling._take_over(prepared, own)

    assert (own / "one.nbc").read_text() == "own"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["own", "prepared"]
