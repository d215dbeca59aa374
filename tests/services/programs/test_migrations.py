"""The migrations and the models say the same, and the way back works."""

import importlib
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect
from sqlalchemy.ext.asyncio import create_async_engine

from running import fresh_database
from servers import RunningServers
from services.programs.models import Base
from shared.database import PlatformBase
from shared.exporting.models import ExportsBase
from shared.importing.models import ImportsBase
from shared.migrating import config

FOLDER = Path(importlib.import_module("services.programs").__file__ or "").parent / "migrations"


async def test_the_migrated_database_is_the_one_the_models_describe(servers: RunningServers) -> None:
    url = await fresh_database(servers, "services.programs")

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection)
        return list(
            compare_metadata(
                context, [PlatformBase.metadata, ImportsBase.metadata, ExportsBase.metadata, Base.metadata]
            )
        )  # type: ignore[arg-type]

    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"))
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_the_way_back_leaves_nothing_and_the_way_forth_works_again(servers: RunningServers) -> None:
    url = await fresh_database(servers, "services.programs")

    def back_and_forth(connection: Connection) -> tuple[list[str], list[str]]:
        made = config(FOLDER)
        made.attributes["connection"] = connection
        command.downgrade(made, "base")
        nothing = inspect(connection).get_table_names()
        command.upgrade(made, "head")
        return nothing, inspect(connection).get_table_names()

    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"))
    async with engine.connect() as connection:
        nothing, everything = await connection.run_sync(back_and_forth)
    await engine.dispose()
    assert nothing == ["alembic_version"]
    assert {"programs", "program_values", "enrollments", "imports", "outbox", "inbox", "history"} <= set(everything)
