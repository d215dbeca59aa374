"""What is said of imports over HTTP."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.clock import now
from shared.importing.columns import Column
from shared.importing.models import Import, ImportIssue, ImportMapping, ImportStatus
from shared.importing.progress import percent_of, seconds_left
from shared.text import Language


class ImportOut(BaseModel):
    """The state of an import. `lines_done` grows while it runs; `failure` says why it ended before its file did.

    `percent` counts bytes while the file is being sent and lines afterwards; `seconds_left` is about how long the rest
    takes. A dry run ends as `checked`, with the counts and issues of an import of which nothing was kept.
    """

    id: UUID
    kind: str
    filename: str
    currency: str
    size: int
    received: int
    dry_run: bool
    mapping: dict[str, str] | None = None
    supersedes: UUID | None = None
    same_as: UUID | None = None
    status: ImportStatus
    lines_total: int | None = None
    lines_done: int
    percent: int
    seconds_left: int | None = None
    accepted: int
    unchanged: int
    rejected: int
    warnings: int
    failure_code: str | None = None
    failure: str | None = None
    created_at: datetime
    completed_at: datetime | None = None
    expires_at: datetime | None = None


class ImportIssueOut(BaseModel):
    """One problem of one line, in the caller's language. Line 0 is the file as a whole."""

    line: int
    field: str
    value: str
    severity: Literal["error", "warning"]
    code: str
    reason: str


class Application(BaseModel):
    """How a file that is here is to be read once more. `dry_run` only checks it again."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"mapping": {"Nom du bénéficiaire principal": "name", "رقم البطاقة الوطنية": "nni", "Zone": ""}},
            ]
        },
    )

    mapping: Annotated[
        dict[str, str] | None,
        Field(default=None, max_length=200, description="Header text -> field; an empty field leaves the column out."),
    ]
    dry_run: bool = False


class ColumnOut(BaseModel):
    """A column of the file: its header, the field it is read as (none: not read), and values of its first rows."""

    header: str
    field: str | None = None
    samples: list[str]


class FieldOut(BaseModel):
    """A field that a column of this kind of file may be read as."""

    field: str
    label: str


class ColumnsOut(BaseModel):
    """The columns of a file from left to right, and the fields they may be read as."""

    columns: list[ColumnOut]
    fields: list[FieldOut]


class MappingOut(BaseModel):
    """A mapping remembered for files of one kind with these headers."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: str
    headers: list[str]
    mapping: dict[str, str]
    used_at: datetime


def shown(import_: Import, language: Language) -> ImportOut:
    """An import as its sender sees it."""
    failure = import_.failure or {}
    return ImportOut.model_validate(
        {column.key: getattr(import_, column.key) for column in Import.__table__.columns}
        | {"failure_code": failure.get("code"), "failure": failure.get(language)}
        | {"percent": percent_of(import_), "seconds_left": seconds_left(import_, now())}
    )


def issue_shown(issue: ImportIssue, language: Language) -> ImportIssueOut:
    return ImportIssueOut.model_validate(
        {"line": issue.line, "field": issue.field, "value": issue.value, "severity": issue.severity}
        | {"code": issue.code, "reason": issue.reason[language]}
    )


def column_shown(column: Column) -> ColumnOut:
    return ColumnOut(header=column.header, field=column.field, samples=column.samples)


def mapping_shown(mapping: ImportMapping) -> MappingOut:
    return MappingOut.model_validate(mapping)
