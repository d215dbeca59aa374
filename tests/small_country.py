"""A registry of a few hand-made records, written straight into its tables: what a test is about, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from running import Running
from services.registry.models import Change, Household, Identifier, Individual, Membership
from shared.ids import new_id

KNOWN = datetime(2026, 1, 1, tzinfo=UTC)
SURVEYED = date(2026, 1, 1)


class SmallCountry:
    """Adds households, individuals and memberships to a running registry."""

    def __init__(self, registry: Running) -> None:
        self._database = registry.platform.database
        self._numbers = 0

    async def household(self, commune: str = "MR011-C01", members: Sequence[dict[str, Any]] = (), **facts: Any) -> UUID:
        """An active household with these members; `{}` is a faultless one, and the first is the head unless it says otherwise."""
        id_, change_id = new_id(), new_id()
        async with self._database.transaction() as tx:
            tx.add(self._change(change_id))
            tx.add(Household(**(_HOUSEHOLD | self._record(id_, change_id) | {"commune_code": commune} | facts)))
            await tx.flush()
            for place, member in enumerate(members):
                await self._member(tx, id_, change_id, {"relationship": "other" if place else "head"} | member)
        return id_

    async def again(self, household_id: UUID, individual_id: UUID, relationship: str = "head") -> None:
        """The same person in another household, too."""
        async with self._database.transaction() as tx:
            tx.add(self._membership(household_id, individual_id, relationship, new_id()))

    async def _member(self, tx: AsyncSession, household_id: UUID, change_id: UUID, facts: dict[str, Any]) -> None:
        id_ = facts.pop("id", None) or new_id()
        relationship, nni = facts.pop("relationship"), facts.pop("nni", None)
        tx.add(Individual(**(_INDIVIDUAL | self._record(id_, change_id) | facts)))
        await tx.flush()
        tx.add(self._membership(household_id, id_, relationship, change_id))
        if nni is not None:
            tx.add(
                Identifier(
                    id=new_id(),
                    individual_id=id_,
                    type="NNI",
                    value=nni,
                    issuer="ANRPTS",
                    grade="check_holds",
                    known_from=KNOWN,
                    change_id=change_id,
                )
            )

    def _record(self, id_: UUID, change_id: UUID) -> dict[str, Any]:
        self._numbers += 1
        return {
            "id": id_,
            "number": f"{self._numbers:010}",
            "version": 1,
            "true_from": SURVEYED,
            "known_from": KNOWN,
            "change_id": change_id,
            "source": "registry_survey",
            "source_on": SURVEYED,
            "sources": {},
            "answers": {},
            "status": "active",
        }

    @staticmethod
    def _change(change_id: UUID) -> Change:
        return Change(id=change_id, kind="import", made_at=KNOWN, made_by="taazour", source="registry_survey")

    @staticmethod
    def _membership(household_id: UUID, individual_id: UUID, relationship: str, change_id: UUID) -> Membership:
        return Membership(
            id=new_id(),
            household_id=household_id,
            individual_id=individual_id,
            relationship=relationship,
            from_on=SURVEYED,
            known_from=KNOWN,
            change_id=change_id,
        )


_HOUSEHOLD: dict[str, Any] = {
    "village": "Oum Essafya",
    "vulnerability_category": "extreme_poor",
    "score": Decimal("12.50"),
    "formula_version": "PMT-2024.1",
    "scored_on": SURVEYED,
    "surveyed_on": SURVEYED,
    "phones": ["+22222334455"],
    "content_hash": b"",
}
_INDIVIDUAL: dict[str, Any] = {
    "name_fr": "Mohamed Ould Ahmed",
    "name_ar": "محمد ولد أحمد",
    "sex": "M",
    "birth_date": date(1980, 5, 6),
    "birth_precision": "day",
    "disability": False,
}
