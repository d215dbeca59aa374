"""`enrolled` and `enroll-write`: is X enrolled in Y, among a million; and single enrollments by several clients at once."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import orjson

from benchmarks.service_alone import ServiceAlone
from shared.identity import Caller, InternalKey
from shared.ids import new_id

OFFICER = Caller("taazour", frozenset({"enrollments:check", "enrollments:write"}), frozenset({"TEKAVOUL"}))
PROGRAM, PROCESS = "TEKAVOUL", "programs-taazour"
ENROLLMENTS, ENROLLMENTS_VARIABLE = 1_000_000, "TEKAMOUL_BENCH_ENROLLMENTS"
WRITES, WRITES_VARIABLE = 4_000, "TEKAMOUL_BENCH_WRITES"
CLIENTS, WARM, QUESTIONS, NOBODY = 8, 400, 4_000, 0.2
SEED, MOST_SECONDS = 2026, 900
FILL = """
INSERT INTO enrollments (id, program_code, status, beneficiary_key, version, reason, enrolled_on, exited_on, listed, household_number,
                         name, nni, phones, household_size, link_status, link_version, registry_household_id, monthly_value_mru)
SELECT gen_random_uuid(), $1, status, 'household:' || number, 1, 'listed', date '2025-01-01',
       CASE status WHEN 'exited' THEN date '2025-06-01' END, '{}', number, 'Bénéficiaire ' || number,
       CASE WHEN n % 2 = 0 THEN lpad((9900000000 + n * 97)::text, 10, '0') END, '[]', 6, 'linked', 1, gen_random_uuid(), 1200
FROM (SELECT n, 'MR011' || lpad(n::text, 7, '0') AS number,
             CASE WHEN n % 10 = 0 THEN 'exited' WHEN n % 10 = 1 THEN 'suspended' ELSE 'enrolled' END AS status
      FROM generate_series($2::bigint, $3::bigint) AS n) AS people
"""
FILLED_AT_ONCE = 100_000


def run_enrolled() -> dict[str, Any]:
    """Figures of as many enrollments as `TEKAMOUL_BENCH_ENROLLMENTS` says; the milliseconds of one client's questions."""
    return asyncio.run(_enrolled(int(os.environ.get(ENROLLMENTS_VARIABLE, "") or ENROLLMENTS)))


def run_enroll_write() -> dict[str, Any]:
    """Figures of as many writes as `TEKAMOUL_BENCH_WRITES` says, each with its Idempotency-Key."""
    return asyncio.run(_enroll_write(int(os.environ.get(WRITES_VARIABLE, "") or WRITES)))


async def _enrolled(enrollments: int) -> dict[str, Any]:
    async with ServiceAlone(PROCESS, OFFICER) as programs:
        await _fill(programs.database_url, enrollments)
        questions = programs.folder / "questions.json"
        questions.write_bytes(orjson.dumps(await _questions(programs.database_url)))
        figures = await _elsewhere("ask", programs, str(questions))
    return {"benchmark": "enrolled", "enrollments": enrollments, "questions": QUESTIONS, **figures}


async def _enroll_write(writes: int) -> dict[str, Any]:
    async with ServiceAlone(PROCESS, OFFICER) as programs:
        figures = await _elsewhere("write", programs, str(writes))
    return {"benchmark": "enroll-write", "clients": CLIENTS, "writes": writes, **figures}


async def _elsewhere(what: str, programs: ServiceAlone, argument: str) -> dict[str, Any]:
    """Run the clients in a process of their own: what they cost is theirs."""
    load = round(os.getloadavg()[0], 1)
    command = [sys.executable, "-m", __name__, what, programs.url, str(programs.key_file), argument]
    done = await asyncio.to_thread(
        subprocess.run, command, check=True, capture_output=True, text=True, timeout=MOST_SECONDS
    )
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures | {"load_before": load}


async def _fill(url: str, enrollments: int) -> None:
    connection = await asyncpg.connect(url)
    try:
        for first in range(1, enrollments + 1, FILLED_AT_ONCE):
            last = min(first + FILLED_AT_ONCE - 1, enrollments)
            await connection.execute(FILL, PROGRAM, first, last, timeout=MOST_SECONDS)
        await connection.execute("VACUUM ANALYZE enrollments", timeout=MOST_SECONDS)
    finally:
        await connection.close()


async def _questions(url: str) -> list[dict[str, Any]]:
    """Questions by each number in turn; one in five is about nobody."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SELECT setseed(0.5)")
        rows = await connection.fetch(
            "SELECT id, household_number, nni, registry_household_id FROM enrollments TABLESAMPLE BERNOULLI (5)"
            " WHERE nni IS NOT NULL ORDER BY random() LIMIT $1",
            QUESTIONS,
        )
    finally:
        await connection.close()
    rng, asked = Random(SEED), []
    for place in range(QUESTIONS):
        row, nobody = rows[place % len(rows)], rng.random() < NOBODY
        question: dict[str, Any] = [
            {"nni": "9999999999" if nobody else row["nni"]},
            {"household_number": "MR1519999999" if nobody else row["household_number"]},
            {"household_id": str(new_id() if nobody else row["registry_household_id"])},
            {"enrollment_id": str(new_id() if nobody else row["id"])},
        ][place % 4]
        asked.append({"program": PROGRAM} | question)
    return asked


class _Client:
    """One connection that posts JSON, one request after the other: HTTP by hand, which costs least."""

    def __init__(self, url: str, key_file: Path) -> None:
        self._host, self._key = urlsplit(url), InternalKey(key_file)

    async def __aenter__(self) -> _Client:
        self._reader, self._writer = await asyncio.open_connection(self._host.hostname, self._host.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()

    async def post_all(self, path: str, bodies: Iterator[tuple[bytes, str]], wanted: str) -> list[float]:
        """The milliseconds each took; a body comes with further headers. RuntimeError for another status than `wanted`."""
        took = []
        for body, headers in bodies:
            started = time.perf_counter()
            await self._post(path, body, headers, wanted)
            took.append((time.perf_counter() - started) * 1000)
        return took

    async def _post(self, path: str, body: bytes, more: str, wanted: str) -> None:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self._host.netloc}\r\nAuthorization: Bearer {self._key.token(OFFICER)}\r\n"
            f"Content-Type: application/json\r\n{more}Content-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        status, *headers = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
        length = next(line.partition(":")[2] for line in headers if line.startswith("content-length:"))
        answer = await self._reader.readexactly(int(length))
        if status.split()[1] != wanted:
            raise RuntimeError(f"{status}: {answer.decode()}")


async def _ask(url: str, key_file: Path, file: Path) -> dict[str, Any]:
    bodies = [(orjson.dumps(one), "") for one in orjson.loads(file.read_bytes())]
    async with _Client(url, key_file) as client:
        await client.post_all("/v1/enrolled", iter(bodies[:WARM]), "200")
        took = await client.post_all("/v1/enrolled", iter(bodies), "200")
    return _percentiles(took)


async def _write(url: str, key_file: Path, writes: int) -> dict[str, Any]:
    clients = [_Client(url, key_file) for _ in range(CLIENTS)]
    for client in clients:
        await client.__aenter__()
    warm, bodies = iter([_enrollment(place) for place in range(WARM)]), map(_enrollment, range(WARM, WARM + writes))
    await asyncio.gather(*(client.post_all("/v1/enrollments", warm, "201") for client in clients))
    started = time.perf_counter()
    each = await asyncio.gather(*(client.post_all("/v1/enrollments", bodies, "201") for client in clients))
    seconds = time.perf_counter() - started
    for client in clients:
        await client.__aexit__()
    took = list(chain.from_iterable(each))
    return {"writes_per_s": round(len(took) / seconds, 1), **_percentiles(took)}


def _enrollment(place: int) -> tuple[bytes, str]:
    beneficiary = {
        "household_number": f"MR011{place:07d}",
        "name": "Sidi Ould Ahmed",
        "phone": f"2{place:07d}",
        "sex": "M",
        "birth_date": "1960-05-06",
        "wilaya": "Hodh Ech Chargui",
        "moughataa": "Amourj",
        "commune": "Bougadoum",
        "household_size": 6,
    }
    body = orjson.dumps({"program": PROGRAM, "beneficiary": beneficiary, "enroll": True})
    return body, f"Idempotency-Key: enroll-{place}\r\n"


def _percentiles(took: Sequence[float]) -> dict[str, float]:
    ranked = sorted(took)
    return {"p50_ms": round(ranked[len(ranked) // 2], 2), "p99_ms": round(ranked[len(ranked) * 99 // 100], 2)}


if __name__ == "__main__":
    what, url, key_file, argument = sys.argv[1:]
    asked = _ask(url, Path(key_file), Path(argument)) if what == "ask" else _write(url, Path(key_file), int(argument))
    print(json.dumps(asyncio.run(asked)))
