"""Any few files, one after another, give for any day and any moment the answers of a naive model.

The model writes down, for each day by itself, who is where and what is said; the registry keeps spells and pieces.
"""

import asyncio
import copy
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from pydantic import PostgresDsn
from sqlalchemy import select

from running import fresh_database
from servers import RunningServers
from services.registry.commands.registering import register_households
from services.registry.models import Household, Place
from services.registry.queries.households import household
from services.registry.queries.moments import Moment
from services.registry.rules.households import CATEGORIES, HouseholdFile, Member
from services.registry.settings import RegistrySettings
from shared.clock import now
from shared.database import Database
from shared.errors import NotFound

START = date(2026, 1, 1)
DAYS = 6
NUMBERS = ("MR0110000001", "MR0110000002", "MR0110000003")
ROLES = ("head", "child")

Survey = tuple[int, int, int, dict[int, int]]
"""Household, day, category, and the role of each person listed."""
File = list[Survey]

surveys = st.tuples(
    st.integers(0, 2),
    st.integers(0, DAYS - 1),
    st.integers(0, 1),
    st.dictionaries(st.integers(0, 3), st.integers(0, 1), min_size=1, max_size=3),
)
files = st.lists(
    st.lists(surveys, min_size=1, max_size=3, unique_by=lambda one: one[0]), min_size=2, max_size=4
)  # fmt: skip


@dataclass
class Diary:
    """For each day: what was last said of each household, who is in it with which role, and how a person is called."""

    said: list[dict[int, tuple[int, int]]] = field(default_factory=lambda: [{} for _ in range(DAYS)])
    """Household -> the day of the survey, and the category."""
    there: list[dict[tuple[int, int], int]] = field(default_factory=lambda: [{} for _ in range(DAYS)])
    """Household and person -> role."""
    called: list[dict[int, int]] = field(default_factory=lambda: [{} for _ in range(DAYS)])
    """Person -> the day whose name is borne."""

    def spoken_for(self, home: int, day: int) -> list[int]:
        """The days a survey speaks of: from its own, until another has spoken of one since."""
        later = [other for other in range(day, DAYS) if home in self.said[other] and self.said[other][home][0] > day]
        return list(range(day, min(later, default=DAYS)))

    def hear(self, file: File) -> None:
        known = {home for said in self.said for home in said}
        for home, day, category, listed in file:
            if home in known:
                for other in self.spoken_for(home, day):
                    self.said[other][home] = day, category
                    for (where, person), role in list(self.there[other].items()):
                        if where == home and listed.get(person) != role:
                            del self.there[other][home, person]
        for home, day, category, listed in file:
            days = self.spoken_for(home, day)
            for person, role in listed.items():
                if any(self._elsewhere(other, home, person, role) for other in days):
                    continue
                for other in days:
                    self.there[other][home, person] = role
                    self.said[other][home] = day, category
                for other in range(day, DAYS):
                    self.called[other][person] = max(day, self.called[other].get(person, 0))

    def _elsewhere(self, day: int, home: int, person: int, role: int) -> bool:
        others = [there for (where, who), there in self.there[day].items() if who == person and where != home]
        return any(there or role for there in others)  # only two heads (role 0) are one man

    def answer(self, home: int, day: int) -> Any:
        if home not in self.said[day]:
            return None
        surveyed_on, category = self.said[day][home]
        people = {
            (f"100000000{person}", ROLES[role], f"nom {self.called[day][person]}")
            for (where, person), role in self.there[day].items()
            if where == home
        }
        return START + timedelta(days=surveyed_on), CATEGORIES[category], people


def as_told(survey: Survey) -> HouseholdFile:
    home, day, category, listed = survey
    members = tuple(
        Member(line, f"100000000{person}", ROLES[role], f"nom {day}", None, "M", date(1980, 1, 2), "day", None, False)
        for line, (person, role) in enumerate(listed.items(), 2)
    )
    return HouseholdFile(
        NUMBERS[home], "MR011-C01", None, CATEGORIES[category], Decimal("40.00"), "F", START + timedelta(days=day),
        None, members,
    )  # fmt: skip


async def a_database(servers: RunningServers, key: Path) -> Database:
    url = await fresh_database(servers, "services.registry")
    database = Database(
        RegistrySettings(DATABASE_URL=PostgresDsn(url), NATS_URL=servers.nats_url, internal_key_file=key)
    )
    async with database.transaction() as tx:
        for code, kind, parent in (
            ("MR01", "wilaya", None), ("MR011", "moughataa", "MR01"), ("MR011-C01", "commune", "MR011")
        ):  # fmt: skip
            tx.add(Place(code=code, kind=kind, parent_code=parent, name_fr=code, names=[]))
            await tx.flush()
    return database


async def answers(database: Database, known_at: Any = None) -> dict[tuple[int, int], Any]:
    """What the registry says of each household on each day."""
    found: dict[tuple[int, int], Any] = {}
    async with database.transaction() as tx:
        ids = {one.number: one.id for one in await tx.scalars(select(Household))}
        for home, number in enumerate(NUMBERS):
            for day in range(DAYS):
                if number not in ids:
                    found[home, day] = None
                    continue
                try:
                    one = await household(tx, ids[number], Moment(START + timedelta(days=day), known_at))
                except NotFound:
                    found[home, day] = None
                    continue
                people = {(m.individual_number, m.relationship, m.name_fr) for m in one.members}
                found[home, day] = one.surveyed_on, one.vulnerability_category, people
    return found


def expected(diary: Diary) -> dict[tuple[int, int], Any]:
    return {(home, day): diary.answer(home, day) for home in range(len(NUMBERS)) for day in range(DAYS)}


MOVED: File = [(1, 3, 0, {1: 0, 2: 1}), (0, 3, 0, {0: 0})]
"""Person 2 has left the first household for the second, which stands first in the file."""
BEFORE: File = [(0, 1, 0, {0: 0, 2: 1})]


def test_any_few_files_answer_like_a_naive_model(servers: RunningServers, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_bytes(b"x" * 64)

    async def check(sequence: list[File]) -> None:
        database, diary, past = await a_database(servers, key), Diary(), []
        try:
            for file in sequence:
                async with database.transaction() as tx:
                    await register_households(tx, list(map(as_told, file)), by="taazour")
                diary.hear(file)
                await asyncio.sleep(0.001)  # a change may be known some microseconds after its records' last one
                past.append((now(), copy.deepcopy(diary)))
            assert await answers(database) == expected(diary)
            for moment, then in past:
                assert await answers(database, moment) == expected(then), moment
        finally:
            await database.close()

    @settings(
        max_examples=20, deadline=None, database=None, derandomize=True,
        phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(files)
    @example([BEFORE, MOVED])
    @example([MOVED, BEFORE])
    def any_files(sequence: list[File]) -> None:
        asyncio.run(check(sequence))

    any_files()
