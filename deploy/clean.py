"""Remove what running and testing left behind: `python3 deploy/clean.py [--all]`.

Needs no virtual environment. Refuses while a platform runs from `data/`: its database would vanish under it.
"""

import argparse
import json
import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHES = ("__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".import_linter_cache", ".hypothesis")
OUTSIDE_DATA = Path("/var/lib/tekamoul")  # only the folders that the platform named are removed from it
"""Where PostgreSQL may keep its files when started as root: data/postgres then points here."""


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it runs, under another user
        return True
    return True


def running_pids(data: Path) -> list[int]:
    """The living processes that `data/ready.json` names; none when nothing was started from this folder."""
    try:
        pids = json.loads((data / "ready.json").read_text(encoding="utf-8"))["pids"].values()
    except (FileNotFoundError, KeyError, ValueError, AttributeError):
        return []
    return sorted(pid for pid in pids if isinstance(pid, int) and pid > 0 and alive(pid))


def outside_folders(data: Path) -> list[Path]:
    """Folders outside `data/` that its links lead to and that the platform made itself."""
    if not data.is_dir():
        return []
    targets = [entry.resolve() for entry in data.iterdir() if entry.is_symlink()]
    return sorted({folder for target in targets if (folder := platform_folder(target)) and folder.is_dir()})


def platform_folder(target: Path) -> Path | None:
    """`/var/lib/tekamoul/tekamoul-...` when the target is that folder or lies in it; nothing else may be removed."""
    base = OUTSIDE_DATA.resolve()
    if base not in target.parents:
        return None
    folder = base / target.relative_to(base).parts[0]
    return folder if folder.name.startswith("tekamoul-") else None


def caches(root: Path) -> list[Path]:
    found = [root / "build", root / "dist", *root.glob("*.egg-info")]
    for folder, names, _ in os.walk(root):
        names[:] = [name for name in names if name not in (".venv", ".venv-linkage", ".git", "data")]
        found += [Path(folder, name) for name in names if name in CACHES]
    return [path for path in found if path.exists()]


def remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    else:
        shutil.rmtree(path)
    print(f"removed {path}")


def clean(root: Path, *, everything: bool) -> int:
    data = root / "data"
    if pids := running_pids(data):
        print(f"clean: a platform runs from {data} (process {pids[0]}): stop it first.", file=sys.stderr)
        return 1
    doomed = [
        *outside_folders(data),
        data,
        *caches(root),
        *([root / ".venv", root / ".venv-linkage"] if everything else []),
    ]
    try:
        for path in doomed:
            if path.exists() or path.is_symlink():
                remove(path)
    except PermissionError as refused:
        owner = "root" if os.getuid() else "its owner"
        print(f"clean: {refused.filename} belongs to another user: run this as {owner}.", file=sys.stderr)
        return 1
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Remove data, caches and builds.")
    parser.add_argument("--all", action="store_true", help="also remove .venv and .venv-linkage")
    return clean(ROOT, everything=parser.parse_args().all)


if __name__ == "__main__":
    sys.exit(main())
