"""Enrollments on the wire."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.programs.rules.status import LinkStatus, Status
from shared.disclosing import about


class EnrollmentOut(BaseModel):
    """A beneficiary in a program, as listed, with what matching found in the registry.

    `monthly_value_mru` holds for a month in which the program gives; it is absent where it depends on a household size
    that the list does not tell. `version` counts changes of the enrollment, not of its link.
    """

    model_config = ConfigDict(from_attributes=True, json_schema_extra=about(id="enrollment"))

    id: UUID
    program: str = Field(validation_alias="program_code")
    status: Status
    reason: str | None
    version: int
    applied_on: date | None
    enrolled_on: date | None
    exited_on: date | None
    recertify_on: date | None
    priority: int
    previous_id: UUID | None
    held_reason: str | None
    held_on: date | None
    hand_over_to: str | None
    """The program to which the household was proposed when it left; `handed_over_id`: its application, where that is ours."""
    handed_over_id: UUID | None
    place_code: str | None
    household_number: str | None
    name: str
    father_name: str | None
    nni: str | None
    phones: list[str]
    sex: str | None
    birth_date: date | None
    birth_precision: str | None
    wilaya: str | None
    moughataa: str | None
    commune: str | None
    village: str | None
    household_size: int | None
    school: str | None
    school_class: str | None
    card_number: str | None
    amount_mru: Decimal | None
    monthly_value_mru: Decimal | None
    import_id: UUID | None
    source_line: int | None
    link_status: LinkStatus
    link_probability: Decimal | None
    registry_household_id: UUID | None
    registry_individual_id: UUID | None


class EnrollmentDetail(EnrollmentOut):
    """The same, with the row as the institution sent it."""

    listed: dict[str, Any]


class TurnOut(BaseModel):
    """One version of an enrollment: from which status to which, why, when and by whom."""

    version: int
    from_: Status | None = Field(alias="from")
    to: Status
    reason: str | None
    at: datetime
    by: str
    hand_over_to: str | None = None


class ProgramCounts(BaseModel):
    """Enrollments of a program by status; those not exited also by what matching found."""

    program: str
    applied: int = 0
    enrolled: int = 0
    suspended: int = 0
    exited: int = 0
    pending: int = 0
    linked: int = 0
    to_adjudicate: int = 0
    unmatched: int = 0


class Counts(BaseModel):
    institution: str
    programs: list[ProgramCounts]


class SpanOut(BaseModel):
    """Days on which an enrollment is enrolled, not suspended: from the first up to the day before `until_on`; null: still."""

    from_on: date
    until_on: date | None


class BeneficiaryOut(BaseModel):
    """A beneficiary as the institution listed it, with the enrollment's present status and version."""

    status: Status
    version: int
    person_version: int
    """The version since which this person receives."""
    unit: str
    household_number: str | None
    name: str
    father_name: str | None
    nni: str | None
    phones: list[str]
    sex: str | None
    birth_date: date | None
    birth_precision: str | None
    wilaya: str | None
    moughataa: str | None
    commune: str | None
    village: str | None
    household_size: int | None
    school: str | None
    school_class: str | None
    school_key: str | None = None
    """The same for all writings of one school; null where no school is named."""
    monthly_value_mru: Decimal | None
    enrolled_on: date | None
    spans: list[SpanOut] = []
    import_id: UUID | None
    source_line: int | None


class EnrollmentChange(BaseModel):
    """One change of a batch. `from` is null for a new enrollment."""

    enrollment_id: UUID
    version: int
    program: str
    from_: Status | None = Field(alias="from")
    to: Status
    reason: str | None
    at: datetime
    by: str
    """The partner that asked for it, or `registry`."""
    hand_over_to: str | None = None
    """The program, of any institution, to which the household is proposed with this exit."""
    beneficiary: BeneficiaryOut | None = None
    """The state now, which may be newer than this change; left out where it was not asked for."""


class EnrollmentPulled(BaseModel):
    """An enrollment as other services hold it, whatever changed it last."""

    enrollment_id: UUID
    program: str
    beneficiary: BeneficiaryOut


class MonthlyValue(BaseModel):
    """What an enrollment is worth in a month in which its program gives; null where it cannot be told."""

    enrollment_id: UUID
    monthly_value_mru: Decimal | None
