"""A data-sharing agreement as it goes with a request: what it lets be asked for, in which form, and until when. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

FULL, YEAR_ONLY, BAND, BOOLEAN, MASKED = TRANSFORMS = ("full", "year_only", "band", "boolean", "masked")
"""In which form an attribute is given; docs/agreements.md has the forms."""
LIST_ATTRIBUTES = ("household_number", "head_name", "commune", "village", "size", "amount", "top_up")
"""What an agreement may let a recipient know of a household on a list."""
ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    # of a household
    "household_number": (FULL, MASKED),
    "head_name": (FULL, MASKED),
    "commune": (FULL,),
    "village": (FULL,),
    "size": (FULL, BAND),
    "category": (FULL,),
    "score": (FULL, BAND),
    "status": (FULL,),
    "surveyed_on": (FULL, YEAR_ONLY),
    "phones": (FULL, MASKED, BOOLEAN),
    "answers": (FULL,),
    # of a person
    "individual_number": (FULL, MASKED),
    "relationship": (FULL,),
    "name": (FULL, MASKED),
    "father_name": (FULL, MASKED),
    "sex": (FULL,),
    "birth_date": (FULL, YEAR_ONLY, BAND),
    "nni": (FULL, MASKED, BOOLEAN),
    "disability": (FULL,),
    "person_status": (FULL,),
    # of an enrollment, and of a household on a list
    "program": (FULL,),
    "enrollment_status": (FULL,),
    "enrolled_on": (FULL, YEAR_ONLY),
    "exited_on": (FULL, YEAR_ONLY),
    "card_number": (FULL, MASKED, BOOLEAN),
    "school": (FULL,),
    "amount": (FULL, BAND),
    "top_up": (FULL,),
}
"""Everything an agreement may give, and in which forms."""
PURPOSE_PATTERN = r"^[a-z][a-z0-9_]{2,59}$"
ROWS = "tekamoul-rows"
"""The header in which a service tells the gateway where each row of a projected answer is from; it goes no further."""
_SETS = ("purposes", "programs", "places", "attributes")
_LATER_SETS = ("categories", "enrolled_in")
_DAYS = ("not_before", "not_after")


@dataclass(frozen=True, slots=True)
class Agreement:
    """One version of an agreement, as the caller named it. Both its first and its last day are included.

    `programs` are those about whose enrollments may be asked; `places`, the p-codes within which households may be asked
    for (none: the whole country); `categories`, of which vulnerability (none: any); `enrolled_in`, enrolled in one of which programs
    (none: whether in one or not); `volume_per_query`, how many households one question may bring. `attributes` are given in full, `transformed` with another form than that.
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
    categories: frozenset[str] = frozenset()
    transformed: frozenset[tuple[str, str]] = frozenset()
    enrolled_in: frozenset[str] = frozenset()

    def holds_on(self, day: date) -> bool:
        return self.not_before <= day <= self.not_after

    def forms(self) -> dict[str, str]:
        """Of each attribute that may be known, in which form."""
        return dict.fromkeys(self.attributes, FULL) | dict(self.transformed)

    def told(self) -> dict[str, Any]:
        """The agreement as JSON can say it: in a token, and in the row of what was asked under it."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values |= {name: sorted(values[name]) for name in (*_SETS, *_LATER_SETS)}
        values["transformed"] = sorted(list(one) for one in self.transformed)
        return values | {name: values[name].isoformat() for name in _DAYS}

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> "Agreement":
        """What `told` said, by this version or the one before; KeyError or ValueError where it is none."""
        values = {field.name: told[field.name] for field in fields(cls) if field.name in told}
        values |= {name: frozenset(told[name]) for name in _SETS}
        values |= {name: frozenset(told.get(name, ())) for name in _LATER_SETS}
        values["transformed"] = frozenset((name, form) for name, form in told.get("transformed", ()))
        return cls(**values | {name: date.fromisoformat(told[name]) for name in _DAYS})
