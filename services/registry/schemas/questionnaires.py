"""Questionnaires and formulas on the wire: documents that never change once published."""

from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Labels(BaseModel):
    """A text in the three languages."""

    ar: str
    fr: str
    en: str


class PublishedOut(BaseModel):
    """One version among those published. `since` is the day from which it was used, `origin` says whose it is."""

    version: str
    since: date
    title: Labels
    origin: Labels


class QuestionnaireOut(BaseModel):
    """A version of the questionnaire. `household` and `individual` are JSON Schemas (2020-12) of the answers.

    In a schema `x-labels` holds the question in three languages (`title`, `description`) and its choices (`values`). A
    question that was not answered is absent from the answers: unknown is not "no".
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"version": "RS-2024.1", "household": {"type": "object"}}]}
    )

    version: str
    since: date
    title: Labels
    origin: Labels
    changes: Labels = Field(description="What is different from the version before.")
    household: dict[str, Any]
    individual: dict[str, Any]
