"""How somebody stands in the registry, for those who may know no more: a grievance agent with a caller on the line."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.errors.search import CheckTooBroad
from services.registry.queries.name_words import NameWords
from services.registry.queries.search import Find, Finds, search
from services.registry.rules.asking import Asked

MOST_CHECKED = 5
"""Namesakes in one place whom an agent can tell apart by asking; more would be a list."""
LEAST_PARTS = 2


async def check(tx: AsyncSession, words: NameWords, asked: Asked) -> Finds:
    """Those who answer an exact number, or a name of two parts and a place. CheckTooBroad for less."""
    if not (asked.has_number or (len(asked.parsed_name.tokens) >= LEAST_PARTS and asked.place)):
        raise CheckTooBroad
    found = await search(tx, words, asked, MOST_CHECKED, slips=False)
    # What a search finds elsewhere than it was told is a help to an operator, and would be a way around the place here.
    return Finds([find for find in found.finds if _is_where_told(find)], found.more)


def _is_where_told(find: Find) -> bool:
    return all(reason.how != "elsewhere" for reason in find.judged.reasons)


def status_of(find: Find) -> str:
    """The individual's where it says more than the household's."""
    if find.person is not None and (find.person.status != "active" or not find.homes):
        return find.person.status
    return find.homes[0].status
