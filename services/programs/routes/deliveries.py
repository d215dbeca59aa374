"""Routes of deliveries: pushed by a shop or an agent, read, corrected."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.programs.commands.correcting import correct_delivery as correct
from services.programs.commands.deliveries import Result, Source, record_deliveries
from services.programs.queries import deliveries as queries
from services.programs.queries.programs import published
from services.programs.routes.asking import AskedLanguage, institution_of
from services.programs.rules.naming import read_card_number
from services.programs.rules.reconciling import NOTHING, Reported
from services.programs.rules.schools import school_key
from services.programs.schemas.deliveries import (
    Correction,
    DeliveriesIn,
    DeliveriesResult,
    DeliveryIn,
    DeliveryOut,
    DeliveryResult,
    FindingOut,
)
from shared.clock import now
from shared.database import Tx
from shared.errors import NotFound
from shared.household_number import parse_household_number
from shared.idempotency import OnceOnly
from shared.identity import Caller, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page
from shared.text import Language
from shared.values import parse_nni, parse_phones

router = APIRouter(prefix="/v1", tags=["benefits"])
Reading = Annotated[Caller, permitted("payments:read")]
Writing = Annotated[Caller, permitted("payments:write")]


@router.post("/deliveries", response_model=DeliveriesResult)
async def push_deliveries(
    request: Request, body: DeliveriesIn, once: OnceOnly, tx: Tx, by: Writing, language: AskedLanguage
) -> Response:
    """Record up to 500 deliveries of one program, each with its receipt's reference; amounts are MRU.

    What was handed over is recorded, with what does not agree as a warning; what cannot be true is rejected, one by one.
    """
    if body.program not in by.programs:
        raise NotFound(pointer="/program")

    async def push() -> DeliveriesResult:
        program = await published(tx, body.program)
        lines = [_reported(index, one) for index, one in enumerate(body.deliveries)]
        source = Source(institution=institution_of(request), by=by.name, day=now().date())
        return _told(await record_deliveries(tx, program, lines, source), language)

    return await once.answer(push, status=200, body=body.model_dump_json().encode())


@router.get("/deliveries")
async def list_deliveries(
    tx: Tx,
    by: Reading,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    program: Annotated[str | None, Query(max_length=64)] = None,
    batch_id: UUID | None = None,
    import_id: UUID | None = None,
    cycle_id: UUID | None = None,
    enrollment_id: UUID | None = None,
    finding: Annotated[str | None, Query(max_length=64, description="Such as `double` or `late`.")] = None,
) -> Page[DeliveryOut]:
    """Deliveries of the caller's programs, oldest first, with those that correct them."""
    return await queries.deliveries(
        tx,
        by.programs if program is None else by.programs & {program},
        limit,
        cursor,
        finding=finding,
        batch_id=batch_id,
        import_id=import_id,
        cycle_id=cycle_id,
        enrollment_id=enrollment_id,
    )


@router.get("/deliveries/{delivery_id}")
async def get_delivery(delivery_id: UUID, tx: Tx, by: Reading) -> DeliveryOut:
    """One delivery, as sent and as understood."""
    return await queries.delivery(tx, delivery_id, by.programs)


@router.post("/deliveries/{delivery_id}/correct", status_code=201, response_model=DeliveryOut)
async def correct_delivery(
    request: Request, delivery_id: UUID, body: Correction, once: OnceOnly, tx: Tx, by: Writing
) -> Response:
    """Say what was really handed over, with the reason. Nothing is changed: the correction is another delivery."""

    async def correcting() -> DeliveryOut:
        made = await correct(
            tx,
            delivery_id,
            outcome=body.outcome,
            amount=body.amount_mru,
            goods=body.things(),
            delivered_on=body.delivered_on,
            reason=body.reason,
            by=by,
            institution=institution_of(request),
        )
        return await queries.delivery(tx, made, by.programs)

    return await once.answer(correcting, status=201, body=body.model_dump_json().encode())


def _reported(index: int, one: DeliveryIn) -> Reported:
    handed_over = one.outcome.handed_over
    return Reported(
        line=index,
        as_sent=one.model_dump(mode="json", exclude_none=True),
        enrollment_id=one.enrollment_id,
        household_number=parse_household_number(one.household_number),
        card_number=read_card_number(one.card_number),
        nni=parse_nni(one.nni).value,
        phones=parse_phones(one.phone).value,
        school=school_key(one.school, one.commune) or None,
        outcome=one.outcome,
        amount=(one.amount_mru or NOTHING) if handed_over else NOTHING,
        goods=one.things() if handed_over else {},
        delivered_on=one.delivered_on,
        period_on=one.period_on,
        channel=one.channel,
        agent=one.agent,
        reference=one.reference,
    )


def _told(results: Sequence[Result], language: Language) -> DeliveriesResult:
    statuses = [one.status for one in results]
    return DeliveriesResult(
        recorded=statuses.count("recorded"),
        unchanged=statuses.count("unchanged"),
        rejected=statuses.count("rejected"),
        results=[
            DeliveryResult(
                index=one.line,
                status=one.status,
                delivery_id=one.delivery_id,
                findings=[
                    FindingOut(
                        code=said.code, severity="error" if said.refused else "warning", reason=said.text.in_(language)
                    )
                    for said in one.said
                ],
            )
            for one in results
        ],
    )
