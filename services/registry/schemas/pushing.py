"""A household as an institution's system sends it."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.registry.rules.households import NAME_MISSING, HouseholdFile, Member
from services.registry.rules.proposals import (
    MOST_MEMBERS,
    MOST_PHONES,
    Answers,
    Category,
    Code,
    Name,
    Nni,
    Phone,
    QuestionnaireVersion,
    Relationship,
)
from services.registry.rules.questionnaires import answered_disability
from shared.invalid import not_accepted
from shared.text import Text
from shared.values import nni_check_holds

MEMBER_TWICE = Text(
    ar="فرد مذكور مرتين بين الأعضاء",
    fr="un individu figure deux fois parmi les membres",
    en="an individual stands twice among the members",
)
NUMBER_PATTERN = r"^[A-Z0-9-]{4,20}$"
Number = Annotated[str, StringConstraints(pattern=NUMBER_PATTERN)]


class PushedMember(BaseModel):
    """One individual. A national id that fails its check is kept and graded so."""

    model_config = ConfigDict(extra="forbid")

    individual_number: Number
    relationship: Relationship
    name_fr: Name | None = None
    name_ar: Name | None = None
    sex: Literal["F", "M"]
    birth_date: date
    birth_precision: Literal["day", "year"] = "day"
    nni: Nni | None = None
    disability: bool = False
    answers: Answers | None = None

    @model_validator(mode="after")
    def _named(self) -> "PushedMember":
        if not (self.name_fr or self.name_ar):
            raise not_accepted(NAME_MISSING)
        return self

    def as_told(self, version: str | None) -> Member:
        return Member(
            line=1,
            number=self.individual_number,
            relationship=self.relationship,
            name_fr=self.name_fr,
            name_ar=self.name_ar,
            sex=self.sex,
            birth_date=self.birth_date,
            birth_precision=self.birth_precision,
            nni=self.nni,
            nni_check_holds=bool(self.nni and nni_check_holds(self.nni)),
            disability=self.disability or bool(answered_disability(self.answers or {})),
            questionnaire_version=version if self.answers is not None else None,
            answers=self.answers,
        )


class PushedHousehold(BaseModel):
    """A household with all its members, as surveyed on a day."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "commune_code": "MR011-C01",
                    "village": "Oum Essafya",
                    "vulnerability_category": "extreme_poor",
                    "score": "12.50",
                    "formula_version": "PMT-2024.1",
                    "surveyed_on": "2025-03-04",
                    "phones": ["+22222334455"],
                    "members": [
                        {
                            "individual_number": "1000000001",
                            "relationship": "head",
                            "name_fr": "Mohamed Ould Ahmed",
                            "name_ar": "محمد ولد أحمد",
                            "sex": "M",
                            "birth_date": "1980-12-31",
                            "birth_precision": "year",
                            "nni": "9900000033",
                        }
                    ],
                }
            ]
        },
    )

    commune_code: Code
    village: Name | None = None
    vulnerability_category: Category
    score: Annotated[Decimal, Field(ge=0, le=100, max_digits=5, decimal_places=2)]
    formula_version: Annotated[str, Field(min_length=1, max_length=40)]
    surveyed_on: date
    phones: Annotated[list[Phone], Field(max_length=MOST_PHONES)] = []
    questionnaire_version: QuestionnaireVersion | None = None
    answers: Answers | None = None
    members: Annotated[list[PushedMember], Field(min_length=1, max_length=MOST_MEMBERS)]

    @model_validator(mode="after")
    def _members_once(self) -> "PushedHousehold":
        numbers = [one.individual_number for one in self.members]
        if len(set(numbers)) != len(numbers):
            raise not_accepted(MEMBER_TWICE)
        return self

    def as_told(self, number: str) -> HouseholdFile:
        return HouseholdFile(
            number=number,
            commune_code=self.commune_code,
            village=self.village,
            vulnerability_category=self.vulnerability_category,
            score=self.score.quantize(Decimal("0.01")),
            formula_version=self.formula_version,
            surveyed_on=self.surveyed_on,
            phones=tuple(self.phones),
            members=tuple(one.as_told(self.questionnaire_version) for one in self.members),
            questionnaire_version=self.questionnaire_version if self.answers is not None else None,
            answers=self.answers,
        )


class PushedOut(BaseModel):
    """Where a pushed household is to be read, and its version."""

    id: UUID
    number: str
    version: int
