"""Clients of a measured service, in a process of their own: what they cost is theirs. They speak HTTP by hand, which costs least."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.service_alone import ServiceAlone
from shared.identity import Caller, InternalKey

MOST_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Asked:
    """One request with a body of JSON; `headers` are further ones, each with its line end."""

    method: str
    path: str
    body: bytes
    headers: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """Where the clients find the service, and for whom they speak."""

    url: str
    key: InternalKey
    caller: Caller


async def elsewhere(module: str, service: ServiceAlone, *arguments: str) -> dict[str, Any]:
    """Run a module with the service's address, its key file and these arguments; the JSON it prints."""
    command = [sys.executable, "-m", module, service.url, str(service.key_file), *arguments]
    done = await asyncio.to_thread(
        subprocess.run, command, check=True, capture_output=True, text=True, timeout=MOST_SECONDS
    )
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


async def send_all(service: Service, clients: int, requests: Iterator[Asked], wanted: str) -> tuple[list[float], float]:
    """The milliseconds each request took, and the seconds all of them did; the clients share the requests.

    RuntimeError for another status than `wanted`.
    """
    opened = [await _Client.opened(service) for _ in range(clients)]
    started = time.perf_counter()
    each = await asyncio.gather(*(client.send(requests, wanted) for client in opened))
    seconds = time.perf_counter() - started
    for client in opened:
        client.close()
    return list(chain.from_iterable(each)), seconds


def percentiles(took: Sequence[float]) -> dict[str, float]:
    ranked = sorted(took)
    return {"p50_ms": round(ranked[len(ranked) // 2], 2), "p99_ms": round(ranked[len(ranked) * 99 // 100], 2)}


class _Client:
    """One connection, one request after the other."""

    def __init__(self, service: Service, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._service, self._reader, self._writer = service, reader, writer

    @classmethod
    async def opened(cls, service: Service) -> _Client:
        host = urlsplit(service.url)
        return cls(service, *await asyncio.open_connection(host.hostname, host.port))

    def close(self) -> None:
        self._writer.close()

    async def send(self, requests: Iterator[Asked], wanted: str) -> list[float]:
        took = []
        for one in requests:
            started = time.perf_counter()
            await self._send(one, wanted)
            took.append((time.perf_counter() - started) * 1000)
        return took

    async def _send(self, one: Asked, wanted: str) -> None:
        token = self._service.key.token(self._service.caller)
        head = (
            f"{one.method} {one.path} HTTP/1.1\r\nHost: {urlsplit(self._service.url).netloc}\r\n"
            f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n{one.headers}"
            f"Content-Length: {len(one.body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + one.body)
        status, *headers = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
        length = next(line.partition(":")[2] for line in headers if line.startswith("content-length:"))
        answer = await self._reader.readexactly(int(length))
        if status.split()[1] != wanted:
            raise RuntimeError(f"{status}: {answer.decode()}")


def service_told(caller: Caller) -> tuple[Service, list[str]]:
    """The service and the arguments that `elsewhere` gave this process."""
    url, key_file, *arguments = sys.argv[1:]
    return Service(url, InternalKey(Path(key_file)), caller), arguments
