"""The published questionnaires: what a household and an individual are asked, in each version."""

import hashlib
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Path, Response

from services.registry.catalog import questionnaires
from services.registry.schemas.questionnaires import PublishedOut, QuestionnaireOut
from shared.errors import NotFound
from shared.identity import open_to_all
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page, decode_cursor, encode_cursor

router = APIRouter(prefix="/v1/questionnaires", tags=["questionnaires"])

FOR_EVER = "public, max-age=31536000, immutable"
"""A year, the longest that caches keep to: a published version never changes."""

Version = Annotated[str, Path(max_length=40)]
IfNoneMatch = Annotated[str | None, Header(max_length=1000)]


@router.get("", dependencies=[open_to_all])
async def list_questionnaires(limit: Limit = DEFAULT_PAGE, cursor: Cursor = None) -> Page[PublishedOut]:
    """The versions of the questionnaire, oldest first. Households and individuals name theirs."""
    return page_of([one.document for one in questionnaires().values()], limit, cursor)


@router.get("/{version}", dependencies=[open_to_all], response_model=QuestionnaireOut)
async def get_questionnaire(version: Version, if_none_match: IfNoneMatch = None) -> Response:
    """One version: the JSON Schemas its answers are validated against, with every label in three languages."""
    found = questionnaires().get(version)
    if found is None:
        raise NotFound
    return published(found.document, if_none_match)


def page_of(documents: list[Any], limit: int, cursor: str | None) -> Page[PublishedOut]:
    after = decode_cursor(cursor, str)[0] if cursor else ""
    rest = sorted((one for one in documents if one["version"] > after), key=lambda one: str(one["version"]))
    items = [PublishedOut.model_validate(one) for one in rest[:limit]]
    return Page(items=items, next_cursor=encode_cursor(items[-1].version) if len(rest) > limit else None)


def published(document: Any, if_none_match: str | None) -> Response:
    """A document that never changes, or 304 for who has it."""
    body = orjson.dumps(document)
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": FOR_EVER}
    if if_none_match and etag in if_none_match:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)
