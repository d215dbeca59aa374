"""A data-sharing agreement as it goes with a request: what it lets be asked for, and until when. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

ATTRIBUTES = ("household_number", "head_name", "commune", "village", "size", "amount", "top_up")
"""What an agreement may let a recipient know of a household on a list."""
PURPOSE_PATTERN = r"^[a-z][a-z0-9_]{2,59}$"
_SETS = ("purposes", "programs", "places", "attributes")
_DAYS = ("not_before", "not_after")


@dataclass(frozen=True, slots=True)
class Agreement:
    """One version of an agreement, as the caller named it. Both its first and its last day are included.

    `programs` are those about whose enrollments may be asked; `places`, the p-codes within which households may be asked
    for (none: the whole country); `volume_per_query`, how many households one question may bring.
    """

    id: str
    version: int
    provider: str
    purposes: frozenset[str]
    programs: frozenset[str]
    places: frozenset[str]
    attributes: frozenset[str]
    volume_per_query: int
    not_before: date
    not_after: date
    legal_basis: str

    def holds_on(self, day: date) -> bool:
        return self.not_before <= day <= self.not_after

    def told(self) -> dict[str, Any]:
        """The agreement as JSON can say it: in a token, and in the row of what was asked under it."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values |= {name: sorted(values[name]) for name in _SETS}
        return values | {name: values[name].isoformat() for name in _DAYS}

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> "Agreement":
        """What `told` said; KeyError or ValueError where it is none."""
        values = {field.name: told[field.name] for field in fields(cls)}
        values |= {name: frozenset(values[name]) for name in _SETS}
        return cls(**values | {name: date.fromisoformat(values[name]) for name in _DAYS})
