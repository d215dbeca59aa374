"""Looking for personal values where none may be: a country's people in the bytes of logs, stores and metrics."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

NUMBER = re.compile(rb"(?<![0-9A-Za-z-])[0-9]{8}(?:[0-9]{2})?(?![0-9A-Za-z-])")
ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class People:
    """The people of a country: national ids and phones, and names (of two words and more) in both scripts."""

    numbers: frozenset[bytes]
    names: frozenset[str]

    @classmethod
    def of(cls, registry: Path) -> People:
        numbers, names = set[bytes](), set[str]()
        with registry.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                numbers |= {row[field].encode() for field in ("nni", "phone") if row[field]}
                names |= {row["name_fr"].lower(), row["name_ar"]}
        return cls(frozenset(numbers), frozenset(name for name in names if " " in name))

    def within(self, content: bytes) -> set[str]:
        """The numbers and names of these people that stand in some bytes, as they are or escaped as JSON escapes them."""
        found = {number.decode() for number in set(NUMBER.findall(content)) & self.numbers}
        text = ESCAPED.sub(lambda code: chr(int(code[1], 16)), content.decode("utf-8", "ignore")).lower()
        words = set(WORD.findall(text))
        # Words first: few names have all of theirs in a text, and only those are searched for.
        return found | {name for name in self.names if words.issuperset(WORD.findall(name)) and name in text}


def found_in(people: People, folders: Iterable[Path]) -> dict[str, set[str]]:
    """Per file the personal values in it; and see that there was something to look at."""
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    assert sum(path.stat().st_size for path in files) > 0
    return {str(path): values for path in files if (values := people.within(path.read_bytes()))}
