"""What an agreement says: the words that parties sign, the same in the database, on the wire and in the example files."""

import hashlib
import json
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from shared.agreements import ATTRIBUTES, FULL, PURPOSE_PATTERN, TRANSFORMS, Agreement

NOWHERE = "MR00"
"""A code of no place."""
LARGEST_VOLUME = 1_000_000
LARGEST_DAY = 10_000_000
MOST_PLACES = 300
MOST_PROGRAMS = 100
LONGEST_RETENTION_DAYS = 3660
LONGEST_EMERGENCY_DAYS = 30
"""An emergency that lasts longer has had the time for an agreement that both parties sign."""

Kind = Literal["mandate", "sharing", "emergency"]
PUSH = "push"
OPERATIONS = ("lookup", "match", "list", "subscribe", "bulk", PUSH)
OF_THE_REGISTRY = frozenset({"lookup", "list", "bulk"})
"""By which households and individuals of the registry are read: it alone knows which household is enrolled where."""
Operation = Literal[OPERATIONS]  # type: ignore[valid-type]
CATEGORIES = ("extreme_poor", "poor", "vulnerable", "not_poor")


def no_repeats(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) != len(values):
        raise ValueError("an entry stands twice")
    return values


PartnerId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,31}$")]
AgreementId = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{2,79}$")]
Program = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{1,39}$")]
Place = Annotated[str, StringConstraints(pattern=r"^MR[0-9]{2,3}(-C[0-9]{1,4})?$")]
Purpose = Annotated[str, StringConstraints(pattern=PURPOSE_PATTERN)]
Text300 = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LegalBasis(_Strict):
    """By what right: the kind of text, and the text."""

    type: Literal["law", "decree", "order", "protocol", "consent", "vital_interest"]
    reference: Text300


class Population(_Strict):
    """About whom. `programs`: about whose enrollments may be asked. No `places`: the whole country; no `categories`: any.

    `enrolled_in`: of the registry those households alone of which somebody is enrolled in one of these; none: any.
    """

    programs: Annotated[tuple[Program, ...], AfterValidator(no_repeats)] = Field(default=(), max_length=MOST_PROGRAMS)
    places: Annotated[tuple[Place, ...], AfterValidator(no_repeats)] = Field(default=(), max_length=MOST_PLACES)
    categories: Annotated[tuple[Literal[CATEGORIES], ...], AfterValidator(no_repeats)] = ()  # type: ignore[valid-type]
    enrolled_in: Annotated[tuple[Program, ...], AfterValidator(no_repeats)] = Field(
        default=(), max_length=MOST_PROGRAMS
    )


class AllowedAttribute(_Strict):
    """One thing that may be known, and in which form."""

    name: Literal[tuple(ATTRIBUTES)]  # type: ignore[valid-type]
    transform: Literal[TRANSFORMS] = FULL  # type: ignore[valid-type]

    @model_validator(mode="after")
    def _has_that_form(self) -> Self:
        if self.transform not in ATTRIBUTES[self.name]:
            raise ValueError(f"{self.name} is given only as {', '.join(ATTRIBUTES[self.name])}")
        return self


class Volume(_Strict):
    """How many people's data one answer may bring, and all answers of a day (UTC) together."""

    per_day: int = Field(ge=1, le=LARGEST_DAY)
    per_query: int = Field(ge=1, le=LARGEST_VOLUME)


def _each_once(values: tuple[AllowedAttribute, ...]) -> tuple[AllowedAttribute, ...]:
    no_repeats(tuple(one.name for one in values))
    return values


class Terms(_Strict):
    """One version of an agreement. A mandate is an institution's own right to its own data: provider and recipient are one,
    it names no attributes, and gives them all."""

    kind: Kind = "sharing"
    provider: PartnerId
    recipient: PartnerId
    legal_basis: LegalBasis
    authority_reference: Text300 | None = None
    """Of the data-protection authority's opinion or declaration."""
    purposes: Annotated[tuple[Purpose, ...], AfterValidator(no_repeats)] = Field(min_length=1, max_length=20)
    population: Population = Population()
    attributes: Annotated[tuple[AllowedAttribute, ...], AfterValidator(_each_once)] = ()
    operations: Annotated[tuple[Operation, ...], AfterValidator(no_repeats)] = Field(min_length=1)
    volume: Volume
    retention_days: int = Field(ge=1, le=LONGEST_RETENTION_DAYS)
    not_before: date
    not_after: date

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.not_after < self.not_before:
            raise ValueError("not_after lies before not_before")
        if self.volume.per_query > self.volume.per_day:
            raise ValueError("volume.per_query is more than volume.per_day")
        if (self.kind == "mandate") != (self.provider == self.recipient):
            raise ValueError("provider and recipient are one in a mandate, and two in any other agreement")
        if (self.kind == "mandate") == bool(self.attributes):
            raise ValueError("attributes are named in every agreement but a mandate")
        if self.population.enrolled_in and not set(self.operations) <= OF_THE_REGISTRY:
            raise ValueError(f"population.enrolled_in limits {', '.join(sorted(OF_THE_REGISTRY))} alone")
        if self.kind == "emergency" and (self.not_after - self.not_before).days >= LONGEST_EMERGENCY_DAYS:
            raise ValueError(f"an emergency agreement lasts at most {LONGEST_EMERGENCY_DAYS} days")
        return self

    def forms(self) -> dict[str, str]:
        """Of each attribute, in which form it may be known."""
        return {one.name: one.transform for one in self.attributes}

    def told(self) -> dict[str, Any]:
        """As JSON can say it; what was written before there was `enrolled_in` says nothing of it, and keeps its fingerprint."""
        said = self.model_dump(mode="json")
        if not self.population.enrolled_in:
            del said["population"]["enrolled_in"]
        return said

    def stored(self) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """As a row keeps it: the terms, and the population where the version before this one would take it for a wider one. To
        that version such an agreement reaches nobody."""
        said = self.told()
        if not self.population.enrolled_in:
            return said, None
        population, said["population"] = said["population"], {"places": [NOWHERE]}
        return said, population

    def fingerprint(self) -> str:
        """SHA-256, in hexadecimal, of what is signed: its JSON with sorted keys and no spaces."""
        text = json.dumps(self.told(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def agreement(self, id_: str, version: int) -> Agreement:
        """As it goes with a request to a service."""
        forms = self.forms()
        return Agreement(
            id=id_,
            version=version,
            provider=self.provider,
            purposes=frozenset(self.purposes),
            programs=frozenset(self.population.programs),
            places=frozenset(self.population.places),
            attributes=frozenset(name for name, form in forms.items() if form == FULL),
            volume_per_query=self.volume.per_query,
            not_before=self.not_before,
            not_after=self.not_after,
            legal_basis=self.legal_basis.reference,
            categories=frozenset(self.population.categories),
            transformed=frozenset((name, form) for name, form in forms.items() if form != FULL),
            enrolled_in=frozenset(self.population.enrolled_in),
        )
