"""Enrollments as an agreement lets them be told: only the fields it allows are there, each in its form."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from pydantic import ConfigDict

from shared.disclosing import about
from shared.sharing import Shared


class SharedEnrollment(Shared):
    """An enrollment under an agreement. `row` is told to the gateway, which checks by it and takes it out."""

    model_config = ConfigDict(json_schema_extra=about(id="enrollment"))

    id: UUID
    row: dict[str, str | None]
    program: str | None = None
    status: str | None = None
    enrolled_on: date | str | None = None
    exited_on: date | str | None = None
    household_number: str | None = None
    name: str | None = None
    father_name: str | None = None
    nni: str | bool | None = None
    phones: list[str] | bool | None = None
    sex: str | None = None
    birth_date: date | str | None = None
    commune: str | None = None
    village: str | None = None
    household_size: int | str | None = None
    school: str | None = None
    card_number: str | bool | None = None
    monthly_value_mru: Decimal | str | None = None


class SharedEnrolled(Shared):
    """“Is X enrolled in Y?” under an agreement; outside of what it reaches the answer is as for nobody."""

    row: dict[str, str | None]
    enrollment_id: UUID | None = None
    program: str | None = None
    enrolled: bool | None = None
    status: str | None = None
    since: date | str | None = None
