"""Two namesakes in the registry and a row that may be either, for tests of what persons decide on links."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from matching_cases import Projection, enrollment, household, id_of, member
from services.matching import adjudicating, adjudication_queries
from services.matching.decision_models import Adjudication
from services.matching.decision_schemas import QuestionDetail
from services.matching.models import Beneficiary, LinkRefusal, Overlap
from services.matching.rules.persons import Said, UnlinkReason
from services.matching.stepping import Person, Saying
from shared.identity import Caller
from shared.outbox import OutboxRow

LIST, OTHER = "WFP_LEAN_SEASON", "EL_MAOUNA"
WFP = Caller("wfp", frozenset(), frozenset({LIST}), frozenset({LIST, OTHER}))
CSA = Caller("csa", frozenset(), frozenset({OTHER}), frozenset({OTHER}))
ROW = id_of(f"{LIST} 1")
ONE, TWO = id_of("individual 1"), id_of("individual 2")
NAME = "Sidi Ould Ely Ould Salem"
ELSEWHERE = id_of("individual 9")
"""A woman whom no list could mean by that name."""


def namesake(number: int, **changed: Any) -> dict[str, Any]:
    return household(number, member(number, NAME), **changed)


def row(number: int = 1, **listed: Any) -> dict[str, Any]:
    """A row that either namesake may be; by default of a program that gives nothing in money."""
    made = enrollment(LIST, number, None, name=NAME, monthly_value_mru=None)
    made["beneficiary"] |= listed
    return made | {"version": made["beneficiary"]["version"]}


async def in_doubt(projection: Projection, **listed: Any) -> None:
    """One row in doubt between two namesakes, and a stranger in the registry."""
    stranger = household(9, member(9, "Penda Mint Samba", sex="F"), commune_code="MR032-C01")
    await projection.households(namesake(1), namesake(2), stranger)
    await projection.enrollments(row(**listed), institution="partners")
    await projection.link()


def official(name: str = "WFP-1", by: Caller = WFP) -> Person:
    return Person(by, name)


async def question_of(projection: Projection, enrollment_id: UUID = ROW) -> Adjudication | None:
    async with projection.database.transaction() as tx:
        return await tx.scalar(select(Adjudication).where(Adjudication.enrollment_id == enrollment_id))


async def say(
    projection: Projection, said: str, who: UUID | None = None, person: Person | None = None, if_match: str = "*"
) -> None:
    """Answer the question about the row, or skip it."""
    question = await question_of(projection)
    assert question is not None
    saying = Saying(Said(said), who)
    async with projection.database.transaction() as tx:
        await adjudicating.decide(tx, question.id, saying, person=person or official(), if_match=if_match)


async def link(projection: Projection, who: UUID, person: Person | None = None, enrollment_id: UUID = ROW) -> None:
    async with projection.database.transaction() as tx:
        saying = Saying(Said.LINKED, who)
        await adjudicating.link(tx, enrollment_id, saying, person=person or official(), if_match="*")


async def unlink(projection: Projection, reason: str = "another_person", enrollment_id: UUID = ROW) -> None:
    async with projection.database.transaction() as tx:
        saying = Saying(Said.UNLINKED, reason=UnlinkReason(reason))
        await adjudicating.unlink(tx, enrollment_id, saying, person=official(), if_match="*")


async def undo(projection: Projection, person: Person | None = None, enrollment_id: UUID = ROW) -> None:
    async with projection.database.transaction() as tx:
        await adjudicating.undo_on_link(tx, enrollment_id, person=person or official(), if_match="*")


async def stands(projection: Projection, enrollment_id: UUID = ROW) -> tuple[str | None, UUID | None, UUID | None]:
    """Decision, individual and household of a row."""
    async with projection.database.transaction() as tx:
        one = await tx.get_one(Beneficiary, enrollment_id)
        return one.decided_as, one.individual_id, one.household_id


async def both_sides(projection: Projection, enrollment_id: UUID = ROW) -> dict[str, Any]:
    """Everything a step may change of a row, its question, its individuals and their households; but versions and times."""
    async with projection.database.transaction() as tx:
        one = await tx.get_one(Beneficiary, enrollment_id)
        question = await tx.scalar(select(Adjudication).where(Adjudication.enrollment_id == enrollment_id))
        refusals = await tx.scalars(select(LinkRefusal).where(LinkRefusal.enrollment_id == enrollment_id))
        overlaps = await tx.scalars(select(Overlap).where(Overlap.ceased_at.is_(None)))
        links = {
            who: (await adjudication_queries.individual_links(tx, who, WFP)).model_dump(
                exclude={"links": {"__all__": {"link_version", "decided_at"}}}
            )
            for who in (ONE, TWO, ELSEWHERE)
        }
        return {
            "link": (one.link_status, one.decided_as, one.individual_id, one.household_id, one.probability),
            "refusals": sorted((str(each.individual_id), str(each.household_id)) for each in refusals),
            "overlaps": sorted((str(o.household_id), o.program_a, o.program_b) for o in overlaps),
            "links": links,
            "question": question
            and (
                question.status,
                question.opened_for,
                question.outcome,
                question.disputed,
                question.skips,
                question.candidates,
                question.opened_at,
            ),
        }


async def detail(projection: Projection, by: Caller = WFP) -> tuple[QuestionDetail, str]:
    question = await question_of(projection)
    assert question is not None
    async with projection.database.transaction() as tx:
        return await adjudication_queries.question(tx, question.id, by, "en")


async def announced(projection: Projection, kind: str) -> list[dict[str, Any]]:
    async with projection.database.transaction() as tx:
        rows = await tx.scalars(
            select(OutboxRow).where(OutboxRow.type == f"matching.{kind}.v1").order_by(OutboxRow.position)
        )
        return [one.data for one in rows]
