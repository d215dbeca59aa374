"""How an institution's own system is connected: what the configuration of a connection says."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

SECRETS = "TEKAMOUL_SECRET_"
"""How the name of a variable that holds a password begins: what the platform hands on to the services that need it."""

Cursor = int | datetime | date | str
"""Where the last pull ended: the value of one column, of the type that `start` has."""


class Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Read(Said):
    """What a file is: whose, of which kind, in which unit, and how its columns are to be read."""

    into: str
    """The kind of file: a program's code, or the code and what it reports."""
    currency: Literal["MRU", "MRO"] = "MRU"
    mapping: str | None = None
    """A JSON file beside the configuration: header text -> field, "" leaves a column out."""


class Pattern(Read):
    """Files of a folder by their names, such as `EL_MAOUNA*.xlsx`; small and capital letters are alike."""

    pattern: Annotated[str, Field(min_length=5, max_length=200)]


class Drop(Said):
    """A folder watched: who writes a file into it has sent it."""

    kind: Literal["drop"]
    partner: str
    folder: str
    files: Annotated[tuple[Pattern, ...], Field(min_length=1, max_length=50)]
    every_seconds: Annotated[float, Field(ge=0.1, le=86_400)] = 5.0
    settle_seconds: Annotated[float, Field(ge=0, le=86_400)] = 10.0
    """A file is whole when it has not changed for so long."""
    language: Literal["ar", "fr", "en"] = "fr"
    """Of the error file written beside it."""


class Pull(Read):
    """Rows asked for from another database, those after the last ones each time."""

    kind: Literal["sql"]
    partner: str
    url: str
    """As SQLAlchemy writes it, such as postgresql+asyncpg://reader@host/database, without a password."""
    password_env: Annotated[str, Field(pattern=f"^{SECRETS}[A-Z0-9_]+$")] | None = None
    query: Annotated[str, Field(pattern=r":after\b")]
    """Gives rows in the order of the cursor, those after `:after`; its columns are the headers of the list."""
    cursor: str
    """The column by which one pull goes on where another ended; it is part of the list, where it has a field."""
    start: Cursor
    """What `:after` is the first time; its type is the cursor's."""
    every_seconds: Annotated[float, Field(ge=0.1, le=86_400)] = 300.0
    most_rows: Annotated[int, Field(ge=1, le=100_000)] = 20_000
    timeout_seconds: Annotated[float, Field(ge=1, le=600)] = 60.0


Connection = Annotated[Drop | Pull, Field(discriminator="kind")]


def cursor_as_text(value: Cursor) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def cursor_from_text(text: str, start: Cursor) -> Cursor:
    """The cursor stored as text, of the type that `start` has. ValueError where it is none of that type."""
    if isinstance(start, datetime):
        return datetime.fromisoformat(text)
    if isinstance(start, date):
        return date.fromisoformat(text)
    return int(text) if isinstance(start, int) else text
