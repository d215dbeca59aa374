"""Households enter the registry, or change there, as a survey or a file tells them: many at a time.

What is new goes in by COPY. What is known is compared field by field with what is held, and the better source is believed.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.commands.changing import (
    TICK,
    Changing,
    begin_change,
    believed_past,
    current_piece,
    keep_pieces,
    piece_of_past,
    touch,
)
from services.registry.commands.memberships import add_identifier, end_membership
from services.registry.commands.ranking import sources
from services.registry.models import Conflict, Household, Identifier, Individual, Membership
from services.registry.models.states import Record, as_json, kind_of
from services.registry.rules.clocks import Origin, Piece, with_survey
from services.registry.rules.households import (
    DECEASED,
    LEFT_REGISTRY,
    MEMBER_ELSEWHERE,
    MERGED_HOUSEHOLD,
    HouseholdFile,
    Member,
    Problem,
)
from shared.clock import now
from shared.contracts.registry import ConflictsFound, HouseholdsRegistered
from shared.copying import copy_rows
from shared.ids import new_id
from shared.outbox import record as announce

BATCH_HOUSEHOLDS = 100
"""Announced by one event: what a subscriber takes over in one transaction."""
NNI_ISSUER = "ANRPTS"

HOUSEHOLD_COLUMNS = (
    "id", "number", "version", "true_from", "known_from", "change_id", "source", "source_on", "sources", "content_hash",
    "commune_code", "village", "vulnerability_category", "score", "formula_version", "scored_on", "surveyed_on",
    "phones", "questionnaire_version", "answers", "status",
)  # fmt: skip
INDIVIDUAL_COLUMNS = (
    "id", "number", "version", "true_from", "known_from", "change_id", "source", "source_on", "sources",
    "name_fr", "name_ar", "sex", "birth_date", "birth_precision", "disability", "questionnaire_version", "answers",
    "status",
)  # fmt: skip
MEMBERSHIP_COLUMNS = ("id", "household_id", "individual_id", "relationship", "from_on", "known_from", "change_id")
IDENTIFIER_COLUMNS = ("id", "individual_id", "type", "value", "issuer", "grade", "known_from", "change_id")


@dataclass
class Registered:
    """What registering some households did."""

    changed: set[str] = field(default_factory=set)
    """The numbers of households that entered or changed, or one of whose members did."""
    problems: list[Problem] = field(default_factory=list)
    accepted: int = 0
    """Lines, like the next two."""
    unchanged: int = 0
    refused: int = 0


async def register_households(
    tx: AsyncSession, households: Sequence[HouseholdFile], *, by: str, import_id: UUID | None = None
) -> Registered:
    """Enter or update households with their members, and announce those that changed.

    A household already held with the same content is left alone, so that the same file twice announces nothing.
    """
    latest = {one.number: one for one in households}
    entering = _Entering(tx, by, sources().source_of(by), import_id)
    await entering.meet(list(latest.values()))
    for batch in _batches(entering.different):
        await entering.register(batch)
    await entering.store()
    return entering.outcome


def _batches(households: Sequence[HouseholdFile]) -> Iterator[Sequence[HouseholdFile]]:
    for start in range(0, len(households), BATCH_HOUSEHOLDS):
        yield households[start : start + BATCH_HOUSEHOLDS]


class _Entering:
    """One call of `register_households`: what is held of these households, and the rows to be copied in."""

    def __init__(self, tx: AsyncSession, by: str, source: str, import_id: UUID | None) -> None:
        self.tx, self.by, self.source, self.import_id = tx, by, source, import_id
        self.outcome = Registered()
        self.different: list[HouseholdFile] = []
        self._households: dict[str, Household] = {}
        self._individuals: dict[str, Individual] = {}
        self._past: dict[UUID, list[Piece]] = defaultdict(list)
        self._memberships: dict[UUID, dict[UUID, Membership]] = defaultdict(dict)
        """Open memberships, as held, by household and individual."""
        self._standing: dict[UUID, dict[str, bool]] = defaultdict(dict)
        """Where an individual stands: the numbers of the households, and whether as their head."""
        self._nnis: set[tuple[UUID, str]] = set()
        self._new: dict[str, UUID] = {}
        """Individuals that these rows bring, by number."""
        self._touched: set[UUID] = set()
        """Known individuals of whom these rows brought something new."""
        self._conflicts: dict[tuple[UUID, str], dict[str, Any]] = {}
        self._conflict_batch = new_id()
        self._rows: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self._at = now()

    async def meet(self, households: Sequence[HouseholdFile]) -> None:
        """Lock and read what is held of these households and their members."""
        self._households = await self._held(Household, [one.number for one in households])
        for one in households:
            held = self._households.get(one.number)
            if held is None or held.content_hash != one.content_hash():
                self.different.append(one)
            else:
                self.outcome.unchanged += len(one.members)
        numbers = {member.number for one in self.different for member in one.members}
        self._individuals = await self._held(Individual, sorted(numbers))
        records: list[Record] = [*self._households.values(), *self._individuals.values()]
        if not records:
            return
        self._at = max([self._at, *(one.known_from + TICK for one in records)])
        for past in await believed_past(self.tx, [one.id for one in records]):
            self._past[past.record_id].append(piece_of_past(past))
        individual_ids = [one.id for one in self._individuals.values()]
        household_ids = [one.id for one in self._households.values()]
        open_rows = select(Membership).where(Membership.until_on.is_(None), Membership.known_until.is_(None))
        for about in (Membership.household_id.in_(household_ids), Membership.individual_id.in_(individual_ids)):
            met = open_rows.where(about).join(Household).add_columns(Household.number)
            for row, number in await self.tx.execute(met):
                self._memberships[row.household_id][row.individual_id] = row
                self._standing[row.individual_id][number] = row.relationship == "head"
        nnis = select(Identifier.individual_id, Identifier.value).where(
            Identifier.individual_id.in_(individual_ids), Identifier.type == "NNI", Identifier.known_until.is_(None)
        )
        self._nnis = {(id_, value) for id_, value in await self.tx.execute(nnis)}

    async def _held(self, table: Any, numbers: Sequence[str]) -> dict[str, Any]:
        if not numbers:
            return {}
        rows = select(table).where(table.number.in_(numbers)).order_by(table.id).with_for_update()
        return {row.number: row for row in await self.tx.scalars(rows.execution_options(populate_existing=True))}

    async def register(self, batch: Sequence[HouseholdFile]) -> None:
        """One batch: its change, its records and its event."""
        allowed = [one for one in batch if self._may_enter(one)]
        if not allowed:
            return
        origin = Origin(self.source, max(one.surveyed_on for one in allowed))
        changing = begin_change(self.tx, "import", [], by=self.by, origin=origin, import_id=self.import_id)
        changing.change.made_at = self._at
        changed = [one for one in allowed if await self._take(changing, one)]
        if changed:
            self.outcome.changed |= {one.number for one in changed}
            members = {member.number for one in changed for member in one.members}
            announce(
                self.tx,
                HouseholdsRegistered(batch_id=changing.id, households=len(changed), individuals=len(members)),
            )
        else:
            self.tx.expunge(changing.change)

    def _may_enter(self, one: HouseholdFile) -> bool:
        held = self._households.get(one.number)
        if held is None or held.status == "active":
            return True
        code, reason = (
            ("household_merged", MERGED_HOUSEHOLD) if held.status == "merged" else ("household_left", LEFT_REGISTRY)
        )
        self.outcome.refused += len(one.members)
        self.outcome.problems.append(
            Problem(one.members[0].line, "household_number", one.number, "error", code, reason)
        )
        return False

    async def _take(self, changing: Changing, one: HouseholdFile) -> bool:
        """Register one household with the members that may belong to it; whether anything changed."""
        members = [member for member in one.members if self._may_belong(one, member)]
        changed = bool(members) and await self._register_household(changing, one, members)
        self.outcome.refused += len(one.members) - len(members)
        if changed:
            self.outcome.accepted += len(members)
        else:
            self.outcome.unchanged += len(members)
        return changed

    async def _register_household(self, changing: Changing, one: HouseholdFile, members: Sequence[Member]) -> bool:
        origin = Origin(self.source, one.surveyed_on)
        held = self._households.get(one.number)
        if held is None:
            household_id = self._enter_household(changing, one, origin)
            for member in members:
                self._begin(changing, household_id, one, member, await self._person(changing, member, origin))
            return True
        is_newest = one.surveyed_on >= held.surveyed_on  # an older survey says nothing of who belongs today
        people = {await self._person(changing, member, origin): member for member in members}
        differs = any(id_ in self._touched for id_ in people)
        differs |= await self._update(changing, held, one.facts(), origin)
        if is_newest:
            differs |= await self._settle_members(changing, held, one, people)
        if differs and held.change_id != changing.id:
            await touch(self.tx, changing, held)
        held.content_hash = one.content_hash()
        return differs

    async def _person(self, changing: Changing, member: Member, origin: Origin) -> UUID:
        """The id of a member: entered, or brought up to date."""
        known = self._individuals.get(member.number)
        if known is None:
            return self._enter_individual(changing, member, origin)
        changed = await self._update(changing, known, member.facts(), origin)
        if self._has_new_nni(known.id, member):
            add_identifier(
                self.tx, changing, known.id, type_="NNI", value=member.nni or "", issuer=NNI_ISSUER, grade=member.grade
            )
            if not changed:
                await touch(self.tx, changing, known)
            changed = True
        if changed:
            self._touched.add(known.id)
        return known.id

    def _has_new_nni(self, individual_id: UUID, member: Member) -> bool:
        return bool(member.nni) and (individual_id, member.nni) not in self._nnis

    def _may_belong(self, one: HouseholdFile, member: Member) -> bool:
        known = self._individuals.get(member.number)
        if known is not None and known.status == "deceased":
            self._refuse(member, "individual_deceased", DECEASED.format(on=known.died_on))
            return False
        id_ = known.id if known is not None else self._new.get(member.number)
        if id_ is None:
            return True
        for number, is_head in self._standing[id_].items():
            # A man may head two households; anyone else belongs to one.
            if number != one.number and not (is_head and member.relationship == "head"):
                self._refuse(member, "member_elsewhere", MEMBER_ELSEWHERE.format(household=number))
                return False
        return True

    def _refuse(self, member: Member, code: str, reason: Any) -> None:
        self.outcome.problems.append(Problem(member.line, "individual_number", member.number, "error", code, reason))

    def _enter_household(self, changing: Changing, one: HouseholdFile, origin: Origin) -> UUID:
        id_ = new_id()
        self._rows["households"].append(
            (
                id_,
                one.number,
                1,
                origin.on,
                changing.at,
                changing.id,
                origin.source,
                origin.on,
                {},
                one.content_hash(),
                one.commune_code,
                one.village,
                one.vulnerability_category,
                one.score,
                one.formula_version,
                one.surveyed_on,
                one.surveyed_on,
                list(one.phones),
                one.questionnaire_version,
                dict(one.answers),
                "active",
            )
        )
        return id_

    def _enter_individual(self, changing: Changing, member: Member, origin: Origin) -> UUID:
        """The id of a new individual: entered once, however many households the same person heads."""
        known = self._new.get(member.number)
        if known is not None:
            return known
        id_ = self._new[member.number] = new_id()
        self._rows["individuals"].append(
            (
                id_,
                member.number,
                1,
                origin.on,
                changing.at,
                changing.id,
                origin.source,
                origin.on,
                {},
                member.name_fr,
                member.name_ar,
                member.sex,
                member.birth_date,
                member.birth_precision,
                member.disability,
                member.questionnaire_version,
                dict(member.answers),
                "active",
            )
        )
        if member.nni:
            self._rows["identifiers"].append(
                (new_id(), id_, "NNI", member.nni, NNI_ISSUER, member.grade, changing.at, changing.id)
            )
        return id_

    def _begin(self, changing: Changing, household_id: UUID, one: HouseholdFile, member: Member, id_: UUID) -> None:
        self._standing[id_][one.number] = member.relationship == "head"
        self._rows["memberships"].append(
            (new_id(), household_id, id_, member.relationship, one.surveyed_on, changing.at, changing.id)
        )

    async def _update(self, changing: Changing, held: Record, facts: Mapping[str, Any], origin: Origin) -> bool:
        """Let a known record learn what the survey says, where the survey is believed; whether anything changed."""
        told = {name: as_json(value) for name, value in facts.items()}
        before = [*self._past[held.id], current_piece(held)]
        pieces = with_survey(before, told, origin, origin.on, sources().wins)
        self._note_conflicts(held, told, origin, pieces[-1])
        if [(one.true_from, one.state) for one in pieces] == [(one.true_from, one.state) for one in before]:
            return False
        await keep_pieces(self.tx, changing, held, pieces)
        self._past[held.id] = list(pieces[:-1])
        return True

    def _note_conflicts(self, held: Record, told: Mapping[str, Any], origin: Origin, now_held: Piece) -> None:
        for name, value in told.items():
            believed = now_held.origin_of(name)
            if now_held.state.get(name) == value or believed.source == origin.source:
                continue
            self._conflicts[held.id, name] = {
                "id": new_id(),
                "record_id": held.id,
                "kind": kind_of(held),
                "field": name,
                "held_value": now_held.state.get(name),
                "held_source": believed.source,
                "held_on": believed.on,
                "offered_value": value,
                "offered_source": origin.source,
                "offered_on": origin.on,
                "offered_by": self.by,
                "batch_id": self._conflict_batch,
                "found_at": self._at,
            }

    async def _settle_members(
        self, changing: Changing, held: Household, one: HouseholdFile, wanted: Mapping[UUID, Member]
    ) -> bool:
        """End the memberships the household no longer has, begin those that are new."""
        current = self._memberships[held.id]
        differs = False
        for id_, row in list(current.items()):
            member = wanted.get(id_)
            if member is None or member.relationship != row.relationship:
                await end_membership(self.tx, changing, row, max(one.surveyed_on, row.from_on))
                del current[id_]
                self._standing[id_].pop(one.number, None)
                differs = True
        for id_, member in wanted.items():
            if id_ not in current:
                self._begin(changing, held.id, one, member, id_)
                differs = True
        return differs

    async def store(self) -> None:
        """Copy in what is new. Individuals and households first: memberships refer to them."""
        await self.tx.flush()
        await copy_rows(self.tx, "households", HOUSEHOLD_COLUMNS, self._rows["households"])
        await copy_rows(self.tx, "individuals", INDIVIDUAL_COLUMNS, self._rows["individuals"])
        await copy_rows(self.tx, "memberships", MEMBERSHIP_COLUMNS, self._rows["memberships"])
        await copy_rows(self.tx, "identifiers", IDENTIFIER_COLUMNS, self._rows["identifiers"])
        if self._conflicts:
            statement = upsert(Conflict)
            newest = ("held_value", "offered_value", "offered_on", "offered_by", "batch_id", "found_at")
            await self.tx.execute(
                statement.on_conflict_do_update(
                    index_elements=["record_id", "field", "offered_source"],
                    index_where=Conflict.settled_at.is_(None),
                    set_={name: statement.excluded[name] for name in newest},
                ),
                list(self._conflicts.values()),
            )
            announce(self.tx, ConflictsFound(batch_id=self._conflict_batch, conflicts=len(self._conflicts)))
