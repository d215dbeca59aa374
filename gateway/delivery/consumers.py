"""What the feed listens to."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.delivery import commands
from gateway.delivery.order import Change
from shared.consuming import Consumers, Delivery
from shared.contracts.programs import EnrollmentsChanged

consumers = Consumers()


@consumers.on(EnrollmentsChanged)
async def show_changes(tx: AsyncSession, event: EnrollmentsChanged, delivery: Delivery) -> None:
    path = f"/internal/enrollment-batches/{event.batch_id}"
    # The feed shows nobody, so it asks for nobody.
    changes = delivery.owners.items(delivery.process, path, beneficiaries="false")
    await commands.append(tx, [_change(item) async for item in changes])


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
