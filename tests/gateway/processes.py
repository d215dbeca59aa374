"""Gateway processes of their own, on one port and one database as the supervisor starts them, before a registry of the tests'."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import uvicorn

from cli.credentials import GatewaySecrets
from cli.supervisor import child_options
from faults.killing import held
from running import StoppedAtOnce, until
from shared.identity import Caller, InternalKey

PROJECT = Path(__file__).resolve().parents[2]
HOUSEHOLDS = "/registry/v1/households"
PLACE = {"place": "MR011-C01", "category": "poor"}


@dataclass
class Registry:
    """What answers for the registry: pages of three households, each page of others unless they are set; and how many of a partner's
    requests it had at once."""

    key: InternalKey
    seconds: float = 0.0
    households: list[str] | None = None
    at_once: dict[str, int] = field(default_factory=dict)
    most_at_once: dict[str, int] = field(default_factory=dict)

    async def __call__(self, scope: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        headers = dict(scope["headers"])
        token = headers.get(b"authorization", b"").decode().removeprefix("Bearer ")
        partner = self.key.caller(token).name if token else ""
        self.at_once[partner] = self.at_once.get(partner, 0) + 1
        self.most_at_once[partner] = max(self.at_once[partner], self.most_at_once.get(partner, 0))
        try:
            await asyncio.sleep(self.seconds)
            named = self.households or [str(uuid4()) for _ in range(3)]
            items = [{"id": one, "row": PLACE, "size": "3-5"} for one in named]
            body = json.dumps({"items": items, "next_cursor": None}).encode()
        finally:
            self.at_once[partner] -= 1
        kind = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": kind})
        await send({"type": "http.response.body", "body": body})


@dataclass(frozen=True, slots=True)
class Answered:
    """One request: its trace id, when it was sent and answered, and with what. Status 0: the connection broke."""

    trace: str
    sent_at: float
    at: float
    status: int
    code: str = ""
    ids: tuple[str, ...] = ()


class Lane:
    """One connection, which one process holds: it asks for pages of households, one after the other."""

    def __init__(self, url: str, token: str, agreement: str, purpose: str) -> None:
        self.token = token
        self._named = {"Tekamoul-Agreement": agreement, "Tekamoul-Purpose": purpose}
        self._named["Authorization"] = f"Bearer {token}"
        limits = httpx.Limits(max_connections=1, keepalive_expiry=None)
        self.client = httpx.AsyncClient(base_url=url, limits=limits, timeout=20, trust_env=False)

    async def ask(self) -> Answered:
        trace, sent_at = uuid4().hex, time.monotonic()
        try:
            answer = await self.client.get(
                HOUSEHOLDS, headers=self._named | {"traceparent": f"00-{trace}-{'b' * 16}-01"}
            )
        except httpx.TransportError:
            return Answered(trace, sent_at, time.monotonic(), 0)
        said, at = answer.json(), time.monotonic()
        if answer.status_code == 200:
            return Answered(trace, sent_at, at, 200, ids=tuple(one["id"] for one in said["items"]))
        return Answered(trace, sent_at, at, answer.status_code, said["code"])

    async def until(self, over: asyncio.Event, every: float = 0.0) -> list[Answered]:
        """Ask without a rest, or one of `every` seconds, until `over`."""
        found = []
        while not over.is_set():
            found.append(await self.ask())
            await asyncio.sleep(every)
        return found


@dataclass
class Processes:
    """Two of them, and the socket they take connections from."""

    listening: socket.socket
    environment: dict[str, str]
    log: Path
    key: InternalKey
    secrets: GatewaySecrets
    registry: Registry
    children: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listening.getsockname()[1]}"

    def start_one(self) -> subprocess.Popen[bytes]:
        """One more process, not ready yet."""
        with self.log.open("ab") as output:
            child = subprocess.Popen(
                [sys.executable, "-m", "gateway"],
                cwd=PROJECT,
                env=self.environment | {"TEKAMOUL_LISTEN_FD": str(self.listening.fileno())},
                pass_fds=[self.listening.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                **child_options(None, ends_with_us=signal.SIGKILL),
            )
        self.children.append(child)
        return child

    async def ready(self, child: subprocess.Popen[bytes]) -> None:
        """Wait until it is."""

        async def is_ready() -> bool:
            assert child.poll() is None, self.log.read_text()[-4000:]
            with self.others_held(child):
                async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=3) as client:
                    try:
                        return (await client.get("/health/ready?alone=true")).status_code == 200
                    except httpx.TimeoutException:
                        return False

        await until(is_ready, what="a gateway process to be ready", every=0.1)

    @contextmanager
    def others_held(self, child: subprocess.Popen[bytes]) -> Iterator[None]:
        """While the others stand still, whoever connects is this process's."""
        with ExitStack() as stack:
            for one in self.children:
                if one is not child:
                    stack.enter_context(held(one.pid))
            yield

    def kill(self, child: subprocess.Popen[bytes]) -> None:
        child.send_signal(signal.SIGKILL)
        child.wait()
        self.children.remove(child)

    def credentials(self, partner: str) -> dict[str, str]:
        held: dict[str, dict[str, str]] = json.loads(self.secrets.credentials_file.read_text())
        return {name: held[partner][name] for name in ("client_id", "client_secret")}

    async def token(self, partner: str) -> str:
        """A token, as soon as the process that is asked knows the partner."""
        form = {"grant_type": "client_credentials", **self.credentials(partner)}

        async def given() -> str | None:
            answer = await client.post("/oauth2/token", data=form)
            return str(answer.json()["access_token"]) if answer.status_code == 200 else None

        async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=20) as client:
            return str(await until(given, what=f"a token for {partner}", seconds=5, every=0.2))

    def officer(self) -> httpx.AsyncClient:
        """Whoever holds the platform's own key."""
        token = self.key.token(Caller("operator", frozenset({"internal", "partners:read", "partners:write"})))
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=20, trust_env=False)

    @asynccontextmanager
    async def lanes(
        self, partner: str, agreement: str, each: int, purpose: str = "planning"
    ) -> AsyncIterator[dict[int, list[Lane]]]:
        """By process id, connections that each holds."""
        token, found = await self.token(partner), dict[int, list[Lane]]()
        async with AsyncExitStack() as opened:
            for child in self.children:
                with self.others_held(child):
                    made = [Lane(self.url, token, agreement, purpose) for _ in range(each)]
                    for lane in made:
                        await opened.enter_async_context(lane.client)
                        # A connection is made by a request; this one costs its partner nothing.
                        assert (await lane.client.get("/health/live")).status_code == 200
                found[child.pid] = made
            yield found

    async def stop(self) -> None:
        for child in self.children:
            child.terminate()
        for child in self.children:
            assert await asyncio.to_thread(child.wait, 20) == -signal.SIGTERM, self.log.read_text()[-4000:]


@asynccontextmanager
async def two_processes(
    database_url: str, nats_url: str, folder: Path, key_file: Path, secrets: GatewaySecrets, **settings: str
) -> AsyncIterator[Processes]:
    """Both ready, before a registry. `settings`: further variables of their environment."""
    registry, behind, door = Registry(InternalKey(key_file)), _listen(), _listen()
    server = StoppedAtOnce(uvicorn.Config(registry, log_config=None, access_log=False, lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[behind]))
    urls = {"registry": f"http://127.0.0.1:{behind.getsockname()[1]}"}
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment |= {"PYTHONPATH": str(PROJECT), "LANG": "C.UTF-8", "TZ": "UTC", "DATABASE_URL": database_url}
    environment |= {"NATS_URL": nats_url, "TEKAMOUL_INTERNAL_KEY_FILE": str(key_file), **secrets.env, **settings}
    environment |= {"TEKAMOUL_SERVICE_URLS": json.dumps(urls)}
    made = Processes(door, environment, folder / "gateway.log", InternalKey(key_file), secrets, registry)
    try:
        for child in [made.start_one() for _ in range(2)]:
            await made.ready(child)
        yield made
        await made.stop()
    finally:
        for child in made.children:
            child.kill()
            child.wait()
        server.told.set()
        await serving
        door.close()


def _listen() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.bind(("127.0.0.1", 0))
    made.listen(128)
    return made
