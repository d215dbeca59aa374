"""One household as an institution's system tells it: the same as a file of one household, answered at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.commands.answering import refuse_wrong_answers
from services.registry.commands.registering import register_households
from services.registry.errors import HouseholdRefused, UnknownCommune
from services.registry.models import Household
from services.registry.queries.place_table import place_table
from services.registry.rules.households import HouseholdFile
from shared.copying import add_rows
from shared.errors import PreconditionFailed, PreconditionRequired
from shared.etags import refuse_stale


@dataclass(frozen=True, slots=True)
class Pushed:
    """What became of a pushed household."""

    id: UUID
    version: int
    is_new: bool


async def push_household(tx: AsyncSession, told: HouseholdFile, *, by: str, if_match: str | None) -> Pushed:
    """Enter a household, or bring it up to date.

    Where a more believed source says otherwise its word stays, and both sources are told of the conflict.
    """
    held: dict[str, Household] = {}

    def seen(households: Mapping[str, Household]) -> None:
        held.update(households)
        if told.number in held:
            if if_match is None:
                raise PreconditionRequired(pointer="/header/If-Match")
            refuse_stale(if_match, held[told.number].version)

    places = await place_table(tx)
    if told.commune_code not in places.communes:
        raise UnknownCommune(pointer="/commune_code", commune=told.commune_code)
    _refuse_answers(told)
    done = await register_households(tx, [places.told_village(told)], by=by, seen=seen)
    if done.problems:  # a person who is refused would leave half a household: nothing is entered
        problem = done.problems[0]
        raise HouseholdRefused(problem.field, str(problem.value), problem.reason)
    # Meanwhile somebody else may enter the same household, or one of its members.
    add_rows(tx, taken=PreconditionFailed(pointer="/header/If-Match"))
    is_new = told.number not in held
    return Pushed(done.ids[told.number], 1 if is_new else held[told.number].version, is_new)


def _refuse_answers(told: HouseholdFile) -> None:
    if told.answers is not None:
        refuse_wrong_answers("household", told.questionnaire_version, told.answers, "/answers")
    for place, member in enumerate(told.members):
        if member.answers is not None:
            version = member.questionnaire_version
            refuse_wrong_answers("individual", version, member.answers, f"/members/{place}/answers")
