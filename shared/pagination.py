"""Pages by cursor: bounded, stable while rows are added, cheap at any depth."""

import base64
import binascii
from collections.abc import Callable
from typing import Annotated, Any, Generic, TypeVar

import orjson
from fastapi import Query
from pydantic import BaseModel

from shared.errors import InvalidCursor

DEFAULT_PAGE = 50
LARGEST_PAGE = 200
"""A page a screen or a slow line can carry; whoever wants all of it asks for the next page."""

T = TypeVar("T")

Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="Rows in one page.")]
Cursor = Annotated[str | None, Query(max_length=500, description="next_cursor of the page before.")]


class Page(BaseModel, Generic[T]):
    """One page of a list. `next_cursor` is absent on the last one."""

    items: list[T]
    next_cursor: str | None = None


def encode_cursor(*keys: Any) -> str:
    """A cursor holding the sort keys of the last row of a page."""
    return base64.urlsafe_b64encode(orjson.dumps(keys, default=str)).decode().rstrip("=")


def recoded(cursor: str, change: Callable[[bytes], bytes]) -> str:
    """A cursor whose sort keys, as JSON, went through `change`; what is no cursor of ours stays as it is."""
    try:
        keys = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return cursor
    changed = change(keys)
    return cursor if changed == keys else base64.urlsafe_b64encode(changed).decode().rstrip("=")


def decode_cursor(cursor: str, *kinds: Callable[[Any], Any]) -> list[Any]:
    """The sort keys in a cursor, each read by its kind (`UUID`, `int`, ...); InvalidCursor where it is not ours."""
    try:
        keys = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(keys, list):
            raise ValueError
        return [kind(key) for kind, key in zip(kinds, keys, strict=True)]
    except (binascii.Error, ValueError, TypeError, AttributeError, OverflowError):
        raise InvalidCursor(pointer="/cursor") from None
