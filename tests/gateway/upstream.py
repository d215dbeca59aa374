"""A real HTTP server that stands where a service would, and remembers what reached it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import resource
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import uvicorn

from running import StoppedAtOnce

Scope = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]

OPENAPI: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Upstream", "version": "1"},
    "paths": {
        "/v1/things": {
            "get": {
                "operationId": "list_things",
                "tags": ["things"],
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Page"}}}}
                },
            }
        },
        "/internal/secret": {"get": {"responses": {}}},
        "/health/live": {"get": {"responses": {}}},
    },
    "components": {"schemas": {"Page": {"type": "object"}}},
    "x-refusals": [{"code": "upstream_says_no", "status": 409, "ar": "لا", "fr": "Non", "en": "No"}],
}


@dataclass
class Upstream:
    """One server on a free port. `answers` maps a path to a JSON document, or to bytes, which are sent as they are; /v1/echo tells what arrived."""

    answers: dict[str, Any] = field(default_factory=dict)
    seen: list[dict[str, Any]] = field(default_factory=list)
    ready: bool = True
    described: bool = True
    """Whether it answers /openapi.json."""
    kind: str = "application/json"
    """The content type of what stands in `answers`; none where it is empty."""
    headers: dict[str, str] = field(default_factory=dict)
    """What goes with what stands in `answers`."""
    delay: float = 0.0
    """Seconds before it answers /health/ready."""

    def __post_init__(self) -> None:
        self.go_on = asyncio.Event()
        self.first_bytes = asyncio.Event()
        self.sock = socket.socket()
        self.sock.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.sock.getsockname()[1]}"

    async def start(self) -> Upstream:
        self.sock.listen(64)
        config = uvicorn.Config(self, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1)
        self.server = StoppedAtOnce(config)
        self.task = asyncio.create_task(self.server.serve(sockets=[self.sock]))
        while not self.server.started:
            await asyncio.sleep(0.01)
        return self

    async def stop(self) -> None:
        self.server.told.set()
        await self.task

    async def __call__(self, scope: Scope, receive: Callable[[], Awaitable[dict[str, Any]]], send: Send) -> None:
        assert scope["type"] == "http"
        path = scope["path"]
        if path == "/v1/imports":
            await self._take_upload(receive, send)
            return
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":  # cut before its end: nothing arrived
                return
            body += message.get("body", b"")
            if not message.get("more_body", False):
                break
        told = {
            "method": scope["method"],
            "path": scope["raw_path"].decode(),
            "query": scope["query_string"].decode(),
            "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]],
            "body": body.decode("latin-1"),
        }
        self.seen.append(told)
        if path == "/v1/stream":
            await self._stream(send)
        elif path == "/v1/slow":
            await asyncio.sleep(5)
            await _json(send, 200, {})
        elif path == "/v1/cut":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
            await send({"type": "http.response.body", "body": b"half", "more_body": True})
            raise ConnectionResetError
        elif path == "/v1/echo":
            await _json(send, 200, told)
        elif path == "/v1/headers":
            headers = [
                (b"set-cookie", b"who=me"),
                (b"connection", b"close"),
                (b"proxy-authenticate", b"Basic"),
                (b"etag", b'"7"'),
                (b"x-two", b"a"),
                (b"x-two", b"b"),
            ]
            await _json(send, 207, {}, headers)
        elif path == "/health/ready":
            await asyncio.sleep(self.delay)
            missing = [] if self.ready else ["database"]
            await _json(send, 200 if self.ready else 503, {"ready": self.ready, "waiting_for": missing})
        elif path == "/health/status":
            await _json(send, 200, {"process": "upstream", "commit": "abc"})
        elif path == "/openapi.json":
            await _json(send, 200 if self.described else 503, OPENAPI if self.described else {})
        elif path in self.answers:
            headers = [(name.encode(), value.encode()) for name, value in self.headers.items()]
            await _json(send, 200, self.answers[path], headers, self.kind)
        else:
            await _json(send, 404, {})

    async def _take_upload(self, receive: Callable[[], Awaitable[dict[str, Any]]], send: Send) -> None:
        digest, size, pieces = hashlib.sha256(), 0, 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            digest.update(message.get("body", b""))
            size += len(message.get("body", b""))
            pieces += 1
            self.first_bytes.set()
            if not message.get("more_body", False):
                break
        await _json(send, 202, {"size": size, "sha256": digest.hexdigest(), "pieces": pieces})

    async def _stream(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": b"first ", "more_body": True})
        await self.go_on.wait()
        await send({"type": "http.response.body", "body": b"second", "more_body": False})


async def _json(
    send: Send,
    status: int,
    body: Any,
    headers: list[tuple[bytes, bytes]] | None = None,
    kind: str = "application/json",
) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = [(b"content-length", str(len(content)).encode()), *(headers or [])]
    if kind:
        given.append((b"content-type", kind.encode()))
    await send({"type": "http.response.start", "status": status, "headers": given})
    await send({"type": "http.response.body", "body": content})


def peak_memory_mib() -> float:
    """The most memory this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
