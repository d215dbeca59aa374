"""Events of the registry service."""

from typing import ClassVar
from uuid import UUID

from shared.contracts.event import Event, Publisher


class HouseholdsRegistered(Event):
    """A batch of households entered the registry or changed there.

    Whoever may know more pulls `GET /internal/household-batches/{batch_id}` from the registry.
    """

    type: ClassVar[str] = "registry.households.registered.v1"
    publisher: ClassVar[Publisher] = "registry"

    batch_id: UUID
    households: int
    individuals: int
    moved: tuple[UUID, ...] = ()
    """Households known before that now live in another commune, as a file says; at most as many as a batch holds. A move
    on its own is announced as `registry.households.moved`."""

    def aggregate_id(self) -> UUID:
        return self.batch_id


class PlacesPublished(Event):
    """The table of wilayas, moughataas and communes was loaded or replaced; pull `GET /internal/places`."""

    type: ClassVar[str] = "registry.places.published.v1"
    publisher: ClassVar[Publisher] = "registry"

    edition_id: UUID
    places: int

    def aggregate_id(self) -> UUID:
        return self.edition_id


class ConflictsFound(Event):
    """A source said otherwise than what the registry holds from a source it believes more.

    Both sources read theirs at `GET /v1/conflicts?batch_id=`.
    """

    type: ClassVar[str] = "registry.conflicts.found.v1"
    publisher: ClassVar[Publisher] = "registry"

    batch_id: UUID
    conflicts: int

    def aggregate_id(self) -> UUID:
        return self.batch_id


class RecordEvent(Event):
    """One record has a new version. What changed is in its history; `change_id` names the change.

    Other services pull `GET /internal/household-batches/{change_id}`: every household the change touched, as it is now.
    """

    publisher: ClassVar[Publisher] = "registry"

    change_id: UUID


class HouseholdEvent(RecordEvent):
    household_id: UUID

    def aggregate_id(self) -> UUID:
        return self.household_id


class HouseholdChanged(HouseholdEvent):
    """A household's facts or members changed: a correction, a birth, a marriage, a succession, an undo."""

    type: ClassVar[str] = "registry.households.changed.v1"


class HouseholdMoved(HouseholdEvent):
    """A household lives in another commune or village."""

    type: ClassVar[str] = "registry.households.moved.v1"

    from_commune: str
    to_commune: str


class HouseholdSplit(HouseholdEvent):
    """Members left a household and made another one."""

    type: ClassVar[str] = "registry.households.split.v1"

    new_household_id: UUID


class HouseholdMerged(HouseholdEvent):
    """A household was found to be another one, which remains."""

    type: ClassVar[str] = "registry.households.merged.v1"

    into_household_id: UUID


class HouseholdRemoved(HouseholdEvent):
    """A household left the registry; its history stays."""

    type: ClassVar[str] = "registry.households.removed.v1"

    reason: str


class IndividualEvent(RecordEvent):
    individual_id: UUID

    def aggregate_id(self) -> UUID:
        return self.individual_id


class IndividualRegistered(IndividualEvent):
    """A person entered the registry on their own: a birth, a marriage. Files announce theirs by the batch."""

    type: ClassVar[str] = "registry.individuals.registered.v1"


class IndividualChanged(IndividualEvent):
    """A person's facts changed."""

    type: ClassVar[str] = "registry.individuals.changed.v1"


class IndividualDeceased(IndividualEvent):
    """A person died. Who was paid through them needs a successor; payments are held, never silently stopped."""

    type: ClassVar[str] = "registry.individuals.deceased.v1"


class IndividualMerged(IndividualEvent):
    """A person was found to be another one, who remains."""

    type: ClassVar[str] = "registry.individuals.merged.v1"

    into_individual_id: UUID


class PlaceChanged(Event):
    """A place was created, renamed, ended or succeeded by others; pull `GET /internal/places`."""

    type: ClassVar[str] = "registry.places.changed.v1"
    publisher: ClassVar[Publisher] = "registry"

    place_id: UUID
    code: str

    def aggregate_id(self) -> UUID:
        return self.place_id


class ImportCompleted(Event):
    """A file has been applied to its last row. Its batches were announced one by one while it was."""

    type: ClassVar[str] = "registry.imports.completed.v1"
    publisher: ClassVar[Publisher] = "registry"

    import_id: UUID
    kind: str
    accepted: int
    unchanged: int
    rejected: int

    def aggregate_id(self) -> UUID:
        return self.import_id


class QualityCrossed(Event):
    """A place crossed a threshold of data quality (`direction` crossed), or came back from it (recovered).

    `value` is what the threshold measures: the quality index from 0 to 100, or the share of households whose survey is
    stale, from 0 to 1. `threshold` is a code of `GET /v1/quality/rules`.
    """

    type: ClassVar[str] = "registry.quality.crossed.v1"
    publisher: ClassVar[Publisher] = "registry"

    standing_id: UUID
    run_id: UUID
    place_code: str
    threshold: str
    direction: str
    value: float

    def aggregate_id(self) -> UUID:
        return self.standing_id


class QuotaExceeded(Event):
    """More households live in a place than its quota allows. Nobody is refused; a person decides.

    Announced once, and again only after the use has been within the quota in between. `used` is of the moment it was
    seen; today's is at `GET /v1/quotas`.
    """

    type: ClassVar[str] = "registry.quotas.exceeded.v1"
    publisher: ClassVar[Publisher] = "registry"

    quota_id: UUID
    place_code: str
    period: str
    quota: int
    used: int

    def aggregate_id(self) -> UUID:
        return self.quota_id


class ConflictSettled(Event):
    """A person decided a conflict between two sources: `keep_held`, `take_offered` or `dismiss`.

    Both sources read it at `GET /v1/conflicts`.
    """

    type: ClassVar[str] = "registry.conflicts.settled.v1"
    publisher: ClassVar[Publisher] = "registry"

    conflict_id: UUID
    record_id: UUID
    decision: str
    held_source: str
    offered_source: str

    def aggregate_id(self) -> UUID:
        return self.conflict_id


class RemarksAnswered(Event):
    """Remarks of a batch became change requests or could not, or a request of one was decided: `remarks` of them.

    `GET /internal/remark-batches/{batch_id}` has what became of each, as it is now.
    """

    type: ClassVar[str] = "registry.remarks.answered.v1"
    publisher: ClassVar[Publisher] = "registry"

    answer_id: UUID
    batch_id: UUID
    remarks: int

    def aggregate_id(self) -> UUID:
        return self.answer_id
