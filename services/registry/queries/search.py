"""Search: individuals by their numbers and names, households by theirs and by phone; best first, never unbounded."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Text, cast, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.errors.search import PlaceNotRecognized
from services.registry.models import Change, Household, Identifier, Individual
from services.registry.queries.candidates import Narrowing, Person, candidates, common, index_only, people_by_id
from services.registry.queries.name_words import NameWords
from services.registry.queries.search_places import codes_within
from services.registry.rules.asking import Asked, nni_slips, slips_of
from services.registry.rules.found import LEAST_NAME, SURE_NAME, Judged, Reason, judge, name_likeness, turned_likeness
from services.registry.rules.looks import Look, in_part, together, whole, with_absent, with_slips
from services.registry.rules.names import Parts, parts_of, place_keys, sex_key, year_key
from shared.names import Name, in_given_order

MOST_BY_NUMBER = 60
"""Individuals or households of one number: more share it only where it is an agent's phone."""
PHONE_PREFIX = "+222"


class Home(NamedTuple):
    """A household as a find shows it; `individual_id` and `relationship` where it is an individual's."""

    individual_id: UUID | None
    relationship: str | None
    id: UUID
    number: str
    status: str
    merged_into: UUID | None
    commune_code: str
    village: str | None
    village_code: str | None
    commune_fr: str
    commune_ar: str | None
    head_name_fr: str | None
    head_name_ar: str | None


@dataclass(frozen=True, slots=True)
class Find:
    """An individual with their households, or a household alone."""

    judged: Judged
    person: Person | None
    homes: tuple[Home, ...]


@dataclass(frozen=True, slots=True)
class Finds:
    finds: list[Find]
    more: bool


async def search(tx: AsyncSession, words: NameWords, asked: Asked, limit: int, *, slips: bool = True) -> Finds:
    """What answers `asked`, best first. Without `slips`, numbers must be right."""
    await index_only(tx)
    places: frozenset[str] = frozenset()
    if asked.place:
        places = await codes_within(tx, asked.place)
        if not places:
            raise PlaceNotRecognized(pointer="/place")
    searching = _Searching(tx, words, asked, places)
    if asked.has_number:
        found = await searching.by_number(slips=slips)
        if found or not asked.name:
            return await searching.finds(found, limit, more=len(found) >= MOST_BY_NUMBER)
    return await searching.by_name(limit)


class _Searching:
    """One search under way."""

    def __init__(self, tx: AsyncSession, words: NameWords, asked: Asked, places: frozenset[str]) -> None:
        self.tx, self.words, self.asked, self.places = tx, words, asked, places
        self.name = asked.parsed_name

    # -- numbers ------------------------------------------------------------------------------------------------

    async def by_number(self, *, slips: bool) -> list[Find]:
        """Those who have the number; with `slips`, where nobody has it, those whose number is one slip away."""
        asked = self.asked
        found = await self._holders(
            "same_number", asked.nni, [asked.nni], asked.identifier, asked.individual_number
        ) + await self._households("same_number", asked.phones, asked.household_number)
        if found or not slips:
            return found
        near_nnis = nni_slips(asked.nni) if asked.nni else ()
        near_phones = [
            PHONE_PREFIX + one for phone in asked.phones[:1] for one in slips_of(phone.removeprefix(PHONE_PREFIX))
        ]
        return await self._holders("number_one_slip", asked.nni, near_nnis, None, None) + await self._households(
            "number_one_slip", near_phones, None
        )

    async def _holders(
        self,
        how: str,
        nni: str | None,
        nnis: Sequence[str | None],
        identifier: str | None,
        number: str | None,
    ) -> list[Find]:
        ids: dict[UUID, str] = {}
        believed = select(Identifier.individual_id).where(Identifier.known_until.is_(None)).limit(MOST_BY_NUMBER)
        for field, given, rows in (
            ("nni", nni, believed.where(Identifier.type == "NNI", Identifier.value.in_(nnis))),
            ("identifier", identifier, believed.where(Identifier.type != "NNI", Identifier.value == identifier)),
            ("individual_number", number, select(Individual.id).where(Individual.number == number)),
        ):
            if given:
                for id_ in await self.tx.scalars(rows):
                    ids.setdefault(id_, field)
        people = await people_by_id(self.tx, ids) if ids else {}
        return [self._find(person, number=Reason(ids[id_], how)) for id_, person in people.items()]

    async def _households(self, how: str, phones: Sequence[str], number: str | None) -> list[Find]:
        found: dict[UUID, Reason] = {}
        some = select(Household.id).limit(MOST_BY_NUMBER)
        for field, given, rows in (
            ("household_number", number, some.where(Household.number == number)),
            ("phone", phones, some.where(Household.phones.has_any(cast(list(phones), ARRAY(Text))))),
        ):
            if given:
                for id_ in await self.tx.scalars(rows):
                    found.setdefault(id_, Reason(field, how))
        homes = await homes_by_id(self.tx, found)
        if not self.name.tokens:
            return [Find(judge(number=found[home.id]), None, (home,)) for home in homes]
        return await self._members_named(found)

    async def _members_named(self, households: dict[UUID, Reason]) -> list[Find]:
        """Of each household the member whose name is most like the one asked."""
        members = text(
            "SELECT household_id, individual_id FROM memberships"
            " WHERE household_id = ANY(:ids) AND until_on IS NULL AND known_until IS NULL"
        )
        rows = (await self.tx.execute(members, {"ids": list(households)})).all()
        people = await people_by_id(self.tx, [row[1] for row in rows])
        best: dict[UUID, Find] = {}
        for household_id, individual_id in rows:
            if individual_id in people:
                find = self._find(people[individual_id], number=households[household_id])
                if household_id not in best or find.judged.score > best[household_id].judged.score:
                    best[household_id] = find
        return list(best.values())

    # -- names --------------------------------------------------------------------------------------------------

    async def by_name(self, limit: int) -> Finds:
        parts = parts_of(self.name)
        if not parts:
            return Finds([], more=False)
        found, more = await self._named(parts, self._narrowing(with_place=True), limit)
        if not found and self.places:
            found, more = await self._named(parts, self._narrowing(with_place=False), limit)
        return await self.finds(list(found.values()), limit, more=more)

    async def _named(self, parts: Parts, narrowing: Narrowing, limit: int) -> tuple[dict[UUID, Find], bool]:
        """Individuals of this name; looked for under ever more other spellings until enough of them are surely meant."""
        judging, cut = _JudgingNames(self.name, limit + 1), False
        for step, enough in (
            (self._whole, limit),
            (self._together, 1),
            (self._with_absent, 1),
            (self._with_slips, 1),
            (self._in_part, 1),
        ):
            people, more = await step(parts, narrowing)
            cut |= more
            judging.judge(people)
            if judging.sure >= enough:
                break
            if step == self._together and not judging.likeness:
                judging.judge(people, turned=True)
        return {id_: self._find(person, likeness=likeness) for id_, (person, likeness) in judging.likeness.items()}, cut

    async def _whole(self, parts: Parts, narrowing: Narrowing) -> tuple[list[Person], bool]:
        return await candidates(self.tx, whole(parts), narrowing)

    async def _together(self, parts: Parts, narrowing: Narrowing) -> tuple[list[Person], bool]:
        if len(parts) == 1 and not narrowing:
            people, cut = await common(self.tx, together(parts)[0])
            if cut:
                return people, cut
        return await candidates(self.tx, together(parts), narrowing)

    async def _with_absent(self, parts: Parts, narrowing: Narrowing) -> tuple[list[Person], bool]:
        return await candidates(self.tx, with_absent(parts, narrowed=bool(narrowing)), narrowing)

    async def _with_slips(self, parts: Parts, narrowing: Narrowing) -> tuple[list[Person], bool]:
        tokens = in_given_order(self.name).tokens[: len(parts)]
        return await self._uncrowded(with_slips(parts, [self.words.near(token) for token in tokens]), narrowing)

    async def _in_part(self, parts: Parts, narrowing: Narrowing) -> tuple[list[Person], bool]:
        return await self._uncrowded(in_part(parts, narrowed=bool(narrowing)), narrowing)

    async def _uncrowded(self, looks: list[Look], narrowing: Narrowing) -> tuple[list[Person], bool]:
        rare = self.words.crowds.uncrowded(looks, narrowing.one_of_each)
        people, cut = await candidates(self.tx, rare, narrowing)
        return people, cut or rare != looks

    def _narrowing(self, *, with_place: bool) -> Narrowing:
        asked, sets = self.asked, []
        if with_place and self.places:
            sets.append(place_keys(self.places))
        if asked.birth_year is not None:
            around = range(asked.birth_year - asked.years_around, asked.birth_year + asked.years_around + 1)
            sets.append(frozenset(map(year_key, around)))
        if asked.sex:
            sets.append(frozenset({sex_key(asked.sex)}))
        return Narrowing(tuple(sets))

    # -- judging and showing ------------------------------------------------------------------------------------

    def _find(self, person: Person, *, number: Reason | None = None, likeness: float | None = None) -> Find:
        if likeness is None and self.name.tokens:
            likeness = name_likeness(self.name, (person.name_fr, person.name_ar))
        years_off = abs(person.birth_date.year - self.asked.birth_year) if self.asked.birth_year else None
        return Find(judge(number=number, name=likeness, years_off=years_off), person, ())

    async def finds(self, found: Sequence[Find], limit: int, *, more: bool) -> Finds:
        """The best of them with their households, and whether there are more."""
        best = sorted(found, key=_rank)[:limit]
        homes = await homes_of(self.tx, [find.person.id for find in best if find.person is not None])
        shown = [
            replace(find, homes=tuple(homes.get(find.person.id, ()))) if find.person is not None else find
            for find in best
        ]
        if self.asked.place:
            shown = sorted((self._placed(find) for find in shown), key=_rank)
        return Finds(shown, more or len(found) > limit)

    def _placed(self, find: Find) -> Find:
        """The find judged by its place, too."""
        inside = any({home.commune_code, home.village_code} & self.places for home in find.homes)
        placed = judge(in_place=inside)
        judged = Judged(round(find.judged.score * placed.score, 3), find.judged.reasons + placed.reasons)
        return replace(find, judged=judged)


class _JudgingNames:
    """Compares names of candidates with the one asked. What cannot come among the best is not compared to the end."""

    def __init__(self, name: Name, limit: int) -> None:
        self.name, self.limit = name, limit
        self.likeness: dict[UUID, tuple[Person, float]] = {}
        self.sure = 0
        """Candidates whose name is surely meant."""
        self._best: list[float] = []
        self._known: dict[tuple[str | None, str | None], float] = {}
        """Namesakes are compared once."""

    def judge(self, people: Iterable[Person], *, turned: bool = False) -> None:
        for person in people:
            if person.id in self.likeness:
                continue
            likeness = self._likeness((person.name_fr, person.name_ar), turned=turned)
            if likeness >= LEAST_NAME:
                self.likeness[person.id] = person, likeness
                self.sure += likeness >= SURE_NAME
                heappush(self._best, likeness)
                if len(self._best) > self.limit:
                    heappop(self._best)

    def _likeness(self, names: tuple[str | None, str | None], *, turned: bool) -> float:
        if turned:
            return turned_likeness(self.name, names)
        known = self._known.get(names)
        if known is None:
            least = self._best[0] if len(self._best) == self.limit else LEAST_NAME
            known = self._known[names] = name_likeness(self.name, names, max(least, LEAST_NAME))
        return known


def _rank(find: Find) -> tuple[Any, ...]:
    """Best first; of equals the living first, then in the order of their numbers, so that the answer is always the same."""
    if find.person is not None:
        return (-find.judged.score, find.person.status != "active", find.person.number)
    return (-find.judged.score, find.homes[0].status != "active", find.homes[0].number)


_HOME = """
    h.id, h.number, h.status, h.merged_into, h.commune_code, h.village, h.village_code, p.name_fr, p.name_ar, head.name_fr, head.name_ar
    FROM households h JOIN places p ON p.code = h.commune_code
    LEFT JOIN LATERAL (
        SELECT i.name_fr, i.name_ar FROM memberships m JOIN individuals i ON i.id = m.individual_id
        WHERE m.household_id = h.id AND m.relationship = 'head' AND m.until_on IS NULL AND m.known_until IS NULL
        LIMIT 1
    ) head ON true
"""


async def homes_of(tx: AsyncSession, individual_ids: Iterable[UUID]) -> dict[UUID, list[Home]]:
    """The households individuals belong to today."""
    ids = list(individual_ids)
    if not ids:
        return {}
    statement = text(
        "SELECT mine.individual_id, mine.relationship, "
        + _HOME
        + " JOIN memberships mine ON mine.household_id = h.id AND mine.individual_id = ANY(:ids)"
        " AND mine.until_on IS NULL AND mine.known_until IS NULL ORDER BY h.number"
    )
    found: dict[UUID, list[Home]] = {}
    for row in await tx.execute(statement, {"ids": ids}):
        found.setdefault(row[0], []).append(Home(*row))
    return found


async def homes_by_id(tx: AsyncSession, ids: Iterable[UUID]) -> list[Home]:
    statement = text("SELECT NULL, NULL, " + _HOME + " WHERE h.id = ANY(:ids) ORDER BY h.number")
    return [Home(*row) for row in await tx.execute(statement, {"ids": list(ids)})]


async def is_catching_up(tx: AsyncSession) -> bool:
    """Whether there are changes whose names the index does not know yet."""
    return bool(await tx.scalar(select(select(Change.id).where(~Change.searchable).limit(1).exists())))
