"""What is announced of shock responses: ids and counts."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.matching import ResponsesChanged, ResponseStatus
from shared.outbox import record


def announce(
    tx: AsyncSession, id_: UUID, version: int, status: ResponseStatus, *, areas: int, households: int = 0
) -> None:
    """A trigger was validated, or a response came so far."""
    record(tx, ResponsesChanged(version=version, response_id=id_, status=status, areas=areas, households=households))
