"""Where a file says otherwise than a source that is believed more: what is held stays, and both sources are told."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.models import Conflict
from services.registry.models.states import Record, kind_of
from services.registry.rules.clocks import Origin, Piece
from shared.contracts.registry import ConflictsFound
from shared.ids import new_id
from shared.outbox import record as announce


class FoundConflicts:
    """The conflicts of one call, announced by one event."""

    def __init__(self, by: str) -> None:
        self._by, self._batch_id = by, new_id()
        self._found: dict[tuple[UUID, str], dict[str, Any]] = {}

    def note(
        self, held: Record, told: Mapping[str, Any], origin: Origin, pieces: Sequence[Piece], at: datetime
    ) -> None:
        """Note every field of which the state on the survey's day is another source's, and not what the survey told."""
        believed = next(piece for piece in pieces if piece.holds_on(origin.on))
        for name, value in told.items():
            known = believed.origin_of(name)
            if believed.state.get(name) == value or known.source == origin.source:
                continue
            self._found[held.id, name] = {
                "id": new_id(),
                "record_id": held.id,
                "kind": kind_of(held),
                "field": name,
                "held_value": believed.state.get(name),
                "held_source": known.source,
                "held_on": known.on,
                "offered_value": value,
                "offered_source": origin.source,
                "offered_on": origin.on,
                "offered_by": self._by,
                "batch_id": self._batch_id,
                "found_at": at,
            }

    async def store(self, tx: AsyncSession) -> None:
        if self._found:
            await self._drop_settled(tx)
        if not self._found:
            return
        statement = upsert(Conflict)
        newest = ("held_value", "offered_value", "offered_on", "offered_by", "batch_id", "found_at")
        await tx.execute(
            statement.on_conflict_do_update(
                index_elements=["record_id", "field", "offered_source"],
                index_where=Conflict.settled_at.is_(None),
                set_={name: statement.excluded[name] for name in newest},
            ),
            list(self._found.values()),
        )
        announce(tx, ConflictsFound(batch_id=self._batch_id, conflicts=len(self._found)))

    async def _drop_settled(self, tx: AsyncSession) -> None:
        """A steward who has decided between two values is not asked again about the same two."""
        ids = {record_id for record_id, _ in self._found}
        settled = select(Conflict).where(Conflict.record_id.in_(ids), Conflict.settled_at.is_not(None))
        for one in await tx.scalars(settled):
            found = self._found.get((one.record_id, one.field))
            same = ("held_value", "offered_value", "offered_source")
            if found is not None and all(found[name] == getattr(one, name) for name in same):
                del self._found[one.record_id, one.field]
