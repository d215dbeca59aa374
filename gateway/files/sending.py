"""Sends a file that may leave: whole, or the range of it that is asked for."""

import re

from gateway.asgi import Headers, Scope, Send, header
from gateway.errors import RangeNotSatisfiable
from gateway.files.spooling import Spooled, part_of

RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")
OF_A_WHOLE = frozenset({b"content-length", b"content-range"})


async def send_file(file: Spooled, status: int, headers: Headers, scope: Scope, send: Send) -> None:
    """`headers`: those of the service, which says there whether its file is the same every time (Accept-Ranges, ETag).

    RangeNotSatisfiable.
    """
    said = dict(headers)
    asked = None
    if status == 200 and said.get(b"accept-ranges") == b"bytes":
        known = said.get(b"etag", b"").decode("latin-1")
        asked = part_asked(header(scope, b"range"), file.size) if header(scope, b"if-range") in (None, known) else None
    start, end = asked or (0, file.size - 1)
    kept = [one for one in headers if one[0] not in OF_A_WHOLE]
    kept.append((b"content-length", str(end - start + 1).encode()))
    if asked:
        status = 206
        kept.append((b"content-range", f"bytes {start}-{end}/{file.size}".encode()))
    await send({"type": "http.response.start", "status": status, "headers": kept})
    async for piece in part_of(file, start, end):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def part_asked(range_: str | None, size: int) -> tuple[int, int] | None:
    """The first and last byte of a Range header (RFC 9110, 14.2); None where the whole file is to be sent.

    Several ranges, or what is no range of bytes, count as not asked. RangeNotSatisfiable where it begins behind the end.
    """
    found = RANGE.fullmatch(range_ or "")
    if found is None or found[1] == found[2] == "":
        return None
    if found[1] == "":
        start, end = max(0, size - int(found[2])), size - 1
    else:
        start, end = int(found[1]), min(int(found[2] or size - 1), size - 1)
        if found[2] and int(found[2]) < int(found[1]):
            return None
    if start >= size or (found[2] == "0" and found[1] == ""):
        raise RangeNotSatisfiable(size)
    return start, end
