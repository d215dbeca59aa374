"""What the rules know of a registry individual and of a row of a beneficiary list: plain values, no rows, no
I/O.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from shared.names import Sex

Unit = Literal["household", "individual", "pupil"]
Precision = Literal["day", "year"]
NOBODYS_ROW = UUID(int=0)
"""The enrollment of a person who is only looked up."""
Relationship = Literal["head", "spouse", "child", "parent", "sibling", "grandchild", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndividualFacts:
    """One individual in one household, as the registry holds it.

    A polygamous head is two of these, one per household, with the same `individual_id` and
    `individual_number`. `father_name` is the father's full name where the registry knows it: the male head's
    name when the relationship is child; otherwise None (the patronymic inside the person's own name is read
    by the rules). `phones` are the household's, as digits of any form; `phone_households` are the numbers of
    registry households on which each of them stands (none: this household alone).
    """

    individual_id: UUID
    individual_number: str
    household_id: UUID
    household_number: str
    name_fr: str | None = None
    name_ar: str | None = None
    father_name: str | None = None
    sex: Sex | None = None
    birth_date: date | None = None
    birth_precision: Precision = "day"
    nni: str | None = None
    phones: tuple[str, ...] = ()
    phone_households: tuple[int, ...] = ()
    relationship: Relationship = "other"
    wilaya_code: str | None = None
    moughataa_code: str | None = None
    commune_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BeneficiaryFacts:
    """One row of a beneficiary list, with its place already resolved to codes.

    `unit` household: the named person stands for a household (head or spouse); individual: the named person
    alone; pupil: a child at a school, whose place is the school's commune. A list that gives a year instead
    of a date sets `birth_precision` to year. `listed_on` is the day the list speaks of: a pupil's age
    follows from it.
    """

    enrollment_id: UUID
    unit: Unit
    name: str | None = None
    father_name: str | None = None
    household_number: str | None = None
    nni: str | None = None
    phones: tuple[str, ...] = ()
    sex: Sex | None = None
    birth_date: date | None = None
    birth_precision: Precision = "day"
    school_class: str | None = None
    listed_on: date | None = None
    wilaya_code: str | None = None
    moughataa_code: str | None = None
    commune_code: str | None = None
