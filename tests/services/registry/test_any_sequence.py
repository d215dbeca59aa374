"""Any sequence of commands gives, for any day and any moment, the answers of a naive model.

The model keeps what it was told in lists and copies all of it after every command; the registry keeps pieces of belief.
"""

import asyncio
import copy
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from pydantic import PostgresDsn
from sqlalchemy import select

from running import fresh_database
from servers import RunningServers
from services.registry.commands.acting import Acting
from services.registry.commands.applying import apply
from services.registry.commands.registering import register_households
from services.registry.commands.requests import PROPOSALS
from services.registry.models import Household, Individual, Place
from services.registry.queries.households import household
from services.registry.queries.moments import Moment
from services.registry.rules.households import HouseholdFile, Member
from services.registry.settings import RegistrySettings
from shared.database import Database
from shared.errors import NotFound, Refusal

START = date(2026, 1, 1)
COMMUNES = ("MR011-C01", "MR011-C02", "MR012-C01")
NUMBERS = ("MR0110000001", "MR0110000002")
DAYS = [START + timedelta(days=n) for n in (-1, 0, 4, 9, 10, 15, 22, 28, 33)]

Commands = list[tuple[str, int, int, int, int]]
"""Kind, day, which household, which person, which value; the runner makes a proposal of it."""
KINDS = (
    "move",
    "correct",
    "correct_for_a_while",
    "birth",
    "death",
    "succession",
    "member",
    "removal",
    "return",
    "undo",
)
commands = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(0, 28), st.integers(0, 1), st.integers(0, 5), st.integers(0, 2)),
    min_size=5,
    max_size=12,
)


LATE_BIRTH: Commands = [("move", 27, 1, 0, 1), ("birth", 9, 1, 2, 0)]
"""A birth that is told after a later move was: the child belongs to the household from its first day."""


@dataclass
class Belief:
    """What is believed: sayings about households in the order they were said, and spells of membership."""

    sayings: dict[UUID, list[tuple[dict[str, Any], date, date | None]]] = field(default_factory=dict)
    spells: list[tuple[UUID, UUID, str, date, date | None]] = field(default_factory=list)
    """Household, individual, role, first day, first day without."""

    def say(self, household_id: UUID, facts: dict[str, Any], start: date, end: date | None = None) -> None:
        self.sayings.setdefault(household_id, []).append((facts, start, end))

    def end(self, individual_id: UUID, household_id: UUID, on: date) -> str:
        """End the open spell; returns the role it had."""
        [open_spell] = [s for s in self.spells if s[:2] == (household_id, individual_id) and s[4] is None]
        self.spells.remove(open_spell)
        if open_spell[3] < on:
            self.spells.append((*open_spell[:4], on))
        return open_spell[2]

    def begin(self, household_id: UUID, individual_id: UUID, role: str, on: date) -> None:
        self.spells.append((household_id, individual_id, role, on, None))

    def open_roles(self, household_id: UUID) -> dict[UUID, str]:
        return {s[1]: s[2] for s in self.spells if s[0] == household_id and s[4] is None}

    def answer(self, household_id: UUID, day: date) -> tuple[dict[str, Any], set[tuple[UUID, str]]] | None:
        known: dict[str, Any] = {}
        for facts, start, end in self.sayings.get(household_id, []):
            if start <= day and (end is None or day < end):
                known |= facts
        if "commune_code" not in known or day < START:
            return None
        there = {(s[1], s[2]) for s in self.spells if s[0] == household_id and s[3] <= day and (not s[4] or day < s[4])}
        return known, there


class Country:
    """The real registry's commands beside the model."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.households: list[UUID] = []
        self.people: list[UUID] = []
        self.belief = Belief()
        self.past: list[tuple[Any, Belief]] = []
        """The belief after each command, with the moment at which the command was made."""
        self.changes: list[UUID] = []
        self._before: list[Belief] = []
        """The belief before each change that is not undone."""

    async def begin(self) -> None:
        async with self.database.transaction() as tx:
            tx.add(Place(code="MR01", kind="wilaya", name_fr="Hodh Ech Chargui", names=[]))
            for code in ("MR011", "MR012"):
                tx.add(Place(code=code, kind="moughataa", parent_code="MR01", name_fr=code, names=[]))
            await tx.flush()
            for code in COMMUNES:
                tx.add(Place(code=code, kind="commune", parent_code=code[:5], name_fr=code, names=[]))
            await tx.flush()
            await register_households(tx, [_told(number, place) for place, number in enumerate(NUMBERS)], by="taazour")
        async with self.database.transaction() as tx:
            rows = list(await tx.scalars(select(Household).order_by(Household.number)))
            people = {one.number: one.id for one in await tx.scalars(select(Individual))}
        self.households = [one.id for one in rows]
        self.people = [people[number] for number in sorted(people)]
        for place, one in enumerate(rows):
            facts = {"commune_code": one.commune_code, "village": one.village, "status": "active"}
            self.belief.say(one.id, facts, START)
            for rank, role in enumerate(("head", "spouse", "child")):
                self.belief.begin(one.id, self.people[3 * place + rank], role, START)
        self._keep(rows[0].known_from)

    def _keep(self, moment: Any) -> None:
        self.past.append((moment, copy.deepcopy(self.belief)))

    async def run(self, command: tuple[str, int, int, int, int]) -> None:
        """Give one command to both; what the registry refuses, the model is not told."""
        proposal = self._proposal(*command)
        if proposal is None:
            return
        try:
            async with self.database.transaction() as tx:
                changing = await apply(tx, PROPOSALS.validate_python(proposal), Acting("taazour", "registry_survey"))
        except Refusal:
            return
        made = [id_ for id_ in changing.made if isinstance(changing.touched[id_], Individual)]
        self._tell(proposal, made)
        if proposal["kind"] != "undo":
            self.changes.append(changing.id)
        self._keep(changing.at)

    def _proposal(self, kind: str, day: int, which: int, who: int, value: int) -> dict[str, Any] | None:
        on = START + timedelta(days=day)
        home, person = self.households[which], self.people[who % len(self.people)]
        of_home: dict[str, Any] = {"household_id": home}
        if kind == "move":
            return {"kind": "move", **of_home, "on": on, "commune_code": COMMUNES[value], "village": f"v{value}"}
        if kind == "correct":
            return {"kind": "correction", **of_home, "household": {"village": f"c{value}"}}
        if kind == "correct_for_a_while":
            until = on + timedelta(days=3 + who)
            fields = {"commune_code": COMMUNES[value]}
            return {"kind": "correction", **of_home, "household": fields, "from_on": on, "until_on": until}
        if kind == "birth":
            child = {"name_fr": "Enfant", "sex": "F", "birth_date": on}
            return {"kind": "birth", **of_home, "individual": child}
        if kind == "death":
            return {"kind": "death", "individual_id": person, "died_on": on}
        if kind == "succession":
            return {"kind": "succession", **of_home, "individual_id": person, "on": on}
        if kind == "member":
            other = self.households[1 - which]
            return {
                "kind": "move", **of_home, "on": on, "individual_id": person,
                "to_household_id": other, "relationship": "other",
            }  # fmt: skip
        if kind == "removal":
            return {"kind": "removal", **of_home, "on": on, "reason": "dissolved"}
        if kind == "return":
            return {"kind": "return", **of_home, "on": on}
        return {"kind": "undo", "change_id": self.changes[-1]} if self.changes else None

    def _tell(self, proposal: dict[str, Any], made: list[UUID]) -> None:
        belief, kind, on = self.belief, proposal["kind"], proposal.get("on")
        home, person = proposal.get("household_id"), proposal.get("individual_id")
        if kind == "undo":
            self.changes.pop()
            self.belief = copy.deepcopy(self._before.pop())
            return
        self._before.append(copy.deepcopy(belief))
        if kind == "correction":
            start, end = proposal.get("from_on") or date.min, proposal.get("until_on")
            belief.say(home, proposal["household"], start, end)
        elif kind == "move" and person is None:
            belief.say(home, {"commune_code": proposal["commune_code"], "village": proposal["village"]}, on)
        elif kind == "move":
            belief.end(person, home, on)
            belief.begin(proposal["to_household_id"], person, "other", on)
        elif kind == "birth":
            self.people.append(made[0])
            belief.begin(home, made[0], "child", proposal["individual"]["birth_date"])
        elif kind == "death":
            for house in self.households:
                if person in belief.open_roles(house):
                    belief.end(person, house, proposal["died_on"])
                    if not belief.open_roles(house):
                        belief.say(house, {"status": "left"}, proposal["died_on"])
        elif kind == "succession":
            for individual, role in belief.open_roles(home).items():
                if role == "head":
                    belief.end(individual, home, on)
                    belief.begin(home, individual, "other", on)
            belief.end(person, home, on)
            belief.begin(home, person, "head", on)
        else:
            belief.say(home, {"status": "left" if kind == "removal" else "active"}, on)

    async def agrees(self) -> None:
        async with self.database.transaction() as tx:
            for moment, belief in self.past:
                for day in DAYS:
                    for home in self.households:
                        try:
                            found = await household(tx, home, Moment(day, moment))
                        except NotFound:
                            assert belief.answer(home, day) is None
                            continue
                        facts = {
                            "commune_code": found.commune_code, "village": found.village, "status": found.status
                        }  # fmt: skip
                        there = {(one.individual_id, one.relationship) for one in found.members}
                        assert (facts, there) == belief.answer(home, day), (day, moment)


def _told(number: str, place: int) -> HouseholdFile:
    members = tuple(
        Member(rank + 1, f"100000000{3 * place + rank}", role, f"Nom {rank}", None, "M", date(1980 + rank, 1, 2),
               "day", None, False, False)
        for rank, role in enumerate(("head", "spouse", "child"))
    )  # fmt: skip
    return HouseholdFile(number, COMMUNES[0], "v0", "poor", Decimal("40.00"), "F", START, (), members)


def test_any_sequence_of_commands_answers_like_a_naive_model(servers: RunningServers, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_bytes(b"x" * 64)

    async def check(sequence: Commands) -> None:
        url = await fresh_database(servers, "services.registry")
        database = Database(
            RegistrySettings(DATABASE_URL=PostgresDsn(url), NATS_URL=servers.nats_url, internal_key_file=key)
        )
        try:
            country = Country(database)
            await country.begin()
            for command in sequence:
                await country.run(command)
            await country.agrees()
        finally:
            await database.close()

    @settings(
        max_examples=20, deadline=None, database=None, derandomize=True,
        phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(commands)
    @example(LATE_BIRTH)
    def any_sequence(sequence: Commands) -> None:
        asyncio.run(check(sequence))

    any_sequence()
