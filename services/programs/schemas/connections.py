"""Connections on the wire: how they stand, without an address."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.programs.schemas.programs import NamesOut


class FaultOut(BaseModel):
    """Why the last run failed, in three languages."""

    code: str
    reason: NamesOut


class ConnectionOut(BaseModel):
    """A connection to an institution's own system."""

    name: str
    kind: Literal["drop", "sql"]
    partner: str
    programs: list[str]
    every_seconds: float
    last_run_at: datetime | None = None
    last_success_at: datetime | None = None
    last_import_id: UUID | None = None
    files: int = Field(default=0, description="Taken in, or made of rows pulled.")
    failures: int = Field(default=0, description="In a row, of the last runs.")
    last_error: FaultOut | None = None
