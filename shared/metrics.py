"""Prometheus metrics of a process, at /metrics. Labels name routes and event types, never people."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from prometheus_client import Counter, Histogram

from shared.tracing import continue_trace

REQUESTS = Counter("tekamoul_http_requests_total", "Requests answered.", ["route", "method", "status"])
REQUEST_SECONDS = Histogram(
    "tekamoul_http_request_seconds",
    "Time to answer.",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
CONSUMED = Counter("tekamoul_events_consumed_total", "Events that arrived.", ["type", "outcome"])

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Observe:
    """ASGI middleware: continues the caller's trace, counts and times requests by route template."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500
        given = next((value for name, value in scope["headers"] if name == b"traceparent"), b"")
        traceparent = continue_trace(given.decode("latin-1")).encode()

        async def count(message: dict[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", []), (b"traceparent", traceparent)]
            await send(message)

        try:
            await self._app(scope, receive, count)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            REQUESTS.labels(route=route, method=scope["method"], status=status).inc()
            REQUEST_SECONDS.labels(route=route).observe(time.perf_counter() - started)
