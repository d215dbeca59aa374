"""Numbers that the registry itself issues. Those of its surveys begin otherwise, so that the two never meet."""

from sqlalchemy import Sequence, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.models import Base, Place

INDIVIDUALS = Sequence("individual_numbers", metadata=Base.metadata)
HOUSEHOLDS = Sequence("household_numbers", metadata=Base.metadata)


async def new_individual_number(tx: AsyncSession) -> str:
    """Ten digits, the first a 9."""
    return f"9{await tx.scalar(INDIVIDUALS):09}"


async def new_household_number(tx: AsyncSession, commune_code: str) -> str:
    """The moughataa's code and seven digits, the first a 9: where the household was registered, wherever it moves."""
    moughataa = await tx.scalar(select(Place.parent_code).where(Place.code == commune_code))
    return f"{moughataa}9{await tx.scalar(HOUSEHOLDS):06}"
