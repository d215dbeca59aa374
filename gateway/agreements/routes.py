"""HTTP of agreements: their parties write, sign, put in force, suspend and end them, and read what each version changes."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from gateway.agreements import commands, printing, queries
from gateway.agreements.commands import Known
from gateway.agreements.models import AgreementRow
from gateway.agreements.rules.differing import differences
from gateway.agreements.rules.lifecycle import State, Step
from gateway.agreements.schemas import AgreementOut, DifferenceOut, DraftIn, StepIn, StepOut, VersionOut
from gateway.agreements.terms import Kind
from gateway.operators.roles import PERSON
from gateway.partners.file import Partners
from shared.database import Tx
from shared.etags import IfMatch, tag, tagged
from shared.idempotency import Once, OnceOnly
from shared.identity import Caller, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page
from shared.text import Language

router = APIRouter(prefix="/v1/agreements", tags=["agreements"])
Reading = Annotated[Caller, permitted("agreements:read")]
Writing = Annotated[Caller, permitted("agreements:write")]
Approving = Annotated[Caller, permitted("agreements:approve")]
AgreementId = Annotated[str, Path(max_length=80)]
Version = Annotated[int, Path(ge=1, le=1_000_000)]
FromVersion = Annotated[int, Query(alias="from", ge=1, le=1_000_000)]
ToVersion = Annotated[int, Query(alias="to", ge=1, le=1_000_000)]


@router.get("")
async def list_agreements(
    tx: Tx,
    by: Reading,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    kind: Kind | None = None,
    state: State | None = None,
) -> Page[AgreementOut]:
    """The agreements to which the caller is a party, as giver or receiver; a person whose role reads agreements sees all."""
    return await queries.agreements(tx, _party(by), limit, cursor, kind=kind, state=state)


@router.post("", status_code=201, response_model=AgreementOut)
async def draft_agreement(body: DraftIn, once: OnceOnly, tx: Tx, by: Writing, request: Request) -> Response:
    """Write an agreement between the caller and another partner. It is in force once both have signed it and a second
    person of the giver has approved it.

    An `emergency` is in force at once, on the word of one person of the giver with a reason, for at most 30 days; it ends
    after a day unless a second person has reviewed it.
    """
    known = _known(request)

    async def write() -> AgreementOut:
        row = await commands.draft(tx, body, by=by.name, known=known)
        return await _shown(tx, row, by)

    return _tagged(await once.answer(write, status=201, body=body.model_dump_json().encode()))


@router.get("/{agreement_id}")
async def get_agreement(agreement_id: AgreementId, tx: Tx, by: Reading, response: Response) -> AgreementOut:
    """An agreement by the version in force, else by the newest."""
    found = await queries.agreement(tx, agreement_id, _party(by))
    tag(response, found.revision)
    return found


@router.post("/{agreement_id}/versions", status_code=201, response_model=AgreementOut)
async def change_agreement(
    agreement_id: AgreementId, body: DraftIn, once: OnceOnly, tx: Tx, by: Writing, if_match: IfMatch, request: Request
) -> Response:
    """Write a new version. What is in force stays so until the new version is signed and approved."""
    known = _known(request)

    async def write() -> AgreementOut:
        row = await commands.change(tx, agreement_id, body, by=by.name, if_match=if_match, known=known)
        return await _shown(tx, row, by)

    return _tagged(await once.answer(write, status=201, body=body.model_dump_json().encode()))


@router.get("/{agreement_id}/versions/{version}")
async def get_version(agreement_id: AgreementId, version: Version, tx: Tx, by: Reading) -> VersionOut:
    """One version with its signatures."""
    return await queries.version(tx, agreement_id, version, _party(by))


@router.get("/{agreement_id}/history")
async def get_agreement_history(
    agreement_id: AgreementId, tx: Tx, by: Reading, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Page[StepOut]:
    """Who did what with which version, newest first."""
    return await queries.history(tx, agreement_id, _party(by), limit, cursor)


@router.get("/{agreement_id}/difference")
async def compare_versions(
    agreement_id: AgreementId, tx: Tx, by: Reading, language: Language, from_: FromVersion, to: ToVersion
) -> DifferenceOut:
    """What one version changes in another, in plain sentences for whoever signs it."""
    before = await queries.version(tx, agreement_id, from_, _party(by))
    after = await queries.version(tx, agreement_id, to, _party(by))
    sentences = [one.in_(language) for one in differences(before.terms, after.terms)]
    return DifferenceOut(
        agreement_id=agreement_id, from_version=from_, to_version=to, language=language, sentences=sentences
    )


@router.get(
    "/{agreement_id}/versions/{version}/page",
    response_class=Response,
    responses={200: {"content": {"text/html": {}}}},
)
async def print_version(
    agreement_id: AgreementId, version: Version, tx: Tx, by: Reading, language: Language, request: Request
) -> Response:
    """A version as a page to print and sign."""
    found = await queries.version(tx, agreement_id, version, _party(by))
    return Response(printing.page(found, language, _partners(request)), media_type="text/html; charset=utf-8")


@router.post("/{agreement_id}/sign", response_model=AgreementOut)
async def sign_agreement(
    agreement_id: AgreementId, body: StepIn, once: OnceOnly, tx: Tx, by: Writing, if_match: IfMatch
) -> Response:
    """Sign a draft for the caller's institution. With both signatures it can be approved."""
    return await _take(Step.SIGN, agreement_id, body, once, tx, by, if_match)


@router.post("/{agreement_id}/approve", response_model=AgreementOut)
async def approve_agreement(
    agreement_id: AgreementId, body: StepIn, once: OnceOnly, tx: Tx, by: Approving, if_match: IfMatch
) -> Response:
    """Put a version that both parties signed in force; the one before gives way. Never by whoever wrote it."""
    return await _take(Step.APPROVE, agreement_id, body, once, tx, by, if_match)


@router.post("/{agreement_id}/review", response_model=AgreementOut)
async def review_emergency(
    agreement_id: AgreementId, body: StepIn, once: OnceOnly, tx: Tx, by: Approving, if_match: IfMatch
) -> Response:
    """A second person says that an emergency was one: it holds until its last day. To say that it was none: terminate it."""
    return await _take(Step.REVIEW, agreement_id, body, once, tx, by, if_match)


@router.post("/{agreement_id}/suspend", response_model=AgreementOut)
async def suspend_agreement(
    agreement_id: AgreementId, body: StepIn, once: OnceOnly, tx: Tx, by: Approving, if_match: IfMatch
) -> Response:
    """Stop everything under it at once, for a time. Either party may."""
    return await _take(Step.SUSPEND, agreement_id, body, once, tx, by, if_match)


@router.post("/{agreement_id}/resume", response_model=AgreementOut)
async def resume_agreement(
    agreement_id: AgreementId, body: StepIn, once: OnceOnly, tx: Tx, by: Approving, if_match: IfMatch
) -> Response:
    """Let a suspended version hold again."""
    return await _take(Step.RESUME, agreement_id, body, once, tx, by, if_match)


@router.post("/{agreement_id}/terminate", response_model=AgreementOut)
async def terminate_agreement(
    agreement_id: AgreementId, body: StepIn, once: OnceOnly, tx: Tx, by: Approving, if_match: IfMatch
) -> Response:
    """End a version for good, at once. Either party may."""
    return await _take(Step.TERMINATE, agreement_id, body, once, tx, by, if_match)


async def _take(step: Step, agreement_id: str, body: StepIn, once: Once, tx: Tx, by: Caller, if_match: str) -> Response:
    async def take() -> AgreementOut:
        row = await commands.take(tx, agreement_id, step, body, by=by.name, if_match=if_match)
        return await _shown(tx, row, by)

    return _tagged(await once.answer(take, status=200, body=body.model_dump_json().encode()))


async def _shown(tx: Tx, row: AgreementRow, by: Caller) -> AgreementOut:
    await tx.flush()
    return await queries.agreement(tx, row.id, by.name)


def _tagged(answer: Response) -> Response:
    return tagged(answer, "revision")


def _party(by: Caller) -> str | None:
    """Whose agreements the caller may read; None for a person who watches over all of them."""
    return None if by.name.startswith(PERSON) else by.name


def _partners(request: Request) -> Partners:
    partners: Partners = request.app.state.partners
    return partners


def _known(request: Request) -> Known:
    programs = {name: frozenset(one.programs) for name, one in _partners(request).items()}
    return Known(programs, request.app.state.platform.settings.registry_keeper)
