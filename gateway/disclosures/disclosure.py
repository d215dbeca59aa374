"""What is recorded of one disclosure, before it has its place in the chain. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

Decision = Literal["allowed", "refused", "erased", "dropped", "opened", "reviewed"]
"""Of a read: allowed, refused. Of the log itself: a subject erased, personal parts dropped by age, break-glass opened, reviewed."""
ATTRIBUTE = re.compile(r"[A-Za-z0-9_.-]+")
"""An attribute's name, with dots between a part and what it is a part of."""
REQUEST = re.compile(r"[A-Za-z0-9_.-]*")
"""A request's id: signs that JSON writes as they are, for the database puts it where the row is hashed."""
FILE = "file"
"""The kind of subject of a row about a file: its address and the digest of its bytes. Who is in it the service keeps."""
OFFICIAL = "official"
"""The kind under which an official has a commitment, beside the kinds of subjects."""


class Disclosure(NamedTuple):
    """One subject told of to one partner; or many at once, where a file leaves: then the subject is the file, `subjects` how many are in it.

    A refusal has its `code` and no subject. `attributes` are names, never values. `official` is who acted at the partner,
    empty where a system asked; `break_glass`, the id under which she read. `number`: what the answer calls the subject beside
    its id; it is kept with the name, and is not in the chain.
    """

    partner: str
    route: str
    request: str
    decision: Decision = "allowed"
    code: str = ""
    official: str = ""
    case: str = ""
    purpose: str = ""
    legal_basis: str = ""
    agreement: str = ""
    version: int = 0
    subject_kind: str = ""
    subject: str = ""
    number: str = ""
    attributes: tuple[str, ...] = ()
    subjects: int = 1
    break_glass: str = ""

    def parties(self) -> list[tuple[str, str]]:
        """Who of its personal parts needs a commitment: (kind, reference)."""
        found = []
        if self.subject:
            found.append((self.subject_kind, self.subject))
        if self.official:
            found.append((OFFICIAL, official_reference(self.partner, self.official)))
        return found

    def refuse_unwritable(self) -> None:
        """ValueError where PostgreSQL could not hold it: no text may have a NUL, no attribute be more than a name, no request's id
        more than an id."""
        texts = (self.official, self.case, self.purpose, self.legal_basis, self.subject, self.number, self.route)
        if "\0" in "".join(texts) or not _are_names(tuple(self.attributes)) or not REQUEST.fullmatch(self.request):
            raise ValueError("a disclosure that cannot be written")


@lru_cache(maxsize=1000)
def _are_names(attributes: Sequence[str]) -> bool:
    return all(map(ATTRIBUTE.fullmatch, attributes))


@dataclass(frozen=True, slots=True)
class Emergency:
    """The break-glass under which a request reads, and the one it was opened for; None for anybody."""

    id: str
    subject: str | None


def official_reference(partner: str, official: str) -> str:
    """An official's code is its partner's own: two partners may have the same."""
    return f"{partner}/{official}"
