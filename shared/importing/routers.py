"""Every route of imports, for a service's table of contents."""

from fastapi import APIRouter

from shared.importing.file_routes import files_router
from shared.importing.importer import Importer
from shared.importing.routes import imports_router
from shared.importing.upload_routes import uploads_router


def import_routers(importer: Importer) -> list[APIRouter]:
    return [imports_router(importer), uploads_router(importer), files_router(importer)]
