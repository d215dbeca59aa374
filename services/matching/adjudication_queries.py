"""Reads of what persons decide on links: the queue, both sides of a question, the links of an individual."""

from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, and_, cast, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.adjudicating import seen
from services.matching.candidates import read_people
from services.matching.decision_models import Adjudication, HeldLink
from services.matching.decision_schemas import (
    CandidateOut,
    IndividualLink,
    IndividualLinks,
    LinkStands,
    LinkTurn,
    ListedOut,
    QuestionDetail,
    QuestionOut,
    StepOut,
)
from services.matching.holding import leads_to, steps_of
from services.matching.linking import facts_of
from services.matching.modeling import models_in_force
from services.matching.models import Beneficiary, Household, LinkStatus, Member, Place
from services.matching.rules.adjudicating import ASKED, REASONS, AdjudicationStatus
from services.matching.rules.comparing import Comparison
from services.matching.rules.facts import BeneficiaryFacts, IndividualFacts
from services.matching.rules.persons import Said
from services.matching.rules.second_person import needs_second
from services.matching.schemas import EvidenceOut
from services.matching.stepping import PLACES, second_person_rules
from services.matching.together import weigh_as_decided
from shared.errors import NotFound
from shared.history import History
from shared.identity import Caller
from shared.pagination import Page, decode_cursor, encode_cursor
from shared.text import Language

REGISTRY_FIELDS = "households:read"
"""The permission that shows more of a candidate than is needed to tell two people apart."""
MOST_LINKS = 200
"""Of one individual: a person on more rows than these is a mistake to be found in the lists."""


async def questions(
    tx: AsyncSession,
    by: Caller,
    language: Language,
    limit: int,
    cursor: str | None,
    program: str | None,
    status: AdjudicationStatus | None,
    place: str | None,
) -> Page[QuestionOut]:
    """Of the caller's programs, those skipped least first; among them the dearest, then the oldest."""
    programs = by.programs if program is None else by.programs & {program}
    order = (Adjudication.skips, Adjudication.cost_mru.desc(), Adjudication.id)
    rows = (
        select(Adjudication, Beneficiary.source_line)
        .join(Beneficiary, Beneficiary.id == Adjudication.enrollment_id)
        .where(Adjudication.program.in_(programs), _with_status(status))
        .order_by(*order)
        .limit(limit + 1)
    )
    if place is not None:
        codes = (Adjudication.wilaya_code, Adjudication.moughataa_code, Adjudication.commune_code)
        rows = rows.where(or_(*(code == place for code in codes)))
    if cursor:
        skips, cost, id_ = decode_cursor(cursor, int, _money, UUID)
        dearer = and_(Adjudication.cost_mru == cost, Adjudication.id > id_)
        later = and_(Adjudication.skips == skips, or_(Adjudication.cost_mru < cost, dearer))
        rows = rows.where(or_(Adjudication.skips > skips, later))
    found = (await tx.execute(rows)).all()
    last = found[limit - 1][0] if len(found) > limit else None
    return Page(
        items=[QuestionOut(**_told(one, line, language)) for one, line in found[:limit]],
        next_cursor=encode_cursor(last.skips, last.cost_mru, last.id) if last else None,
    )


def _with_status(status: AdjudicationStatus | None) -> ColumnElement[bool]:
    return Adjudication.status.in_(ASKED) if status is None else Adjudication.status == status


def _told(one: Adjudication, source_line: int | None, language: Language) -> dict[str, Any]:
    names = "id version enrollment_id program status opened_for outcome disputed skips cost_mru commune_code".split()
    return {name: getattr(one, name) for name in names} | {
        "source_line": source_line,
        "reason": REASONS[one.opened_for].in_(language),
        "candidates": len(one.candidates),
        "best_probability": one.candidates[0]["probability"] if one.candidates else None,
        "opened_at": one.opened_at,
        "decided_at": one.decided_at,
    }


async def question(
    tx: AsyncSession, adjudication_id: UUID, by: Caller, language: Language
) -> tuple[QuestionDetail, str]:
    """One question, and the tag of what is shown. NotFound also where another keeps its program."""
    found = await tx.get(Adjudication, adjudication_id)
    if found is None or found.program not in by.programs:
        raise NotFound
    beneficiary = await tx.get_one(Beneficiary, found.enrollment_id)
    facts = facts_of(beneficiary, await PLACES.index(tx))
    candidates = await _candidates(tx, found, beneficiary, facts, by.may(REGISTRY_FIELDS), language)
    steps = await steps_of(tx, beneficiary)
    levels = {one.field: one.level for one in candidates[0].evidence} if candidates else {}
    second = needs_second(second_person_rules(), Said.SAME, beneficiary.monthly_value_mru, levels)
    detail = QuestionDetail(
        **_told(found, beneficiary.source_line, language),
        listed=_listed(beneficiary.listed),
        listed_candidates=candidates,
        second_person=second.because.in_(language) if second and candidates else None,
        steps=[StepOut.model_validate(one, from_attributes=True) for one in steps if one.said != Said.RESET],
    )
    return detail, await seen(tx, found, beneficiary)


def _listed(listed: dict[str, Any]) -> ListedOut:
    names = ListedOut.model_fields.keys() - {"has_nni", "phones"}
    return ListedOut(
        **{name: listed.get(name) for name in names}, has_nni=bool(listed.get("nni")), phones=len(listed["phones"])
    )


async def _candidates(
    tx: AsyncSession, found: Adjudication, row: Beneficiary, facts: BeneficiaryFacts, whole: bool, language: Language
) -> list[CandidateOut]:
    """The candidates that are still where they were, compared anew with what is held."""
    wanted = [(UUID(one["individual_id"]), UUID(one["household_id"])) for one in found.candidates]
    rows = await tx.execute(
        select(Member.id, Member.individual_id, Member.household_id).where(
            Member.individual_id.in_([individual for individual, _ in wanted])
        )
    )
    ids = {(individual, household): id_ for id_, individual, household in rows if (individual, household) in wanted}
    people = await read_people(tx, ids.values())
    weighed = await weigh_as_decided(tx, row, facts, list(people.values()), await models_in_force(tx))
    gave = dict(zip(people, weighed, strict=True))
    homes = dict(
        (
            await tx.execute(select(Household.id, Household.size).where(Household.id.in_([home for _, home in ids])))
        ).all()
    )
    codes = {people[id_].commune_code for id_ in ids.values()}
    communes = {one.code: one for one in await tx.scalars(select(Place).where(Place.code.in_(codes)))}
    shown = []
    for pair in wanted:
        if pair not in ids:
            continue
        person = people[ids[pair]]
        commune = communes.get(person.commune_code or "")
        shown.append(_candidate(person, gave[ids[pair]], commune, homes[pair[1]] if whole else None, language))
    return shown


def _candidate(
    person: IndividualFacts, comparison: Comparison, commune: Place | None, size: int | None, language: Language
) -> CandidateOut:
    """`size`: of the household, where the caller may see the registry's fields; None shows the least that is needed."""
    more = "individual_number sex birth_date birth_precision father_name relationship".split()
    return CandidateOut(
        individual_id=person.individual_id,
        household_id=person.household_id,
        household_number=person.household_number,
        name_fr=person.name_fr,
        name_ar=person.name_ar,
        birth_year=person.birth_date.year if person.birth_date else None,
        commune_code=person.commune_code or "",
        commune_fr=commune.name_fr if commune else None,
        commune_ar=commune.name_ar if commune else None,
        probability=round(comparison.probability, 6),
        model_version=comparison.model_version,
        evidence=[
            EvidenceOut(field=e.field, level=e.level, weight=round(e.weight, 2), reason=e.text.in_(language))
            for e in comparison.evidence
        ],
        **({name: getattr(person, name) for name in more} | {"household_size": size} if size is not None else {}),
    )


async def link_stands(tx: AsyncSession, beneficiary: Beneficiary) -> LinkStands:
    question = await tx.scalar(select(Adjudication).where(Adjudication.enrollment_id == beneficiary.id))
    asked = question if question is not None and question.status in ASKED else None
    return LinkStands(
        enrollment_id=beneficiary.id,
        link_version=beneficiary.link_version,
        status=beneficiary.link_status,
        individual_id=beneficiary.individual_id,
        household_id=beneficiary.household_id,
        probability=beneficiary.probability,
        adjudication_id=asked.id if asked else None,
        adjudication_status=asked.status if asked else None,
    )


async def link_history(
    tx: AsyncSession, enrollment_id: UUID, by: Caller, limit: int, cursor: str | None
) -> Page[LinkTurn]:
    """The turns of a link of the caller's, newest first. NotFound."""
    beneficiary = await tx.get(Beneficiary, enrollment_id)
    if beneficiary is None or beneficiary.program not in by.programs:
        raise NotFound
    rows = select(History).where(History.aggregate_id == enrollment_id).order_by(History.version.desc())
    if cursor:
        rows = rows.where(History.version < decode_cursor(cursor, int)[0])
    found = list(await tx.scalars(rows.limit(limit + 1)))
    items = [LinkTurn(version=o.version, at=o.changed_at, by=o.changed_by, change=o.change) for o in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(found[limit - 1].version) if len(found) > limit else None)


async def individual_links(tx: AsyncSession, individual_id: UUID, by: Caller) -> IndividualLinks:
    """The links of an individual, or of whom it was merged into, in the programs the caller may see. NotFound where the
    registry never had it, as far as is known here."""
    is_now = (await leads_to(tx, [individual_id]))[individual_id]
    if is_now == individual_id and not await tx.scalar(
        select(Member.id).where(Member.individual_id == individual_id).limit(1)
    ):
        raise NotFound
    receiving = func.coalesce(cast(Beneficiary.listed["person_version"].astext, Integer), 1)
    held = exists().where(HeldLink.enrollment_id == Beneficiary.id, HeldLink.person_version == receiving)
    rows = (
        select(Beneficiary, held)
        .where(
            Beneficiary.individual_id == is_now,
            Beneficiary.decided_as == LinkStatus.LINKED,
            Beneficiary.program.in_(by.programs | by.covers),
        )
        .order_by(Beneficiary.program, Beneficiary.id)
        .limit(MOST_LINKS + 1)
    )
    found = (await tx.execute(rows)).all()
    links = [
        IndividualLink(
            program=one.program,
            unit=one.listed["unit"],
            enrollment_id=one.id if one.program in by.programs else None,
            active=one.active,
            status=one.link_status,
            link_version=one.link_version,
            by_a_person=held_here,
            probability=one.probability,
            decided_at=one.decided_at,
        )
        for one, held_here in found[:MOST_LINKS]
    ]
    return IndividualLinks(individual_id=individual_id, is_now=is_now, links=links, more=len(found) > MOST_LINKS)


def _money(text: Any) -> Decimal:
    try:
        return Decimal(str(text))
    except InvalidOperation:
        raise ValueError from None
