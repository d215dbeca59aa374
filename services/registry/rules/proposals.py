"""What a change request may propose: one shape per kind of change."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.registry.rules.households import CATEGORIES, MISSING, NAME_MISSING, RELATIONSHIPS
from shared.invalid import not_accepted
from shared.text import Text

MOST_MEMBERS = 60
"""A household of more is a village: the largest in the country's surveys has some forty."""
MOST_PHONES = 6

MAY_BE_NOTHING = frozenset({"name_fr", "name_ar", "nni", "village"})
"""Fields that a correction may empty."""
ONE_RECORD = Text(
    ar="المقبول: household_id مع household، أو individual_id مع individual",
    fr="accepté : household_id avec household, ou individual_id avec individual",
    en="accepted: household_id with household, or individual_id with individual",
)
ONE_MOVE = Text(
    ar="المقبول: commune_code، أو individual_id مع to_household_id و relationship",
    fr="accepté : commune_code, ou individual_id avec to_household_id et relationship",
    en="accepted: commune_code, or individual_id with to_household_id and relationship",
)

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Nni = Annotated[str, StringConstraints(pattern=r"^\d{10}$")]
Phone = Annotated[str, StringConstraints(pattern=r"^\+222[234]\d{7}$")]
Code = Annotated[str, StringConstraints(max_length=30, pattern=r"^[A-Za-z0-9._-]+$")]
Relationship = Literal[RELATIONSHIPS]  # type: ignore[valid-type]
Category = Literal[CATEGORIES]  # type: ignore[valid-type]
RemovalReason = Literal["left_country", "dissolved", "at_own_request", "found_not_to_exist", "no_longer_eligible"]


class Proposal(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Answers = Annotated[dict[Code, Any], Field(max_length=100)]
"""To the questions of one version of the questionnaire; checked against its JSON Schema."""
QuestionnaireVersion = Annotated[str, StringConstraints(max_length=40)]


class IdentifierChange(Proposal):
    """A number that somebody gave a person, or that is not theirs after all."""

    type: Code
    value: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
    issuer: Code
    withdraw: bool = False


class PersonFields(Proposal):
    """Fields of a person. Only those that are given are stated."""

    name_fr: Name | None = None
    name_ar: Name | None = None
    sex: Literal["F", "M"] | None = None
    birth_date: date | None = None
    birth_precision: Literal["day", "year"] | None = None
    disability: bool | None = None
    questionnaire_version: QuestionnaireVersion | None = None
    answers: Answers | None = None
    nni: Nni | None = None
    identifiers: Annotated[list[IdentifierChange], Field(max_length=10)] = []
    """Of other kinds than the national id: a card, a file number."""


class HouseholdFields(Proposal):
    """Fields of a household. Only those that are given are stated."""

    commune_code: Code | None = None
    village: Name | None = None
    phones: Annotated[list[Phone], Field(max_length=MOST_PHONES)] | None = None
    vulnerability_category: Category | None = None
    questionnaire_version: QuestionnaireVersion | None = None
    answers: Answers | None = None


class NewPerson(Proposal):
    """A person who enters the registry. At least one name."""

    name_fr: Name | None = None
    name_ar: Name | None = None
    sex: Literal["F", "M"]
    birth_date: date
    birth_precision: Literal["day", "year"] = "day"
    disability: bool = False
    nni: Nni | None = None

    @model_validator(mode="after")
    def _named(self) -> "NewPerson":
        if not (self.name_fr or self.name_ar):
            raise not_accepted(NAME_MISSING)
        return self


class Correction(Proposal):
    """A field was wrong (always, or from one day until another). Names, dates, place, phones, national id."""

    kind: Literal["correction"]
    household_id: UUID | None = None
    household: HouseholdFields | None = None
    individual_id: UUID | None = None
    individual: PersonFields | None = None
    from_on: date | None = None
    until_on: date | None = None

    @model_validator(mode="after")
    def _of_one_record(self) -> "Correction":
        of_household = self.household_id is not None and self.household is not None
        of_individual = self.individual_id is not None and self.individual is not None
        given = [self.household_id, self.household, self.individual_id, self.individual]
        if of_household == of_individual or sum(one is not None for one in given) != 2:
            raise not_accepted(ONE_RECORD)
        if any(value is None and name not in MAY_BE_NOTHING for name, value in self.fields().items()):
            raise not_accepted(MISSING)
        return self

    def fields(self) -> dict[str, Any]:
        told = self.household or self.individual
        assert told is not None
        return told.model_dump(mode="json", exclude_unset=True)


class Birth(Proposal):
    """A child was born into a household."""

    kind: Literal["birth"]
    household_id: UUID
    individual: NewPerson
    relationship: Relationship = "child"


class Death(Proposal):
    """A person died. `successors` names who heads each household the person headed; without one the household waits."""

    kind: Literal["death"]
    individual_id: UUID
    died_on: date
    successors: dict[UUID, UUID] = Field(default_factory=dict, max_length=10)


class Succession(Proposal):
    """Another member heads the household from a day on."""

    kind: Literal["succession"]
    household_id: UUID
    individual_id: UUID
    on: date


class Marriage(Proposal):
    """A person joins a household as the spouse of its head, and leaves the household they belonged to."""

    kind: Literal["marriage"]
    individual_id: UUID
    household_id: UUID
    on: date


class Move(Proposal):
    """A household lives elsewhere from a day on; or, with `individual_id`, one member moves into another household."""

    kind: Literal["move"]
    household_id: UUID
    on: date
    commune_code: Code | None = None
    village: Name | None = None
    individual_id: UUID | None = None
    to_household_id: UUID | None = None
    relationship: Relationship | None = None

    @model_validator(mode="after")
    def _of_one_kind(self) -> "Move":
        of_person = [self.individual_id, self.to_household_id, self.relationship]
        if any(one is not None for one in of_person) and (None in of_person or self.commune_code is not None):
            raise not_accepted(ONE_MOVE)
        if all(one is None for one in of_person) and self.commune_code is None:
            raise not_accepted(MISSING)
        return self


class Leaver(Proposal):
    individual_id: UUID
    relationship: Relationship


class Split(Proposal):
    """Members make a household of their own. It inherits place, category and score until it is surveyed."""

    kind: Literal["split"]
    household_id: UUID
    on: date
    members: Annotated[list[Leaver], Field(min_length=1, max_length=MOST_MEMBERS)]
    commune_code: Code | None = None
    village: Name | None = None
    phones: Annotated[list[Phone], Field(max_length=MOST_PHONES)] = []
    successor_id: UUID | None = None
    """Who heads the household that remains, where its head leaves."""


class Removal(Proposal):
    """A household leaves the registry. Its history stays, and it can return."""

    kind: Literal["removal"]
    household_id: UUID
    on: date
    reason: RemovalReason


class Return(Proposal):
    """A household that had left is in the registry again."""

    kind: Literal["return"]
    household_id: UUID
    on: date


class Merge(Proposal):
    """Two records are of one household, or of one person: `keep` remains, with everything of both."""

    kind: Literal["merge"]
    record: Literal["household", "individual"]
    keep_id: UUID
    drop_id: UUID


class Undo(Proposal):
    """A change is taken back exactly."""

    kind: Literal["undo"]
    change_id: UUID


AnyProposal = Annotated[
    Correction | Birth | Death | Succession | Marriage | Move | Split | Removal | Return | Merge | Undo,
    Field(discriminator="kind"),
]
