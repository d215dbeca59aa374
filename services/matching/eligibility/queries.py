"""Reads of eligibility and of gaps."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.matching.eligibility.errors import NotByHousehold
from services.matching.eligibility.schemas import (
    CriterionOut,
    EligibilityCount,
    EligibilityCounts,
    EligibilityOut,
    EligibilityStatus,
    HouseholdGap,
)
from services.matching.eligible import document_of, eligible_in
from services.matching.errors import ProgramUnknown
from services.matching.gap_models import EligibleHousehold
from services.matching.household_facts import households_on
from services.matching.models import Household, Place, Program
from services.matching.rules.eligibility import Outcome, Rule, eligible, missing, outcomes, rule_on
from services.matching.rules.gap_reasons import GapReason
from services.matching.rules.suppressing import SMALLEST_CELL, shown
from shared.clock import now
from shared.errors import NotFound
from shared.household_attributes import ATTRIBUTES
from shared.pagination import Page, decode_cursor, encode_cursor
from shared.text import Language, Text

SAID: Mapping[bool | None, tuple[EligibilityStatus, Text]] = {
    True: (
        "eligible",
        Text(
            ar="قاعدة البرنامج تعني هذه الأسرة.",
            fr="La règle du programme vise ce ménage.",
            en="The program's rule means this household.",
        ),
    ),
    False: (
        "not_eligible",
        Text(
            ar="قاعدة البرنامج لا تعني هذه الأسرة؛ انظر الشروط غير المستوفاة.",
            fr="La règle du programme ne vise pas ce ménage ; voir les critères non remplis.",
            en="The program's rule does not mean this household; see the criteria that are not met.",
        ),
    ),
    None: (
        "cannot_tell",
        Text(
            ar="لا يمكن الجزم: السجل لا يعرف {missing}.",
            fr="On ne peut le dire : le registre ne connaît pas {missing}.",
            en="It cannot be told: the registry does not know {missing}.",
        ),
    ),
}


async def household_eligibility(
    tx: AsyncSession, household_id: UUID, program: str, day: date, language: Language
) -> EligibilityOut:
    """Whether a program means a household on a day. NotFound, ProgramUnknown, NotByHousehold."""
    rule = await _rule(tx, program, day)
    found = (await tx.execute(households_on(day).where(Household.id == household_id))).mappings().first()
    if found is None:
        raise NotFound
    return explained(household_id, program, rule, (day, now().date()), found, language)


def explained(
    household_id: UUID,
    program: str,
    rule: Rule,
    days: tuple[date, date],
    household: Mapping[str, Any],
    language: Language,
) -> EligibilityOut:
    """What a rule says of a household, with the reasons. `days`: the one asked about, and the one on which it was known."""
    of = outcomes(rule.group, household)
    lacks = missing(of)
    status, text = SAID[eligible(rule.group, household)]
    named = [ATTRIBUTES[one].label if one in ATTRIBUTES else Text(ar=one, fr=one, en=one) for one in lacks]
    unknown = ("، " if language == "ar" else ", ").join(one.in_(language) for one in named)
    return EligibilityOut(
        household_id=household_id,
        program=program,
        as_of=days[0],
        known_on=days[1],
        status=status,
        rule_version=rule.version,
        rule_from=rule.from_on if rule.version else None,
        reason=text.in_(language).format(missing=unknown),
        criteria=[_criterion(one, language) for one in of],
        missing=lacks,
    )


def _criterion(one: Outcome, language: Language) -> CriterionOut:
    attribute = ATTRIBUTES.get(one.criterion.attribute)
    return CriterionOut(
        code=one.criterion.code,
        label=one.criterion.label.in_(language),
        attribute=one.criterion.attribute,
        attribute_label=attribute.label.in_(language) if attribute else None,
        met=one.holds,
    )


async def _rule(tx: AsyncSession, code: str, day: date) -> Rule:
    program = await tx.get(Program, code)
    if program is None:
        raise ProgramUnknown(pointer="/query/program")
    rule = rule_on(document_of(program), day)
    if rule is None:
        raise NotByHousehold(day=day)
    return rule


async def counts(tx: AsyncSession, program: str, day: date) -> EligibilityCounts:
    """Whom a program means on a day, by wilaya: worked out anew over every household."""
    rule = await _rule(tx, program, day)
    facts = households_on(day).subquery("facts")
    said = select(facts.c.wilaya, eligible_in(rule.group, facts.c).label("eligible")).subquery("said")
    wilaya = aliased(Place)
    rows = await tx.execute(
        select(
            said.c.wilaya,
            wilaya.name_fr,
            wilaya.name_ar,
            func.count().filter(said.c.eligible),
            func.count().filter(said.c.eligible.is_(None)),
        )
        .outerjoin(wilaya, wilaya.code == said.c.wilaya)
        .where(or_(said.c.eligible.is_(None), said.c.eligible))
        .group_by(said.c.wilaya, wilaya.name_fr, wilaya.name_ar)
        .order_by(said.c.wilaya)
    )
    return EligibilityCounts(
        program=program,
        as_of=day,
        known_on=now().date(),
        rule_version=rule.version,
        wilayas=_counted(rows.all()),
        suppressed_below=SMALLEST_CELL,
    )


def _counted(rows: Sequence[Any]) -> list[EligibilityCount]:
    return [
        EligibilityCount(
            wilaya_code=code, wilaya_fr=name_fr, wilaya_ar=name_ar, eligible=shown(means), cannot_tell=shown(unknown)
        )
        for code, name_fr, name_ar, means, unknown in rows
    ]


async def gaps(
    tx: AsyncSession,
    program: str,
    limit: int,
    cursor: str | None,
    *,
    reason: GapReason | None,
    told: Literal["gap", "cannot_tell"],
) -> Page[HouseholdGap]:
    """The gaps of a program by the households' numbers, or the households of which it cannot be told."""
    row, commune = EligibleHousehold, aliased(Place)
    rows = (
        select(row, Household.number, Household.commune_code, commune.name_fr, commune.name_ar)
        .join(Household, Household.id == row.household_id)
        .outerjoin(commune, commune.code == Household.commune_code)
        .where(row.program == program)
        .order_by(row.household_id)
        .limit(limit + 1)
    )
    is_gap = and_(row.eligible.is_(True), row.reason.is_not(None))
    rows = rows.where(is_gap if told == "gap" else row.eligible.is_(None))
    if reason is not None:
        rows = rows.where(row.reason == reason)
    if cursor:
        rows = rows.where(row.household_id > decode_cursor(cursor, UUID)[0])
    found = (await tx.execute(rows)).all()
    items = [
        HouseholdGap(
            household_number=number,
            commune_code=code,
            commune_fr=name_fr,
            commune_ar=name_ar,
            eligible=one.eligible,
            reason=one.reason,
            since=one.since,
        )
        for one, number, code, name_fr, name_ar in found[:limit]
    ]
    after = encode_cursor(found[limit - 1][0].household_id) if len(found) > limit else None
    return Page(items=items, next_cursor=after)
