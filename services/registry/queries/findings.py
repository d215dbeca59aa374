"""The records that quality rules find, judged as they are at this moment."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.errors import UnknownQualityRule
from services.registry.models import Household, Place
from services.registry.queries.judging import quality_rules
from services.registry.rules.quality import IN_COMMUNE, IN_HOUSEHOLD, Rule, counting, finding
from services.registry.schemas.quality import FindingOut, HouseholdQuality
from shared.clock import now
from shared.errors import NotFound
from shared.pagination import Page, decode_cursor, encode_cursor

BEFORE_ALL = UUID(int=0)
MOST_OF_A_HOUSEHOLD = 200
"""Findings of one rule shown of one household: more than it can have members."""


async def findings(tx: AsyncSession, limit: int, cursor: str | None, *, rule: str, place: str) -> Page[FindingOut]:
    """What a rule finds in a place, commune by commune: each is one bounded statement."""
    wanted = quality_rules().rule(rule)
    if wanted is None:
        raise UnknownQualityRule(pointer="/query/rule", rules=", ".join(one.code for one in quality_rules().rules))
    start, after = decode_cursor(cursor, str, UUID) if cursor else ("", BEFORE_ALL)
    items: list[FindingOut] = []
    for commune in await communes_of(tx, place):
        if commune.code < start:
            continue
        since = after if commune.code == start else BEFORE_ALL
        items += await _in_commune(tx, wanted, commune, since, limit + 1 - len(items))
        if len(items) > limit:
            last = items[limit - 1]
            return Page(items=items[:limit], next_cursor=encode_cursor(last.commune_code, last.record_id))
    return Page(items=items)


async def communes_of(tx: AsyncSession, place: str) -> list[Place]:
    """The communes of a place, which may be one itself."""
    root = await tx.get(Place, place)
    if root is None or root.kind == "village":
        raise NotFound(pointer="/query/place")
    found = [root]
    while found and found[0].kind != "commune":
        codes = [one.code for one in found]
        found = list(await tx.scalars(select(Place).where(Place.parent_code.in_(codes)).order_by(Place.code)))
    return found


async def _in_commune(tx: AsyncSession, rule: Rule, commune: Place, after: UUID, most: int) -> list[FindingOut]:
    today = now().date()
    if rule.kind == "commune":
        return await _of_commune(tx, rule, commune, today) if commune.id > after else []
    asked = {"commune": commune.code, "today": today, "after": after, "most": most}
    rows = await tx.execute(text(finding(rule, IN_COMMUNE)), asked)
    return [_out(rule, row._asdict(), commune.code, today) for row in rows]


async def _of_commune(tx: AsyncSession, rule: Rule, commune: Place, today: date) -> list[FindingOut]:
    """The commune itself, where a source's newest survey there is too old; the oldest of them."""
    found = await tx.execute(text(counting(quality_rules(), "household")), {"commune": commune.code, "today": today})
    sources = sorted(row["source"] for row in found.mappings() if row[rule.code])
    newest = select(Household.surveyed_on).where(Household.commune_code == commune.code, Household.status == "active")
    surveyed_on = await tx.scalar(newest.order_by(Household.surveyed_on.desc()).limit(1))
    if not sources or surveyed_on is None:
        return []
    one = {"id": commune.id, "number": commune.code, "household_id": None, "source": sources[0]}
    return [_out(rule, one | {"surveyed_on": surveyed_on}, commune.code, today)]


def _out(rule: Rule, row: Mapping[str, Any], commune_code: str, today: date) -> FindingOut:
    return FindingOut(
        rule=rule.code,
        kind=rule.kind,
        record_id=row["id"],
        number=row["number"],
        household_id=row["household_id"],
        commune_code=commune_code,
        source=row["source"],
        age_days=(today - row["surveyed_on"]).days,
    )


async def household_quality(tx: AsyncSession, household_id: UUID) -> HouseholdQuality:
    """What the rules find of one household and its members."""
    household = await tx.get(Household, household_id)
    if household is None or household.status != "active":
        raise NotFound
    today = now().date()
    asked = {"household": household_id, "today": today, "after": BEFORE_ALL, "most": MOST_OF_A_HOUSEHOLD}
    found: list[FindingOut] = []
    for rule in _of_records(quality_rules().rules):
        rows = await tx.execute(text(finding(rule, IN_HOUSEHOLD)), asked)
        found += [_out(rule, row._asdict(), household.commune_code, today) for row in rows]
    age = (today - household.surveyed_on).days
    return HouseholdQuality(
        household_id=household_id,
        surveyed_on=household.surveyed_on,
        age_days=age,
        stale=age > quality_rules().stale_after_days,
        findings=found,
    )


def _of_records(rules: Iterable[Rule]) -> Iterable[Rule]:
    return (rule for rule in rules if rule.kind != "commune")
