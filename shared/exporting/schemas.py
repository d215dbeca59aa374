"""What is said of exports over HTTP."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

Format = Literal["csv", "xlsx", "parquet"]
MOST_COLUMNS = 50


class ExportOut(BaseModel):
    """The state of an export. `rows_done` grows while it runs; the file is there when it is completed."""

    id: UUID
    what: str
    format: Format
    filters: dict[str, str]
    columns: list[str]
    as_of: date | None = None
    known_at: datetime | None = None
    status: Literal["waiting", "running", "completed", "failed"]
    rows_done: int
    size: int | None = Field(
        default=None, description="Of the file, in bytes; none before it is written and after it has expired."
    )
    failure_code: str | None = None
    failure: str | None = None
    created_at: datetime
    completed_at: datetime | None = None
    expires_at: datetime | None = None
