"""What search knows of individuals is brought up to date, a few changes at a time, after they were made.

A change says itself that search does not know it (`changes.searchable`), so nothing is lost by a death in between, and an
empty index fills by itself: a migration that changes the keys empties `name_keys` and `name_words` and sets `searchable` false.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text, bindparam, cast, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.models import Change, Household, Individual, Membership, NameKeys, NameWord
from services.registry.rules.names import name_keys, parts_of, place_keys, sex_key, year_key
from shared.copying import copy_rows
from shared.database import any_of
from shared.names import parse_name

CHANGES_AT_ONCE, BATCHES_AT_ONCE = 200, 8
"""A change of a file or a scoring brings a hundred households: at most some five thousand people are indexed in one
transaction. Other changes bring one or two."""
INDEXING = 4_026_531_840
"""Key of the advisory lock: one process indexes at a time, so that what was read earlier is never written later."""

_IS_BATCH = Change.import_id.is_not(None) | (Change.kind == "scoring")


@dataclass(frozen=True, slots=True)
class Indexed:
    """How many changes search learnt of, and the words of the names they brought."""

    changes: int = 0
    words: frozenset[str] = frozenset()
    more: bool = False
    """Whether others wait."""


async def index_changes(tx: AsyncSession, most: int = CHANGES_AT_ONCE) -> Indexed:
    """Let search know what the oldest changes brought that it does not know."""
    if not await tx.scalar(select(func.pg_try_advisory_xact_lock(INDEXING))):
        return Indexed()
    waiting = select(Change.id, _IS_BATCH).where(~Change.searchable).order_by(Change.id).limit(most)
    found = (await tx.execute(waiting.with_for_update(skip_locked=True))).all()
    changes = _at_once(found)
    if not changes:
        return Indexed()
    people = await _people(tx, changes)
    keys, words = await asyncio.to_thread(_indexed, people)
    await store_keys(tx, keys, words)
    await tx.execute(update(Change).where(Change.id.in_(changes)).values(searchable=True))
    return Indexed(len(changes), frozenset(words), more=len(found) == most or len(changes) < len(found))


def _at_once(found: Iterable[Any]) -> list[UUID]:
    """The oldest changes, until they hold as many batches as are indexed together."""
    changes, batches = [], 0
    for id_, is_batch in found:
        batches += is_batch
        if batches > BATCHES_AT_ONCE:
            break
        changes.append(id_)
    return changes


async def _people(tx: AsyncSession, changes: Sequence[UUID]) -> list[Any]:
    """Individuals that these changes last touched, or whose household they did: a row for each place they live in."""
    homes = (
        select(Membership.individual_id, Household.commune_code, Household.village_code, Household.change_id)
        .join(Household, Household.id == Membership.household_id)
        .where(Membership.until_on.is_(None), Membership.known_until.is_(None))
        .subquery()
    )
    touched = select(Individual.id).where(Individual.change_id.in_(changes))
    moved = select(homes.c.individual_id).where(homes.c.change_id.in_(changes))
    concerned = touched.union(moved).subquery()
    columns = (Individual.id, Individual.name_fr, Individual.name_ar, Individual.sex, Individual.birth_date)
    rows = (
        select(*columns, homes.c.commune_code, homes.c.village_code)
        .join(concerned, concerned.c.id == Individual.id)
        .outerjoin(homes, homes.c.individual_id == Individual.id)
    )
    return list(await tx.execute(rows))


def _indexed(people: Iterable[Any]) -> tuple[dict[UUID, frozenset[int]], set[str]]:
    """Each individual's keys, and the words of all names."""
    keys: dict[UUID, frozenset[int]] = defaultdict(frozenset)
    words: set[str] = set()
    for person in people:
        found = {sex_key(person.sex), year_key(person.birth_date.year)}
        for written in filter(None, (person.name_fr, person.name_ar)):
            name = parse_name(written)
            found |= name_keys(parts_of(name))
            words.update(token.text for token in name.tokens)
        keys[person.id] |= found | place_keys((person.commune_code, person.village_code))
    return keys, words


async def store_keys(tx: AsyncSession, keys: Mapping[UUID, frozenset[int]], words: Iterable[str]) -> None:
    """Keep the keys of these individuals, however many they are, in the place of those they had; and the words."""
    known = set(await tx.scalars(select(NameKeys.individual_id).where(NameKeys.individual_id == any_of(keys))))
    new = [(id_, tuple(found)) for id_, found in keys.items() if id_ not in known]
    await copy_rows(tx, "name_keys", ("individual_id", "keys"), new)
    if known:
        table: Any = NameKeys.__table__
        changed = update(table).where(table.c.individual_id == bindparam("whose")).values(keys=bindparam("found"))
        connection = await tx.connection()
        await connection.execute(changed, [{"whose": id_, "found": list(keys[id_])} for id_ in known])
    seen = select(func.unnest(cast(list(words), ARRAY(Text))))
    await tx.execute(upsert(NameWord).from_select(["word"], seen).on_conflict_do_nothing())
