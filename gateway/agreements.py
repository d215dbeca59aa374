"""Agreements: data of the partners file. A caller names one, and its purpose, with a request; the service is told which."""

from dataclasses import replace
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from gateway.asgi import Scope, header
from gateway.errors import (
    AgreementExpired,
    AgreementNotBegun,
    AgreementUnknown,
    PurposeNotAgreed,
    PurposeWithoutAgreement,
)
from shared.agreements import ATTRIBUTES, PURPOSE_PATTERN, Agreement
from shared.identity import Caller

AGREEMENT, PURPOSE = b"tekamoul-agreement", b"tekamoul-purpose"
"""The headers by which a caller names them."""
LARGEST_VOLUME = 1_000_000
MOST_PLACES = 300


def no_repeats(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) != len(values):
        raise ValueError("an entry stands twice")
    return values


Program = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{1,39}$")]
Place = Annotated[str, StringConstraints(pattern=r"^MR[0-9]{2,3}(-C[0-9]{1,4})?$")]
Purpose = Annotated[str, StringConstraints(pattern=PURPOSE_PATTERN)]
Attribute = Literal[ATTRIBUTES]  # type: ignore[valid-type]


class Terms(BaseModel):
    """One version of an agreement as the file has it. No `places`: the whole country."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{2,39}$")]
    version: int = Field(ge=1)
    provider: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,31}$")]
    purposes: Annotated[tuple[Purpose, ...], AfterValidator(no_repeats)] = Field(min_length=1)
    programs: Annotated[tuple[Program, ...], AfterValidator(no_repeats)] = ()
    places: Annotated[tuple[Place, ...], AfterValidator(no_repeats)] = Field(default=(), max_length=MOST_PLACES)
    attributes: Annotated[tuple[Attribute, ...], AfterValidator(no_repeats)] = Field(min_length=1)
    volume_per_query: int = Field(ge=1, le=LARGEST_VOLUME)
    not_before: date
    not_after: date
    legal_basis: str = Field(min_length=1, max_length=300)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.not_after < self.not_before:
            raise ValueError("not_after lies before not_before")
        return self

    def agreement(self) -> Agreement:
        return Agreement(
            id=self.id,
            version=self.version,
            provider=self.provider,
            purposes=frozenset(self.purposes),
            programs=frozenset(self.programs),
            places=frozenset(self.places),
            attributes=frozenset(self.attributes),
            volume_per_query=self.volume_per_query,
            not_before=self.not_before,
            not_after=self.not_after,
            legal_basis=self.legal_basis,
        )


def under_agreement(caller: Caller, own: tuple[Terms, ...], scope: Scope, today: date) -> Caller:
    """The caller with the agreement and the purpose that the request names; as it is where it names none.

    AgreementUnknown also for another partner's; AgreementNotBegun, AgreementExpired, PurposeNotAgreed.
    """
    wanted, purpose = header(scope, AGREEMENT), header(scope, PURPOSE)
    if wanted is None:
        if purpose is not None:
            raise PurposeWithoutAgreement(pointer="/header/Tekamoul-Agreement")
        return caller
    found = next((one for one in own if one.id == wanted), None)
    if found is None:
        raise AgreementUnknown(pointer="/header/Tekamoul-Agreement")
    if today < found.not_before:
        raise AgreementNotBegun(pointer="/header/Tekamoul-Agreement", agreement=found.id, day=found.not_before)
    if today > found.not_after:
        raise AgreementExpired(pointer="/header/Tekamoul-Agreement", agreement=found.id, day=found.not_after)
    if purpose is not None and purpose not in found.purposes:
        raise PurposeNotAgreed(
            pointer="/header/Tekamoul-Purpose", agreement=found.id, purposes=", ".join(found.purposes)
        )
    return replace(caller, agreement=found.agreement(), purpose=purpose)
