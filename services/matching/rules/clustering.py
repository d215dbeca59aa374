"""When two rows of lists are one person though the registry has nobody: exact strong evidence alone."""

from collections.abc import Callable, Iterable, Mapping
from uuid import UUID

ALIKE = frozenset({"same", "alike"})
"""Levels of the name that, under one household number, name one person."""


def same_person(nni: str, household_number: str, name: str, *, other_year: bool) -> bool:
    """Whether two rows share their national id, or their household number and their name, by the levels these reached.

    Two who share a national id and neither name nor year of birth (`other_year`) are not: one of them was mistyped.
    """
    if nni == "equal":
        return not (other_year and name in ("doubtful", "different"))
    return nni != "different" and household_number == "equal" and name in ALIKE


def components(
    rows: Iterable[UUID], beside: Mapping[UUID, Iterable[UUID]], same: Callable[[UUID, UUID], bool]
) -> dict[UUID, UUID]:
    """For each row that is the same person as another one, the smallest id of all who are; `beside` says who may be
    compared. Independent of any order."""
    rows = set(rows)
    cluster = {id_: id_ for id_ in rows}

    def root(id_: UUID) -> UUID:
        while cluster[id_] != id_:
            id_ = cluster[id_]
        return id_

    for id_ in sorted(rows):
        for other in sorted(beside.get(id_, ())):
            if other in rows and id_ < other and same(id_, other):
                smaller, greater = sorted((root(id_), root(other)))
                cluster[greater] = smaller
    found = {id_: root(id_) for id_ in rows}
    sizes: dict[UUID, int] = {}
    for one in found.values():
        sizes[one] = sizes.get(one, 0) + 1
    return {id_: one for id_, one in found.items() if sizes[one] > 1}
