"""Rows of one household in a program's list, kept so that each is decided with what the others say.

For each row that may have others beside it the table `listed_together` holds by what they stand together, and where what is
known of the row alone surely leads. Where either changes, the others are compared again.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import orjson
from sqlalchemy import delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.engine.households import MOST_TOGETHER
from services.matching.engine.model import HOUSEHOLD_LEVELS, STATED_HOUSEHOLD, Model
from services.matching.engine.models import Models
from services.matching.models import Beneficiary, LinkStatus, ListedTogether
from services.matching.rules.comparing import Comparison
from services.matching.rules.deciding import Scored
from services.matching.rules.facts import BeneficiaryFacts, IndividualFacts
from services.matching.rules.households import Leads, Level, level_of, lifted, not_lifted, together_by
from services.matching.weighing import weigh
from shared.database import any_of

Standing = tuple[str, str]
"""A program, and by what rows of its list stand together."""

_BESIDE: Final = text(
    "SELECT asked.program, asked.together, beside.beneficiary_id, beside.leads"
    " FROM unnest(CAST(:programs AS text[]), CAST(:together AS text[])) AS asked(program, together)"
    " CROSS JOIN LATERAL (SELECT beneficiary_id, leads FROM listed_together AS one WHERE one.program = asked.program"
    " AND one.together = asked.together LIMIT :most) AS beside"
)
"""Bounded for each: one phone may stand on forty thousand rows."""
_KEEP: Final = text(
    "INSERT INTO listed_together (beneficiary_id, program, together, leads)"
    " SELECT id, program, together, CAST(leads AS jsonb) FROM unnest(CAST(:id AS uuid[]), CAST(:program AS text[]),"
    " CAST(:together AS text[]), CAST(:leads AS text[])) AS new(id, program, together, leads)"
    " ON CONFLICT (beneficiary_id) DO UPDATE SET program = excluded.program, together = excluded.together, leads = excluded.leads"
)
"""One statement for a chunk: a statement each took most of the time that households cost."""


Row = TypeVar("Row", UUID, int)
"""What a row is known by: its id, or its place among rows that are all at hand."""


@dataclass(frozen=True, slots=True)
class Together(Generic[Row]):
    """What the others say of each row: by what they stand together, and where they lead."""

    by: Mapping[Row, str]
    others: Mapping[Row, Sequence[Leads]]

    def lift(self, row: Row, candidates: Sequence[Scored], model: Model) -> list[Scored]:
        others = self.others.get(row)
        return [_lifted(one, self.by[row], others, model) for one in candidates] if others else list(candidates)


def _lifted(one: Scored, by: str, others: Sequence[Leads], model: Model) -> Scored:
    level = level_of(one, by, others)
    return lifted(one, level, bits_of(model, level)) if level else one


def bits_of(model: Model, level: Level) -> float:
    return (model.household or STATED_HOUSEHOLD)[HOUSEHOLD_LEVELS.index(level)]


def among(by: Mapping[int, str], leads: Mapping[int, Leads | None]) -> Together[int]:
    """Rows that are all at hand, no more than MOST_TOGETHER of which stand together, each beside the others of its own."""
    rows = defaultdict[str, list[int]](list)
    for at, key in by.items():
        rows[key].append(at)
    return Together(
        by,
        {
            at: [found for other in rows[key] if other != at and (found := leads[other]) is not None]
            for at, key in by.items()
        },
    )


ALONE: Final[Together[UUID]] = Together({}, {})


async def stand_together(
    tx: AsyncSession,
    rows: Mapping[UUID, tuple[Beneficiary, BeneficiaryFacts]],
    leads: Mapping[UUID, Leads | None],
) -> Together[UUID]:
    """Keep where these rows lead by themselves, and send the others back to be compared where that is new. Under the linking
    lock; `rows` are decided by what is returned."""
    by = {id_: key for id_, (_, facts) in rows.items() if (key := together_by(facts)) is not None}
    held = {
        one.beneficiary_id: one
        for one in await tx.scalars(select(ListedTogether).where(ListedTogether.beneficiary_id == any_of(rows)))
    }
    if not by and not held:
        return ALONE
    now = {id_: (rows[id_][0].program, key, _told(leads.get(id_))) for id_, key in by.items()}
    before = {id_: (one.program, one.together, one.leads) for id_, one in held.items()}
    new = {id_ for id_ in now.keys() | before.keys() if now.get(id_) != before.get(id_)}
    await _keep(tx, {id_: now.get(id_) for id_ in new})
    asked = {standing[:2] for id_ in (*now, *new) for standing in (now.get(id_), before.get(id_)) if standing}
    beside = await beside_each(tx, asked, MOST_TOGETHER + len(new) + 1)
    await _compare_others(tx, _touched(new, now, before, beside) - rows.keys())
    return Together(by, {id_: _others(id_, beside[program, key]) for id_, (program, key, _) in now.items()})


Kept = tuple[str, str, dict[str, Any] | None]
Beside = Mapping[Standing, Mapping[UUID, dict[str, Any] | None]]


async def beside_each(tx: AsyncSession, asked: set[Standing], most: int = MOST_TOGETHER + 1) -> Beside:
    """The rows that stand together so, with where each leads; of many, no more than `most`."""
    programs, keys = [program for program, _ in sorted(asked)], [key for _, key in sorted(asked)]
    found = await tx.execute(_BESIDE, {"programs": programs, "together": keys, "most": most})
    beside = defaultdict[Standing, dict[UUID, dict[str, Any] | None]](dict)
    for program, key, id_, leads in found:
        beside[program, key][id_] = leads
    return beside


def _others(row: UUID, beside: Mapping[UUID, dict[str, Any] | None]) -> list[Leads]:
    if len(beside) > MOST_TOGETHER:
        return []
    return [_read(one) for id_, one in beside.items() if id_ != row and one is not None]


def _touched(new: set[UUID], now: Mapping[UUID, Kept], before: Mapping[UUID, Kept], beside: Beside) -> set[UUID]:
    """The others of those that are new to whom these say something else than before."""
    were = defaultdict[Standing, dict[UUID, dict[str, Any] | None]](dict)
    are = set[Standing]()
    for id_ in new:
        if kept := before.get(id_):
            were[kept[:2]][id_] = kept[2]
        if kept := now.get(id_):
            are.add(kept[:2])
    touched = set[UUID]()
    for standing in were.keys() | are:
        after = beside.get(standing, {})
        earlier = {id_: leads for id_, leads in after.items() if id_ not in new} | were.get(standing, {})
        touched |= {id_ for id_ in after if not_lifted(_others(id_, earlier)) != not_lifted(_others(id_, after))}
    return touched


async def _keep(tx: AsyncSession, rows: Mapping[UUID, Kept | None]) -> None:
    gone = [id_ for id_, one in rows.items() if one is None]
    if gone:
        await tx.execute(delete(ListedTogether).where(ListedTogether.beneficiary_id == any_of(gone)))
    kept = [
        (id_, *one[:2], None if one[2] is None else orjson.dumps(one[2]).decode()) for id_, one in rows.items() if one
    ]
    if kept:
        await tx.execute(_KEEP, dict(zip(("id", "program", "together", "leads"), zip(*kept, strict=True), strict=True)))


async def _compare_others(tx: AsyncSession, ids: set[UUID]) -> None:
    if ids:
        await tx.execute(
            update(Beneficiary)
            .where(Beneficiary.id == any_of(ids), Beneficiary.link_status != LinkStatus.PENDING)
            .values(link_status=LinkStatus.PENDING)
            .execution_options(synchronize_session=False)
        )


def _told(leads: Leads | None) -> dict[str, Any] | None:
    """To four digits: what is finer decides nothing, and must not send anybody back."""
    if leads is None:
        return None
    members = {str(id_): round(share, 4) for id_, share in sorted(leads.individuals.items())}
    return {"household_id": str(leads.household_id), "sure": round(leads.sure, 4), "individuals": members}


def _read(told: dict[str, Any]) -> Leads:
    members = {UUID(id_): float(share) for id_, share in told["individuals"].items()}
    return Leads(UUID(told["household_id"]), float(told["sure"]), members)


async def weigh_as_decided(
    tx: AsyncSession, row: Beneficiary, facts: BeneficiaryFacts, people: Sequence[IndividualFacts], models: Models
) -> list[Comparison]:
    """The row beside each of these individuals, with what the others of its household say by now; nothing is written."""
    gave = await asyncio.to_thread(weigh, models, facts, people)
    scored = [Scored(one, its) for one, its in zip(people, gave, strict=True)]
    if (key := together_by(facts)) is None:
        return gave
    beside = await beside_each(tx, {(row.program, key)})
    together = Together({row.id: key}, {row.id: _others(row.id, beside.get((row.program, key), {}))})
    return [one.comparison for one in together.lift(row.id, scored, models.for_unit(facts.unit))]
