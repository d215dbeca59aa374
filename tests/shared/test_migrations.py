"""Migrations of every package: one head, from nothing to exactly the models, back to nothing, and up again."""

import asyncio
import importlib
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, pool
from sqlalchemy.ext.asyncio import create_async_engine

import shared.consuming
import shared.exporting.members
import shared.history
import shared.idempotency
import shared.outbox  # noqa: F401 - the imports define tables
from running import Services
from servers import RunningServers
from shared.database import PlatformBase
from shared.exporting.models import ExportsBase
from shared.importing.models import ImportsBase
from shared.migrating import config, head, migrate, revision_of, serves

WITH_FILES = ("services.registry", "services.programs", "services.matching")
PACKAGES = (*WITH_FILES, "gateway")


def folder_of(package: str) -> Path:
    return Path(importlib.import_module(package).__file__ or "").parent / "migrations"


def tables_of(package: str) -> list[MetaData]:
    own: MetaData = importlib.import_module(f"{package}.models").Base.metadata
    files = [ImportsBase.metadata, ExportsBase.metadata] if package in WITH_FILES else []
    return [PlatformBase.metadata, *files, own]


@pytest.fixture
async def url(servers: RunningServers) -> AsyncIterator[str]:
    """An empty database, as SQLAlchemy names it."""
    name = f"migrated_{secrets.token_hex(6)}"
    connection = await asyncpg.connect(servers.postgres_url)
    await connection.execute(f"CREATE DATABASE {name}")
    yield servers.database_url(name).replace("postgresql://", "postgresql+asyncpg://")
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


async def with_connection(url: str, work: Any) -> Any:
    engine = create_async_engine(url, poolclass=pool.NullPool)
    async with engine.begin() as connection:
        found = await connection.run_sync(work)
    await engine.dispose()
    return found


async def left_in(url: str) -> set[str]:
    """Tables and functions of ours in a database."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    rows = await connection.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'S')"
        " UNION SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    )
    await connection.close()
    return {row["relname"] for row in rows}


def differences(package: str) -> Any:
    def compare(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, tables_of(package)))  # type: ignore[arg-type]  # takes several, too

    return compare


def downgrade(package: str) -> Any:
    def run(connection: Connection) -> None:
        made = config(folder_of(package))
        made.attributes["connection"] = connection
        command.downgrade(made, "base")

    return run


@pytest.mark.parametrize("package", PACKAGES)
def test_there_is_one_head(package: str) -> None:
    assert ScriptDirectory.from_config(config(folder_of(package))).get_heads() == [head(folder_of(package))]


@pytest.mark.parametrize("package", PACKAGES)
async def test_from_nothing_to_the_models_and_back_and_up_again(package: str, url: str) -> None:
    assert await with_connection(url, revision_of) is None

    await migrate(folder_of(package), url)

    assert await with_connection(url, revision_of) == head(folder_of(package))
    assert await with_connection(url, differences(package)) == []
    everything = await left_in(url)

    await with_connection(url, downgrade(package))

    assert await left_in(url) <= {"alembic_version"}

    await migrate(folder_of(package), url)

    assert await left_in(url) == everything
    assert await with_connection(url, differences(package)) == []


@pytest.mark.parametrize("package", PACKAGES)
async def test_an_event_recorded_wakes_the_relay(package: str, url: str) -> None:
    await migrate(folder_of(package), url)
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    woken = asyncio.Event()
    await connection.add_listener("outbox", lambda *_: woken.set())
    try:
        await connection.execute(
            "INSERT INTO outbox (event_id, type, aggregate_id, version, data, traceparent)"
            " VALUES (gen_random_uuid(), 'x', gen_random_uuid(), 1, '{}', '')"
        )
        await asyncio.wait_for(woken.wait(), 5)
    finally:
        await connection.close()


async def test_two_that_migrate_at_once_do_not_meet(url: str) -> None:
    await asyncio.gather(*(migrate(folder_of("services.registry"), url) for _ in range(3)))

    assert await with_connection(url, revision_of) == head(folder_of("services.registry"))


async def test_the_comparison_sees_a_column_that_no_migration_made(url: str) -> None:
    await migrate(folder_of("gateway"), url)
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    await connection.execute("ALTER TABLE outbox DROP COLUMN traceparent")
    await connection.close()

    assert [one[0] for one in await with_connection(url, differences("gateway"))] == ["add_column"]


async def stand_at(url: str, revision: str) -> None:
    """As a version would have left it that has other migrations than ours."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    await connection.execute(f"UPDATE alembic_version SET version_num = '{revision}'")
    await connection.close()


async def test_the_version_before_starts_on_what_a_newer_one_has_migrated(
    url: str, servers: RunningServers, tmp_path: Path
) -> None:
    folder = folder_of("services.registry")
    await migrate(folder, url)
    await stand_at(url, "9999")

    await migrate(folder, url)

    assert await with_connection(url, revision_of) == "9999"
    services = Services(servers, tmp_path)
    services.databases["registry"] = url.replace("+asyncpg", "")
    try:
        registry = await services.start("registry")
        assert registry.platform.schema_revision == "9999"
        assert await registry.platform.missing() == []
    finally:
        services.databases.clear()  # the database is the fixture's to drop
        await services.stop()


@pytest.mark.parametrize("revision", [None, "0001"])
def test_nobody_works_on_a_schema_of_an_older_version(revision: str | None) -> None:
    assert not serves(folder_of("services.registry"), revision)
