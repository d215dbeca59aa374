"""What matching found in the registry about our enrollments."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import bindparam, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.models import Enrollment
from services.programs.rules.status import LinkStatus


@dataclass(frozen=True, slots=True)
class Link:
    """What matching says of one enrollment; `version` grows with every new answer."""

    enrollment_id: UUID
    version: int
    status: LinkStatus
    individual_id: UUID | None
    household_id: UUID | None
    probability: Decimal | None


async def set_links(tx: AsyncSession, links: Sequence[Link]) -> None:
    """Keep the newest answer of matching on each enrollment; an older or repeated one changes nothing.

    No new version of the enrollment, and nothing to announce: the institution's own record has not changed.
    """
    if not links:
        return
    table = Enrollment.__table__
    newer = (
        update(table)  # type: ignore[arg-type]
        .where(table.c.id == bindparam("new_enrollment"), table.c.link_version < bindparam("newest_version"))
        .values(
            link_version=bindparam("newest_version"),
            link_status=bindparam("new_status"),
            registry_individual_id=bindparam("new_individual"),
            registry_household_id=bindparam("new_household"),
            link_probability=bindparam("new_probability"),
        )
    )
    connection = await tx.connection()
    await connection.execute(
        newer,
        [
            {
                "new_enrollment": one.enrollment_id,
                "newest_version": one.version,
                "new_status": one.status,
                "new_individual": one.individual_id,
                "new_household": one.household_id,
                "new_probability": one.probability,
            }
            # Always in one order, so that two batches never wait for each other's rows.
            for one in sorted(links, key=lambda link: (link.enrollment_id, link.version))
        ],
    )
