"""Migrations: one history per service, one head, never waiting long for a lock."""

from functools import cache
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, pool, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from shared.connecting import connect

LOCK_TIMEOUT = "5s"
"""A migration that cannot get its lock gives way: requests queue behind a waiting ALTER TABLE."""
MIGRATION_LOCK = 0x7EC4_0002

OUTBOX_WAKES_RELAY = """
CREATE FUNCTION wake_relay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('outbox', '');
    RETURN NULL;
END $$;
"""
OUTBOX_TRIGGER = """
CREATE TRIGGER outbox_wakes_relay AFTER INSERT ON outbox
FOR EACH STATEMENT EXECUTE FUNCTION wake_relay();
"""


def config(folder: Path) -> Config:
    """The alembic configuration of a service's migrations folder."""
    made = Config()
    made.set_main_option("script_location", str(folder))
    made.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return made


def _engine(url: str) -> AsyncEngine:
    plain = url.replace("postgresql+asyncpg://", "postgresql://", 1)
    return create_async_engine(url, poolclass=pool.NullPool, async_creator=lambda: connect(plain))


@cache
def head(folder: Path) -> str:
    """The newest revision in a migrations folder; raises where there is more than one."""
    newest = ScriptDirectory.from_config(config(folder)).get_current_head()
    if newest is None:
        raise LookupError(f"{folder} holds no migration")
    return newest


@cache
def _known(folder: Path) -> frozenset[str]:
    return frozenset(one.revision for one in ScriptDirectory.from_config(config(folder)).walk_revisions())


def is_newer(folder: Path, revision: str | None) -> bool:
    """A revision that this version does not know: a newer one has migrated, and left a schema on which the version before runs."""
    return revision is not None and revision not in _known(folder)


def serves(folder: Path, revision: str | None) -> bool:
    """Whether this version can work on a database that stands at `revision` (None: at none)."""
    return revision == head(folder) or is_newer(folder, revision)


async def migrate(folder: Path, url: str) -> None:
    """Bring a database to the head; one that a newer version has migrated stays. Several may call at once: the first migrates, the
    others wait."""
    engine = _engine(url)
    try:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": MIGRATION_LOCK})
            await connection.run_sync(_upgrade, folder)
            await connection.commit()
    finally:
        await engine.dispose()


async def write_migration(folder: Path, url: str, message: str) -> None:
    """Write the migration that leads from the database at `url` (at the head) to today's models."""
    engine = _engine(url)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_revision, folder, message)
    finally:
        await engine.dispose()


def _revision(connection: Connection, folder: Path, message: str) -> None:
    made = config(folder)
    made.attributes["connection"] = connection
    count = sum(1 for _ in ScriptDirectory.from_config(made).walk_revisions())
    command.revision(made, message, autogenerate=True, rev_id=f"{count + 1:04}")


def _upgrade(connection: Connection, folder: Path) -> None:
    if is_newer(folder, MigrationContext.configure(connection).get_current_revision()):
        return
    made = config(folder)
    made.attributes["connection"] = connection
    command.upgrade(made, "head")


def run_migrations(*metadata: MetaData) -> None:
    """What a service's `migrations/env.py` calls."""
    _run(context.config.attributes["connection"], metadata)


def _run(connection: Connection, metadata: tuple[MetaData, ...]) -> None:
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    context.configure(connection=connection, target_metadata=list(metadata), compare_server_default=False)
    with context.begin_transaction():
        context.run_migrations()


def revision_of(connection: Connection) -> str | None:
    """The revision a database stands at; None where it was never migrated."""
    if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return None
    return str(connection.scalar(text("SELECT version_num FROM alembic_version")))
