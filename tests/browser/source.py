"""The dashboard as the gateway serves it, over observations made by hand."""

import asyncio
import secrets
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from browser.observations import healthy
from gateway.dashboard.observation import Observation
from gateway.dashboard.routes import files, router
from shared.clock import now
from shared.identity import Caller, InternalKey
from shared.problems import install_problems

MOST_WAIT_SECONDS = 0.2


class HandMade:
    """An observatory that sees what the test says it sees, as if just now."""

    def __init__(self) -> None:
        self.stopping = False
        self.make: Callable[[datetime], Observation] | None = healthy

    @property
    def latest(self) -> Observation | None:
        return self.make(now()) if self.make else None

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, MOST_WAIT_SECONDS))


def dashboard_app(source: HandMade) -> FastAPI:
    app = FastAPI()
    app.state.observatory = source
    install_problems(app)
    app.include_router(router)
    app.include_router(files)
    with tempfile.NamedTemporaryFile() as file:
        file.write(secrets.token_hex(32).encode())
        file.flush()
        key = InternalKey(Path(file.name))
    app.state.platform = SimpleNamespace(internal_key=key)
    app.add_middleware(SignedIn, token=key.token(Caller("operator:test", frozenset({"dashboard:read"}))))
    return app


class SignedIn:
    """Says with every request who signed in, as the gateway's door does."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._header = app, (b"authorization", f"Bearer {token}".encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app({**scope, "headers": [*scope.get("headers", ()), self._header]}, receive, send)
