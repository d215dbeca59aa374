"""What a start adds to the database: the partners of the files that it does not know yet, with their secrets."""

from collections.abc import Mapping

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.changes import announce
from gateway.partners.differing import differences
from gateway.partners.file import Partner, Partners
from gateway.partners.models import Credential, PartnerRow
from shared.clock import now
from shared.ids import new_id
from shared.logs import log

FILE = "file"
"""Who added what a file brought."""


async def add_unknown(tx: AsyncSession, partners: Partners, hashes: Mapping[str, bytes]) -> list[str]:
    """Add the partners that are not there; those that are stay as they are. Returns who is new.

    Several processes may start at once: who comes second finds them there.
    """
    added = []
    for partner in partners.values():
        given = upsert(PartnerRow).values(row_of(partner, FILE)).on_conflict_do_nothing(index_elements=["id"])
        if await tx.scalar(given.returning(PartnerRow.id)) is None:
            continue
        added.append(partner.id)
        if partner.id in hashes:
            secret = {"id": new_id(), "partner": partner.id, "secret_sha256": hashes[partner.id]}
            await tx.execute(insert(Credential).values(**secret, not_before=now(), added_by=FILE))
    if added:
        await announce(tx)
        log.info("partners_added", partners=added)
    return added


async def tell_differing(tx: AsyncSession, partners: Partners) -> None:
    """Log which partners the files let do what the database does not: a start changes nobody it knows."""
    rows = await tx.scalars(select(PartnerRow).where(PartnerRow.id.in_(partners)))
    found = {row.id: differences(partners[row.id], row) for row in rows}
    if behind := sorted(name for name, told in found.items() if any(one.only_in_file for one in told)):
        log.warning("partners_behind_their_file", partners=behind)


def row_of(partner: Partner, by: str) -> dict[str, object]:
    """The columns of a partner who is new."""
    limits = partner.limits
    suspended = {"suspended_at": now(), "suspended_by": by} if partner.suspended else {}
    return {
        "id": partner.id,
        "names": partner.names.model_dump(),
        "permissions": list(partner.permissions),
        "programs": list(partner.programs),
        "subscribes": list(partner.subscribes),
        "requests_per_second": limits.requests_per_second,
        "burst": limits.burst,
        "concurrent": limits.concurrent,
        "sandbox": partner.sandbox,
        "key_only": partner.key_only,
        "certificate_required": partner.certificate_required,
        "added_by": by,
        **suspended,
    }
