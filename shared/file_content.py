"""What a file is, by its content: a workbook, a text, or something that is refused before it is opened."""

from __future__ import annotations

from pathlib import PurePath
from typing import BinaryIO

from shared.unreadable import UnreadableTable

SIGNATURE_BYTES = 512  # enough to tell what a file is
CHUNK_BYTES = 65_536

_ACCEPTED = frozenset({".xlsx", ".xlsm", ".xls", ".csv", ".tsv", ".txt", ""})  # .xls: many systems so name their .csv
_WORKBOOK_NAMES = frozenset({".xlsx", ".xlsm"})
_OLE = b"\xd0\xcf\x11\xe0"  # Microsoft's older container: Excel 97, or an encrypted workbook
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")  # the stream of that name holds the encrypted workbook
_OTHER_KINDS = (_OLE, b"%PDF", b"{\\rtf", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")


def is_workbook(start: bytes) -> bool:
    return start.startswith(b"PK\x03\x04")


def differs_from_its_name(start: bytes, filename: str) -> bool:
    """Whether a readable file is of the other kind than its name says."""
    return is_workbook(start) != (PurePath(filename).suffix.lower() in _WORKBOOK_NAMES)


def refuse_by_content(file: BinaryIO, start: bytes, filename: str) -> None:
    """Raises UnreadableTable for what is no list, or must not be opened, whatever stands in it."""
    suffix = PurePath(filename).suffix.lower()
    if suffix not in _ACCEPTED:
        raise UnreadableTable("unsupported_format")
    if not start.strip() and not file.read(CHUNK_BYTES).strip():
        raise UnreadableTable("empty_file")
    if start.startswith(_OLE) and _holds(file, _ENCRYPTED):
        raise UnreadableTable("password_protected")
    if start.startswith(_OLE) and suffix == ".xls":  # Excel 97: what the name says, but not to be read
        raise UnreadableTable("unsupported_format")
    if start.startswith(
        (_OLE, b"%PDF", b"{\\rtf", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")
    ):
        raise UnreadableTable("wrong_extension")
    if start.lstrip().startswith(b"<"):  # a web page or an XML spreadsheet, which Excel would open
        raise UnreadableTable("unsupported_format" if suffix == ".xls" else "wrong_extension")
    if is_workbook(start) and suffix == ".xlsm":
        raise UnreadableTable("has_macros")


def _holds(file: BinaryIO, wanted: bytes) -> bool:
    """Whether the bytes stand anywhere in a file, which is read piece by piece."""
    file.seek(0)
    tail = b""
    while piece := file.read(CHUNK_BYTES):
        if wanted in tail + piece:
            return True
        tail = piece[-len(wanted) :]
    return False
