"""How a connection stands: the row of it, changed by whoever runs it."""

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.models import Connection
from shared.clock import now
from shared.errors import Refusal
from shared.importing.models import Import


async def locked(tx: AsyncSession, name: str) -> Connection:
    """The state of a connection, held until the transaction ends: two processes never go on from one cursor."""
    await tx.execute(insert(Connection).values(name=name, last_run_at=now()).on_conflict_do_nothing())
    return await tx.get_one(Connection, name, with_for_update=True, populate_existing=True)


def taken_in(state: Connection, import_: Import) -> None:
    if state.last_import_id != import_.id:
        state.files += 1
        state.last_import_id = import_.id


async def record_run(tx: AsyncSession, name: str, fault: Refusal | None) -> None:
    """Say when a connection ran last and, where it failed, why."""
    state = await locked(tx, name)
    state.last_run_at = now()
    if fault is None:
        state.last_success_at, state.failures, state.error = state.last_run_at, 0, None
        return
    said = fault.detail
    state.failures += 1
    state.error = {"code": fault.code, "ar": said.ar, "fr": said.fr, "en": said.en}
