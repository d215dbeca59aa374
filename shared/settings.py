"""Settings of a process, read from its environment once, when it starts."""

from pathlib import Path
from typing import Literal

from pydantic import Field, PostgresDsn
from pydantic_settings import BaseSettings, SettingsConfigDict

DATABASE_CONNECTIONS = 8
"""Connections a process may hold: past 10 a two-core PostgreSQL gets slower, not faster."""


class ServiceSettings(BaseSettings):
    """What every process needs to know; a service adds its own fields."""

    model_config = SettingsConfigDict(env_prefix="TEKAMOUL_", extra="ignore", frozen=True)

    name: str = ""
    """The process name: `registry`, `programs-csa`, `matching`, `gateway`."""
    database_url: PostgresDsn = Field(validation_alias="DATABASE_URL")
    nats_url: str = Field(validation_alias="NATS_URL")
    internal_key_file: Path
    service_urls: dict[str, str] = {}
    """Where each process listens, by process name."""
    host: str = "127.0.0.1"
    port: int = 0
    listen_fd: int | None = None
    """An already listening socket handed over by whoever started the process; wins over host and port."""
    commit: str = "unknown"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    database_connections: int = DATABASE_CONNECTIONS

    def sqlalchemy_url(self) -> str:
        """The database address in SQLAlchemy's form for asyncpg."""
        return str(self.database_url).replace("postgresql://", "postgresql+asyncpg://", 1)
