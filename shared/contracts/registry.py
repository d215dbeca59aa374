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
