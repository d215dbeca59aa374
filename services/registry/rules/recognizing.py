"""Whom a line without an individual number means: somebody the household has, or had."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from services.registry.rules.households import Member
from shared.text import fold


class Candidate(NamedTuple):
    """Somebody a line may mean."""

    number: str
    name_fr: str | None
    name_ar: str | None
    sex: str
    birth_date: date
    birth_precision: str


def recognized(member: Member, household: Iterable[Candidate], same_nni: Iterable[Candidate] = ()) -> str | None:
    """The number of the one a line means: by national id, anywhere, or by name and birth, in the household.

    A national id alone is no proof: clerks write the head's on every line. The name or the birth must agree with it.
    """
    for one in same_nni:
        if _same_name(member, one) or _same_birth(member, one):
            return one.number
    for one in household:
        if one.sex == member.sex and _same_name(member, one) and _same_birth(member, one):
            return one.number
    return None


def _same_name(member: Member, one: Candidate) -> bool:
    pairs = ((member.name_fr, one.name_fr), (member.name_ar, one.name_ar))
    return any(told and held and fold(told) == fold(held) for told, held in pairs)


def _same_birth(member: Member, one: Candidate) -> bool:
    if "year" in (member.birth_precision, one.birth_precision):
        return member.birth_date.year == one.birth_date.year
    return member.birth_date == one.birth_date
