"""A partner's own traffic record."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from gateway.traffic import queries
from gateway.traffic.models import Traffic
from shared.database import Tx
from shared.identity import Caller, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, decode_cursor, encode_cursor

router = APIRouter(prefix="/v1/traffic", tags=["traffic"])


class TrafficOut(BaseModel):
    """One request, by the field names of X-Road's operational monitoring; times in milliseconds since 1970.

    `messageId` is the trace's id, `xRequestId` that of the request within it. `requestOutTs` to `responseInTs` is the service's
    time, the rest between `requestInTs` and `responseOutTs` is the gateway's; both are null where no service was asked.
    """

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    security_server_type: Literal["Producer"] = "Producer"
    request_in_ts: int
    request_out_ts: int | None
    response_in_ts: int | None
    response_out_ts: int
    message_id: str
    x_request_id: str = Field(alias="xRequestId")
    client_member_code: str
    service_member_code: str
    service_code: str
    request_size: int
    response_size: int
    status_code: int
    succeeded: bool
    fault_code: str | None


class LastHour(BaseModel):
    """`p95` in milliseconds: of the services' time and of the gateway's own. `lost`: rows this process could not write."""

    requests: int
    faults: int
    service_p95_ms: float
    gateway_p95_ms: float
    lost: int


class TrafficPage(BaseModel):
    last_hour: LastHour
    items: list[TrafficOut]
    next_cursor: str | None


@router.get("")
async def read_traffic(
    request: Request,
    tx: Tx,
    by: Annotated[Caller, permitted("enrollments:read")],
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
) -> TrafficPage:
    """The caller's own requests, newest first; a request stands there within two seconds."""
    before = decode_cursor(cursor, int)[0] if cursor else None
    rows = await queries.traffic(tx, by.name, before=before, limit=limit)
    count, faults, theirs, ours = await queries.summary(tx, by.name)
    return TrafficPage(
        last_hour=LastHour(
            requests=count,
            faults=faults,
            service_p95_ms=round(theirs, 1),
            gateway_p95_ms=round(ours, 1),
            lost=request.app.state.traffic.lost,
        ),
        items=[_out(row) for row in rows],
        next_cursor=encode_cursor(rows[-1].position) if len(rows) == limit else None,
    )


def _out(row: Traffic) -> TrafficOut:
    return TrafficOut(
        request_in_ts=_milliseconds(row.request_in_at),
        request_out_ts=_milliseconds(row.request_out_at) if row.request_out_at else None,
        response_in_ts=_milliseconds(row.response_in_at) if row.response_in_at else None,
        response_out_ts=_milliseconds(row.response_out_at),
        message_id=row.message_id,
        xRequestId=row.x_request_id,
        client_member_code=row.client_member_code,
        service_member_code=row.service_member_code,
        service_code=row.service_code,
        request_size=row.request_size,
        response_size=row.response_size,
        status_code=row.status_code,
        succeeded=row.succeeded,
        fault_code=row.fault_code,
    )


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
