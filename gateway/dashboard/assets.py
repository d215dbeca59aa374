"""The files the page loads, all served from here: nothing from another host."""

import base64
import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "static"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
VENDORED = {
    "vendor/htmx.min.js": "sha384-2OatzQy1H+Zd/IIrjr1TcuDGqLXeHhbooAyJY1KdQMKnr4LZ22k31GBLdYKHmVjg",
    "vendor/htmx-ext-sse.min.js": "sha384-A986SAtodyH8eg8x8irJnYUk7i9inVQqYigD6qZ9evobksGNIXfeFvDwLSHcp31N",
    "vendor/idiomorph-ext.min.js": "sha384-+iBk70O0UWQdSjXQSQ7amSxXCrsWq/6UOtvC9rDo0p7telbTSOyttExq6QCFBzNk",
    "vendor/ibm-plex-sans-arabic-arabic-400-normal.woff2": (
        "sha384-9LGuNY6JyejDPt4QDjmaWUC7tNOYFFRcvdpNhhx9WNI7LW7e37jiDmJRA0GmXW6B"
    ),
    "vendor/ibm-plex-sans-arabic-arabic-600-normal.woff2": (
        "sha384-mosq96/M9kdziiPWwRtaIauH/1MmLMHH4AXNEmhOnddNTbyB+TmbkzhKSrEOTwaJ"
    ),
    "vendor/ibm-plex-sans-latin-400-normal.woff2": (
        "sha384-uyaHkKeULpfVW46F7eUkZGPNUxm+BseEt3CcmX6oGqGKmwqTZ10DMrLIbooBMJ9L"
    ),
    "vendor/ibm-plex-sans-latin-600-normal.woff2": (
        "sha384-+28tYNwCw/oHSFtOZghU2lmIbpQWxj5OyjfsJWWFfsyeI9uf1f6SLNgYFR7KJuiW"
    ),
}
"""Others' files as reviewed (see static/VENDORED.md): the browser refuses a script that has become another."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file in memory; `gzipped` is None for what is compressed already."""

    body: bytes
    gzipped: bytes | None
    media_type: str
    integrity: str
    etag: str


def integrity(body: bytes) -> str:
    """The Subresource Integrity value of a file's content."""
    return "sha384-" + base64.b64encode(hashlib.sha384(body).digest()).decode()


@cache
def load_assets() -> dict[str, Asset]:
    """Every file under static/ that a page may load, by its path there."""
    found = {}
    for path in sorted(FOLDER.rglob("*")):
        if path.suffix in TYPES:
            name, body = path.relative_to(FOLDER).as_posix(), path.read_bytes()
            found[name] = Asset(
                body=body,
                gzipped=None if path.suffix == ".woff2" else gzip.compress(body, 9, mtime=0),
                media_type=TYPES[path.suffix],
                integrity=VENDORED.get(name) or integrity(body),
                etag=f'"{hashlib.sha256(body).hexdigest()[:20]}"',
            )
    return found
