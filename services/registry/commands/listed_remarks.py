"""Remarks that came back with targeting lists: what became of each is kept, and told to who passed them on."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.commands.remarking import Proposed, propose_remark
from services.registry.models import ListedRemark
from services.registry.queries.place_table import place_table
from shared.contracts.registry import RemarksAnswered
from shared.ids import new_id
from shared.outbox import record
from shared.remarks import Remark

FIELDS = frozenset(Remark._fields)


async def take_over_remarks(tx: AsyncSession, batch_id: UUID, told: Sequence[Mapping[str, Any]], *, by: str) -> None:
    """Propose what the remarks of a batch say, in the name of the partner that made them; one known already is left alone."""
    ids = [UUID(one["id"]) for one in told]
    known = set(await tx.scalars(select(ListedRemark.id).where(ListedRemark.id.in_(ids))))
    new = [one for one in told if UUID(one["id"]) not in known]
    places = (await place_table(tx)).index
    for one in new:
        done = await propose_remark(tx, remark_of(one), places, by=by)
        kept = ListedRemark(id=UUID(one["id"]), batch_id=batch_id)
        if isinstance(done, Proposed):
            kept.request_id = done.request_id
        else:
            kept.code = done.code
            kept.reason = {"ar": done.reason.ar, "fr": done.reason.fr, "en": done.reason.en}
        tx.add(kept)
    if new:
        record(tx, RemarksAnswered(answer_id=new_id(), batch_id=batch_id, remarks=len(new)))


def remark_of(told: Mapping[str, Any]) -> Remark:
    """A remark as matching tells it."""
    values = {name: value for name, value in told.items() if name in FIELDS}
    on = values["on"]
    return Remark(**values | {"on": date.fromisoformat(on) if on else None, "place": tuple(values["place"])})
