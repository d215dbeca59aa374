"""Households enrolled in programs, taken over from matching."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# Versions only grow, so a late or repeated delivery changes nothing.
TAKE_OVER = text(
    "INSERT INTO enrolled_households AS held (household_id, program, enrolled, version)"
    " SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:programs AS text[]), CAST(:enrolled AS boolean[]),"
    " CAST(:versions AS bigint[])) ON CONFLICT (household_id, program) DO UPDATE"
    " SET enrolled = excluded.enrolled, version = excluded.version WHERE held.version < excluded.version"
)


async def take_over_enrolled(tx: AsyncSession, told: Sequence[Mapping[str, Any]]) -> None:
    """Keep what is newer than what is held."""
    if told:
        rows = sorted((one["household_id"], one["program"], one["enrolled"], one["version"]) for one in told)
        columns = zip(("ids", "programs", "enrolled", "versions"), map(list, zip(*rows, strict=True)), strict=True)
        await tx.execute(TAKE_OVER, dict(columns))
