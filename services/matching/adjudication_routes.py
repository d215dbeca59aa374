"""HTTP of persons' decisions on links: the queue of questions, and links made and taken away by hand."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from services.matching import adjudicating, adjudication_queries
from services.matching.decision_schemas import (
    DecideIn,
    IndividualLinks,
    LinkIn,
    LinkStands,
    LinkTurn,
    QuestionDetail,
    QuestionOut,
    SkipIn,
    UndoIn,
    UnlinkIn,
)
from services.matching.models import Beneficiary
from services.matching.rules.adjudicating import AdjudicationStatus
from services.matching.rules.persons import Said
from services.matching.stepping import Person, Saying
from shared.database import Tx
from shared.etags import IfMatch, etag, tag, tagged
from shared.idempotency import Once, OnceOnly
from shared.identity import Caller, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page
from shared.problems import language_of
from shared.text import Language

router = APIRouter(prefix="/v1", tags=["adjudication"])
Reading = Annotated[Caller, permitted("adjudications:read")]
Deciding = Annotated[Caller, permitted("adjudications:decide")]
Linking = Annotated[Caller, permitted("links:write")]
Looking = Annotated[Caller, permitted("individuals:links")]


def _language(request: Request) -> Language:
    return language_of(request.headers.get("accept-language"))


@router.get("/adjudications")
async def list_adjudications(
    request: Request,
    tx: Tx,
    by: Reading,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    program: Annotated[str | None, Query(max_length=64, description="One of the caller's programs.")] = None,
    status: Annotated[AdjudicationStatus | None, Query(description="Without it: those that wait for a person.")] = None,
    place: Annotated[str | None, Query(max_length=30, description="Code of a wilaya, moughataa or commune.")] = None,
) -> Page[QuestionOut]:
    """Questions about the caller's beneficiaries: whom nobody skipped first, then those that cost most in a month if they
    are answered wrong, then the oldest."""
    return await adjudication_queries.questions(tx, by, _language(request), limit, cursor, program, status, place)


@router.get("/adjudications/{adjudication_id}")
async def get_adjudication(
    request: Request, adjudication_id: UUID, tx: Tx, by: Reading, response: Response
) -> QuestionDetail:
    """The row as listed beside at most six individuals of the registry, with the evidence in the caller's language.

    Of an individual: names, birth year, commune, household number; with `households:read` also sex, date of birth,
    father's name, relationship, number and household size. National ids and phones never.
    """
    found, version = await adjudication_queries.question(tx, adjudication_id, by, _language(request))
    tag(response, version)
    return found


@router.post("/adjudications/{adjudication_id}/decide", response_model=QuestionDetail)
async def decide_adjudication(
    request: Request, adjudication_id: UUID, body: DecideIn, once: OnceOnly, tx: Tx, by: Deciding, if_match: IfMatch
) -> Response:
    """Answer a question. `same` links, above any model; `different` refuses that candidate, and the row is compared again
    without it; `cannot_tell` leaves it unlinked until more is known. Where `second_person` says so, it waits for another
    official to say the same; if they disagree it is open again, marked `disputed`."""
    saying = Saying(Said(body.outcome.value), body.individual_id, note=body.note)
    return await _answer(once, tx, request, adjudication_id, body, saying, by, if_match)


@router.post("/adjudications/{adjudication_id}/skip", response_model=QuestionDetail)
async def skip_adjudication(
    request: Request, adjudication_id: UUID, body: SkipIn, once: OnceOnly, tx: Tx, by: Deciding, if_match: IfMatch
) -> Response:
    """Leave a question to somebody else: it goes behind all that were skipped less."""
    return await _answer(once, tx, request, adjudication_id, body, Saying(Said.SKIPPED, note=body.note), by, if_match)


@router.post("/adjudications/{adjudication_id}/undo", response_model=QuestionDetail)
async def undo_adjudication(
    request: Request, adjudication_id: UUID, body: UndoIn, once: OnceOnly, tx: Tx, by: Deciding, if_match: IfMatch
) -> Response:
    """Take the last step back, whoever took it and whatever followed: exactly what stood before it stands again."""
    return await _answer(once, tx, request, adjudication_id, body, None, by, if_match)


async def _answer(
    once: Once,
    tx: Tx,
    request: Request,
    adjudication_id: UUID,
    body: DecideIn | SkipIn | UndoIn,
    saying: Saying | None,
    by: Caller,
    if_match: str,
) -> Response:
    tags: list[str] = []

    async def answer() -> BaseModel:
        person = Person(by, body.official)
        if saying is None:
            await adjudicating.undo_on_question(tx, adjudication_id, person=person, if_match=if_match)
        else:
            await adjudicating.decide(tx, adjudication_id, saying, person=person, if_match=if_match)
        found, version = await adjudication_queries.question(tx, adjudication_id, by, _language(request))
        tags.append(version)
        return found

    answered = await once.answer(answer, status=200, body=body.model_dump_json().encode())
    if tags:
        answered.headers["ETag"] = etag(tags[0])
    return answered


@router.post("/links/{enrollment_id}/link", tags=["links"], response_model=LinkStands)
async def link_by_hand(
    enrollment_id: UUID, body: LinkIn, once: OnceOnly, tx: Tx, by: Linking, if_match: IfMatch
) -> Response:
    """Link a beneficiary of the caller's to an individual, whatever the model thinks. Where it costs much, a second person
    must confirm it: then the link stays as it was, and `adjudication_id` says where. `If-Match`: the link's version."""
    saying = Saying(Said.LINKED, body.individual_id, note=body.note)
    person = Person(by, body.official)
    return await _linked(
        once, tx, body, lambda: adjudicating.link(tx, enrollment_id, saying, person=person, if_match=if_match)
    )


@router.post("/links/{enrollment_id}/unlink", tags=["links"], response_model=LinkStands)
async def unlink_by_hand(
    enrollment_id: UUID, body: UnlinkIn, once: OnceOnly, tx: Tx, by: Linking, if_match: IfMatch
) -> Response:
    """Take a link away; the beneficiary is compared again without whom it led to. `mistake` takes back a link made by hand,
    as if it had not been made: whom it led to is not refused."""
    saying = Saying(Said.UNLINKED, reason=body.reason, note=body.note)
    person = Person(by, body.official)
    return await _linked(
        once, tx, body, lambda: adjudicating.unlink(tx, enrollment_id, saying, person=person, if_match=if_match)
    )


@router.post("/links/{enrollment_id}/undo", tags=["links"], response_model=LinkStands)
async def undo_by_hand(
    enrollment_id: UUID, body: UndoIn, once: OnceOnly, tx: Tx, by: Linking, if_match: IfMatch
) -> Response:
    """Take the last step a person took on this link back: exactly what stood before it stands again."""
    person = Person(by, body.official)
    return await _linked(
        once, tx, body, lambda: adjudicating.undo_on_link(tx, enrollment_id, person=person, if_match=if_match)
    )


async def _linked(once: Once, tx: Tx, body: BaseModel, command: Callable[[], Awaitable[Beneficiary]]) -> Response:
    async def run() -> BaseModel:
        return await adjudication_queries.link_stands(tx, await command())

    return tagged(await once.answer(run, status=200, body=body.model_dump_json().encode()), "link_version")


@router.get("/links/{enrollment_id}/history", tags=["links"])
async def get_link_history(
    enrollment_id: UUID, tx: Tx, by: Reading, response: Response, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Page[LinkTurn]:
    """What became of a link of the caller's, newest first: by which model or official, from whom to whom, and why. The ETag
    of the first page is the link's version."""
    found = await adjudication_queries.link_history(tx, enrollment_id, by, limit, cursor)
    if cursor is None and found.items:
        tag(response, found.items[0].version)
    return found


@router.get("/individuals/{individual_id}/links", tags=["links"])
async def get_individual_links(individual_id: UUID, tx: Tx, by: Looking) -> IndividualLinks:
    """In which of the programs the caller keeps, or its agreement covers, an individual is; a merge is followed."""
    return await adjudication_queries.individual_links(tx, individual_id, by)
