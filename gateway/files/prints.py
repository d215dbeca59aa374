"""Looks at a printed page (PDF): its letters are numbers of shapes in a font, which say nothing here; all else is read."""

import re
import zlib
from pathlib import Path

from gateway.files.forms import OTHER, FileForm, Found
from gateway.files.tables import Unreadable, has_id

MOST_BYTES = 64 << 20
MOST_UNPACKED_BYTES = 256 << 20
STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
WITH_MORE = re.compile(
    rb"/(EmbeddedFiles?|Filespec|JavaScript|JS|Launch|SubmitForm|ImportData|RichMedia|AcroForm|OpenAction|Encrypt)\b"
)
"""What a page to print has no use for: files within the file, programs, forms, encryption."""


def look_at_print(file: Path, _: FileForm, known: frozenset[str]) -> Found:
    """Unreadable where it is no whole PDF, or has more than pages to print."""
    content = file.read_bytes() if file.stat().st_size <= MOST_BYTES else b""
    if not content.startswith(b"%PDF-") or not content.rstrip().endswith(b"%%EOF"):
        raise Unreadable("no whole pdf")
    found, left = has_id(content.decode("latin-1"), known), MOST_UNPACKED_BYTES
    plain = [STREAM.sub(b"", content)]
    for stream in STREAM.finditer(content):
        unpacked = _unpacked(stream[1], left)
        left -= len(unpacked)
        plain.append(unpacked)
        found = found or has_id(unpacked.decode("latin-1"), known)
    if any(map(WITH_MORE.search, plain)):
        raise Unreadable("more than pages")
    return Found(None, None, frozenset({OTHER}) if found else frozenset())


def _unpacked(stream: bytes, most: int) -> bytes:
    """A stream as it is, or unpacked where it was packed; of a picture or a font either is as good."""
    unpack = zlib.decompressobj()
    try:
        content = unpack.decompress(stream, most + 1)
    except zlib.error:
        return stream
    if len(content) > most:
        raise Unreadable("size")
    return content
