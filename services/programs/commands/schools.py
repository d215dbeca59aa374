"""Announcing the schools of an institution."""

from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.programs import SchoolsChanged
from shared.ids import new_id
from shared.outbox import record


def announce_schools(tx: AsyncSession, institution: str, schools: int) -> None:
    """Tell whoever counts by school that some were listed anew; nothing where none changed."""
    if schools:
        record(tx, SchoolsChanged(institution=institution, batch_id=new_id(), schools=schools))
