"""HTTP of the rules matrix: decisions proposed and approved, tried beforehand, and printed."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel

from services.matching import matrix, matrix_printing, matrix_proposing, matrix_simulating
from services.matching.matrix_models import MatrixProposal
from services.matching.matrix_schemas import (
    ApproveIn,
    DecisionDraft,
    DecisionIn,
    MatrixCell,
    MatrixTurn,
    ProposalOut,
    RejectIn,
    SimulationOut,
)
from services.matching.rules.matrix import ProposalStatus
from shared.clock import now
from shared.database import Tx
from shared.etags import IfMatch, tag, tagged
from shared.idempotency import OnceOnly
from shared.identity import Caller, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page
from shared.text import Language

router = APIRouter(prefix="/v1", tags=["rules matrix"])
READING = [permitted("overlaps:read")]
Writing = Annotated[Caller, permitted("matrix:write")]
Approving = Annotated[Caller, permitted("matrix:approve")]
ProgramCode = Annotated[str, Path(max_length=64, description="A program; the order of the two does not matter.")]
AsOf = Annotated[date | None, Query(description="As decided for this day; today where it is not given.")]


@router.get("/rules-matrix", dependencies=READING)
async def list_matrix(
    tx: Tx, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None, as_of: AsOf = None
) -> Page[MatrixCell]:
    """Every pair of different programs, by code, with the class decided for it; `undecided` where nobody has yet."""
    return await matrix.matrix(tx, as_of or now().date(), limit, cursor)


@router.get(
    "/rules-matrix/pdf",
    dependencies=READING,
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}}},
)
async def print_matrix(tx: Tx, language: Language, as_of: AsOf = None) -> Response:
    """The matrix as a page to print: a coloured grid, then each decision with its legal text in the language it was made in."""
    made = await matrix_printing.printed(tx, as_of or now().date(), language)
    return Response(made, media_type="application/pdf")


@router.get("/rules-matrix/{program_a}/{program_b}", dependencies=READING)
async def get_matrix_cell(
    program_a: ProgramCode, program_b: ProgramCode, tx: Tx, response: Response, as_of: AsOf = None
) -> MatrixCell:
    """One pair. The ETag counts its decisions, and is `"0"` where there is none."""
    found = await matrix.cell(tx, program_a, program_b, as_of or now().date())
    tag(response, found.version)
    return found


@router.put("/rules-matrix/{program_a}/{program_b}", response_model=MatrixCell)
async def propose_matrix_cell(
    program_a: ProgramCode,
    program_b: ProgramCode,
    body: DecisionIn,
    once: OnceOnly,
    tx: Tx,
    by: Writing,
    if_match: IfMatch,
) -> Response:
    """Propose a decision for a pair, for the first time with `If-Match: "0"`; answers with the pair as it is today, and the
    `proposal`. Nothing is in force by it until another official approves it.

    Approved, it replaces, from its day on, every earlier decision, also those that were to begin later. It begins on or
    after the day of the one in force. To undo one, propose the one before again. The same again proposes nothing.
    """

    async def propose() -> MatrixCell:
        return await matrix_proposing.propose(tx, program_a, program_b, body, by=by, if_match=if_match)

    return tagged(await once.answer(propose, status=200, body=body.model_dump_json().encode()))


@router.post("/rules-matrix/{program_a}/{program_b}/simulate")
async def simulate_matrix_cell(
    program_a: ProgramCode, program_b: ProgramCode, body: DecisionDraft, tx: Tx, by: Writing
) -> SimulationOut:
    """What a decision would change: households in both programs by class, before and after, by wilaya; cases that would be
    opened or closed; complements that would be missing. Nothing is changed, and what could not be proposed is refused."""
    return await matrix_simulating.simulate(tx, program_a, program_b, body)


@router.get("/rules-matrix/{program_a}/{program_b}/history", dependencies=READING)
async def get_matrix_history(
    program_a: ProgramCode, program_b: ProgramCode, tx: Tx, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Page[MatrixTurn]:
    """What was decided for a pair, newest first: by whom, when, from which day, and the class before. None is changed."""
    return await matrix.history(tx, program_a, program_b, limit, cursor)


@router.get("/matrix-proposals", dependencies=READING)
async def list_proposals(
    tx: Tx, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None, status: ProposalStatus | None = None
) -> Page[ProposalOut]:
    """Decisions that were proposed, newest first, and what became of them."""
    return await matrix.proposals(tx, limit, cursor, status)


@router.get("/matrix-proposals/{proposal_id}", dependencies=READING)
async def get_proposal(proposal_id: UUID, tx: Tx, response: Response) -> ProposalOut:
    """One proposal."""
    found = await matrix.proposal(tx, proposal_id)
    tag(response, found.version)
    return found


@router.post("/matrix-proposals/{proposal_id}/approve", response_model=ProposalOut)
async def approve_proposal(
    proposal_id: UUID, body: ApproveIn, once: OnceOnly, tx: Tx, by: Approving, if_match: IfMatch
) -> Response:
    """Put a proposal in force from its day on. Whoever made it is refused."""
    return await _decide(
        once,
        body,
        lambda: matrix_proposing.approve(tx, proposal_id, body.official, by=by, if_match=if_match),
    )


@router.post("/matrix-proposals/{proposal_id}/reject", response_model=ProposalOut)
async def reject_proposal(
    proposal_id: UUID, body: RejectIn, once: OnceOnly, tx: Tx, by: Approving, if_match: IfMatch
) -> Response:
    """Reject a proposal with the reason; whoever made it withdraws it so."""
    return await _decide(
        once,
        body,
        lambda: matrix_proposing.reject(tx, proposal_id, body.official, body.because, by=by, if_match=if_match),
    )


async def _decide(once: OnceOnly, body: BaseModel, command: Callable[[], Awaitable[MatrixProposal]]) -> Response:
    async def decide() -> BaseModel:
        return ProposalOut.model_validate(await command())

    return tagged(await once.answer(decide, status=200, body=body.model_dump_json().encode()))
