"""A service put together: one app, its health, its errors, and the process that serves it."""

import asyncio
import contextlib
import gc
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from fastapi import APIRouter, FastAPI

from shared import health, letters
from shared.consuming import Consumers
from shared.errors import known_refusals
from shared.identity import refuse_undeclared
from shared.logs import configure_logs
from shared.metrics import Observe
from shared.migrating import migrate
from shared.patience import PatientProtocol
from shared.platform import STOP_SECONDS, Platform, Start, Waiting, Worker, nothing_first, nothing_waiting
from shared.problems import install_problems
from shared.settings import ServiceSettings

YOUNG_OBJECTS = 10_000
"""So many more objects than before make the collector look at the new ones: a request makes some hundred. Python's own 700 cost a
twentieth of the gateway's time."""


def create_service(
    settings: ServiceSettings,
    *,
    title: str,
    description: str,
    routers: Sequence[APIRouter],
    migrations: Path,
    consumers: Consumers | None = None,
    workers: Sequence[Worker] = (),
    waiting: Waiting = nothing_waiting,
    first: Start = nothing_first,
    to_decide: Waiting = nothing_waiting,
) -> FastAPI:
    """The FastAPI app of one process.

    `first` runs once the schema is there and before the process is ready (idempotent: it runs at every start);
    `workers` run beside the requests; `waiting` counts their work for the health page, `to_decide` what waits for a person. Raises UndeclaredPermission
    where a route does not say who may call it.
    """
    platform = Platform(
        settings,
        migrations=migrations,
        consumers=consumers or Consumers(),
        workers=workers,
        waiting=waiting,
        first=first,
        to_decide=to_decide,
    )

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await platform.start()
        try:
            yield
        finally:
            await platform.stop()

    app = FastAPI(
        title=title,
        description=description,
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    app.state.platform = platform
    install_problems(app)
    for router in (health.router, letters.router, *routers):
        app.include_router(router)
    refuse_undeclared(app.routes)
    _describe_refusals(app)
    app.add_middleware(Observe)
    return app


def _describe_refusals(app: FastAPI) -> None:
    """Add to the service's description every code it may refuse with, and what it says in three languages."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        return plain() | {"x-refusals": list(known_refusals().values())}

    app.openapi = openapi  # type: ignore[method-assign]


class _Server(uvicorn.Server):
    """Says that it is about to stop, so that streams and waiting readers end at once. Once it has started, whatever is there stays:
    the garbage collector looks at it no more, which took 60 to 120 ms each time, in which nobody was answered."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        gc.collect()
        gc.freeze()
        gc.enable()  # `python -m <service>` starts without
        gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.config.app.state.platform.stopping.set()  # type: ignore[union-attr]
        super().handle_exit(sig, frame)


def listening_socket(settings: ServiceSettings) -> socket.socket:
    """The socket to serve on: the one handed over, or a new one on host and port."""
    if settings.listen_fd is not None:
        return socket.socket(fileno=settings.listen_fd)
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((settings.host, settings.port))
    made.listen(1024)
    return made


def main(
    settings: ServiceSettings,
    create_app: Callable[[Any], Any],
    migrations: Path,
    further_sockets: Callable[[], Sequence[socket.socket]] = list,
) -> None:
    """What `python -m <service>` does: serve, or with the argument `migrate` bring the database up to date.

    It serves on host and port, and on what `further_sockets` opens.
    """
    configure_logs(settings.name, settings.log_level)
    if sys.argv[1:] == ["migrate"]:
        gc.enable()
        asyncio.run(migrate(migrations, settings.sqlalchemy_url()))
        return
    server = _Server(
        uvicorn.Config(
            create_app(settings),
            loop="uvloop",
            http=PatientProtocol,
            access_log=False,
            log_config=None,
            timeout_graceful_shutdown=STOP_SECONDS,
            server_header=False,
        )
    )
    server.run(sockets=[listening_socket(settings), *further_sockets()])
