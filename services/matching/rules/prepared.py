"""Both sides of a comparison with their numbers freed and their names parsed, once for many pairs."""

from dataclasses import dataclass

from services.matching.rules.facts import BeneficiaryFacts, IndividualFacts
from services.matching.rules.identifiers import digits_of, household_code, national_id, phone_of
from shared.names import Name, in_given_order, parse_name

_NOBODY = Name(())


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of a list, ready to be weighed. `grade` is the first digit of the school class."""

    facts: BeneficiaryFacts
    name: Name
    father: Name | None
    nni: str
    household: str
    phones: frozenset[str]
    grade: str


@dataclass(frozen=True, slots=True)
class Registered:
    """An individual of the registry, ready to be weighed; its names are parsed when first asked for, and most never are."""

    facts: IndividualFacts
    nni: str
    household: str
    phones: frozenset[str]

    @property
    def names(self) -> tuple[Name, ...]:
        """The French name and the Arabic one, those there are."""
        return tuple(parse_name(text) for text in (self.facts.name_fr, self.facts.name_ar) if text)

    @property
    def father(self) -> Name | None:
        return in_given_order(parse_name(self.facts.father_name)) if self.facts.father_name else None


def prepare_row(b: BeneficiaryFacts) -> Listed:
    return Listed(
        facts=b,
        name=parse_name(b.name) if b.name else _NOBODY,
        father=in_given_order(parse_name(b.father_name)) if b.father_name else None,
        nni=national_id(b.nni),
        household=household_code(b.household_number),
        phones=_phones(b.phones),
        grade=digits_of(b.school_class)[:1],
    )


def prepare_person(i: IndividualFacts) -> Registered:
    return Registered(
        facts=i,
        nni=national_id(i.nni),
        household=household_code(i.household_number),
        phones=_phones(i.phones),
    )


def _phones(written: tuple[str, ...]) -> frozenset[str]:
    return frozenset(filter(None, map(phone_of, written)))
