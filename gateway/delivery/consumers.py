"""What the feed listens to."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.delivery import commands
from gateway.delivery.order import Change
from shared.consuming import Consumers, Delivery
from shared.contracts.programs import EnrollmentsChanged
from shared.http import Owners
from shared.pagination import LARGEST_PAGE


def feed_consumers(owners: Callable[[], Owners]) -> Consumers:
    """The feed's consumers; `owners` gives the way to the publishing processes once the service stands."""
    consumers = Consumers()

    @consumers.on(EnrollmentsChanged)
    async def show_changes(tx: AsyncSession, event: EnrollmentsChanged, delivery: Delivery) -> None:
        await commands.append(tx, [_change(item) async for item in _batch(owners(), delivery.process, event.batch_id)])

    return consumers


async def _batch(owners: Owners, process: str, batch_id: UUID) -> AsyncIterator[dict[str, Any]]:
    """The changes of a batch without the people they are about: the feed shows none, so it asks for none."""
    cursor: str | None = None
    while True:
        page = await owners.get(
            process,
            f"/internal/enrollment-batches/{batch_id}",
            cursor=cursor,
            limit=LARGEST_PAGE,
            beneficiaries="false",
        )
        for item in page["items"]:
            yield item
        cursor = page.get("next_cursor")
        if cursor is None:
            return


def _change(item: dict[str, Any]) -> Change:
    return Change(
        enrollment_id=UUID(item["enrollment_id"]),
        version=int(item["version"]),
        program=str(item["program"]),
        from_status=item.get("from"),
        to_status=str(item["to"]),
        reason=item.get("reason"),
        changed_at=datetime.fromisoformat(item["at"]),
    )
