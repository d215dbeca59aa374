"""`enrolled` and `enroll-write`: is X enrolled in Y, among a million; and single enrollments by several clients at once."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import orjson

from benchmarks.clients import Asked, Service, elsewhere, percentiles, send_all, service_told
from benchmarks.enrollment_peers import ask_bare, insert_bare
from benchmarks.service_alone import ServiceAlone
from shared.identity import Caller
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
    """Figures of as many enrollments as `TEKAMOUL_BENCH_ENROLLMENTS` says; the milliseconds of one client's questions.

    `over_select` is their median by that of the same questions put to PostgreSQL by bare asyncpg.
    """
    return asyncio.run(_enrolled(int(os.environ.get(ENROLLMENTS_VARIABLE, "") or ENROLLMENTS)))


def run_enroll_write() -> dict[str, Any]:
    """Figures of as many writes as `TEKAMOUL_BENCH_WRITES` says, each with its Idempotency-Key.

    `over_insert` is the rate at which bare asyncpg writes the same rows, by as many clients, by the service's rate.
    """
    return asyncio.run(_enroll_write(int(os.environ.get(WRITES_VARIABLE, "") or WRITES)))


async def _enrolled(enrollments: int) -> dict[str, Any]:
    async with ServiceAlone(PROCESS, OFFICER) as programs:
        await _fill(programs.database_url, enrollments)
        questions = programs.folder / "questions.json"
        questions.write_bytes(orjson.dumps(await _questions(programs.database_url)))
        figures = await _measured("ask", programs, str(questions))
        bare = await elsewhere(__name__, programs, "select", str(questions), programs.database_url)
    ratio = round(figures["p50_ms"] / bare["select_p50_ms"], 1)
    told = {"enrollments": enrollments, "questions": QUESTIONS}
    return {"benchmark": "enrolled", **told, **figures, **bare, "over_select": ratio}


async def _enroll_write(writes: int) -> dict[str, Any]:
    async with ServiceAlone(PROCESS, OFFICER) as programs:
        figures = await _measured("write", programs, str(writes))
        bare = await elsewhere(__name__, programs, "insert", str(writes), programs.database_url)
    ratio = round(bare["inserts_per_s"] / figures["writes_per_s"], 1)
    return {"benchmark": "enroll-write", "clients": CLIENTS, "writes": writes, **figures, **bare, "over_insert": ratio}


async def _measured(what: str, programs: ServiceAlone, argument: str) -> dict[str, Any]:
    load = round(os.getloadavg()[0], 1)
    return await elsewhere(__name__, programs, what, argument) | {"load_before": load}


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


async def _ask(service: Service, file: Path) -> dict[str, Any]:
    asked = [Asked("POST", "/v1/enrolled", orjson.dumps(one)) for one in orjson.loads(file.read_bytes())]
    await send_all(service, 1, iter(asked[:WARM]), "200")
    took, _ = await send_all(service, 1, iter(asked), "200")
    return percentiles(took)


async def _write(service: Service, writes: int) -> dict[str, Any]:
    await send_all(service, CLIENTS, map(_enrollment, range(WARM)), "201")
    took, seconds = await send_all(service, CLIENTS, map(_enrollment, range(WARM, WARM + writes)), "201")
    return {"writes_per_s": round(len(took) / seconds, 1), **percentiles(took)}


async def _select(file: Path, url: str) -> dict[str, Any]:
    took, _ = await ask_bare(url, orjson.loads(file.read_bytes()), WARM)
    return {f"select_{name}": value for name, value in percentiles(took).items()}


async def _insert(writes: int, url: str) -> dict[str, Any]:
    took, seconds = await insert_bare(url, CLIENTS, writes)
    told = {f"insert_{name}": value for name, value in percentiles(took).items()}
    return {"inserts_per_s": round(len(took) / seconds, 1), **told}


def _enrollment(place: int) -> Asked:
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
    return Asked("POST", "/v1/enrollments", body, f"Idempotency-Key: enroll-{place}\r\n")


if __name__ == "__main__":
    service, (what, argument, *database) = service_told(OFFICER)
    doing = {
        "ask": lambda: _ask(service, Path(argument)),
        "select": lambda: _select(Path(argument), *database),
        "write": lambda: _write(service, int(argument)),
        "insert": lambda: _insert(int(argument), *database),
    }
    print(json.dumps(asyncio.run(doing[what]())))
