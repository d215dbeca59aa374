"""The process that reads one file: `python -m gateway.files.reading`, the question on its input, what it found on its output.

Apart, so that a file that asks for much memory or time, or ends its reader, takes nobody else with it.
"""

import json
import os
import resource
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gateway.files.forms import Column, FileForm, Found
from gateway.files.prints import look_at_print
from gateway.files.tables import Unreadable, look_at_csv, look_at_parquet
from gateway.files.workbooks import look_at_workbook

READERS: Mapping[str, Callable[[Path, FileForm, frozenset[str]], Found]] = {
    "text/csv": look_at_csv,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": look_at_workbook,
    "application/vnd.apache.parquet": look_at_parquet,
    "application/pdf": look_at_print,
}
"""By the content type that the service names."""
MOST_MEMORY_BYTES = 1 << 30
"""Of addresses; what is used of them is some 20 to 50 MB, and more where a workbook's cells share many texts."""
NICER = 5
"""Requests come first."""


def asked(file: Path, media: str, form: FileForm, known: frozenset[str]) -> bytes:
    """The question."""
    return json.dumps({"file": str(file), "media": media, "form": asdict(form), "known": sorted(known)}).encode()


def told(answer: bytes) -> Found:
    """What the answer says was found. Unreadable where it says that the file could not be read."""
    content = json.loads(answer)
    if "unreadable" in content:
        raise Unreadable(content["unreadable"])
    headings = content["headings"]
    return Found(
        None if headings is None else tuple(headings),
        content["rows"],
        frozenset(content["ids"]),
        frozenset(content["filled"]),
    )


def _answer(question: Mapping[str, Any]) -> dict[str, Any]:
    form = FileForm(
        tuple(Column(one["name"], tuple(one["headings"]), one["holds"]) for one in question["form"]["columns"]),
        question["form"]["titles"],
        question["form"]["own"],
    )
    try:
        found = READERS[question["media"]](Path(question["file"]), form, frozenset(question["known"]))
    except Unreadable as fault:
        return {"unreadable": str(fault)}
    except (MemoryError, OSError) as fault:
        return {"unreadable": type(fault).__name__}
    return asdict(found) | {"ids": sorted(found.ids), "filled": sorted(found.filled)}


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY_BYTES, MOST_MEMORY_BYTES))
    os.nice(NICER)
    sys.stdout.write(json.dumps(_answer(json.load(sys.stdin))))


if __name__ == "__main__":
    main()
