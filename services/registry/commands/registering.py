"""Households enter the registry, or change there, as a survey or a file tells them: many at a time.

What is new goes in at once. What is known is compared field by field with what is held, and the better source is believed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.commands.changing import (
    TICK,
    Changing,
    current_piece,
    piece_of_past,
    put_pieces,
)
from services.registry.commands.found_conflicts import FoundConflicts
from services.registry.commands.holdings import Holdings
from services.registry.commands.memberships import NNI_ISSUER, add_identifier
from services.registry.commands.newcomers import Newcomers
from services.registry.commands.ranking import sources
from services.registry.commands.recognizing import number_members
from services.registry.models import Change, Household
from services.registry.models.states import Record, as_json
from services.registry.rules.clocks import Origin, Piece, with_survey
from services.registry.rules.households import (
    DECEASED,
    LEFT_REGISTRY,
    MEMBER_ELSEWHERE,
    MERGED_HOUSEHOLD,
    MERGED_INDIVIDUAL,
    SURVEY_KNOWS_MEMBERS,
    HouseholdFile,
    Member,
    Problem,
    refused_with,
)
from services.registry.rules.stays import Stay, Window, arrival, departures, left_of, window_of
from shared.clock import now
from shared.contracts.registry import HouseholdsRegistered
from shared.copying import Rows, add_rows
from shared.ids import new_id
from shared.outbox import rows_of
from shared.text import Text

CHANGE_COLUMNS = ("id", "kind", "made_at", "made_by", "source", "import_id")
BATCH_HOUSEHOLDS = 100
"""Announced by one event: what a subscriber takes over in one transaction."""


@dataclass
class Registered:
    """What registering some households did."""

    changed: set[str] = field(default_factory=set)
    """The numbers of households that entered or changed, or one of whose members did."""
    ids: dict[str, UUID] = field(default_factory=dict)
    """Of the households that were looked at, by number."""
    problems: list[Problem] = field(default_factory=list)
    accepted: int = 0
    """Lines, like the next two."""
    unchanged: int = 0
    refused: int = 0


@dataclass(slots=True)
class _Arriving:
    """One household of a file on its way in."""

    one: HouseholdFile
    changing: Changing
    origin: Origin
    held: Household | None
    id: UUID
    window: Window | None
    """The days of which its lines say who belongs; None where a better source speaks of them."""
    changed: bool = False
    moved: bool = False
    """Known before, and now in another commune."""


async def register_households(
    tx: AsyncSession,
    households: Sequence[HouseholdFile],
    *,
    by: str,
    import_id: UUID | None = None,
    seen: Callable[[Mapping[str, Household]], None] = lambda _: None,
) -> Registered:
    """Enter or update households with their members, and announce those that changed.

    What is new goes in when the transaction commits, or with `flush_rows`. Their places are told by code. A household already held with the same content is left alone, so that the same file twice announces nothing. Within
    one call the order of households does not matter: who leaves one is free for another, wherever it stands. `seen` is
    shown the households that are held, locked, before anything is written, and may refuse.
    """
    registering = _Registering(tx, by, import_id)
    batches = [registering.begin(batch) for batch in _batches(await registering.meet(households, seen))]
    for batch in batches:
        registering.settle_households(batch)
    for batch in batches:
        registering.admit_members(batch)
    await registering.store()
    return registering.outcome


def _batches(households: Sequence[HouseholdFile]) -> Iterator[Sequence[HouseholdFile]]:
    for start in range(0, len(households), BATCH_HOUSEHOLDS):
        yield households[start : start + BATCH_HOUSEHOLDS]


class _Registering:
    """One call of `register_households`: what is held, what arrives, and the rows to be copied in."""

    def __init__(self, tx: AsyncSession, by: str, import_id: UUID | None) -> None:
        self.tx, self.by, self.import_id = tx, by, import_id
        self.source = sources().source_of(by)
        self.outcome = Registered()
        self._held = Holdings(tx)
        self._new = Newcomers()
        self._conflicts = FoundConflicts(by)
        self._touched: set[UUID] = set()
        """Known individuals of whom these lines brought something new."""
        self._at = now()
        self._changes: list[Change] = []
        self._events: list[HouseholdsRegistered] = []

    async def meet(
        self, households: Sequence[HouseholdFile], seen: Callable[[Mapping[str, Household]], None]
    ) -> list[HouseholdFile]:
        """Lock and read what is held of these households and their members; returns those that tell something else."""
        latest = {one.number: one for one in households}
        await self._held.look(latest, {member.number for one in households for member in one.members})
        await self._held.lock_households(latest)
        seen(self._held.households)
        different = []
        for one in latest.values():
            held = self._held.households.get(one.number)
            if held is not None:
                self.outcome.ids[one.number] = held.id
            if held is None or held.content_hash != one.content_hash():
                different.append(one)
            else:
                self.outcome.unchanged += len(one.members)
        different = await number_members(self.tx, different, self._held.households)
        await self._held.lock_individuals({member.number for one in different for member in one.members})
        await self._held.read_past()
        records: list[Record] = [*self._held.households.values(), *self._held.individuals.values()]
        self._at = max([self._at, *(one.known_from + TICK for one in records)])
        return [one for one in different if self._may_enter(one)]

    def _may_enter(self, one: HouseholdFile) -> bool:
        held = self._held.households.get(one.number)
        if held is None or held.status == "active":
            return True
        code, reason = (
            ("household_merged", MERGED_HOUSEHOLD) if held.status == "merged" else ("household_left", LEFT_REGISTRY)
        )
        self.outcome.refused += len(one.members)
        self.outcome.problems.append(Problem(one.line, "household_number", one.number, "error", code, reason))
        self.outcome.problems += refused_with(one.number, one.line, (member.line for member in one.members))
        return False

    def begin(self, batch: Sequence[HouseholdFile]) -> list[_Arriving]:
        """The change of one batch. Each is known a moment after the one before: a record may be in two of them."""
        latest = Origin(self.source, max(one.surveyed_on for one in batch))
        change = Change(
            id=new_id(), kind="import", made_at=self._at, made_by=self.by, source=self.source, import_id=self.import_id
        )
        changing = Changing(change, latest)
        self._at += TICK
        return [self._arriving(changing, one) for one in batch]

    def _arriving(self, changing: Changing, one: HouseholdFile) -> _Arriving:
        origin, held = Origin(self.source, one.surveyed_on), self._held.households.get(one.number)
        if held is not None:
            return _Arriving(one, changing, origin, held, held.id, None)
        return _Arriving(one, changing, origin, None, self._new.next_id(), Window(one.surveyed_on, None))

    def settle_households(self, batch: Sequence[_Arriving]) -> None:
        """Let known households learn their facts, and end the stays of who has left them."""
        for arriving in batch:
            if arriving.held is not None:
                before = arriving.held.commune_code
                arriving.changed = self._update(arriving.changing, arriving.held, arriving.one.facts(), arriving.origin)
                arriving.moved = arriving.held.commune_code != before
                arriving.window = window_of(self._pieces(arriving.held), arriving.one.surveyed_on)
                self._let_go(arriving)

    def _let_go(self, arriving: _Arriving) -> None:
        if arriving.window is None:
            return
        listed = {
            known.id: member.relationship
            for member in arriving.one.members
            if (known := self._held.individuals.get(member.number)) is not None
        }
        stays = self._held.of_household[arriving.id]
        for stay in departures(stays, arriving.window, listed, arriving.one.whole):
            self._withdraw(arriving.changing, stay)
            for rest in left_of(stay, arriving.window):
                self._new.keep(self._held, arriving.changing, rest)
            arriving.changed = True

    def _withdraw(self, changing: Changing, stay: Stay) -> None:
        """A stay is no longer believed as it was stated."""
        self._held.drop(stay)
        if stay.row is not None:
            stay.row.known_until, stay.row.ended_by = changing.at, changing.id
        else:
            self._new.forget(stay)

    def admit_members(self, batch: Sequence[_Arriving]) -> None:
        """Let members in, new households with them, and announce the batch."""
        changed = [arriving.one for arriving in batch if self._admit(arriving)]
        if not changed:
            return
        self._changes.append(batch[0].changing.change)
        self.outcome.changed |= {one.number for one in changed}
        members = {member.number for one in changed for member in one.members}
        self._events.append(
            HouseholdsRegistered(
                batch_id=batch[0].changing.id,
                households=len(changed),
                individuals=len(members),
                moved=tuple(sorted(arriving.id for arriving in batch if arriving.moved)),
            )
        )

    def _admit(self, arriving: _Arriving) -> bool:
        """One household with the members that may belong to it; whether anything changed."""
        one, held = arriving.one, arriving.held
        members = [member for member in one.members if self._may_belong(arriving, member)]
        if held is None and members:
            content_hash = b"" if len(members) < len(one.members) else one.content_hash()
            self._new.household(arriving.changing, arriving.id, one, arriving.origin, content_hash)
            self.outcome.ids[one.number] = arriving.id
            arriving.changed = True
        for member in members:
            self._admit_one(arriving, member)
        refused = len(one.members) - len(members)
        self.outcome.refused += refused
        if arriving.changed:
            self.outcome.accepted += len(members)
        else:
            self.outcome.unchanged += len(members)
        if held is not None:
            self._note_version(arriving, held, refused)
        return arriving.changed

    def _admit_one(self, arriving: _Arriving, member: Member) -> None:
        person = self._person(arriving.changing, member, arriving.origin)
        arriving.changed |= person in self._touched
        new = Stay(arriving.id, arriving.one.number, person, member.relationship, arriving.one.surveyed_on)
        if arriving.held is None:
            self._new.keep(self._held, arriving.changing, new)
            return
        if arriving.window is None or self._stays(arriving, person):
            return
        own = [stay for stay in self._held.of_individual[person] if stay.household_id == arriving.id]
        begun, taken_in = arrival(own, arriving.window, new)
        if taken_in is not None:
            self._withdraw(arriving.changing, taken_in)
        self._new.keep(self._held, arriving.changing, begun)
        arriving.changed = True

    def _stays(self, arriving: _Arriving, person: UUID) -> bool:
        day = arriving.one.surveyed_on
        return any(
            stay.household_id == arriving.id and stay.holds_on(day) for stay in self._held.of_individual.get(person, ())
        )

    def _note_version(self, arriving: _Arriving, held: Household, refused: int) -> None:
        """A new version where only members changed; and what the file said, unless it must be looked at again."""
        before = held.content_hash
        if arriving.changed and held.change_id != arriving.changing.id:
            self._put(arriving.changing, held, self._pieces(held))
        if refused or arriving.window is None:
            held.content_hash = b""
        else:
            held.content_hash = arriving.one.content_hash() if arriving.one.whole else before

    def _may_belong(self, arriving: _Arriving, member: Member) -> bool:
        known = self._held.individuals.get(member.number)
        if known is None and member.number not in self._new.people:
            return arriving.window is not None or self._refuse_addition(member)
        if known is not None and known.status == "deceased":
            return self._refuse(member, "individual_deceased", DECEASED.format(on=known.died_on))
        if known is not None and known.status == "merged":
            return self._refuse(member, "individual_merged", MERGED_INDIVIDUAL)
        person = known.id if known is not None else self._new.people[member.number].id
        if arriving.window is None:
            return self._stays(arriving, person) or self._refuse_addition(member)
        for stay in self._held.of_individual[person]:
            # A man may head two households; anyone else belongs to one.
            heads = stay.relationship == member.relationship == "head"
            if stay.household_id != arriving.id and not heads and stay.meets(*arriving.window):
                reason = MEMBER_ELSEWHERE.format(household=stay.household_number)
                return self._refuse(member, "member_elsewhere", reason)
        return True

    def _refuse_addition(self, member: Member) -> bool:
        return self._refuse(member, "members_known_better", SURVEY_KNOWS_MEMBERS)

    def _refuse(self, member: Member, code: str, reason: Text) -> bool:
        self.outcome.problems.append(Problem(member.line, "individual_number", member.number, "error", code, reason))
        return False

    def _person(self, changing: Changing, member: Member, origin: Origin) -> UUID:
        """The id of a member: entered, or brought up to date."""
        known = self._held.individuals.get(member.number)
        if known is None:
            return self._new.person(changing, member, origin)
        changed = self._update(changing, known, member.facts(), origin)
        if member.nni and (known.id, member.nni) not in self._held.nnis:
            self._held.nnis.add((known.id, member.nni))
            add_identifier(
                self.tx, changing, known.id, type_="NNI", value=member.nni, issuer=NNI_ISSUER, grade=member.grade
            )
            if not changed:
                self._put(changing, known, self._pieces(known))
            changed = True
        if changed:
            self._touched.add(known.id)
        return known.id

    def _pieces(self, held: Record) -> list[Piece]:
        return [*map(piece_of_past, self._held.past[held.id]), current_piece(held)]

    def _update(self, changing: Changing, held: Record, facts: Mapping[str, Any], origin: Origin) -> bool:
        """Let a known record learn what the survey says, where the survey is believed; whether anything changed."""
        told = {name: as_json(value) for name, value in facts.items()}
        before = self._pieces(held)
        pieces = with_survey(before, told, origin, origin.on, sources().wins)
        self._conflicts.note(held, told, origin, pieces, changing.at)
        if pieces == before:
            return False
        self._put(changing, held, pieces)
        return True

    def _put(self, changing: Changing, held: Record, pieces: Sequence[Piece]) -> None:
        self._held.past[held.id] = put_pieces(self.tx, changing, held, self._held.past[held.id], pieces)

    async def store(self) -> None:
        """What is new goes in with the commit, when what ended is marked so; memberships refer to the rows before them."""
        changes = [tuple(getattr(one, name) for name in CHANGE_COLUMNS) for one in self._changes]
        new = self._new.rows(self.tx)
        add_rows(self.tx, Rows(Change, CHANGE_COLUMNS, changes), *new, rows_of(self._events))
        await self._conflicts.store(self.tx)
