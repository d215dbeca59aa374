"""HTTP of targeting lists: for who asks, who reviews, who receives, and who watches over the releases."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Path, Query, Request, Response

from services.matching.rules.targeting import ListStatus
from services.matching.targeting import commands, files, queries, remarks, showing
from services.matching.targeting.models import TargetingList
from services.matching.targeting.schemas import (
    DisclosureOut,
    ListDetail,
    ListedHousehold,
    ListIn,
    ListOut,
    MarkOut,
    NarrowIn,
    ReasonIn,
    ReleaseOut,
    RemarkOut,
    StepIn,
)
from shared.clock import now
from shared.database import Tx
from shared.disclosing import FileTold, gives_file
from shared.etags import IfMatch, tag, tagged
from shared.exporting.routes import MEDIA as FILE_MEDIA
from shared.idempotency import OnceOnly
from shared.identity import Caller, permitted
from shared.importing.asking import AskedLanguage
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page
from shared.text import Language

router = APIRouter(prefix="/v1", tags=["targeting lists"])
MEDIA = {kind: FILE_MEDIA[kind] for kind in ("csv", "xlsx")} | {"pdf": "application/pdf"}
Asking = Annotated[Caller, permitted("lists:request")]
Reading = Annotated[Caller, permitted("lists:read")]
Reviewing = Annotated[Caller, permitted("lists:review")]
Revoking = Annotated[Caller, permitted("lists:revoke")]
AskingOfficial = Annotated[
    str | None,
    Header(
        alias="Tekamoul-Official",
        pattern=r"^[A-Za-z0-9._-]{2,40}$",
        description="The staff number of the official who reads; none where a system does.",
    ),
]


@router.post("/targeting-lists", status_code=202, response_model=ListDetail)
async def ask_for_list(
    request: Request, body: ListIn, once: OnceOnly, tx: Tx, by: Asking, language: AskedLanguage
) -> Response:
    """Ask for households, the poorest first, under the agreement and for the purpose that the headers `Tekamoul-Agreement` and
    `Tekamoul-Purpose` name. They are counted in the background; the provider of the data reviews the counts.

    What the agreement does not cover is refused at once. A household that a program surely has is left out, or marked for a
    top-up, as asked; a doubtful link excludes nobody.
    """

    async def ask() -> ListDetail:
        made = await commands.ask(tx, body, by=by)
        return await queries.detail(tx, made.id, by, language)

    answer = await once.answer(ask, status=202, body=body.model_dump_json().encode() + _named(by))
    request.app.state.platform.wake_after(tx)
    return tagged(answer)


def _named(by: Caller) -> bytes:
    return f"{by.agreement.id if by.agreement else None} {by.purpose}".encode()


@router.get("/targeting-lists")
async def list_lists(
    tx: Tx,
    by: Reading,
    part: queries.Part = "own",
    status: ListStatus | None = None,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
) -> Page[ListOut]:
    """The lists the caller asked for (`part=own`), or those of its data (`to_review`), newest first."""
    return await queries.lists(tx, by, part, status, limit, cursor)


@router.get("/targeting-lists/{list_id}")
async def get_list(list_id: UUID, tx: Tx, by: Reading, language: AskedLanguage, response: Response) -> ListDetail:
    """One list: what was asked and what is left of it, the counts before names, and its steps."""
    found = await queries.detail(tx, list_id, by, language)
    tag(response, found.version)
    return found


@router.post("/targeting-lists/{list_id}/narrow", response_model=ListDetail)
async def narrow_list(
    request: Request,
    list_id: UUID,
    body: NarrowIn,
    once: OnceOnly,
    tx: Tx,
    by: Reviewing,
    if_match: IfMatch,
    language: AskedLanguage,
) -> Response:
    """Take areas, number or fields away from a counted list, with the reason; it is counted anew."""

    async def step() -> TargetingList:
        return await commands.narrow(tx, list_id, body, by=by, if_match=if_match)

    answer = await _moved(once, tx, step, by, language, body.model_dump_json())
    request.app.state.platform.wake_after(tx)
    return answer


@router.post("/targeting-lists/{list_id}/approve", response_model=ListDetail)
async def approve_list(
    list_id: UUID, body: StepIn, once: OnceOnly, tx: Tx, by: Reviewing, if_match: IfMatch, language: AskedLanguage
) -> Response:
    """Approve a counted list. Only the provider of the data does, and never who asked for it."""

    async def step() -> TargetingList:
        return await commands.approve(tx, list_id, body.official, by=by, if_match=if_match)

    return await _moved(once, tx, step, by, language, body.model_dump_json())


@router.post("/targeting-lists/{list_id}/reject", response_model=ListDetail)
async def reject_list(
    list_id: UUID, body: ReasonIn, once: OnceOnly, tx: Tx, by: Reviewing, if_match: IfMatch, language: AskedLanguage
) -> Response:
    """Reject a list, with the reason."""

    async def step() -> TargetingList:
        return await commands.reject(tx, list_id, body.official, body.reason, by=by, if_match=if_match)

    return await _moved(once, tx, step, by, language, body.model_dump_json())


@router.post("/targeting-lists/{list_id}/withdraw", response_model=ListDetail)
async def withdraw_list(
    list_id: UUID, body: ReasonIn, once: OnceOnly, tx: Tx, by: Asking, if_match: IfMatch, language: AskedLanguage
) -> Response:
    """Withdraw a list that was not released yet, with the reason."""

    async def step() -> TargetingList:
        return await commands.withdraw(tx, list_id, body.official, body.reason, by=by, if_match=if_match)

    return await _moved(once, tx, step, by, language, body.model_dump_json())


@router.post("/targeting-lists/{list_id}/release", response_model=ListDetail)
async def release_list(
    list_id: UUID, body: StepIn, once: OnceOnly, tx: Tx, by: Reviewing, if_match: IfMatch, language: AskedLanguage
) -> Response:
    """Release an approved list: what is told of each household is frozen, and the recipient may read it."""

    async def step() -> TargetingList:
        return await commands.release(tx, list_id, body.official, by=by, if_match=if_match)

    return await _moved(once, tx, step, by, language, body.model_dump_json())


@router.post("/targeting-lists/{list_id}/close", response_model=ListDetail)
async def close_list(
    list_id: UUID, body: StepIn, once: OnceOnly, tx: Tx, by: Asking, if_match: IfMatch, language: AskedLanguage
) -> Response:
    """Close a list of which nothing is left to do: its names are read no more."""

    async def step() -> TargetingList:
        return await commands.close(tx, list_id, body.official, by=by, if_match=if_match)

    return await _moved(once, tx, step, by, language, body.model_dump_json())


@router.post("/targeting-lists/{list_id}/revoke", response_model=ListDetail)
async def revoke_list(
    list_id: UUID, body: ReasonIn, once: OnceOnly, tx: Tx, by: Revoking, if_match: IfMatch, language: AskedLanguage
) -> Response:
    """Take a list back, with the reason: from then on neither page nor file of it is given."""

    async def step() -> TargetingList:
        return await commands.revoke(tx, list_id, body.official, body.reason, by=by, if_match=if_match)

    return await _moved(once, tx, step, by, language, body.model_dump_json())


async def _moved(
    once: OnceOnly,
    tx: Tx,
    step: Callable[[], Awaitable[TargetingList]],
    by: Caller,
    language: Language,
    body: str,
) -> Response:
    async def move() -> ListDetail:
        moved = await step()
        await tx.flush()
        return await queries.detail(tx, moved.id, by, language)

    return tagged(await once.answer(move, status=200, body=body.encode()))


@router.get("/targeting-lists/{list_id}/households", response_model_exclude_unset=True)
async def list_households(
    list_id: UUID,
    tx: Tx,
    by: Reading,
    official: AskingOfficial = None,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
) -> Page[ListedHousehold]:
    """The households of a released list, for its recipient under the agreement it was asked under; of each, what list and
    agreement allow and nothing else. That they were told is written before the answer leaves."""
    return await showing.page(tx, list_id, showing.Reader(by, official, "page"), limit, cursor)


@router.get("/targeting-lists/{list_id}/remarks")
async def list_remarks(
    list_id: UUID, tx: Tx, by: Reading, language: AskedLanguage, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Page[RemarkOut]:
    """The remarks with which a list came back, and what the registry made of each. They are sent as a file of kind `remarks` to
    `POST /v1/imports`: household number and remark; a line without a remark says nothing."""
    return await remarks.remarks(tx, list_id, by, language, limit, cursor)


FILE_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {media.partition(";")[0]: {} for media in MEDIA.values()}}
}


@router.get(
    "/targeting-lists/{list_id}/file",
    response_class=Response,
    responses=FILE_ANSWERS,
    openapi_extra=gives_file("household", files.HEADINGS, to_fill=files.TO_FILL, titles=1),
)
async def get_list_file(
    list_id: UUID,
    tx: Tx,
    by: Reading,
    format: files.Format = "xlsx",
    language: Language = "fr",
    official: AskingOfficial = None,
) -> Response:
    """The released list as a file, marked with its recipient, with columns for remarks: it can be sent back as it is."""
    told, rows = await showing.copied(tx, list_id, showing.Reader(by, official, format))
    content = await asyncio.to_thread(files.written, files.Copy(told, rows, now(), language), format)
    return _file(content, list_id, format, FileTold.of(content, len(rows), told.attributes))


@router.get(
    "/targeting-lists/{list_id}/printed",
    response_class=Response,
    responses={200: {"content": {MEDIA["pdf"]: {}}}},
    openapi_extra=gives_file("household", parts=("commune",)),
)
async def print_list(
    list_id: UUID,
    tx: Tx,
    by: Reading,
    commune: Annotated[str | None, Query(max_length=20, description="Of one commune only.")] = None,
    language: Language = "ar",
    official: AskingOfficial = None,
) -> Response:
    """The released list for village committees: a page for each village, with room for remarks and thumbprints."""
    told, rows = await showing.copied(tx, list_id, showing.Reader(by, official, "printed"), commune)
    content = await asyncio.to_thread(files.printed, files.Copy(told, rows, now(), language))
    return _file(content, list_id, "pdf", FileTold.of(content, len(rows), told.attributes))


def _file(content: bytes, list_id: UUID, kind: str, told: FileTold) -> Response:
    headers = told.header() | {
        "Content-Disposition": f'attachment; filename="targeting-list-{list_id}.{kind}"',
        "Cache-Control": "no-store",
    }
    return Response(content, headers=headers, media_type=MEDIA[kind])


@router.get("/targeting-lists/{list_id}/marks/{mark}", tags=["releases"])
async def find_mark(
    list_id: UUID, mark: Annotated[str, Path(pattern=r"^[0-9a-f]{10}$")], tx: Tx, by: Revoking
) -> MarkOut:
    """Which household's row of a list of the caller's data has this mark, and who was given it: for a copy that was found."""
    return await queries.marked(tx, list_id, mark, by)


@router.get("/releases", tags=["releases"])
async def list_releases(tx: Tx, by: Revoking, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None) -> Page[ReleaseOut]:
    """Every release of the caller's data: to whom, why, by what right, who approved it, and how much of it was read."""
    return await queries.releases(tx, by, limit, cursor)


@router.get("/list-disclosures", tags=["releases"])
async def list_disclosures(
    tx: Tx,
    by: Revoking,
    list_id: UUID | None = None,
    household_id: UUID | None = None,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
) -> Page[DisclosureOut]:
    """Who was told of whom by a list of the caller's data: of one list, or of one household."""
    return await queries.disclosures(tx, by, list_id, household_id, limit, cursor)
