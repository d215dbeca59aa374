"""Each partner's own names of people and enrollments: put on as an answer leaves, taken off as a request comes in."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.aliases import queries, rules
from gateway.aliases.rules import CANONICAL
from gateway.asgi import Body
from gateway.partners.file import Partner
from gateway.releasing import Answer
from gateway.routing import Route
from shared.database import Database, is_passing
from shared.errors import Unavailable
from shared.logs import log

HELD = 100_000
"""Names kept in memory, of each direction: some 20 MB. They never change."""

Asked = Callable[[AsyncSession, str, Collection[UUID]], Awaitable[dict[UUID, UUID]]]


class _Held:
    """What was looked up before, by partner and id as ids are written; None: looked up, and nothing there. The one not asked for longest goes."""

    def __init__(self, ask: Asked) -> None:
        self._ask = ask
        self._found: OrderedDict[tuple[str, str], str | None] = OrderedDict()

    async def of(self, database: Database, partner: str, ids: Collection[str]) -> dict[str, str]:
        missing = [one for one in ids if (partner, one) not in self._found]
        if missing:
            async with database.transaction() as tx:
                answered = await self._ask(tx, partner, [UUID(one) for one in missing])
            found = {str(id): str(name) for id, name in answered.items()}
            self._found |= {(partner, one): found.get(one) for one in missing}
        told: dict[str, str] = {}
        for one in ids:
            if (name := self._found[partner, one]) is not None:
                told[one] = name
            self._found.move_to_end((partner, one))
        while len(self._found) > HELD:
            self._found.popitem(last=False)
        return told


class Aliases:
    """The registry's keeper knows households and individuals by their ids, an institution its own enrollments; all else has an
    alias, which is worth nothing in another partner's hands."""

    def __init__(self, database: Database, keeper: str) -> None:
        """`keeper` is the partner that keeps the registry."""
        self._database, self._keeper = database, keeper
        self._given, self._meant = _Held(queries.aliases), _Held(queries.subjects)

    async def name(self, answer: Answer) -> None:
        """A step of releasing: what the partner will read in the place of ids it may not know. Unavailable where the names
        cannot be had."""
        keeps_people = answer.partner.id == self._keeper
        if ids := rules.to_rename(answer.route, answer.partner, answer.content, keeps_people=keeps_people):
            answer.names = await self._looked_up(self._given, answer.partner, ids)

    async def restored(self, route: Route, partner: Partner, path: str, query: bytes, body: Body) -> tuple[str, bytes]:
        """Path and query with ids where the partner wrote its aliases; in a body of JSON they are put in their place.

        Where a household or an individual is named by anything but the partner's alias, by one who does not keep the registry,
        an id that nobody has stands in its place: the service answers as for anyone it does not know.
        """
        keeps_people = partner.id == self._keeper
        in_path = [one for one in rules.in_path(route, path) if not (keeps_people and one[1])]
        in_query = list(rules.in_query(query)) if query else []
        in_body = list(rules.in_content(body.content))
        asked = {id for text, _ in (*in_path, *in_query, *in_body) if (id := _read(text)) is not None}
        if not asked:
            return path, query
        meant = await self._looked_up(self._meant, partner, asked)

        def restore(text: str, of_people: bool) -> str:
            id = _read(text)
            if id is None:
                return text
            if id in meant:
                return meant[id]
            return str(uuid5(UUID(id), partner.id)) if of_people and not keeps_people else text

        if in_body and (restored := rules.restored_content(body.content, restore)) != body.content:
            body.put(restored)
        return (
            rules.restored_path(route, path, restore) if in_path else path,
            rules.restored_query(query, restore) if in_query else query,
        )

    async def _looked_up(self, held: _Held, partner: Partner, ids: Collection[str]) -> dict[str, str]:
        try:
            return await held.of(self._database, partner.id, ids)
        except Exception as fault:
            if not is_passing(fault):
                raise
            log.warning("aliases_unavailable", reason=type(fault).__name__)
            raise Unavailable from fault


def _read(text: str) -> str | None:
    """The id that a service would read in a text, however it is spelled, as ids are written."""
    if CANONICAL.fullmatch(text):
        return text
    try:
        return str(UUID(text))
    except ValueError:
        return None
