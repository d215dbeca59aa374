"""Routes of cycles: the periods of a program, what is due in them, and what became of it."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.programs.commands import cycles as commands
from services.programs.commands import entitlements as entitlement_commands
from services.programs.errors.benefits import LedgerOfWhom
from services.programs.models import CycleStatus
from services.programs.queries import cycles as queries
from services.programs.queries import enrollments as enrollment_queries
from services.programs.queries import ledger
from services.programs.routes.asking import AskedLanguage
from services.programs.rules.benefits import State
from services.programs.rules.calendar import LAST_DAY
from services.programs.schemas.benefits import (
    CycleAsked,
    CycleOut,
    EntitlementOut,
    Hold,
    LedgerEntryOut,
    PeriodOut,
    Reconciliation,
    Release,
)
from shared.database import Tx
from shared.etags import IfMatch, tag, tagged
from shared.idempotency import OnceOnly
from shared.identity import Caller, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page

router = APIRouter(prefix="/v1", tags=["benefits"])
Reading = Annotated[Caller, permitted("payments:read")]
Writing = Annotated[Caller, permitted("payments:write")]
FIRST_DAY = date(2000, 1, 1)
"""Before every value of every program."""


@router.get("/programs/{code}/periods", dependencies=[permitted("programs:read")])
async def list_periods(
    code: str,
    tx: Tx,
    first: Annotated[date, Query(alias="from", ge=FIRST_DAY, le=LAST_DAY)] = FIRST_DAY,
    last: Annotated[date, Query(alias="to", ge=FIRST_DAY, le=LAST_DAY)] = LAST_DAY,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
) -> Page[PeriodOut]:
    """The periods of a program that begin from one day to another, with Hijri beside Gregorian dates."""
    return await queries.program_periods(tx, code, first, last, limit, cursor)


@router.post("/cycles", status_code=202, response_model=CycleOut)
async def begin_cycle(
    request: Request, body: CycleAsked, once: OnceOnly, tx: Tx, by: Writing, language: AskedLanguage
) -> Response:
    """Issue the entitlements of a period. Answers 202 at once; a worker issues them: follow `GET /v1/cycles/{id}`.

    A period is issued once. A cancelled cycle makes way for another of the same period.
    """

    async def begin() -> CycleOut:
        made = await commands.begin_cycle(
            tx, program=body.program, starts_on=body.starts_on, sizes_on=body.sizes_on, by=by
        )
        request.app.state.platform.wake_after(tx)
        return queries.cycle_out(made, language)

    return tagged(await once.answer(begin, status=202, body=body.model_dump_json().encode()))


@router.get("/cycles")
async def list_cycles(
    tx: Tx,
    by: Reading,
    language: AskedLanguage,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    program: Annotated[str | None, Query(max_length=64)] = None,
    status: CycleStatus | None = None,
) -> Page[CycleOut]:
    """Cycles of the caller's programs, newest first."""
    programs = by.programs if program is None else by.programs & {program}
    return await queries.cycles(tx, programs, limit, cursor, language, status=status)


@router.get("/cycles/{cycle_id}")
async def get_cycle(cycle_id: UUID, tx: Tx, by: Reading, language: AskedLanguage, response: Response) -> CycleOut:
    """One cycle, with how far its issuing has come."""
    found = queries.cycle_out(await queries.cycle(tx, cycle_id, by.programs), language)
    tag(response, found.version)
    return found


@router.post("/cycles/{cycle_id}/cancel", response_model=CycleOut)
async def cancel_cycle(
    cycle_id: UUID, once: OnceOnly, tx: Tx, by: Writing, if_match: IfMatch, language: AskedLanguage
) -> Response:
    """Take back all that is due in a cycle. Refused once anything was handed over."""

    async def cancel() -> CycleOut:
        return queries.cycle_out(await commands.cancel_cycle(tx, cycle_id, by=by, if_match=if_match), language)

    return tagged(await once.answer(cancel, status=200))


@router.post("/cycles/{cycle_id}/close", response_model=CycleOut)
async def close_cycle(
    cycle_id: UUID, once: OnceOnly, tx: Tx, by: Writing, if_match: IfMatch, language: AskedLanguage
) -> Response:
    """Close an issued cycle: what nobody reported is missing from now on. A delivery reported later still counts."""

    async def close() -> CycleOut:
        return queries.cycle_out(await commands.close_cycle(tx, cycle_id, by=by, if_match=if_match), language)

    return tagged(await once.answer(close, status=200))


@router.get("/cycles/{cycle_id}/entitlements")
async def list_entitlements(
    cycle_id: UUID,
    tx: Tx,
    by: Reading,
    language: AskedLanguage,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    state: State | None = None,
    enrollment_id: UUID | None = None,
) -> Page[EntitlementOut]:
    """What is due to whom in a cycle, each sum explained line by line in the caller's language."""
    found = await queries.cycle(tx, cycle_id, by.programs)
    return await queries.entitlements(tx, found, limit, cursor, language, state=state, enrollment_id=enrollment_id)


@router.get("/cycles/{cycle_id}/reconciliation")
async def get_reconciliation(cycle_id: UUID, tx: Tx, by: Reading) -> Reconciliation:
    """What was due in a cycle beside what was handed over, in numbers."""
    return await ledger.reconciliation(tx, await queries.cycle(tx, cycle_id, by.programs))


@router.get("/entitlements/{entitlement_id}")
async def get_entitlement(
    entitlement_id: UUID, tx: Tx, by: Reading, language: AskedLanguage, response: Response
) -> EntitlementOut:
    """One entitlement, explained."""
    found = await queries.entitlement(tx, entitlement_id, by.programs, language)
    tag(response, found.version)
    return found


@router.post("/entitlements/{entitlement_id}/release", response_model=EntitlementOut)
async def release_entitlement(
    entitlement_id: UUID,
    body: Release,
    once: OnceOnly,
    tx: Tx,
    by: Writing,
    if_match: IfMatch,
    language: AskedLanguage,
) -> Response:
    """Make a held entitlement due, as a person decided."""

    async def release() -> EntitlementOut:
        await entitlement_commands.release_entitlement(
            tx, entitlement_id, people=body.people, reason=body.reason, by=by, if_match=if_match
        )
        await tx.flush()
        return await queries.entitlement(tx, entitlement_id, by.programs, language)

    return tagged(await once.answer(release, status=200, body=body.model_dump_json().encode()))


@router.post("/entitlements/{entitlement_id}/hold", response_model=EntitlementOut)
async def hold_entitlement(
    entitlement_id: UUID, body: Hold, once: OnceOnly, tx: Tx, by: Writing, if_match: IfMatch, language: AskedLanguage
) -> Response:
    """Hold an entitlement of which nothing was handed over, until a person decides otherwise."""

    async def hold() -> EntitlementOut:
        await entitlement_commands.hold_entitlement(
            tx, entitlement_id, hold_reason=body.hold_reason, reason=body.reason, by=by, if_match=if_match
        )
        await tx.flush()
        return await queries.entitlement(tx, entitlement_id, by.programs, language)

    return tagged(await once.answer(hold, status=200, body=body.model_dump_json().encode()))


@router.get("/ledger")
async def read_ledger(
    tx: Tx,
    by: Reading,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    enrollment_id: UUID | None = None,
    cycle_id: UUID | None = None,
) -> Page[LedgerEntryOut]:
    """The entries of one enrollment or of one cycle, in the order in which they were written, with a running balance."""
    if (enrollment_id is None) == (cycle_id is None):
        raise LedgerOfWhom(pointer="/query/enrollment_id")
    if cycle_id is not None:
        await queries.cycle(tx, cycle_id, by.programs)
    if enrollment_id is not None:
        await enrollment_queries.enrollment(tx, enrollment_id, by.programs)
    return await ledger.entries(tx, limit, cursor, enrollment_id=enrollment_id, cycle_id=cycle_id)
