"""What the feed has before it, for the health page."""

from gateway.delivery import queries
from shared.platform import Platform


async def feed_waiting(platform: Platform) -> dict[str, int]:
    """Changes held back until an earlier one arrives; a number that stays is an event that never came."""
    async with platform.database.transaction() as tx:
        return {"feed_changes_out_of_order": await queries.count_early(tx)}
