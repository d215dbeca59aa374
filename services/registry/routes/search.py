"""Search. What is searched for stands in the body of a POST: names and numbers in a URL would stay in access logs."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request

from services.registry.errors.search import NothingAsked
from services.registry.queries.checking import check, status_of
from services.registry.queries.name_words import NameWords
from services.registry.queries.search import Find, is_catching_up, search
from services.registry.rules.asking import Asked, asked_in
from services.registry.rules.found import NARROW, REASONS, masked
from services.registry.schemas.search import (
    FoundHousehold,
    FoundIndividual,
    FoundOut,
    ReasonOut,
    SearchIn,
    SearchOut,
    StatusesOut,
    StatusOut,
)
from shared.database import Tx
from shared.identity import Caller, permitted
from shared.logs import log
from shared.problems import language_of

router = APIRouter(prefix="/v1/search", tags=["search"])


async def _words(request: Request) -> NameWords:
    words: NameWords = request.app.state.name_words
    return words


async def _asked(body: SearchIn) -> Asked:
    asked = asked_in(body.model_dump(exclude={"limit"}))
    if not asked.has_number and not asked.parsed_name.tokens:
        raise NothingAsked
    return asked


Words = Annotated[NameWords, Depends(_words)]
Asking = Annotated[Asked, Depends(_asked)]
Language = Annotated[str | None, Header(alias="Accept-Language")]


@router.post("")
async def search_registry(
    body: SearchIn,
    asked: Asking,
    tx: Tx,
    words: Words,
    by: Annotated[Caller, permitted("individuals:search")],
    accept_language: Language = None,
) -> SearchOut:
    """Find individuals and households by national id, phone, number or name, in either script and with typing errors.

    A household is found by its number or phone, an individual by everything else. Names are found in the other script,
    with a part absent or misspelled, with or without Ould and Mint, a clan name first or last. Only what is held today
    is found. Best first, at most 50.
    """
    found = await search(tx, words, asked, body.limit)
    _log("searched", by, asked, len(found.finds))
    language = language_of(accept_language)
    return SearchOut(
        items=[_found(find, language) for find in found.finds],
        more=found.more,
        advice=NARROW.in_(language) if found.more else None,
        catching_up=await is_catching_up(tx),
    )


@router.post("/status")
async def check_status(
    body: SearchIn,
    asked: Asking,
    tx: Tx,
    words: Words,
    by: Annotated[Caller, permitted("individuals:check")],
    accept_language: Language = None,
) -> StatusesOut:
    """How a caller on the line stands in the registry: by an exact number or phone, or a name of two parts and a place.

    At most five; no category, score, birth date or members, and of the names only the words that were typed.
    """
    found = await check(tx, words, asked)
    _log("status_checked", by, asked, len(found.finds))
    return StatusesOut(
        items=[_status(find, asked) for find in found.finds],
        more=found.more,
        advice=NARROW.in_(language_of(accept_language)) if found.more else None,
    )


def _log(what: str, by: Caller, asked: Asked, found: int) -> None:
    """Who looked, by which fields and with how many finds; never what for."""
    log.info(what, caller=by.name, fields=list(asked.given), found=found)


def _found(find: Find, language: str) -> FoundOut:
    judged = find.judged
    return FoundOut(
        score=judged.score,
        reasons=[
            ReasonOut(field=one.field, how=one.how, text=REASONS[one.how].in_(language)) for one in judged.reasons
        ],
        individual=FoundIndividual.model_validate(find.person._asdict()) if find.person is not None else None,
        households=[FoundHousehold.model_validate(home._asdict()) for home in find.homes],
    )


def _status(find: Find, asked: Asked) -> StatusOut:
    home = find.homes[0] if find.homes else None
    if find.person is not None:
        names = (find.person.name_fr, find.person.name_ar)
    else:
        names = (find.homes[0].head_name_fr, find.homes[0].head_name_ar)
    name_fr, name_ar = (masked(name, asked.parsed_name) for name in names)
    return StatusOut.model_validate(
        {
            "household_number": home.number if home is not None else None,
            "commune_fr": home.commune_fr if home is not None else None,
            "commune_ar": home.commune_ar if home is not None else None,
            "status": status_of(find),
            "name_fr": name_fr,
            "name_ar": name_ar,
        }
    )
