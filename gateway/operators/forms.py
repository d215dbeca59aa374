"""A form as a browser sends it."""

from urllib.parse import parse_qsl

from fastapi import Request


async def read_form(request: Request, *, largest: int, most_fields: int) -> dict[str, str]:
    """The fields of a form of at most `largest` bytes; nothing where it is another thing, or larger."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > largest:
            return {}
    try:
        return dict(parse_qsl(body.decode("ascii"), max_num_fields=most_fields, errors="strict"))
    except ValueError:
        return {}
