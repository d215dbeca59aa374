"""Who may be behind a row: the registry's individuals found under its keys, without reading blocks that say nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.models import HouseholdPhone, Member
from services.matching.projecting import FACTS, hashed
from services.matching.rules.facts import IndividualFacts
from services.matching.rules.identifiers import phone_of
from services.matching.rules.keys import Search
from services.matching.rules.prepared import Registered, prepare_person

LARGEST_BLOCK = 400
"""A key shared by more members than this says nothing (a common name in a large commune) and is passed over."""
REFINED_BLOCK = 20
"""A key shared by more is passed over where the row has a narrower one: more candidates would only make each row dearer
as the registry grows. On sample countries of 20,000 households one true pair in two thousand is lost by it, and no link."""
WIDE_BLOCK = 9
"""The same for a key of one part of the name (with a phone or a birth year) beside keys of two: the people of a moughataa
born in one year who share a given name are many, and strangers. One link of a pupil in 1,700 is lost by it."""
CONFIRMED_BLOCK = 8
"""The same for a row whose household number or national id the registry knows: a namesake without the number lags so far
behind that only few need to be looked at, in case the number is another's. Measured as above, nothing is lost."""

_COLUMNS = [getattr(Member, name) for name in FACTS]


@dataclass(frozen=True, slots=True)
class Keys:
    """The hashed keys of one search; `others` with how large a block of each kind may be."""

    numbers: frozenset[int]
    others: tuple[tuple[frozenset[int], int], ...]

    @classmethod
    def of(cls, search: Search) -> "Keys":
        kinds = (
            (search.ones, WIDE_BLOCK if search.twos else LARGEST_BLOCK),
            (search.twos, REFINED_BLOCK if search.threes else LARGEST_BLOCK),
            (search.threes, LARGEST_BLOCK),
        )
        return cls(frozenset(hashed(search.numbers)), tuple((frozenset(hashed(keys)), most) for keys, most in kinds))

    @property
    def every(self) -> frozenset[int]:
        return self.numbers.union(*(keys for keys, _ in self.others))

    def found_in(self, blocks: Mapping[int, Sequence[int]]) -> set[int]:
        """The members of those blocks that are not too large for this search."""
        known = [key for key in self.numbers if key in blocks]
        found = {member for key in known if len(blocks[key]) <= LARGEST_BLOCK for member in blocks[key]}
        for keys, most in self.others:
            bound = min(most, CONFIRMED_BLOCK) if known else most
            found.update(member for key in keys if len(blocks.get(key, ())) <= bound for member in blocks.get(key, ()))
        return found


async def members_of(tx: AsyncSession, searches: Sequence[Keys]) -> list[set[int]]:
    """For each search, the ids of the members found under one of its keys."""
    bounds: dict[int, int] = {}
    for search in searches:
        for keys, most in ((search.numbers, LARGEST_BLOCK), *search.others):
            for key in keys:
                bounds[key] = max(most, bounds.get(key, 0))
    # One member more than the bound tells a block that is too large; LATERAL stops reading it there. In the order of
    # the index, so that neighbours are read together.
    wanted = sorted(bounds)
    found = await tx.execute(
        text(
            "SELECT wanted.key, block.members FROM unnest(CAST(:keys AS bigint[]), CAST(:most AS int[])) AS wanted(key, most)"
            " CROSS JOIN LATERAL (SELECT array_agg(member_id) AS members FROM (SELECT member_id FROM member_keys"
            " WHERE member_keys.key = wanted.key LIMIT wanted.most) AS few) AS block WHERE block.members IS NOT NULL"
        ),
        {"keys": wanted, "most": [bounds[key] + 1 for key in wanted]},
    )
    blocks: dict[int, list[int]] = dict(found.all())
    return [search.found_in(blocks) for search in searches]


@dataclass(frozen=True, slots=True)
class People:
    """Members as read, and on how many households each phone of theirs that matters stands."""

    rows: dict[int, tuple[Any, ...]]
    shared: dict[str, int]

    def prepared(self) -> dict[int, Registered]:
        """By member's id. Takes a moment for thousands: to be done beside the event loop."""
        return {id_: prepare_person(_individual(row, self.shared)) for id_, row in self.rows.items()}


async def read_people(tx: AsyncSession, members: Iterable[set[int]], phones: Iterable[str]) -> People:
    """The members; `phones` are those of the rows they will be compared with."""
    wanted = sorted(set[int]().union(*members))
    found = await tx.execute(select(Member.id, *_COLUMNS).where(Member.id == func.any(wanted)))
    rows = {id_: tuple(rest) for id_, *rest in found}
    ours = {phone_of(phone) for phone in phones} - {""}
    at = FACTS.index("phones")
    written = {tuple(row[at]) for row in rows.values()}
    met = {phone for theirs in written if any(phone_of(phone) in ours for phone in theirs) for phone in theirs}
    counted = await tx.execute(
        select(HouseholdPhone.phone, func.count())
        .where(HouseholdPhone.phone == func.any(sorted(met)))
        .group_by(HouseholdPhone.phone)
    )
    return People(rows, dict(counted.all()))


async def person_behind(
    tx: AsyncSession, household_id: UUID, individual_id: UUID, phones: Iterable[str]
) -> Registered | None:
    """One individual in one household, if the registry still has them so."""
    member = await tx.scalar(
        select(Member.id).where(Member.household_id == household_id, Member.individual_id == individual_id)
    )
    if member is None:
        return None
    return (await read_people(tx, [{member}], phones)).prepared()[member]


def _individual(row: tuple[Any, ...], shared: dict[str, int]) -> IndividualFacts:
    facts = dict(zip(FACTS, row, strict=True))
    phones = facts["phones"] = tuple(facts["phones"])
    facts["phone_households"] = max((shared.get(phone, 1) for phone in phones), default=1)
    return IndividualFacts(**facts)
