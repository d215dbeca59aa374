"""How the connections to institutions' own systems stand."""

from typing import Annotated

from fastapi import APIRouter, Request
from sqlalchemy import select

from services.programs.connections.configured import Configured
from services.programs.models import Connection
from services.programs.schemas.connections import ConnectionOut, FaultOut
from services.programs.schemas.programs import NamesOut
from shared.database import Tx
from shared.identity import Caller, permitted

router = APIRouter(prefix="/v1/connections", tags=["connections"])


@router.get("")
async def list_connections(
    request: Request, tx: Tx, by: Annotated[Caller, permitted("programs:read")]
) -> list[ConnectionOut]:
    """The connections that feed the caller's programs: when each ran last, and why it failed where it did."""
    configured: list[Configured] = request.app.state.connections
    states = {one.name: one for one in await tx.scalars(select(Connection))}
    return [_out(one, states.get(one.name)) for one in configured if one.programs & by.programs]


def _out(one: Configured, state: Connection | None) -> ConnectionOut:
    said = {"name": one.name, "kind": one.said.kind, "partner": one.said.partner, "programs": sorted(one.programs)}
    made = ConnectionOut.model_validate(said | {"every_seconds": one.said.every_seconds})
    if state is None:
        return made
    run = {
        name: getattr(state, name) for name in ("last_run_at", "last_success_at", "last_import_id", "files", "failures")
    }
    if state.error is not None:
        run["last_error"] = FaultOut(code=state.error["code"], reason=NamesOut.model_validate(state.error))
    return made.model_copy(update=run)
