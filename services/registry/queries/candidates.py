"""Who may be meant by a name: a bounded number of individuals from the index of name keys."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.rules.looks import Look

MOST_CANDIDATES = 60
"""Of one look. More of the same keys are told apart by nothing but a place, a birth year or a further name."""
COMMON_SAMPLE = 4_000
"""Individuals among whom a single part of a name is looked for first: a name as common as Mohamed fills an answer from
these, where its whole list would be read in vain."""

INDIVIDUAL = "i.id, i.number, i.name_fr, i.name_ar, i.sex, i.birth_date, i.birth_precision, i.status, i.merged_into"


class Person(NamedTuple):
    id: UUID
    number: str
    name_fr: str | None
    name_ar: str | None
    sex: str
    birth_date: date
    birth_precision: str
    status: str
    merged_into: UUID | None


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Of each set of keys a candidate must have one: the communes of a place, birth years, a sex."""

    one_of_each: tuple[frozenset[int], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.one_of_each)


async def index_only(tx: AsyncSession) -> None:
    """Never read a table from its beginning to its end in this transaction: a search is bounded or nothing."""
    await tx.execute(text("SET LOCAL enable_seqscan = off"))


async def candidates(tx: AsyncSession, looks: Sequence[Look], narrowing: Narrowing) -> tuple[list[Person], bool]:
    """Individuals found by these looks, and whether one of them was cut off at its bound."""
    if not looks:
        return [], False
    parameters: dict[str, Any] = {"most": MOST_CANDIDATES}
    narrow = "".join(f" AND keys && :narrow{at}" for at in range(len(narrowing.one_of_each)))
    parameters |= {f"narrow{at}": sorted(keys) for at, keys in enumerate(narrowing.one_of_each)}
    found = []
    for at, look in enumerate(looks):
        conditions = []
        for kind, operator, keys in (("all", "@>", look.all_of), ("any", "&&", look.any_of)):
            if keys:
                conditions.append(f"keys {operator} :{kind}{at}")
                parameters[f"{kind}{at}"] = sorted(keys)
        found.append(
            f"(SELECT {at} AS look, individual_id FROM name_keys"  # noqa: S608 - of our own words alone
            f" WHERE {' AND '.join(conditions)}{narrow} LIMIT :most)"
        )
    return await _people(tx, " UNION ALL ".join(found), parameters)


async def common(tx: AsyncSession, look: Look) -> tuple[list[Person], bool]:
    """Individuals found by one look among the first that are registered; many where the name is common."""
    sample = (
        "SELECT 0 AS look, individual_id FROM (SELECT individual_id, keys FROM name_keys ORDER BY individual_id"
        " LIMIT :sample) sample WHERE keys @> :all LIMIT :most"
    )
    parameters = {"all": sorted(look.all_of), "sample": COMMON_SAMPLE, "most": MOST_CANDIDATES}
    return await _people(tx, sample, parameters)


async def _people(tx: AsyncSession, found: str, parameters: dict[str, Any]) -> tuple[list[Person], bool]:
    statement = f"SELECT look, {INDIVIDUAL} FROM ({found}) k JOIN individuals i ON i.id = k.individual_id"  # noqa: S608
    rows = (await tx.execute(text(statement), parameters)).all()
    looks = [row[0] for row in rows]
    people = {row[1]: Person(*row[1:]) for row in rows}
    return list(people.values()), any(looks.count(look) >= MOST_CANDIDATES for look in set(looks))


async def people_by_id(tx: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, Person]:
    statement = text(f"SELECT {INDIVIDUAL} FROM individuals i WHERE i.id = ANY(:ids)")  # noqa: S608
    return {row[0]: Person(*row) for row in await tx.execute(statement, {"ids": list(ids)})}
