"""The locks that the linker, and whoever changes what it reads, hold in turn."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

LINKING_LOCK = 0x7EC4_0101
"""Held by whoever changes the registry's projection and by the linker, so that neither misses the other's rows."""


async def hold_linking_lock(tx: AsyncSession) -> None:
    """Until the transaction ends: nobody links while the registry's projection changes, and the reverse."""
    await tx.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LINKING_LOCK})


async def hold_owner_lock(tx: AsyncSession, process: str) -> None:
    """Until the transaction ends: nobody else takes over what this owner tells, from before it is asked until it is kept. So
    nobody keeps an older answer over a newer one. Before the linking lock, where both are held."""
    await tx.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"told by {process}"})
