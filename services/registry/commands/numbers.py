"""Numbers that the registry itself issues. Those of its surveys begin otherwise, so that the two never meet."""

from sqlalchemy import Sequence, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.models import Base, Place

INDIVIDUALS = Sequence("individual_numbers", metadata=Base.metadata)
HOUSEHOLDS = Sequence("household_numbers", metadata=Base.metadata)


async def new_individual_number(tx: AsyncSession) -> str:
    """Ten digits, the first a 9."""
    return f"9{await tx.scalar(INDIVIDUALS):09}"


async def new_individual_numbers(tx: AsyncSession, count: int) -> list[str]:
    """As many at once."""
    numbers = await tx.scalars(select(INDIVIDUALS.next_value()).select_from(func.generate_series(1, count)))
    return [f"9{number:09}" for number in numbers]


async def new_household_number(tx: AsyncSession, commune_code: str) -> str:
    """The moughataa's code and seven digits, the first a 9: where the household was registered, wherever it moves."""
    moughataa = await tx.scalar(select(Place.parent_code).where(Place.code == commune_code))
    return f"{moughataa}9{await tx.scalar(HOUSEHOLDS):06}"
