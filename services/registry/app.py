"""The registry put together."""

from pathlib import Path

from fastapi import FastAPI

from services.registry import internal_routes
from services.registry.commands.editions import publish_places
from services.registry.commands.quality import quality_worker
from services.registry.commands.quotas import quota_watch
from services.registry.commands.rescoring import scoring_worker, scorings_waiting
from services.registry.consumers import consumers
from services.registry.importing import RegistryImporter
from services.registry.indexing import changes_to_index, index_worker
from services.registry.queries.exporting import RegistryExporter
from services.registry.queries.name_words import NameWords
from services.registry.routes import (
    change_requests,
    conflicts,
    exports,
    households,
    places,
    quality,
    questionnaires,
    quotas,
    scoring,
    search,
)
from services.registry.settings import RegistrySettings
from shared.exporting.writing import export_worker, exports_waiting
from shared.importing.applying import import_worker, imports_waiting
from shared.importing.ending import prune_imports
from shared.importing.routers import ROUTERS as IMPORT_ROUTERS
from shared.importing.routers import take_files
from shared.platform import Platform
from shared.service import create_service

MIGRATIONS = Path(__file__).parent / "migrations"


def create_app(settings: RegistrySettings) -> FastAPI:
    importer = RegistryImporter()
    words = NameWords()
    app = create_service(
        settings,
        title="Social Registry",
        description="Households and individuals of the country, and the places they live in.",
        routers=[
            places.router,
            households.router,
            change_requests.router,
            questionnaires.router,
            scoring.router,
            quality.router,
            quotas.router,
            conflicts.router,
            exports.router,
            exports.files,
            search.router,
            *IMPORT_ROUTERS,
            internal_routes.router,
        ],
        migrations=MIGRATIONS,
        consumers=consumers,
        first=publish_places,
        workers=[
            import_worker(importer),
            prune_imports,
            quality_worker,
            quota_watch,
            export_worker(RegistryExporter()),
            scoring_worker,
            index_worker(words),
        ],
        waiting=_work_waiting,
    )
    take_files(app, importer)
    app.state.name_words = words
    return app


async def _work_waiting(platform: Platform) -> dict[str, int]:
    work: dict[str, int] = {}
    for waiting in (imports_waiting, changes_to_index, exports_waiting, scorings_waiting):
        work |= await waiting(platform)
    return work
