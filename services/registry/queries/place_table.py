"""The table of places in memory: read once for each state it is in, for look-ups by name."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import date
from typing import Any

from rapidfuzz import fuzz, process
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.models import Place
from services.registry.rules.households import HouseholdFile
from shared.clock import now
from shared.copying import driver_of
from shared.place_names import MOST_CANDIDATES, PlaceIndex, PlaceRow

LEAST_ALIKE_PERCENT = 60
"""Below that a code or name is another one and not a slip."""

# As many places with as many changes, on the same day, are the same table: it needs no owner and no invalidation.
STATE = "SELECT count(*), coalesce(sum(version), 0) FROM places"
_latest: dict[tuple[Any, ...], "PlaceTable"] = {}


@dataclass(frozen=True, slots=True)
class Named:
    """What is shown of a place."""

    name_fr: str
    name_ar: str | None
    parent_code: str | None


@dataclass(frozen=True, slots=True)
class PlaceTable:
    """Today's places, and the index that finds them."""

    index: PlaceIndex
    communes: Set[str]
    """The codes of all, of those that are no more, too."""
    named: Mapping[str, Named]

    def village_code(self, commune_code: str, village: str | None) -> str | None:
        """The village of a commune that is written so, where it is known."""
        return self.index.resolve(commune=commune_code, village=village).village_code if village else None

    def told_village(self, household: HouseholdFile) -> HouseholdFile:
        """The household with the code of its village, where it is known."""
        code = self.village_code(household.commune_code, household.village)
        return household if code is None else household._replace(village_code=code)

    def nearest(self, written: str) -> list[str]:
        """The places whose code or name is most like what was written, with their names."""
        sought = {f"{code} {one.name_fr} {one.name_ar or ''}".strip(): code for code, one in self.named.items()}
        by_code = process.extract(written.upper(), self.named.keys(), scorer=fuzz.ratio, limit=MOST_CANDIDATES)
        by_name = process.extract(
            written, sought.keys(), scorer=fuzz.partial_ratio, processor=str.casefold, limit=MOST_CANDIDATES
        )
        found = [*by_code, *((sought[shown], score, 0) for shown, score, _ in by_name)]
        best = sorted((one for one in found if one[1] >= LEAST_ALIKE_PERCENT), key=lambda one: (-one[1], one[0]))
        codes = list(dict.fromkeys(code for code, *_ in best))[:MOST_CANDIDATES]
        shown = {code: text_ for text_, code in sought.items()}
        return [shown[code] for code in codes]


async def place_table(tx: AsyncSession) -> PlaceTable:
    """Today's places. Ask before changing one: what a transaction itself changed must not be remembered."""
    today = now().date()
    state = (*await (await driver_of(tx)).fetchrow(STATE), today)
    table = _latest.get(state)
    if table is None:
        table = _table(list(await tx.scalars(select(Place).order_by(Place.code))), today)
        _latest.clear()
        _latest[state] = table
    return table


def _table(places: Iterable[Place], today: date) -> PlaceTable:
    open_places: list[Place] = []
    communes = set()
    inherited: dict[str, list[str]] = defaultdict(list)
    for one in places:
        if one.kind == "commune":
            communes.add(one.code)
        if one.valid_until is None or today < one.valid_until:
            open_places.append(one)
            continue
        # Whoever still writes the name of a place that is no more means what took over.
        for successor in one.successors:
            inherited[successor["code"]] += one.names
    rows = [
        PlaceRow(one.code, one.kind, one.parent_code, [*one.names, *inherited[one.code]])  # type: ignore[arg-type]
        for one in open_places
    ]
    named = {one.code: Named(one.name_fr, one.name_ar, one.parent_code) for one in open_places}
    return PlaceTable(PlaceIndex(rows), communes, named)
