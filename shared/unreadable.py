"""Files that cannot be read as the list they should be, and the bounds of those that can."""

from __future__ import annotations

from collections.abc import Iterable

from shared.headers import HEADER_SEARCH_ROWS, Layout
from shared.text import TABLE_PROBLEMS, Text

MAX_ROWS = 6_000_000  # a line for each of five million people, and some; a sheet of Excel ends at a million
MAX_COLUMNS = 200
MAX_FILE_BYTES = 1024**3  # five million people take 900 MB; a text is read line by line
MAX_WORKBOOK_BYTES = 64 * 1024**2  # the reader unpacks a workbook into memory, some ten times its size


class UnreadableTable(Exception):
    """A file that cannot be read as the list it should be. `str()` is the code; `text` says what would be accepted."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code)
        self.code = code
        limits = {
            "rows": MAX_ROWS,
            "columns": MAX_COLUMNS,
            "megabytes": MAX_FILE_BYTES // 1024**2,
            "workbook_megabytes": MAX_WORKBOOK_BYTES // 1024**2,
        }
        self.text = TABLE_PROBLEMS[code].format(**(limits | values))

    @classmethod
    def naming(cls, code: str, layout: Layout, fields: Iterable[str]) -> UnreadableTable:
        """A refusal that names `fields` in each language."""
        error = cls(code, fields="{fields}", rows=HEADER_SEARCH_ROWS)
        labels = [layout.label(field) for field in fields]
        error.text = Text(
            ar=error.text.ar.replace("{fields}", "، ".join(label.ar for label in labels)),
            fr=error.text.fr.replace("{fields}", ", ".join(label.fr for label in labels)),
            en=error.text.en.replace("{fields}", ", ".join(label.en for label in labels)),
        )
        return error
