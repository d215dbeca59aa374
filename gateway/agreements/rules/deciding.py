"""Whether a request may have what it asks for, and within which bounds. Pure: the day and the moment are arguments."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from gateway.agreements import errors
from gateway.agreements.rules.lifecycle import IN_FORCE, State
from gateway.agreements.terms import Terms
from shared.agreements import Agreement
from shared.errors import Refusal

AGREEMENT_POINTER = "/header/Tekamoul-Agreement"
PURPOSE_POINTER = "/header/Tekamoul-Purpose"
CASE_POINTER = "/header/Tekamoul-Case"


@dataclass(frozen=True, slots=True)
class Obligations:
    """What the answer must keep to. `forms`: of each attribute allowed, in which form."""

    forms: Mapping[str, str]
    programs: frozenset[str]
    places: frozenset[str]
    categories: frozenset[str]
    per_query: int
    per_day: int
    enrolled_in: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Held:
    """The version of an agreement that speaks for it today, or last did. What is read off it is worked out once."""

    id: str
    version: int
    state: State
    terms: Terms
    review_until: datetime | None = None

    @cached_property
    def told(self) -> Agreement:
        """As it goes with a request to a service."""
        return self.terms.agreement(self.id, self.version)

    def obligations(self, attributes: frozenset[str]) -> Obligations:
        """What an answer that can hold these attributes must keep to."""
        found = self._obligations.get(attributes)
        if found is None:
            population, volume = self.terms.population, self.terms.volume
            found = self._obligations[attributes] = Obligations(
                forms={name: form for name, form in self.terms.forms().items() if name in attributes},
                programs=frozenset(population.programs),
                places=frozenset(population.places),
                categories=frozenset(population.categories),
                per_query=volume.per_query,
                per_day=volume.per_day,
                enrolled_in=frozenset(population.enrolled_in),
            )
        return found

    @cached_property
    def _obligations(self) -> dict[frozenset[str], Obligations]:
        """By attributes: as many as there are kinds of answers."""
        return {}


@dataclass(frozen=True, slots=True)
class Named:
    """What a request says of itself in its headers; each None where it does not. `bulk`: it is one of many that came as one."""

    agreement: str | None = None
    purpose: str | None = None
    official: str | None = None
    case: str | None = None
    bulk: bool = False


@dataclass(frozen=True, slots=True)
class Disclosing:
    """What a route tells: whose data, by which operation, and which attributes of people it can hold.

    `own`: the caller's own data. No `attributes`: what is there is not given under an agreement. `knows_categories`,
    `knows_places`, `knows_enrolled`: whose data it is knows the vulnerability category, the place, or in which programs a household
    is enrolled; who does not could not keep to an agreement limited to some.
    """

    own: bool
    providers: frozenset[str]
    operation: str
    attributes: frozenset[str]
    knows_categories: bool = True
    knows_places: bool = True
    knows_enrolled: bool = False


@dataclass(frozen=True, slots=True)
class Allowed:
    """Allowed under this agreement for this purpose. No obligations: the caller's own data, under its mandate."""

    under: Held
    purpose: str
    obligations: Obligations | None


def in_force(held: Held, moment: datetime) -> None:
    """Raise the reason why nothing is given under this agreement now, if there is one."""
    day, terms = moment.date(), held.terms
    refusals: dict[State, type[Refusal]] = {
        State.SUSPENDED: errors.AgreementSuspended,
        State.TERMINATED: errors.AgreementTerminated,
        State.DRAFT: errors.AgreementNotInForce,
        State.SIGNED: errors.AgreementNotInForce,
    }
    # An expired one is known by its day: nobody need have written down yet that it ended.
    if held.state is State.EXPIRED or (day > terms.not_after and held.state in IN_FORCE):
        raise errors.AgreementExpired(pointer=AGREEMENT_POINTER, agreement=held.id, day=terms.not_after)
    if held.state in refusals:
        raise refusals[held.state](pointer=AGREEMENT_POINTER, agreement=held.id)
    if day < terms.not_before:
        raise errors.AgreementNotBegun(pointer=AGREEMENT_POINTER, agreement=held.id, day=terms.not_before)
    if held.review_until is not None and moment >= held.review_until:
        raise errors.EmergencyNotReviewed(pointer=AGREEMENT_POINTER, agreement=held.id)


def find(own: Mapping[str, Held], named: Named) -> Held | None:
    """The agreement a request names, among those its caller receives by; None where it names none.

    AgreementUnknown also for another partner's: nobody learns which there are. PurposeWithoutAgreement.
    """
    if named.agreement is None:
        if named.purpose is not None:
            raise errors.PurposeWithoutAgreement(pointer=AGREEMENT_POINTER)
        return None
    found = own.get(named.agreement)
    if found is None:
        raise errors.AgreementUnknown(pointer=AGREEMENT_POINTER)
    return found


def named_agreement(own: Mapping[str, Held], named: Named, moment: datetime) -> Held | None:
    """The agreement in force that a request names for what is not decided by it at the door; a purpose, where one is named, is among
    its own. NotShared of one that reaches households by their enrollments: nobody but the registry could keep to it."""
    held = find(own, named)
    if held is not None:
        in_force(held, moment)
        if held.terms.population.enrolled_in:
            raise errors.NotShared(agreement=held.id)
        if named.purpose is not None:
            purpose_of(held, named)
    return held


def decide(own: Mapping[str, Held], named: Named, asked: Disclosing, moment: datetime) -> Allowed:
    """Allow what discloses people, with the obligations, or raise the reason why not."""
    held = find(own, named)
    if held is None:
        if not asked.own:
            raise errors.AgreementNeeded(pointer=AGREEMENT_POINTER)
        return under_mandate(own, moment)
    in_force(held, moment)
    purpose, terms = purpose_of(held, named), held.terms
    if terms.kind == "mandate" and asked.own:
        return Allowed(held, purpose, None)
    if terms.provider not in asked.providers or terms.kind == "mandate":
        raise errors.OtherProvider(pointer=AGREEMENT_POINTER, agreement=held.id, provider=terms.provider)
    population = terms.population
    unknown = (
        (population.categories and not asked.knows_categories)
        or (population.places and not asked.knows_places)
        or (population.enrolled_in and not asked.knows_enrolled)
    )
    if not asked.attributes or unknown:
        raise errors.NotShared(agreement=held.id)
    if asked.operation not in terms.operations:
        raise errors.OperationNotAgreed(
            agreement=held.id, operation=asked.operation, accepted=", ".join(terms.operations)
        )
    obligations = held.obligations(asked.attributes)
    if not obligations.forms:
        raise errors.AttributesNotAgreed(agreement=held.id, accepted=", ".join(sorted(terms.forms())))
    if named.official is not None and named.case is None:
        raise errors.CaseNeeded(pointer=CASE_POINTER)
    return Allowed(held, purpose, obligations)


def under_mandate(own: Mapping[str, Held], moment: datetime) -> Allowed:
    """The caller's own data. AgreementNeeded where it has no mandate, or that is not in force."""
    held = _mandate(own.values())
    if held is None:
        raise errors.AgreementNeeded(pointer=AGREEMENT_POINTER)
    in_force(held, moment)
    return Allowed(held, held.terms.purposes[0], None)


def purpose_of(held: Held, named: Named) -> str:
    """The purpose a request names, one of the agreement's. PurposeNeeded, PurposeNotAgreed."""
    accepted = ", ".join(held.terms.purposes)
    if named.purpose is None:
        raise errors.PurposeNeeded(pointer=PURPOSE_POINTER, agreement=held.id, purposes=accepted)
    if named.purpose not in held.terms.purposes:
        raise errors.PurposeNotAgreed(pointer=PURPOSE_POINTER, agreement=held.id, purposes=accepted)
    return named.purpose


def _mandate(own: Iterable[Held]) -> Held | None:
    return next((one for one in own if one.terms.kind == "mandate"), None)
