"""HTTP of cases of forbidden overlaps, for the two programs' keepers and whoever settles what they dispute."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from services.matching import case_answering, case_queries
from services.matching.case_answering import Said
from services.matching.case_models import OverlapCase
from services.matching.case_schemas import AnswerIn, CaseDetail, CaseOut, CaseSummary, MissingComplement, SettleIn
from services.matching.rules.overlap_cases import CaseStatus
from shared.database import Tx
from shared.etags import IfMatch, tag, tagged
from shared.idempotency import OnceOnly
from shared.identity import Caller, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page

router = APIRouter(prefix="/v1", tags=["overlap cases"])
Reading = Annotated[Caller, permitted("overlap-cases:read")]
Answering = Annotated[Caller, permitted("overlap-cases:answer")]
Settling = Annotated[Caller, permitted("overlap-cases:settle")]


@router.get("/overlap-cases")
async def list_cases(
    tx: Tx,
    by: Reading,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    status: CaseStatus | None = None,
    program: Annotated[str | None, Query(max_length=64)] = None,
    overdue: Annotated[bool | None, Query(description="Only those whose deadline has passed, or has not.")] = None,
) -> Page[CaseOut]:
    """Households of the caller's programs that are also in a program which the rules matrix forbids with it, oldest case first.
    Nobody is excluded by one: the institutions answer, and persons decide."""
    return await case_queries.cases(tx, by, limit, cursor, status, program, overdue)


@router.get("/overlap-cases/summary")
async def summarize_cases(
    tx: Tx, by: Reading, opened_from: date | None = None, opened_to: date | None = None
) -> list[CaseSummary]:
    """Cases by pair of programs: opened, resolved by persons, ceased by themselves, overdue, and median days."""
    return await case_queries.summary(tx, by, opened_from, opened_to)


@router.get("/missing-complements")
async def list_missing_complements(tx: Tx, by: Reading) -> list[MissingComplement]:
    """Of the caller's programs: how many households lack another program that the rules matrix requires of them, where the
    caller's agreement covers that program."""
    return await case_queries.missing_complements(tx, by)


@router.get("/overlap-cases/{case_id}")
async def get_case(case_id: UUID, tx: Tx, by: Reading, response: Response) -> CaseDetail:
    """One case with its history."""
    found = await case_queries.case_of(tx, case_id, by)
    tag(response, found.version)
    return found


@router.post("/overlap-cases/{case_id}/answer", response_model=CaseDetail)
async def answer_case(
    case_id: UUID, body: AnswerIn, once: OnceOnly, tx: Tx, by: Answering, if_match: IfMatch
) -> Response:
    """Answer for one's own program: keep the household here, end it here, it is not the same household, or an exception with
    its legal text. Where both answers fit together the case is resolved; what follows each institution does itself."""
    said = Said(body.answer, body.program, body.legal_reference, body.official)
    return await _do(
        once, tx, case_id, by, body, lambda: case_answering.answer(tx, case_id, said, by=by, if_match=if_match)
    )


@router.post("/overlap-cases/{case_id}/settle", response_model=CaseDetail)
async def settle_case(
    case_id: UUID, body: SettleIn, once: OnceOnly, tx: Tx, by: Settling, if_match: IfMatch
) -> Response:
    """Settle what two institutions dispute, or what one has not answered by its deadline. Not by whoever answered."""
    said = (body.outcome, body.legal_reference, body.official)
    return await _do(
        once, tx, case_id, by, body, lambda: case_answering.settle(tx, case_id, *said, by=by, if_match=if_match)
    )


async def _do(
    once: OnceOnly, tx: Tx, case_id: UUID, by: Caller, body: BaseModel, command: Callable[[], Awaitable[OverlapCase]]
) -> Response:
    async def run() -> BaseModel:
        await command()
        return await case_queries.case_of(tx, case_id, by)

    return tagged(await once.answer(run, status=200, body=body.model_dump_json().encode()))
