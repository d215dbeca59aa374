"""Whom and what a file brings that the registry has not held before: rows on their way in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.commands.changing import Changing
from services.registry.commands.holdings import Holdings
from services.registry.commands.memberships import NNI_ISSUER
from services.registry.commands.ranking import sources
from services.registry.models import INDIVIDUAL_FACTS, Household, Identifier, Individual, Membership, PastState
from services.registry.models.states import as_json, columns_of
from services.registry.rules.clocks import Origin, Piece, with_survey
from services.registry.rules.households import UNSTATED, HouseholdFile, Member
from services.registry.rules.stays import Stay
from shared.copying import Rows
from shared.ids import new_ids

FIRST_IDS, MOST_IDS = 20, 1_000
"""Made together: as many as one household needs, and ever more for a file of many."""
EMPTY = "{}"
"""JSON, as `Rows` take it."""

CLOCKS = ("id", "number", "version", "true_from", "known_from", "change_id", "source", "source_on", "sources")
HOUSEHOLD_COLUMNS = (
    *CLOCKS, "content_hash", "commune_code", "village", "village_code", "vulnerability_category", "score",
    "formula_version", "scored_on", "surveyed_on", "phones", "questionnaire_version", "answers", "status",
)  # fmt: skip
INDIVIDUAL_COLUMNS = (
    *CLOCKS, "name_fr", "name_ar", "sex", "birth_date", "birth_precision", "disability", "questionnaire_version",
    "answers", "status",
)  # fmt: skip
MEMBERSHIP_COLUMNS = (
    "id", "household_id", "individual_id", "relationship", "from_on", "until_on", "known_from", "change_id",
)  # fmt: skip
IDENTIFIER_COLUMNS = ("id", "individual_id", "type", "value", "issuer", "grade", "known_from", "change_id")


@dataclass(slots=True)
class Newcomer:
    """A person met for the first time; `pieces` where a second household of the same file tells of them, too."""

    id: UUID
    changing: Changing
    member: Member
    origin: Origin
    pieces: list[Piece] = field(default_factory=list)


class Newcomers:
    """What one call brings."""

    def __init__(self) -> None:
        self.people: dict[str, Newcomer] = {}
        """By number."""
        self._ids: list[UUID] = []
        self._ids_at_once = FIRST_IDS
        self._households: list[tuple[Any, ...]] = []
        self._identifiers: dict[tuple[UUID, str], tuple[Any, ...]] = {}
        self._stays: dict[int, tuple[Stay, Changing]] = {}
        """By their place in memory: a stay has no identity of its own until it is stored."""

    def next_id(self) -> UUID:
        if not self._ids:
            self._ids = new_ids(self._ids_at_once)
            self._ids_at_once = min(2 * self._ids_at_once, MOST_IDS)
        return self._ids.pop()

    def household(self, changing: Changing, id_: UUID, one: HouseholdFile, origin: Origin, content_hash: bytes) -> None:
        self._households.append(
            (
                *_clocks(id_, one.number, changing, origin),
                content_hash,
                one.commune_code,
                one.village,
                one.village_code,
                one.vulnerability_category,
                one.score,
                one.formula_version or UNSTATED,
                one.surveyed_on,
                one.surveyed_on,
                _json(list(one.phones or ())),
                one.questionnaire_version,
                _json(one.answers),
                "active",
            )
        )

    def person(self, changing: Changing, member: Member, origin: Origin) -> UUID:
        """The id of a new individual: entered once, however many households the same person heads."""
        known = self.people.get(member.number)
        if known is None:
            known = self.people[member.number] = Newcomer(self.next_id(), changing, member, origin)
        else:
            told = {name: as_json(value) for name, value in member.facts().items()}
            known.pieces = with_survey(known.pieces or [_first_piece(known)], told, origin, origin.on, sources().wins)
        if member.nni and (known.id, member.nni) not in self._identifiers:
            self._identifiers[known.id, member.nni] = (
                self.next_id(), known.id, "NNI", member.nni, NNI_ISSUER, member.grade, changing.at, changing.id,
            )  # fmt: skip
        return known.id

    def keep(self, held: Holdings, changing: Changing, stay: Stay) -> None:
        """A stay that begins with this file."""
        held.keep(stay)
        self._stays[id(stay)] = stay, changing

    def forget(self, stay: Stay) -> None:
        """A stay that this file stated and states otherwise further below: nobody has ever known it."""
        del self._stays[id(stay)]

    def rows(self, tx: AsyncSession) -> list[Rows]:
        """Individuals and households first: memberships refer to them. States that are past already go into the session."""
        people = [_individual_row(one) for one in self.people.values() if not one.pieces]
        for one in self.people.values():
            if one.pieces:
                people.append(_individual_row_of_pieces(one))
                tx.add_all(_past_rows(one))
        memberships = [
            (
                self.next_id(),
                stay.household_id,
                stay.individual_id,
                stay.relationship,
                stay.from_on,
                stay.until_on,
                changing.at,
                changing.id,
            )
            for stay, changing in self._stays.values()
        ]
        return [
            Rows(Household, HOUSEHOLD_COLUMNS, self._households),
            Rows(Individual, INDIVIDUAL_COLUMNS, people),
            Rows(Membership, MEMBERSHIP_COLUMNS, memberships),
            Rows(Identifier, IDENTIFIER_COLUMNS, list(self._identifiers.values())),
        ]


def _json(value: Any) -> str:
    return EMPTY if value is None else orjson.dumps(value).decode()


def _clocks(id_: UUID, number: str, changing: Changing, origin: Origin) -> tuple[Any, ...]:
    change = changing.change
    return (id_, number, 1, origin.on, change.made_at, change.id, origin.source, origin.on, EMPTY)


def _individual_row(one: Newcomer) -> tuple[Any, ...]:
    member = one.member
    return (
        *_clocks(one.id, member.number, one.changing, one.origin),
        member.name_fr,
        member.name_ar,
        member.sex,
        member.birth_date,
        member.birth_precision,
        bool(member.disability),
        member.questionnaire_version,
        _json(member.answers),
        "active",
    )


def _first_piece(one: Newcomer) -> Piece:
    state = dict.fromkeys(INDIVIDUAL_FACTS) | {"disability": False, "answers": {}, "status": "active"}
    told = {name: as_json(value) for name, value in one.member.facts().items()}
    return Piece(one.origin.on, None, state | told, one.origin)


def _individual_row_of_pieces(one: Newcomer) -> tuple[Any, ...]:
    today = one.pieces[-1]
    values = columns_of(Individual, today.state)
    others = {name: [origin.source, origin.on.isoformat()] for name, origin in today.others.items()}
    return (
        one.id, one.member.number, 1, today.true_from, one.changing.at, one.changing.id, today.origin.source,
        today.origin.on, _json(others), *(values[name] for name in INDIVIDUAL_COLUMNS[len(CLOCKS) : -2]),
        _json(values["answers"]), values["status"],
    )  # fmt: skip


def _past_rows(one: Newcomer) -> Sequence[PastState]:
    """The states of the surveys before the newest one."""
    return [
        PastState(
            record_id=one.id,
            known_from=one.changing.at,
            true_from=piece.true_from,
            true_until=piece.true_until,
            kind="individual",
            version=1,
            state=dict(piece.state),
            source=piece.origin.source,
            source_on=piece.origin.on,
            sources={name: [origin.source, origin.on.isoformat()] for name, origin in piece.others.items()},
            change_id=one.changing.id,
        )
        for piece in one.pieces[:-1]
    ]
