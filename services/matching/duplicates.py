"""Duplicates of the registry, proposed to it: it decides, as on every change."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.decision_models import ProposedDuplicate
from shared.clock import now
from shared.contracts.matching import DuplicateProposed
from shared.ids import new_id
from shared.outbox import record

MOST_PAIRS = 1_000
"""Proposed by one call: each is a request that two officials read."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records that are probably one; `keep_id` is the one that should remain."""

    record: Literal["individual", "household"]
    keep_id: UUID
    drop_id: UUID
    probability: float
    model_version: str


async def propose_duplicates(tx: AsyncSession, pairs: Sequence[Pair]) -> int:
    """Announce the pairs that were never proposed before; returns how many. ValueError past `MOST_PAIRS`, or for a record
    with itself."""
    if len(pairs) > MOST_PAIRS:
        raise ValueError(f"{len(pairs)} pairs are more than {MOST_PAIRS}")
    proposed = 0
    for pair in pairs:
        if pair.keep_id == pair.drop_id:
            raise ValueError("a record is no duplicate of itself")
        id_ = new_id()
        smaller, greater = sorted((pair.keep_id, pair.drop_id))
        stored = await tx.scalar(
            insert(ProposedDuplicate)
            .values(
                id=id_,
                record=pair.record,
                smaller_id=smaller,
                greater_id=greater,
                probability=pair.probability,
                model_version=pair.model_version,
                proposed_at=now(),
            )
            .on_conflict_do_nothing()
            .returning(ProposedDuplicate.id)
        )
        if stored is None:
            continue
        proposed += 1
        record(
            tx,
            DuplicateProposed(
                duplicate_id=id_,
                record=pair.record,
                keep_id=pair.keep_id,
                drop_id=pair.drop_id,
                probability=pair.probability,
                model_version=pair.model_version,
            ),
        )
    return proposed
