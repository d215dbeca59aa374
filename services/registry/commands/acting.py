"""Who makes a change, in whose name, and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.commands.changing import Changing, begin_change
from services.registry.models.states import Record
from services.registry.rules.clocks import Origin


@dataclass(frozen=True, slots=True)
class Acting:
    """A partner whose official approved a change: the facts are as good as the source that vouches for them."""

    by: str
    source: str
    reason: str | None = None
    request_id: UUID | None = None

    def begin(
        self, tx: AsyncSession, kind: str, records: Iterable[Record], on: date, undoes: UUID | None = None
    ) -> Changing:
        return begin_change(
            tx,
            kind,
            records,
            by=self.by,
            origin=Origin(self.source, on),
            reason=self.reason,
            request_id=self.request_id,
            undoes=undoes,
        )
