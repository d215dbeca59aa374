"""The programs service of one institution, put together."""

from pathlib import Path

from fastapi import FastAPI

from services.programs import internal_routes
from services.programs.catalog import programs_of
from services.programs.commands.issuing import cycles_waiting, issuing_worker
from services.programs.commands.programs import publish_catalog
from services.programs.commands.revaluing import revaluing_worker
from services.programs.commands.reviewing import reviews_open
from services.programs.connections.configured import load_connections
from services.programs.connections.running import connection_workers, connections_failing
from services.programs.consumers import consumers
from services.programs.importing import ProgramsImporter
from services.programs.queries.exporting import ProgramsExporter
from services.programs.routes import (
    checking,
    connections,
    cycles,
    deliveries,
    deltas,
    effects,
    enrollments,
    exports,
    households,
    reviews,
    schools,
    turns,
    waiting,
)
from services.programs.routes import programs as program_routes
from services.programs.settings import ProgramsSettings
from shared.exporting.writing import export_worker, exports_waiting
from shared.importing.applying import import_worker, imports_waiting
from shared.importing.ending import prune_imports
from shared.importing.routers import ROUTERS as IMPORT_ROUTERS
from shared.importing.routers import take_files
from shared.platform import Platform, Waiting
from shared.service import create_service

MIGRATIONS = Path(__file__).parent / "migrations"


def create_app(settings: ProgramsSettings) -> FastAPI:
    """UnknownInstitution where no catalog of the institution's name ships with this version."""
    programs = programs_of(settings.institution, settings.catalog_file)
    importer = ProgramsImporter(settings.institution, programs)

    async def publish(platform: Platform) -> None:
        async with platform.database.transaction() as tx:
            await publish_catalog(tx, settings.institution, programs.values())

    configured = load_connections(settings.connections_file, importer.layout)
    app = create_service(
        settings,
        title=f"Programs of {settings.institution}",
        description="Programs of an institution, and who is enrolled in them.",
        routers=[
            program_routes.router,
            enrollments.router,
            turns.router,
            waiting.router,
            checking.router,
            cycles.router,
            deliveries.router,
            exports.router,
            exports.files,
            deltas.router,
            effects.router,
            reviews.router,
            connections.router,
            households.router,
            schools.router,
            *IMPORT_ROUTERS,
            internal_routes.router,
        ],
        migrations=MIGRATIONS,
        consumers=consumers,
        workers=[
            import_worker(importer),
            prune_imports,
            export_worker(ProgramsExporter()),
            issuing_worker(settings.institution),
            revaluing_worker(settings.institution),
            *connection_workers(configured, importer.layout),
        ],
        waiting=_waiting(connections_failing(configured)),
        to_decide=reviews_open,
        first=publish,
    )
    take_files(app, importer)
    app.state.connections = configured
    return app


def _waiting(failing: Waiting) -> Waiting:
    async def work_waiting(platform: Platform) -> dict[str, int]:
        work: dict[str, int] = {}
        for count in (imports_waiting, exports_waiting, cycles_waiting, failing):
            work |= await count(platform)
        return work

    return work_waiting
