"""Every route of imports, for a service's table of contents."""

import asyncio

from fastapi import FastAPI

from shared.importing import file_routes, routes, upload_routes
from shared.importing.importer import Importer

ROUTERS = (routes.router, upload_routes.router, file_routes.router)
READ_AT_ONCE = 2
"""Files opened for a look at the same time, in one process: each workbook takes memory while it is open."""


def take_files(app: FastAPI, importer: Importer) -> None:
    """Let the routes of imports know what this service says of files."""
    app.state.importer, app.state.looking = importer, asyncio.Semaphore(READ_AT_ONCE)
