"""The migrations of every package that has a database: one head each, brought to it by one command."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import typer
from alembic.script import ScriptDirectory
from sqlalchemy.exc import SQLAlchemyError

from cli.processes import PROJECT, SERVICES, Service, programs_service
from shared.migrating import config, migrate

ENVIRONMENT_PREFIX: Final = "DATABASE_URL_"


def folder_of(package: str) -> Path:
    """The migrations folder of a package such as `services.registry`."""
    return PROJECT.joinpath(*package.split("."), "migrations")


def package_of(service: Service) -> str:
    """The package a process runs: the last word of its command, `python -m <package>`."""
    return service.command[-1]


def heads() -> dict[str, str]:
    """The newest revision of each package. Says so and exits 1 where one has none, or more than one."""
    found: dict[str, str] = {}
    for package in dict.fromkeys(package_of(service) for service in SERVICES):
        newest = heads_in(folder_of(package))
        if len(newest) != 1:
            typer.echo(f"{package}: {len(newest)} heads ({', '.join(newest)}), one is wanted: merge them", err=True)
            raise typer.Exit(1)
        found[package] = newest[0]
    return found


def heads_in(folder: Path) -> list[str]:
    """Every newest revision in a migrations folder."""
    return sorted(ScriptDirectory.from_config(config(folder)).get_heads())


def variable_of(service: Service) -> str:
    """The variable that names a process's database: DATABASE_URL_PROGRAMS_TAAZOUR."""
    return ENVIRONMENT_PREFIX + service.database.upper()


def _further(environ: Mapping[str, str]) -> list[Service]:
    """Programs processes of institutions that do not ship with this version."""
    prefix, known = f"{ENVIRONMENT_PREFIX}PROGRAMS_", {variable_of(service) for service in SERVICES}
    names = sorted(name for name in environ if name.startswith(prefix) and name not in known)
    return [programs_service(name.removeprefix(prefix).lower(), 0) for name in names]


async def migrate_all(environ: Mapping[str, str]) -> None:
    """Bring the databases that the environment names to the head. Says what is wrong and exits 1 where one fails."""
    known = (*SERVICES, *_further(environ))
    wanted = [service for service in known if environ.get(variable_of(service))]
    if not wanted:
        names = " ".join(variable_of(service) for service in SERVICES)
        typer.echo(f"no database is named by the environment; set one or more of {names}", err=True)
        raise typer.Exit(1)
    for service in wanted:
        url = environ[variable_of(service)].replace("postgresql://", "postgresql+asyncpg://", 1)
        try:
            await migrate(folder_of(package_of(service)), url)
        except (SQLAlchemyError, OSError) as fault:
            reason = str(getattr(fault, "orig", None) or fault)
            typer.echo(f"{service.name}: not migrated: {reason.splitlines()[0]}", err=True)
            raise typer.Exit(1) from None
        typer.echo(f"{service.name}: up to date")
