"""Events of the matching service."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from shared.contracts.event import Event, Publisher


class LinksChanged(Event):
    """A batch of an institution's enrollments was linked, unlinked or left to a human: by the machine, or by a person.

    `made` and `removed` count the links that are new and those that are no more; one that leads elsewhere is both.
    The institution pulls its outcomes from `GET /internal/link-batches/{batch_id}`.
    """

    type: ClassVar[str] = "matching.links.changed.v1"
    publisher: ClassVar[Publisher] = "matching"

    institution: str
    batch_id: UUID
    linked: int
    to_adjudicate: int
    unmatched: int
    made: int = 0
    removed: int = 0

    def aggregate_id(self) -> UUID:
        return self.batch_id


class AdjudicationsOpened(Event):
    """Beneficiaries of an institution wait for a person to say who they are: newly, or again.

    Their programs' keepers read them at `GET /v1/adjudications`.
    """

    type: ClassVar[str] = "matching.adjudications.opened.v1"
    publisher: ClassVar[Publisher] = "matching"

    institution: str
    batch_id: UUID
    opened: int

    def aggregate_id(self) -> UUID:
        return self.batch_id


class AdjudicationDecided(Event):
    """A person took a step on a question: `outcome` is `same`, `different` or `cannot_tell`, as far as it took effect;
    `awaiting_second` and `disputed` where it did not, and `undone` where one was taken back.

    `GET /v1/adjudications/{adjudication_id}` has the rest; what follows for the link is in `matching.links.changed`.
    """

    type: ClassVar[str] = "matching.adjudications.decided.v1"
    publisher: ClassVar[Publisher] = "matching"

    institution: str
    program: str
    adjudication_id: UUID
    outcome: str

    def aggregate_id(self) -> UUID:
        return self.adjudication_id


class DuplicateProposed(Event):
    """Two records of the registry are probably of one individual, or one household; the registry opens a change request."""

    type: ClassVar[str] = "matching.duplicates.proposed.v1"
    publisher: ClassVar[Publisher] = "matching"

    duplicate_id: UUID
    record: str
    keep_id: UUID
    drop_id: UUID
    probability: float
    model_version: str

    def aggregate_id(self) -> UUID:
        return self.duplicate_id


class OverlapsChanged(Event):
    """Households began or ceased to receive from two programs at once; `GET /v1/overlaps` has the matrix."""

    type: ClassVar[str] = "matching.overlaps.changed.v1"
    publisher: ClassVar[Publisher] = "matching"

    batch_id: UUID
    began: int
    ceased: int

    def aggregate_id(self) -> UUID:
        return self.batch_id


class OverlapCasesChanged(Event):
    """Cases of households in two programs (a before b by code) that the rules matrix forbids together: opened, opened again,
    answered, disputed, resolved by persons, or ceased, because the overlap ended or is no longer forbidden.

    `GET /v1/overlap-cases` shows them to the two programs' keepers, to each its own side.
    """

    type: ClassVar[str] = "matching.overlap-cases.changed.v1"
    publisher: ClassVar[Publisher] = "matching"

    batch_id: UUID
    program_a: str
    program_b: str
    opened: int = 0
    reopened: int = 0
    answered: int = 0
    disputed: int = 0
    resolved: int = 0
    ceased: int = 0

    def aggregate_id(self) -> UUID:
        return self.batch_id


class EnrolledHouseholdsChanged(Event):
    """Households began or ceased to be enrolled in programs: how many. Neither: what is known is told once more.

    The registry pulls them from `GET /internal/enrolled-household-batches/{batch_id}`.
    """

    type: ClassVar[str] = "matching.enrolled-households.changed.v1"
    publisher: ClassVar[Publisher] = "matching"

    batch_id: UUID
    began: int
    ceased: int

    def aggregate_id(self) -> UUID:
        return self.batch_id


class GapsChanged(Event):
    """Households began, or ceased, to be missed by programs whose rule means them: how many.

    `GET /v1/gaps` counts them, and a program's keeper reads those of its own at `GET /v1/programs/{program}/gaps`.
    """

    type: ClassVar[str] = "matching.gaps.changed.v1"
    publisher: ClassVar[Publisher] = "matching"

    batch_id: UUID
    began: int
    ceased: int

    def aggregate_id(self) -> UUID:
        return self.batch_id


class MatrixChanged(Event):
    """A decision on the overlap of two programs (a before b by code): version `version` of their cell.

    It may begin on a later day: `GET /v1/rules-matrix/{program_a}/{program_b}` says what holds today.
    """

    type: ClassVar[str] = "matching.matrix.changed.v1"
    publisher: ClassVar[Publisher] = "matching"

    cell_id: UUID
    program_a: str
    program_b: str
    overlap_class: str

    def aggregate_id(self) -> UUID:
        return self.cell_id


class ReferralsChanged(Event):
    """Referrals from one program to another were sent, or moved on; `GET /v1/referrals` shows them to their two keepers."""

    type: ClassVar[str] = "matching.referrals.changed.v1"
    publisher: ClassVar[Publisher] = "matching"

    batch_id: UUID
    from_program: str
    to_program: str
    sent: int = 0
    seen: int = 0
    accepted: int = 0
    refused: int = 0
    served: int = 0
    closed: int = 0

    def aggregate_id(self) -> UUID:
        return self.batch_id


ResponseStatus = Literal["triggered", "proposed", "approved", "listed", "paid", "closed"]


class ResponsesChanged(Event):
    """An area's trigger was validated (`triggered`: the id is the trigger's), or a shock response came so far: its plan was
    proposed, approved by a second person, its list released, its first payment made, or it was closed.

    `GET /v1/triggers` and `GET /v1/responses/{response_id}` have the rest.
    """

    type: ClassVar[str] = "matching.responses.changed.v1"
    publisher: ClassVar[Publisher] = "matching"

    response_id: UUID
    status: ResponseStatus
    areas: int
    households: int = 0

    def aggregate_id(self) -> UUID:
        return self.response_id


class ListsChanged(Event):
    """A targeting list was requested, counted, approved, rejected, withdrawn, released, returned, closed or revoked.

    `partner` asked for it and receives it, `provider` reviews it; both read it at `GET /v1/targeting-lists/{list_id}`.
    """

    type: ClassVar[str] = "matching.lists.changed.v1"
    publisher: ClassVar[Publisher] = "matching"

    list_id: UUID
    status: str
    partner: str
    provider: str
    program: str

    def aggregate_id(self) -> UUID:
        return self.list_id


class SnapshotMade(Event):
    """The country of a day was frozen, and every figure computed from it: `GET /v1/snapshots/{snapshot_id}/indicators`."""

    type: ClassVar[str] = "matching.snapshots.made.v1"
    publisher: ClassVar[Publisher] = "matching"

    snapshot_id: UUID
    day: date
    households: int
    cells: int

    def aggregate_id(self) -> UUID:
        return self.snapshot_id


class ReferralsDue(Event):
    """Referrals from one program to another, or to a service, whose deadline has passed: to be looked at, answered or served.

    Each is told once for each of its deadlines. `GET /v1/referrals?overdue=true` shows them to their two sides.
    """

    type: ClassVar[str] = "matching.referrals.due.v1"
    publisher: ClassVar[Publisher] = "matching"

    batch_id: UUID
    from_program: str
    to_program: str
    to_see: int = 0
    to_answer: int = 0
    to_serve: int = 0

    def aggregate_id(self) -> UUID:
        return self.batch_id


class OverlapCasesDue(Event):
    """Cases of a pair of programs that were not resolved by their deadline; each is told once for each opening."""

    type: ClassVar[str] = "matching.overlap-cases.due.v1"
    publisher: ClassVar[Publisher] = "matching"

    batch_id: UUID
    program_a: str
    program_b: str
    due: int

    def aggregate_id(self) -> UUID:
        return self.batch_id


class GrievanceChanged(Event):
    """A grievance came to another status: version `version` of it. What it says is for those it concerns, at
    `GET /v1/grievances/{grievance_id}`; of conduct no program is named.

    `desk`: whom it goes to, `program`, `registry` or `unit`.
    """

    type: ClassVar[str] = "matching.grievances.changed.v1"
    publisher: ClassVar[Publisher] = "matching"

    grievance_id: UUID
    desk: str
    program: str | None = None
    status: str

    def aggregate_id(self) -> UUID:
        return self.grievance_id


class GrievancesDue(Event):
    """Grievances of one desk whose next step is late; each is told once for each of its deadlines."""

    type: ClassVar[str] = "matching.grievances.due.v1"
    publisher: ClassVar[Publisher] = "matching"

    batch_id: UUID
    desk: str
    program: str | None = None
    due: int

    def aggregate_id(self) -> UUID:
        return self.batch_id


class RemarksProposed(Event):
    """Remarks with which a recipient returned targeting lists, all of one file, that propose changes of the registry.

    The registry pulls them from `GET /internal/remark-batches/{batch_id}` and opens change requests.
    """

    type: ClassVar[str] = "matching.remarks.proposed.v1"
    publisher: ClassVar[Publisher] = "matching"

    batch_id: UUID
    partner: str
    remarks: int

    def aggregate_id(self) -> UUID:
        return self.batch_id
