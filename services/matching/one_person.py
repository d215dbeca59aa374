"""One person looked up as if on a list: who it may be, why, and how far the index of the registry is behind."""

import asyncio
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.errors import PersonNotReadable
from services.matching.linking import UNITS, decide_people
from services.matching.list_models import Found
from services.matching.list_queries import MatchCandidate, candidate_out
from services.matching.listing import facts_of_person, published, read_named, told_of
from services.matching.modeling import models_in_force
from services.matching.registry_index import registry_index
from services.matching.stepping import PLACES
from shared.cells import Cells
from shared.clock import now
from shared.errors import NotPermitted
from shared.identity import Caller
from shared.text import Language

Written = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")]


class PersonIn(BaseModel):
    """A person as a list of the program would write one: each field a cell, in any form that lists are read in."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "program": "DISABILITY_CASH",
                    "name": "زينب منت سيداتي",
                    "birth_date": "1975",
                    "phone": "22 33 44 55",
                    "moughataa": "Amourj",
                }
            ]
        },
    )

    program: Annotated[str, StringConstraints(max_length=64)] = Field(
        description="A program that the caller keeps: its unit says whether a person or a household is meant."
    )
    household_number: Written | None = None
    name: Written | None = None
    father_name: Written | None = None
    nni: Written | None = None
    phone: Written | None = None
    phone_2: Written | None = None
    sex: Written | None = None
    birth_date: Written | None = None
    wilaya: Written | None = None
    moughataa: Written | None = None
    commune: Written | None = None
    school: Written | None = None
    school_class: Written | None = None


class WarningOut(BaseModel):
    """What could not be read and was left out."""

    field: str
    code: str
    reason: str


class IndexState(BaseModel):
    """What was asked: so many `members` of the registry; `behind`: how many it had not taken in yet, counted to 100,000."""

    members: int
    behind: int


class PersonMatch(BaseModel):
    """Who it may be, the likeliest first, and what would follow on a list. Nothing was written."""

    found: Found
    individual_id: UUID | None
    household_id: UUID | None
    probability: float
    candidates: list[MatchCandidate]
    warnings: list[WarningOut]
    model_version: str
    index: IndexState


async def match_person(tx: AsyncSession, asked: PersonIn, by: Caller, language: Language) -> PersonMatch:
    """NotPermitted for a program that is not the caller's; ProgramNotPublished, PersonNotReadable, IndexBuilding."""
    if asked.program not in by.programs:
        raise NotPermitted(pointer="/program", permission=f"lists:match {asked.program}")
    unit = UNITS[(await published(tx, asked.program)).unit]
    day = now().date()
    cells = Cells(0, asked.model_dump(exclude={"program"}, exclude_none=True))
    person = read_named(cells, day)
    for wrong in cells.findings:
        if wrong.severity == "error":
            raise PersonNotReadable(pointer=f"/{wrong.field}", reason=wrong.reason)
    facts = facts_of_person(person, unit, day, await PLACES.index(tx))
    (decision,) = await decide_people(tx, [facts])
    index = registry_index(tx)
    found, individual_id, household_id, probability, candidates = await asyncio.to_thread(told_of, decision)
    return PersonMatch(
        found=found,
        individual_id=individual_id,
        household_id=household_id,
        probability=probability,
        candidates=[candidate_out(told, language) for told in candidates],
        warnings=[
            WarningOut(field=one.field, code=one.code, reason=one.reason.in_(language)) for one in cells.findings
        ],
        model_version=(await models_in_force(tx)).version,
        index=IndexState(members=len(index), behind=await index.behind(tx)),
    )
