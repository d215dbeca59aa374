"""What an institution asks for: an enrollment to begin, or a turn in the life of one."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.programs.rules.program import PLACE_CODE
from services.programs.rules.status import (
    ExitReason,
    LinkRefusalReason,
    RejectionReason,
    ResumptionReason,
    SuspensionReason,
    TransferReason,
)
from services.programs.schemas.enrollments import EnrollmentOut

LONGEST_CELL = 500
MOST_FIELDS = 40
MOST_ADMITTED = 1_000
Cell = Annotated[str, Field(max_length=LONGEST_CELL)] | int | float | None
Beneficiary = Annotated[
    dict[Annotated[str, Field(max_length=64)], Cell],
    Field(
        min_length=1, max_length=MOST_FIELDS, description="Fields of the program's list, as a row of it writes them."
    ),
]
Priority = Annotated[int, Field(ge=-1_000_000, le=1_000_000)]
Program = Annotated[str, Field(max_length=64)]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewEnrollment(_Asked):
    """One beneficiary of one program. Amounts are in MRU.

    `enroll`: at once where a seat is free; otherwise, or where it is false, as an application on the waiting list,
    the lowest `priority` first. `place_code`: the p-code by which quotas count, where it is known better than by names.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "program": "TEKAVOUL",
                    "beneficiary": {"household_number": "MR0510000001", "name": "Sidi Ould Ahmed", "household_size": 6},
                    "enroll": True,
                }
            ]
        },
    )

    program: Program
    beneficiary: Beneficiary
    enroll: bool = True
    priority: Priority = 0
    place_code: Annotated[str, Field(pattern=PLACE_CODE)] | None = None


class Doubt(BaseModel):
    """What is doubtful about a field, in the caller's language; it kept nobody out."""

    field: str
    code: str
    reason: str


class BegunOut(EnrollmentOut):
    """The enrollment that began: `enrolled`, or `applied` on the waiting list."""

    warnings: list[Doubt]


class Acceptance(_Asked):
    """Nothing more to say."""


class Rejection(_Asked):
    reason: RejectionReason


class Suspension(_Asked):
    reason: SuspensionReason


class Resumption(_Asked):
    reason: ResumptionReason


class Exit(_Asked):
    """`hand_over_to`: a complementary program to which the household that leaves is proposed."""

    reason: ExitReason
    hand_over_to: Program | None = None


class Transfer(_Asked):
    """Who receives from now on, by the fields of a person (name, nni, phone, sex, birth date), and why."""

    reason: TransferReason
    beneficiary: Beneficiary


class Recertification(_Asked):
    """`next_on`: when to look again; where it is not given, as the program says."""

    next_on: date | None = None


class Correction(_Asked):
    """The fields that were wrong, as they are right; null empties one."""

    beneficiary: Beneficiary


class Undo(_Asked):
    """Nothing more to say: the last step is undone."""


class LinkRefusalIn(_Asked):
    """`household_id`: the registry's household that was looked at; refused where the link is another by now."""

    reason: LinkRefusalReason
    household_id: UUID | None = None


class LinkRefusalOut(BaseModel):
    """Whom an enrollment is not: matching never links it to this household, nor to this individual while the person
    receives who received in `person_version` of the enrollment."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    enrollment_id: UUID
    individual_id: UUID | None
    household_id: UUID | None
    person_version: int
    reason: LinkRefusalReason


class WaitingOut(EnrollmentOut):
    """An application, and its place in the waiting list from 1."""

    position: int


class Admission(_Asked):
    program: Program
    at_most: Annotated[int, Field(ge=1, le=MOST_ADMITTED)]


class AdmissionOut(BaseModel):
    """Who was admitted, by enrollment, and how many still wait."""

    model_config = ConfigDict(from_attributes=True)

    admitted: list[UUID]
    waiting: int
