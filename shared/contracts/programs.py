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
    """How many came to be enrolled: newly, or again after a suspension."""
    suspended: int = 0
    exited: int = 0
    applied: int = 0
    corrected: int = 0
    """Changes of what is known of a beneficiary that leave the status as it was."""

    def aggregate_id(self) -> UUID:
        return self.batch_id


class ValuesChanged(Event):
    """What some enrollments of one program are worth in a month has changed with the program's value.

    Pull `GET /internal/monthly-values?program=&first=&last=` for all of them from `first_id` to `last_id`, as they are now.
    No enrollment has another version because of it.
    """

    type: ClassVar[str] = "programs.values.changed.v1"
    publisher: ClassVar[Publisher] = "programs"

    institution: str
    program: str
    batch_id: UUID
    first_id: UUID
    last_id: UUID
    changed: int

    def aggregate_id(self) -> UUID:
        return self.batch_id


class EntitlementsIssued(Event):
    """A cycle of a program was issued: what is due in it is known. `GET /v1/cycles/{cycle_id}` has the sums."""

    type: ClassVar[str] = "programs.entitlements.issued.v1"
    publisher: ClassVar[Publisher] = "programs"

    institution: str
    program: str
    cycle_id: UUID
    due: int
    held: int

    def aggregate_id(self) -> UUID:
        return self.cycle_id


class DeliveriesRecorded(Event):
    """A batch of deliveries of one program was recorded; `GET /v1/deliveries?batch_id=` lists them.

    Other services pull them from `GET /internal/delivery-batches/{batch_id}`, without a name.
    """

    type: ClassVar[str] = "programs.deliveries.recorded.v1"
    publisher: ClassVar[Publisher] = "programs"

    institution: str
    program: str
    batch_id: UUID
    recorded: int
    with_findings: int

    def aggregate_id(self) -> UUID:
        return self.batch_id


class SchoolsChanged(Event):
    """An institution listed schools anew: their places, and since when they have a canteen; pull `GET /internal/schools`."""

    type: ClassVar[str] = "programs.schools.changed.v1"
    publisher: ClassVar[Publisher] = "programs"

    institution: str
    batch_id: UUID
    schools: int
    """How many are new or changed."""

    def aggregate_id(self) -> UUID:
        return self.batch_id


class LinkRefused(Event):
    """An institution says that its beneficiary is not the individual or household it was linked to.

    Pull `GET /internal/link-refusals/{refusal_id}` for which.
    """

    type: ClassVar[str] = "programs.links.refused.v1"
    publisher: ClassVar[Publisher] = "programs"

    institution: str
    program: str
    refusal_id: UUID

    def aggregate_id(self) -> UUID:
        return self.refusal_id
