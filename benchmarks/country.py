"""A synthetic registry of any size, copied straight into the registry's tables: what reads are measured on.

Names are drawn as often as they occur and spelled as clerks spell them, so that keys are as crowded as a country's.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from random import Random
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from cli.demo.names import GROUPS, FullName, draw_pattern, family_names, given_names
from cli.demo.people import FIRST_INDIVIDUAL, FIRST_NNI
from cli.demo.places import Commune, communes
from cli.demo.spelling import Speller
from shared.ids import new_id

CLOCKS = "version,true_from,known_from,change_id,source,source_on,sources"
COLUMNS = {
    "changes": "id,kind,made_at,made_by,source,import_id",
    "households": f"id,number,{CLOCKS},content_hash,commune_code,village,vulnerability_category,score,formula_version,"
    "scored_on,surveyed_on,phones,questionnaire_version,answers,status",
    "individuals": f"id,number,{CLOCKS},name_fr,name_ar,sex,birth_date,birth_precision,disability,"
    "questionnaire_version,answers,status",
    "memberships": "id,household_id,individual_id,relationship,from_on,known_from,change_id",
    "past_states": "record_id,known_from,true_from,true_until,kind,version,state,source,source_on,sources,change_id",
    "identifiers": "id,individual_id,type,value,issuer,grade,known_from,change_id",
}
BATCH_HOUSEHOLDS = 100
CHUNK = 50 * BATCH_HOUSEHOLDS
SMALLEST, LARGEST = 3, 9
"""Members of a household: six on average, as the country has."""
WITH_NNI = 0.5
NNI_STEP = 97
ENTERED = datetime(2025, 3, 10, tzinfo=UTC)
SURVEYED = date(2025, 3, 4)
CHANGED = date(2025, 9, 1)
SOURCE = "registry_survey"
FILE = new_id()
"""The import they all came with: what a file brought is indexed in batches of its own size."""
HAS_PAST = 4
"""Every so many households were otherwise before CHANGED, so that a read as of an earlier day finds a past state."""
Rows = dict[str, list[tuple[Any, ...]]]


async def fill_registry(url: str, people: int, seed: int = 2026) -> int:
    """Copy about `people` individuals in households into a migrated registry; returns how many."""
    connection = await asyncpg.connect(url)
    written = 0
    try:
        for rows in _chunks(people, Random(seed)):
            async with connection.transaction():
                for table, names in COLUMNS.items():
                    await connection.copy_records_to_table(table, columns=names.split(","), records=rows[table])
            written += len(rows["individuals"])
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
    return written


def _chunks(people: int, rng: Random) -> Iterator[Rows]:
    country, written = _Country(rng), 0
    while written < people:
        rows = country.rows(CHUNK, people - written)
        written += len(rows["individuals"])
        yield rows


class _Country:
    def __init__(self, rng: Random) -> None:
        self.rng, self.speller = rng, Speller(rng)
        self.places = communes()
        self.weights = list(accumulate(place.weight for place in self.places))
        self.people = self.households = 0

    def rows(self, households: int, most: int) -> Rows:
        rows: Rows = {table: [] for table in COLUMNS}
        for place in self.rng.choices(self.places, cum_weights=self.weights, k=households):
            if len(rows["individuals"]) >= most:
                break
            if len(rows["households"]) % BATCH_HOUSEHOLDS == 0:
                rows["changes"].append((new_id(), "import", ENTERED, "taazour", SOURCE, FILE))
            self._household(rows, place, rows["changes"][-1][0])
        return rows

    def _household(self, rows: Rows, place: Commune, change: UUID) -> None:
        rng, id_ = self.rng, new_id()
        self.households += 1
        phones = [f"+222{rng.choice('2344')}{rng.randrange(10_000_000):07d}"]
        clocks = (1, SURVEYED, ENTERED, change, SOURCE, SURVEYED, "{}")
        number = f"{place.moughataa_code}{self.households % 10_000_000:07d}"
        score = Decimal(rng.randrange(400, 9600)) / 100
        village = place.draw_village(rng).latin
        past = self.households % HAS_PAST == 0
        rows["households"].append(
            (
                *(
                    id_,
                    number,
                    1,
                    CHANGED if past else SURVEYED,
                    *clocks[2:],
                    b"",
                    place.code,
                    village,
                    "poor",
                    score,
                    "PMT-2024.1",
                    SURVEYED,
                    SURVEYED,
                ),
                *(orjson.dumps(phones).decode(), None, "{}", "active"),
            )
        )
        if past:
            state: dict[str, Any] = {
                "commune_code": place.code,
                "village": village,
                "vulnerability_category": "extreme_poor",
            }
            state |= {"score": str(score), "formula_version": "PMT-2024.1", "scored_on": "2025-03-04"}
            state |= {"surveyed_on": "2025-03-04", "phones": phones, "answers": {}, "status": "active"}
            rows["past_states"].append(
                (
                    *(id_, ENTERED, SURVEYED, CHANGED, "household", 1, orjson.dumps(state).decode()),
                    *(SOURCE, SURVEYED, "{}", change),
                )
            )
        group = rng.choices(GROUPS, weights=place.group_shares)[0]
        father, grandfather = (given_names(group, "M").draw(rng) for _ in range(2))
        family = family_names(group).draw(rng)
        for at in range(rng.randint(SMALLEST, LARGEST)):
            sex, person = rng.choice("FM"), new_id()
            name = FullName(
                group, given_names(group, sex).draw(rng), father, grandfather, family, draw_pattern(rng, group, sex)
            )
            born = date(2024, 1, 1) - timedelta(days=rng.randrange(365 * 75))
            rows["individuals"].append(
                (
                    *(person, str(FIRST_INDIVIDUAL + self.people), *clocks, *self._names(name, sex), sex, born),
                    *("day", False, None, "{}", "active"),
                )
            )
            role = "head" if at == 0 else "child"
            rows["memberships"].append((new_id(), id_, person, role, SURVEYED, ENTERED, change))
            if rng.random() < WITH_NNI:
                nni = str((FIRST_NNI + NNI_STEP * self.people) % 10**10).zfill(10)
                rows["identifiers"].append((new_id(), person, "NNI", nni, "ANRPTS", "check_holds", ENTERED, change))
            self.people += 1

    def _names(self, name: FullName, sex: str) -> tuple[str | None, str | None]:
        """In both scripts mostly; one in five as a clerk writes it, with variants and slips."""
        drawn = self.rng.random()
        latin, arabic = name.latin, name.arabic
        if drawn < 0.2:
            latin = self.speller.full_name(name, sex, arabic=False)
            arabic = self.speller.full_name(name, sex, arabic=True)
        return (latin if drawn > 0.03 else None), (arabic if drawn < 0.97 else None)
