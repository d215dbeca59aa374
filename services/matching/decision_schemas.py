"""What matching says, and hears, of persons' decisions on links."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.matching.rules.adjudicating import AdjudicationStatus, Outcome
from services.matching.rules.deciding import OpenedFor
from services.matching.rules.persons import UnlinkReason
from services.matching.schemas import EvidenceOut
from shared.disclosing import about

Official = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9._-]{2,40}$", description="The official's staff number in the partner's own system."),
]
Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00]*$")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")

    official: Official
    note: Note | None = None


class DecideIn(_Body):
    """An answer. `same` and `different` are about `individual_id`, the best candidate where none is named."""

    outcome: Outcome
    individual_id: UUID | None = None


class SkipIn(_Body):
    """Leave a question to somebody else."""


class UndoIn(_Body):
    """Take the last step back."""


class LinkIn(_Body):
    """Link a beneficiary to an individual of the registry."""

    individual_id: UUID


class UnlinkIn(_Body):
    """Take a link away."""

    reason: UnlinkReason


class QuestionOut(BaseModel):
    """A question as it stands in the queue: nothing of the people in it."""

    id: UUID
    version: int
    enrollment_id: UUID
    program: str
    source_line: int | None
    status: AdjudicationStatus
    opened_for: OpenedFor
    reason: str
    """`opened_for` in the caller's language."""
    outcome: Outcome | None
    disputed: bool
    skips: int
    cost_mru: Decimal
    commune_code: str | None
    candidates: int
    best_probability: float | None
    opened_at: datetime
    decided_at: datetime | None


class ListedOut(BaseModel):
    """The row as its list has it; of numbers only whether there are any."""

    unit: str
    name: str | None
    father_name: str | None
    sex: str | None
    birth_date: date | None
    birth_precision: str | None
    household_number: str | None
    household_size: int | None
    wilaya: str | None
    moughataa: str | None
    commune: str | None
    village: str | None
    school: str | None
    school_class: str | None
    has_nni: bool
    phones: int


class CandidateOut(BaseModel):
    """An individual of the registry beside the row, and what each field says for or against, in the caller's language.

    National ids and phones are never shown: the evidence says whether they agree. The second part needs `households:read`.
    """

    individual_id: UUID
    household_id: UUID
    household_number: str
    name_fr: str | None
    name_ar: str | None
    birth_year: int | None
    commune_code: str
    commune_fr: str | None
    commune_ar: str | None
    probability: float
    model_version: str
    evidence: list[EvidenceOut]

    individual_number: str | None = None
    sex: str | None = None
    birth_date: date | None = None
    birth_precision: str | None = None
    father_name: str | None = None
    relationship: str | None = None
    household_size: int | None = None


class StepOut(BaseModel):
    """A step that a person took."""

    number: int
    said: str
    individual_id: UUID | None
    reason: UnlinkReason | None
    note: str | None
    needs_second: bool
    decided_by: str
    official: str
    decided_at: datetime
    undone_at: datetime | None
    undone_official: str | None


class QuestionDetail(QuestionOut):
    """A question with both sides, best candidate first, and every step taken on it."""

    listed: ListedOut
    listed_candidates: list[CandidateOut]
    second_person: str | None
    """Why the answer `same` on the best candidate would need a second person, if it would."""
    steps: list[StepOut]


class LinkTurn(BaseModel):
    """A version of a link: who turned it (a model, or a partner's official) from what to what."""

    version: int
    at: datetime
    by: str
    change: dict[str, Any]


class IndividualLink(BaseModel):
    """A link of an individual, in a program the caller keeps or whose agreement covers it; the enrollment's id is shown to its
    keeper alone."""

    program: str
    unit: str
    enrollment_id: UUID | None
    active: bool
    status: str
    link_version: int
    by_a_person: bool
    probability: float | None
    decided_at: datetime | None


class IndividualLinks(BaseModel):
    """`individual_id` is the one asked for, `is_now` the one it was merged into since."""

    model_config = ConfigDict(json_schema_extra=about(is_now="individual"))

    individual_id: UUID
    is_now: UUID
    links: list[IndividualLink]
    more: bool


class LinkStands(BaseModel):
    """A beneficiary's link after a person's step; `adjudication_id` where a second person must confirm it."""

    enrollment_id: UUID
    link_version: int
    status: str
    individual_id: UUID | None
    household_id: UUID | None
    probability: float | None
    adjudication_id: UUID | None
    adjudication_status: AdjudicationStatus | None


class RebuildIn(BaseModel):
    """Compare the beneficiaries of a program anew, or all of them."""

    model_config = ConfigDict(extra="forbid")

    program: Annotated[str, StringConstraints(max_length=64, pattern=r"^[^\x00]*$")] | None = None


class RebuildOut(BaseModel):
    """A rebuild: of `total` rows so many are `marked`, and of these so many `compared`."""

    id: UUID
    program: str | None
    status: Literal["running", "done", "cancelled"]
    total: int
    marked: int
    compared: int
    asked_by: str
    asked_at: datetime
    ended_at: datetime | None


class DuplicateSearchOut(BaseModel):
    """A search for people registered twice: of `total` members so many are `done`, and so many pairs were `proposed`. A pair is
    proposed once, and a search proposes 1,000 at the most: the next one goes on."""

    id: UUID
    status: Literal["running", "done", "cancelled"]
    total: int
    done: int
    proposed: int
    asked_by: str
    asked_at: datetime
    ended_at: datetime | None


class ListedTwice(BaseModel):
    """Enrollments of one program that are of one individual or household of the registry, or one cluster that it does not know.
    Whom of the registry `id` names stands once more in the field of their kind."""

    kind: Literal["individual", "household", "cluster"]
    id: UUID
    registry_individual_id: UUID | None
    registry_household_id: UUID | None
    enrollment_ids: list[UUID]


class ClusterOut(BaseModel):
    """Rows that are one person whom the registry does not know. Programs are named where the caller keeps them or its
    agreement covers them; the others are counted."""

    id: UUID
    rows: int
    programs: int
    own_rows: int
    known_programs: list[str]


class ClusterRow(BaseModel):
    """A row of the caller's own."""

    enrollment_id: UUID
    program: str
    source_line: int | None
    name: str | None
    household_number: str | None
    commune: str | None


class ClusterDetail(ClusterOut):
    """A cluster with the caller's own rows."""

    own: list[ClusterRow]
