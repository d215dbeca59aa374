"""`registry-write`: households of six pushed one by one over HTTP, by several clients at once, into a real registry."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from benchmarks.service_alone import TAAZOUR, ServiceAlone
from shared.identity import InternalKey

CLIENTS, WRITES, WARM, PEOPLE_PER_WRITE = 8, 2_000, 200, 6
WRITES_VARIABLE = "TEKAMOUL_BENCH_WRITES"
MOST_SECONDS = 600
COMMUNE = "MR011-C01"
NAMES = (("Sidi Ould Ahmed", "سيدي ولد أحمد"), ("Mariem Mint Sidi", "مريم بنت سيدي"))


def run_registry_write() -> dict[str, Any]:
    """Figures of as many writes as `TEKAMOUL_BENCH_WRITES` says."""
    return asyncio.run(_run(int(os.environ.get(WRITES_VARIABLE, "") or WRITES)))


async def _run(writes: int) -> dict[str, Any]:
    async with ServiceAlone("registry", TAAZOUR) as registry:
        # In a process of their own: what the clients cost is theirs. They speak HTTP themselves, which costs least.
        command = [sys.executable, "-m", __name__, registry.url, str(registry.key_file), str(writes)]
        done = await asyncio.to_thread(
            subprocess.run, command, check=True, capture_output=True, text=True, timeout=MOST_SECONDS
        )
    return {"benchmark": "registry-write", "clients": CLIENTS, "writes": writes, **json.loads(done.stdout)}


class _Client:
    """One connection that pushes households, one after the other."""

    def __init__(self, url: str, key: InternalKey) -> None:
        self._host, self._key = urlsplit(url), key

    async def push(self, places: Iterator[int]) -> list[float]:
        """The milliseconds each push took."""
        self._reader, self._writer = await asyncio.open_connection(self._host.hostname, self._host.port)
        took = []
        try:
            for place in places:
                started = time.perf_counter()
                await self._put(f"/v1/households/MR011{place:07d}", orjson.dumps(_household(place)))
                took.append((time.perf_counter() - started) * 1000)
        finally:
            self._writer.close()
        return took

    async def _put(self, path: str, body: bytes) -> None:
        token = self._key.token(TAAZOUR)
        head = (
            f"PUT {path} HTTP/1.1\r\nHost: {self._host.netloc}\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        status, *headers = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
        length = next(line.partition(":")[2] for line in headers if line.startswith("content-length:"))
        answer = await self._reader.readexactly(int(length))
        if status.split()[1] != "201":
            raise RuntimeError(f"{status}: {answer.decode()}")


def _household(place: int) -> dict[str, Any]:
    return {
        "commune_code": COMMUNE,
        "village": "Oum Lahbal",
        "vulnerability_category": "poor",
        "score": "30.5",
        "formula_version": "PMT-2024.1",
        "surveyed_on": "2025-03-04",
        "phones": [f"+2222{place:07d}"],
        "members": [_member(place, at) for at in range(PEOPLE_PER_WRITE)],
    }


def _member(place: int, at: int) -> dict[str, Any]:
    name_fr, name_ar = NAMES[at % 2]
    return {
        "individual_number": f"1{place:07d}{at:02d}",
        "relationship": "child" if at else "head",
        "name_fr": name_fr,
        "name_ar": name_ar,
        "sex": "FM"[at % 2 == 0],
        "birth_date": f"{1960 + at * 8}-05-06",
    }


async def _push_all(url: str, key_file: Path, writes: int) -> dict[str, Any]:
    key, places = InternalKey(key_file), iter(range(writes + WARM))
    clients = [_Client(url, key) for _ in range(CLIENTS)]
    warm = iter([next(places) for _ in range(WARM)])
    await asyncio.gather(*(client.push(warm) for client in clients))
    started = time.perf_counter()
    each = await asyncio.gather(*(client.push(places) for client in clients))
    seconds = time.perf_counter() - started
    took = sorted(chain.from_iterable(each))
    return {
        "people_per_write": PEOPLE_PER_WRITE,
        "writes_per_s": round(len(took) / seconds, 1),
        "p50_ms": round(took[len(took) // 2], 2),
        "p99_ms": round(took[len(took) * 99 // 100], 2),
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_push_all(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))))
