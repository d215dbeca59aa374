"""Acts on the log are rows of the log: who erased, dropped, opened and reviewed stands in the chain with all else."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.acting import OFFICIAL, acting
from gateway.asgi import Scope
from gateway.disclosures.disclosure import Decision, Disclosure
from gateway.disclosures.errors import OfficialNeeded
from gateway.disclosures.writing import append
from shared.copying import driver_of
from shared.identity import Caller
from shared.tracing import current_trace_id

OPERATOR = "operator"
"""Before the name of whoever signed in at a browser; in the log, the partner of such a person."""


@dataclass(frozen=True, slots=True)
class Person:
    """An official of a partner: who answers for an act. Two persons are two codes, or two partners."""

    partner: str
    official: str

    @classmethod
    def of(cls, by: Caller, scope: Scope) -> "Person":
        """Whoever signed in herself; at a partner the one that a header names, "" where a system asks."""
        kind, _, name = by.name.partition(":")
        if kind == OPERATOR:
            return cls(OPERATOR, name)
        return cls(by.name, acting(scope, OFFICIAL) or "")

    def answering(self) -> "Person":
        """OfficialNeeded where nobody is named who answers for an act."""
        if not self.official:
            raise OfficialNeeded(pointer="/header/Tekamoul-Official")
        return self

    def __str__(self) -> str:
        return f"{self.partner}/{self.official}"


THE_PLATFORM = Person("tekamoul", "")
"""Who does what age alone demands."""


async def note(tx: AsyncSession, by: Person, decision: Decision, route: str, **told: Any) -> None:
    """A row of the act, in its transaction. From here to its commit nothing else enters the log."""
    await tx.flush()
    row = Disclosure(
        partner=by.partner, official=by.official, decision=decision, route=route, request=current_trace_id(), **told
    )
    await append(await driver_of(tx, begun=True), [row])
