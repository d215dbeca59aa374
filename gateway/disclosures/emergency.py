"""Break-glass at the door: a read that names one is let pass though no agreement covers it, and every row of it is marked."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from uuid import UUID

from gateway.disclosures import breaking_glass, errors
from gateway.disclosures.acts import Person
from gateway.disclosures.breaking_glass import POINTER
from gateway.disclosures.disclosure import Emergency
from gateway.releasing import Answer
from gateway.routing import Route, Subject
from shared.database import Database
from shared.errors import NotPermitted

BREAK_GLASS = b"tekamoul-break-glass"
"""The header by which a request names one."""
SEARCH = ("registry", "/v1/search")
"""A question too long, and too telling, for an address: the one POST that only reads."""
OPEN = "break-glass:open"


class Emergencies:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def admit(self, answer: Answer, named: str) -> None:
        """Give the caller, for this request, what the route needs. Asked of the database each time: what is reviewed has ended.

        NotPermitted, OfficialNeeded, BreakGlassReadsOnly, BreakGlassUnknown (also another person's), BreakGlassEnded.
        """
        if not answer.caller.may(OPEN):
            raise NotPermitted(permission=OPEN)
        if answer.official is None:
            raise errors.OfficialNeeded(pointer="/header/Tekamoul-Official")
        if not _reads(answer.route) or answer.route.file_of is not None:
            raise errors.BreakGlassReadsOnly(pointer=POINTER)
        person = Person(answer.partner.id, answer.official)
        async with self._database.transaction() as tx:
            found = await breaking_glass.in_force(tx, _id(named), person)
        answer.emergency = Emergency(str(found.id), found.subject)
        answer.caller = replace(answer.caller, permissions=answer.caller.permissions | {answer.route.permission})

    async def check(self, answer: Answer) -> None:
        """A step of releasing: BreakGlassElsewhere where it was opened for another one than the answer tells of."""
        if answer.emergency is not None:
            if answer.content is None:
                raise errors.BreakGlassReadsOnly(pointer=POINTER)
            refuse_elsewhere(answer.emergency.subject, answer.subjects(), answer.names)


def _reads(route: Route) -> bool:
    return route.method == "GET" or (route.service, route.path) == SEARCH


def refuse_elsewhere(opened_for: str | None, subjects: Collection[Subject], names: Mapping[str, str]) -> None:
    """BreakGlassElsewhere unless it is for anybody, or the answer tells of that one and of no other of the same kind.

    `names`: what the partner calls them, by id: she opened it for one whom she knows by her partner's name.
    """
    if opened_for is None:
        return
    meant = [one for one in subjects if opened_for in (one.id, one.number, names.get(one.id))]
    kinds = {one.kind for one in meant}
    if not meant or any(one.kind in kinds and one not in meant for one in subjects):
        raise errors.BreakGlassElsewhere(pointer=POINTER)


def _id(named: str) -> UUID:
    try:
        return UUID(named)
    except ValueError:
        raise errors.BreakGlassUnknown(pointer=POINTER) from None
