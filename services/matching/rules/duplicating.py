"""When two individuals of the registry are proposed to it as one."""

from services.matching.rules.deciding import LINK, Scored
from services.matching.rules.facts import NOBODYS_ROW, BeneficiaryFacts, IndividualFacts

TWICE = 0.01
"""How many people a registry holds twice, roughly: a row of a list is nearly always of somebody registered, but hardly anybody
is registered twice, so that the same evidence says a hundred times less."""


def as_listed(person: IndividualFacts) -> BeneficiaryFacts:
    """An individual as a row of a list would name the person. Not the household's number: it tells where a record stands, and
    the other record stands elsewhere."""
    return BeneficiaryFacts(
        enrollment_id=NOBODYS_ROW,
        unit="individual",
        name=person.name_fr or person.name_ar,
        father_name=person.father_name,
        nni=person.nni,
        phones=person.phones,
        sex=person.sex,
        birth_date=person.birth_date,
        birth_precision=person.birth_precision,
        wilaya_code=person.wilaya_code,
        moughataa_code=person.moughataa_code,
        commune_code=person.commune_code,
    )


def registered_twice(person: IndividualFacts, other: Scored) -> float | None:
    """How probably both are one person; None where that is not worth two officials' time.

    Twins share a house, a day of birth and nearly a name (El Hassan, El Houssein): within a household only the same name, or
    the same national id, is proposed.
    """
    if other.individual.individual_id == person.individual_id or other.comparison.forbidden:
        return None
    if (
        other.individual.household_id == person.household_id
        and other.comparison.level("nni") != "equal"
        and other.comparison.level("name") != "same"
    ):
        return None
    if other.comparison.level("nni") == "different":
        return None  # two ids were given to two people
    likely = other.comparison.probability
    odds = likely / max(1e-12, 1.0 - likely) * TWICE
    probability = odds / (1.0 + odds)
    return probability if probability >= LINK else None


def keep_first(one: IndividualFacts, other: IndividualFacts) -> tuple[IndividualFacts, IndividualFacts]:
    """Which record should remain: the one with a national id, else the one registered first; then the other."""
    first, second = sorted((one, other), key=lambda person: (not person.nni, person.individual_number))
    return first, second
