"""How kernels are compiled: to machine code without Python, once, and kept beside the source.

Numba knows a compiled kernel by the file it stands in, and would keep it although a kernel it calls has changed in
another file. So what was compiled is kept under the digest of all the engine's files, and of what of `shared` kernels use.
What was compiled beside a source that is read-only, as in an image, is copied to where this user may write: numba asks for that.
"""

import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import njit
from numba.core import config
from numba.extending import intrinsic

from shared import names

__all__ = ["bits_set", "digest_of_sources", "kernel", "kernels_kept", "maker"]


def _bits_set(context: Any, word: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return word(word), generate


bits_set: Any = intrinsic(_bits_set)
"""How many bits of a word are set, by the processor's instruction for it."""

_Kernel = TypeVar("_Kernel", bound=Callable[..., object])
_CONFIG: Any = config  # numba fills it at run time
_NJIT: Any = njit  # its types leave out that it can do without counting references
_ENGINE = Path(__file__).parent
_SOURCES = (*sorted(_ENGINE.glob("*.py")), Path(str(names.__file__)))


@lru_cache(maxsize=1)
def digest_of_sources() -> str:
    """What tells this engine from any other: what one has sorted or compiled is not believed by the next."""
    digest = blake2b(digest_size=8)
    for source in _SOURCES:
        digest.update(source.read_bytes())
    return digest.hexdigest()


@lru_cache(maxsize=1)
def _kept_in() -> str | None:
    """The folder of today's compiled kernels: beside the source, else the user's, else this machine's; None without."""
    name = f"kernels-{digest_of_sources()}"
    prepared = _ENGINE / "__pycache__" / name
    user = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tekamoul"
    for folder in (prepared, user / name, Path(tempfile.gettempdir()) / f"tekamoul-{os.getuid()}" / name):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            continue
        # Compiled code is run as it is found: nobody else may have put it there.
        if folder.stat().st_uid == os.getuid() and os.access(folder, os.W_OK):
            if folder != prepared:
                with suppress(OSError):  # it is compiled then
                    _take_over(prepared, folder)
            return str(folder)
    return None


def _take_over(prepared: Path, folder: Path) -> None:
    """Copy kernels that whoever owns the source has compiled beside it to a folder that has none yet. Raises OSError."""
    if not prepared.is_dir() or prepared.stat().st_uid != _ENGINE.stat().st_uid or any(folder.iterdir()):
        return
    copied = Path(tempfile.mkdtemp(prefix=".", dir=folder.parent))
    try:
        shutil.copytree(prepared, copied, dirs_exist_ok=True, copy_function=shutil.copyfile)
        for one in (copied, *copied.rglob("*/")):
            one.chmod(0o700)
        copied.rename(folder)  # where another process was faster, it stays as that one left it
    finally:
        shutil.rmtree(copied, ignore_errors=True)


def kernels_kept() -> int:
    """How many kernels are kept compiled on this machine."""
    folder = _kept_in()
    return len(list(Path(folder).rglob("*.nbc"))) if folder else 0


def kernel(function: _Kernel) -> _Kernel:
    """`function` compiled at its first call and kept on disk; while it runs, other threads may run Python.

    It may make no array: counting the references to those that kernels hand one another took half of the time.
    """
    return _compiled(function, makes_arrays=False)


def maker(function: _Kernel) -> _Kernel:
    """A `kernel` that may make arrays."""
    return _compiled(function, makes_arrays=True)


def _compiled(function: _Kernel, *, makes_arrays: bool) -> _Kernel:
    folder, before = _kept_in(), _CONFIG.CACHE_DIR
    _CONFIG.CACHE_DIR = folder or before
    try:
        # Dividing by zero gives infinity, as numpy has it: a kernel that can raise is slower.
        compiled = _NJIT(cache=folder is not None, nogil=True, error_model="numpy", _nrt=makes_arrays)
        return cast(_Kernel, compiled(function))
    finally:
        _CONFIG.CACHE_DIR = before
