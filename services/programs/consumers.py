"""Events a programs service listens to."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.commands.links import Link, set_links
from services.programs.rules.status import LinkStatus
from shared.consuming import Consumers, Delivery
from shared.contracts.matching import LinksChanged

consumers = Consumers()


@consumers.on(LinksChanged)
async def keep_links(tx: AsyncSession, event: LinksChanged, delivery: Delivery) -> None:
    # The stream holds every institution's batches; only ours are about our enrollments.
    if delivery.consumer != f"programs-{event.institution}":
        return
    path = f"/internal/link-batches/{event.batch_id}"
    await set_links(tx, [_link(item) async for item in delivery.owners.items(delivery.process, path)])


def _link(item: dict[str, Any]) -> Link:
    probability = item["probability"]
    return Link(
        enrollment_id=UUID(item["enrollment_id"]),
        version=int(item["link_version"]),
        status=LinkStatus(item["status"]),
        individual_id=_id(item["individual_id"]),
        household_id=_id(item["household_id"]),
        probability=None if probability is None else Decimal(str(probability)),
    )


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None
