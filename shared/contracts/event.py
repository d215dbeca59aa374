"""What every event has."""

from abc import abstractmethod
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

Publisher = Literal["registry", "programs", "matching"]


class Event(BaseModel):
    """A fact that happened, under a type that never changes its meaning.

    Readers ignore fields they do not know, so that a publisher may add some.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: ClassVar[str]
    """`<service>.<noun>.<past-verb>.v<n>`"""
    publisher: ClassVar[Publisher]

    version: int = 1
    """The version of the aggregate this event speaks of; a batch has only one."""

    @abstractmethod
    def aggregate_id(self) -> UUID:
        """The aggregate whose versions are counted."""

    @classmethod
    def subject(cls, process: str) -> str:
        """The NATS subject under which `process` publishes this type: its own name in place of the service's."""
        return process + cls.type.removeprefix(cls.publisher)
