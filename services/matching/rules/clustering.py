"""When two rows of lists are one person though the registry has nobody: exact strong evidence alone."""

from collections.abc import Callable, Iterable, Mapping
from uuid import UUID

from services.matching.rules.comparing import compare
from services.matching.rules.facts import BeneficiaryFacts, IndividualFacts

ALIKE = frozenset({"same_three", "same", "alike"})
"""Levels of the name that, under one household number, name one person."""


def same_person(a: BeneficiaryFacts, b: BeneficiaryFacts) -> bool:
    """Whether two rows share their national id, or their household number and their name. Symmetric.

    Two who share a national id and neither name nor year of birth are not: one of them was mistyped.
    """
    return _is(a, b) and _is(b, a)


def _is(a: BeneficiaryFacts, b: BeneficiaryFacts) -> bool:
    found = compare(a, _as_individual(b))
    if found.level("nni") == "equal":
        return not found.forbidden
    if found.level("nni") == "different":
        return False
    return found.level("household_number") == "equal" and found.level("name") in ALIKE


def _as_individual(row: BeneficiaryFacts) -> IndividualFacts:
    return IndividualFacts(
        individual_id=row.enrollment_id,
        individual_number="",
        household_id=row.enrollment_id,
        household_number=row.household_number or "",
        name_fr=row.name,
        father_name=row.father_name,
        sex=row.sex,
        birth_date=row.birth_date,
        birth_precision=row.birth_precision,
        nni=row.nni,
        phones=row.phones,
        wilaya_code=row.wilaya_code,
        moughataa_code=row.moughataa_code,
        commune_code=row.commune_code,
    )


def components(
    rows: Mapping[UUID, BeneficiaryFacts],
    beside: Mapping[UUID, Iterable[UUID]],
    same: Callable[[BeneficiaryFacts, BeneficiaryFacts], bool] = same_person,
) -> dict[UUID, UUID]:
    """For each row that is the same person as another one, the smallest id of all who are; `beside` says who may be
    compared. Independent of any order."""
    cluster = {id_: id_ for id_ in rows}

    def root(id_: UUID) -> UUID:
        while cluster[id_] != id_:
            id_ = cluster[id_]
        return id_

    for id_ in sorted(rows):
        for other in sorted(beside.get(id_, ())):
            if other in rows and id_ < other and same(rows[id_], rows[other]):
                smaller, greater = sorted((root(id_), root(other)))
                cluster[greater] = smaller
    found = {id_: root(id_) for id_ in rows}
    sizes: dict[UUID, int] = {}
    for one in found.values():
        sizes[one] = sizes.get(one, 0) + 1
    return {id_: one for id_, one in found.items() if sizes[one] > 1}
