"""A real browser for the pages: Debian's chromium, with an empty profile and nothing to say to the network."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserType, sync_playwright

import whole_platform
from browser.source import HandMade, dashboard_app

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_SECONDS = 10


def pytest_configure(config: pytest.Config) -> None:
    whole_platform.share(config)


def _launch(chromium: BrowserType) -> Browser:
    return chromium.launch(executable_path=str(CHROMIUM), headless=True, args=FLAGS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for one file: Playwright keeps a loop running that asynchronous tests cannot live beside. Where it is missing the test is skipped with the reason, or fails under TEKAMOUL_REQUIRE_ALL=1."""
    if not CHROMIUM.exists():
        reason = f"{CHROMIUM} is missing: apt-get install chromium fonts-noto-core"
        if os.environ.get("TEKAMOUL_REQUIRE_ALL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        launched = _launch(playwright.chromium)
        yield launched
        launched.close()


@dataclass
class Dashboard:
    """The dashboard served on a free port, and what it shows."""

    url: str
    source: HandMade
    stop: Callable[[], None]


@pytest.fixture
def dashboard() -> Iterator[Dashboard]:
    """The dashboard's own pages over a source of hand-made observations, served by uvicorn."""
    source = HandMade()
    served = Served(dashboard_app(source))
    yield Dashboard(served.url, source, served.stop)
    served.stop()


class Served:
    """An app on a free port, in a thread of the test."""

    def __init__(self, app: FastAPI) -> None:
        listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        # An open event stream never ends by itself: do not wait for it.
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=0))
        self._thread = threading.Thread(target=self._server.run, args=([listening],))
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._server.started:
            if time.monotonic() > deadline:
                raise TimeoutError("the dashboard did not start")
            time.sleep(0.02)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(START_SECONDS)
