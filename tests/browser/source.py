"""The dashboard as the gateway serves it, over observations made by hand."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from fastapi import FastAPI

from browser.observations import healthy
from gateway.dashboard.observation import Observation
from gateway.dashboard.routes import router
from shared.clock import now
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
    return app
