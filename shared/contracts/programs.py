"""Events of the programs services: one process per institution, the same types."""

from typing import ClassVar
from uuid import UUID

from shared.contracts.event import Event, Publisher


class ProgramPublished(Event):
    """An institution published a version of a program; pull `GET /internal/programs/{program}`."""

    type: ClassVar[str] = "programs.programs.published.v1"
    publisher: ClassVar[Publisher] = "programs"

    institution: str
    program: str
    program_id: UUID

    def aggregate_id(self) -> UUID:
        return self.program_id


class EnrollmentsChanged(Event):
    """A batch of enrollments of one program changed status.

    The changes, one per enrollment, are pulled from `GET /internal/enrollment-batches/{batch_id}`.
    """

    type: ClassVar[str] = "programs.enrollments.changed.v1"
    publisher: ClassVar[Publisher] = "programs"

    institution: str
    program: str
    batch_id: UUID
    enrolled: int
    suspended: int = 0
    exited: int = 0

    def aggregate_id(self) -> UUID:
        return self.batch_id
