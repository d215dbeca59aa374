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
    """The process's own database, as `postgresql://user:password@host:port/database`."""
    nats_url: str = Field(validation_alias="NATS_URL")
    """The NATS server, as `nats://user:password@host:port`."""
    internal_key_file: Path
    """The platform's key, at least 32 random bytes, the same for all: it signs who calls from service to service."""
    service_urls: dict[str, str] = {}
    """Where each process listens, by process name."""
    host: str = "127.0.0.1"
    """The address to listen on."""
    port: int = 0
    """The port to listen on; 0 takes a free one."""
    listen_fd: int | None = None
    """An already listening socket handed over by whoever started the process; wins over host and port."""
    commit: str = "unknown"
    """The commit of the code that runs, shown on the health page."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least serious lines to write."""
    database_connections: int = DATABASE_CONNECTIONS
    """The most connections to hold to the database."""

    def sqlalchemy_url(self) -> str:
        """The database address in SQLAlchemy's form for asyncpg."""
        return str(self.database_url).replace("postgresql://", "postgresql+asyncpg://", 1)
