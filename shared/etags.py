"""ETag and If-Match: nobody overwrites a change he has not seen."""

from typing import Annotated

import orjson
from fastapi import Depends, Header, Response

from shared.errors import PreconditionFailed, PreconditionRequired


def etag(version: int | str) -> str:
    """The ETag of version `version` of a record."""
    return f'"{version}"'


def tag(response: Response, version: int | str) -> None:
    response.headers["ETag"] = etag(version)


async def _if_match(if_match: Annotated[str | None, Header()] = None) -> str:
    if if_match is None:
        raise PreconditionRequired(pointer="/header/If-Match")
    return if_match


def tagged(answer: Response, field: str = "version") -> Response:
    """An answer of `Once` with the ETag of the version it shows: the same one where it is given again."""
    answer.headers["ETag"] = etag(orjson.loads(answer.body)[field])
    return answer


IfMatch = Annotated[str, Depends(_if_match)]
"""The caller's If-Match header; PreconditionRequired where it is missing."""


def refuse_stale(if_match: str, version: int | str) -> None:
    """PreconditionFailed unless the caller saw `version`; the header may list several."""
    if not {one.strip() for one in if_match.split(",")} & {etag(version), "*"}:
        raise PreconditionFailed(pointer="/header/If-Match")
