"""What must happen to an answer about people before any of it leaves: it is read whole, and goes through the steps."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson

from gateway.agreements.rules.deciding import Allowed
from gateway.aliases.rules import renamed
from gateway.disclosures.disclosure import Emergency
from gateway.files.forms import Found
from gateway.files.spooling import Spooled
from gateway.partners.file import Partner
from gateway.routing import Route, Subject, subjects_of
from shared.disclosing import FILE_HEADER, GRANT_HEADER, FileTold, Grant
from shared.identity import Caller
from shared.logs import log


@dataclass(slots=True)
class Answer:
    """A successful answer about people, on its way out. A step may change `content`, and says so with `changed`.

    `content` is the parsed JSON; None where the answer is a file, which waits as `spooled` until the steps have let it pass.
    `file`: what the service says of that, None where it says nothing; `found`: what the gateway found in it. `grant`: by which right the service itself lets the partner read it.
    `official` is the person who asks, where the request names one. `allowed` says under which agreement
    and for which purpose; None where it was refused, or where it is read in an `emergency` that no agreement covers. `names`: what the
    partner reads in the place of ids that it may not know; they are put on last, so that every step knows whom the answer tells of.
    """

    route: Route
    partner: Partner
    caller: Caller
    path: str
    query: bytes
    official: str | None
    case: str | None
    request_id: str
    allowed: Allowed | None = None
    emergency: Emergency | None = None
    content: Any = None
    spooled: Spooled | None = None
    file: FileTold | None = None
    found: Found | None = None
    grant: Grant | None = None
    changed: bool = False
    names: Mapping[str, str] = field(default_factory=dict)

    def subjects(self) -> list[Subject]:
        return subjects_of(self.route, self.path, self.content)


Said = TypeVar("Said")
Step = Callable[[Answer], Awaitable[None]]
"""Refuses (raises a Refusal: nothing leaves), changes the content, or notes it."""


Refused = Callable[[Answer, str], Awaitable[None]]
"""Notes that an answer about people was refused, and by which code."""


REFUSED = frozenset({403, 404, 410})
"""Statuses by which one is told nothing of whom one asked for; the others are about the request."""


def _said(header: str | None, read: Callable[[str], Said], answer: Answer) -> Said | None:
    """What a service says of its answer in a header; what cannot be read is a mistake of ours, and said of nothing."""
    try:
        return read(header) if header is not None else None
    except ValueError:
        log.error("header_of_service_unreadable", route=answer.route.path)
        return None


async def _not_noted(_: Answer, __: str) -> None:
    return None


class Releasing:
    """The steps, in their order: the check of what may leave, the log, the partner's own names of people.

    The log comes before the names: it holds whom the answer is about, not what one partner calls them.
    """

    def __init__(self, steps: Sequence[Step] = (), refused: Refused = _not_noted) -> None:
        self._steps = steps
        self.refused = refused

    async def release(self, answer: Answer, body: bytes | Spooled | None, headers: Mapping[str, str]) -> bytes | None:
        """What may leave of a JSON `body`; None where a file waits, which may then, or there are headers alone. Raises what a step
        refuses with."""
        answer.file = _said(headers.get(FILE_HEADER), FileTold.read, answer)
        answer.grant = _said(headers.get(GRANT_HEADER), Grant.read, answer)
        if isinstance(body, Spooled):
            answer.spooled = body
        elif body is not None and self._steps:
            answer.content = orjson.loads(body)
        for step in self._steps:
            await step(answer)
        if body is None or isinstance(body, Spooled):
            return None
        leaving = orjson.dumps(answer.content) if answer.changed else body
        return renamed(leaving, answer.names) if answer.names else leaving
