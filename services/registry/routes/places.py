"""Places."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from services.registry.commands import places as commands
from services.registry.commands.villagers import settle_households
from services.registry.models import Place
from services.registry.queries import places as queries
from services.registry.routes.asking import AtMoment
from services.registry.rules.places import PlaceKind
from services.registry.schemas.places import (
    LONGEST_NAME,
    HouseholdsSettled,
    LookUpOut,
    LookUpsOut,
    NewPlace,
    PlaceEnd,
    PlaceMove,
    PlaceNamesAdded,
    PlaceOut,
    PlaceRenaming,
    PlacesWritten,
    PlaceVersionOut,
    PlaceWritten,
)
from shared.database import Tx
from shared.etags import IfMatch, tag, tagged
from shared.idempotency import OnceOnly
from shared.identity import Caller, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page
from shared.problems import language_of

router = APIRouter(prefix="/v1/places", tags=["places"])
READING = [permitted("places:read")]
Operator = Annotated[Caller, permitted("places:write")]
Written = Annotated[str | None, Query(max_length=LONGEST_NAME, description="In either script; or a code.")]
Language = Annotated[str | None, Header()]


@router.get("", dependencies=READING)
async def list_places(
    tx: Tx,
    moment: AtMoment,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    kind: Annotated[PlaceKind | None, Query()] = None,
    parent: Annotated[str | None, Query(max_length=40, description="Only the places that lay in this one.")] = None,
) -> Page[PlaceOut]:
    """Wilayas, moughataas, communes and villages with their spellings in both scripts.

    With `as_of` the table of that day: in 2019 there were 57 moughataas, and communes lay in the ones of then.
    With `known_at` what was stated of them by that moment.
    """
    return await queries.places(
        tx,
        limit,
        cursor,
        kinds=[kind] if kind else (),
        parent=parent,
        as_of=moment.day,
        known_at=moment.known_at,
    )


@router.get("/resolve", dependencies=READING)
async def look_up_place(
    tx: Tx,
    wilaya: Written = None,
    moughataa: Written = None,
    commune: Written = None,
    village: Written = None,
    accept_language: Language = None,
) -> LookUpOut:
    """The codes of a place as somebody wrote it, in either script and any spelling: parent first, never guessed.

    Each level says how it was told and why, or which places may have been meant.
    """
    written = PlaceWritten(wilaya=wilaya, moughataa=moughataa, commune=commune, village=village)
    return (await queries.look_up(tx, [written], language_of(accept_language)))[0]


@router.post("/resolve", dependencies=READING)
async def look_up_places(body: PlacesWritten, tx: Tx, accept_language: Language = None) -> LookUpsOut:
    """The same for up to 200 rows of a list. Changes nothing."""
    return LookUpsOut(rows=await queries.look_up(tx, body.rows, language_of(accept_language)))


@router.post("", status_code=201, response_model=PlaceOut)
async def create_place(body: NewPlace, tx: Tx, by: Operator, once: OnceOnly) -> Response:
    """A place that the table does not have: a village mostly. The registry gives its code, which never changes."""

    async def create() -> PlaceOut:
        return queries.place_out(await commands.create_place(tx, **dict(body), by=by.name))

    return tagged(await once.answer(create, status=201, body=body.model_dump_json().encode()))


@router.get("/{code}", dependencies=READING)
async def get_place(code: str, tx: Tx, moment: AtMoment, response: Response) -> PlaceOut:
    """One place: today's, or that of a day, as it was known at a moment."""
    found = await queries.place(tx, code, moment.as_of, moment.known_at)
    tag(response, found.version)
    return found


@router.get("/{code}/history", dependencies=READING)
async def get_place_history(
    code: str, tx: Tx, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Page[PlaceVersionOut]:
    """The versions of a place, newest first: who, when, why, and what changed."""
    return await queries.place_history(tx, code, limit, cursor)


@router.post("/{code}/rename")
async def rename_place(
    code: str, body: PlaceRenaming, tx: Tx, by: Operator, if_match: IfMatch, response: Response
) -> PlaceOut:
    """Give a place another official name. The one before stays a spelling under which it is found."""
    return _tagged(response, await commands.rename_place(tx, code, if_match, **dict(body), by=by.name))


@router.post("/{code}/add-names")
async def add_place_names(
    code: str, body: PlaceNamesAdded, tx: Tx, by: Operator, if_match: IfMatch, response: Response
) -> PlaceOut:
    """Add spellings in either script."""
    return _tagged(response, await commands.add_names(tx, code, if_match, **dict(body), by=by.name))


@router.post("/{code}/move")
async def move_place(
    code: str, body: PlaceMove, tx: Tx, by: Operator, if_match: IfMatch, response: Response
) -> PlaceOut:
    """Let a place lie in another one from a day on: a commune in a new moughataa, a village in another commune.

    The households of a village go with it.
    """
    return _tagged(response, await commands.move_place(tx, code, if_match, **dict(body), by=by.name))


@router.post("/{code}/end")
async def end_place(code: str, body: PlaceEnd, tx: Tx, by: Operator, if_match: IfMatch, response: Response) -> PlaceOut:
    """End a place on a day, and name who takes over. Its code, its names and its history stay."""
    return _tagged(response, await commands.end_place(tx, code, if_match, **dict(body), by=by.name))


@router.post("/{code}/settle-households")
async def settle_households_in(code: str, tx: Tx, by: Operator) -> HouseholdsSettled:
    """Let the households of the commune whose village is written like this one belong to it, 500 at a time.

    Call again while some are `waiting`. Files that come later are told their village as they are read.
    """
    return await settle_households(tx, code, by=by.name, reason=None)


def _tagged(response: Response, place: Place) -> PlaceOut:
    tag(response, place.version)
    return queries.place_out(place)
