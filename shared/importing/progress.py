"""How far an import is: lines, percent and about how long it will still take."""

import zipfile
import zlib
from datetime import datetime
from pathlib import Path

from shared.file_content import CHUNK_BYTES, SIGNATURE_BYTES, is_workbook
from shared.importing.models import WAITING, Import, ImportStatus

PIECE_BYTES = 1 << 20
MOST_COUNTED_BYTES = 1024**3
"""Unpacked; a workbook of more is refused when it is opened."""


def lines_of(file: Path) -> int | None:
    """Lines of a text, or rows of a workbook's longest sheet; None where they cannot be counted without reading it."""
    with file.open("rb") as source:
        if not is_workbook(source.read(SIGNATURE_BYTES)):
            source.seek(0)
            return sum(piece.count(b"\n") for piece in iter(lambda: source.read(PIECE_BYTES), b""))
        try:
            with zipfile.ZipFile(source) as archive:
                sheets = [part for part in archive.infolist() if part.filename.startswith("xl/worksheets/sheet")]
                return max((_rows_of(archive, part) for part in sheets), default=None)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError, ValueError):
            return None  # it will be refused, with its reason, when it is opened


def _rows_of(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> int:
    rows, tail, read = 0, b"", 0
    with archive.open(part) as content:
        while (piece := content.read(CHUNK_BYTES)) and read < MOST_COUNTED_BYTES:
            read += len(piece)
            text = tail + piece
            rows += text.count(b"<row ")
            tail = text[-4:]
    return rows


def percent_of(import_: Import) -> int:
    """0 to 100: of the bytes while a file is being sent, then of its lines; 100 when it has ended, and never before."""
    if import_.status == ImportStatus.UPLOADING:
        return import_.received * 99 // import_.size if import_.size else 0
    if import_.status not in WAITING:
        return 100
    return min(99, import_.lines_done * 100 // import_.lines_total) if import_.lines_total else 0


def seconds_left(import_: Import, moment: datetime) -> int | None:
    """About how long the rest takes at the pace so far; None where there is no pace yet."""
    if import_.status != ImportStatus.RUNNING or not (
        import_.lines_done and import_.lines_total and import_.started_at
    ):
        return None
    left = max(0, import_.lines_total - import_.lines_done)
    return round((moment - import_.started_at).total_seconds() * left / import_.lines_done)
