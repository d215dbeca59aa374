"""Who might head a household after its head: proposed to a person, who decides."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

ADULT_YEARS = 18
_ORDER = {"spouse": 0, "child": 1, "parent": 2, "sibling": 3, "grandchild": 4, "other": 5}


@dataclass(frozen=True, slots=True)
class Remaining:
    """A member who remains."""

    individual_id: UUID
    relationship: str
    birth_date: date
    sex: str


def age(birth_date: date, on: date) -> int:
    """In whole years; of who is not born yet then, none."""
    return max(0, on.year - birth_date.year - ((on.month, on.day) < (birth_date.month, birth_date.day)))


def proposed_heads(members: Iterable[Remaining], on: date) -> list[UUID]:
    """The adults of those who remain: the spouse, then children, parents, siblings; of one kind the eldest first.

    Where no adult remains, the minors in the same order: somebody must be named, and the proposal shows their age.
    """

    def rank(one: Remaining) -> tuple[bool, int, date]:
        return age(one.birth_date, on) < ADULT_YEARS, _ORDER.get(one.relationship, len(_ORDER)), one.birth_date

    return [one.individual_id for one in sorted(members, key=rank)]
